import os
import threading
from pathlib import Path

from store import records as r
from store.read import Store
from tests.store import build


def published(fingerprint: str, n_active: int) -> dict[str, build.Rows]:
    rows = build.tables()
    rows["build"][0]["fingerprint"] = fingerprint
    rows["features"][0]["n_active"] = n_active
    return rows


def test_a_new_store_sees_the_new_file_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    folder = build.write(tmp_path, published("1" * 64, 100))
    with Store(folder) as old:
        assert old.feature("a", 0).n_active == 100
        build.write(folder, published("2" * 64, 200))
        with Store(folder) as new:
            assert (new.fingerprint, new.feature("a", 0).n_active) == ("2" * 64, 200)
            assert (old.fingerprint, old.feature("a", 0).n_active) == ("1" * 64, 100)
        assert old.feature("a", 0).n_active == 100


def test_a_read_only_folder_gets_no_file(tmp_path: Path) -> None:
    folder = build.write(tmp_path / "store", build.tables())
    os.chmod(folder, 0o500)
    try:
        with Store(folder) as store:
            store.pairs("a~b", r.PairFilter(hide=()))
            assert sorted(os.listdir(folder)) == ["homolog.duckdb"]
    finally:
        os.chmod(folder, 0o700)


def test_threads_share_a_store(store: Store) -> None:
    expected = store.pairs("a~b", r.PairFilter(hide=()))
    found: list[bool] = []

    def ask() -> None:
        found.extend(store.pairs("a~b", r.PairFilter(hide=())) == expected for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 40

"""What can happen to a store under a dashboard: each is a page that says so, and the page works when it is mended."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import data
from store.errors import NotAStore
from store.read import Store
from store.schema import DATABASE, SCHEMA_VERSION
from tests import loops, mapped, serving
from tests.bench.visitors import renewed
from tests.dashboard.test_pages import page, said
from tests.store import build
from tests.store.test_replace import published
from tests.visitor import Seen, Visitor

UNREADABLE = "The store cannot be read"
PAGES = (
    "", "pairs", "unmatched", "scores", "maps", "pair?a=left:0&b=right:1", "feature?f=left:0", "neighbourhood", "families",
    "concepts?q=cat", f"sql?q={quote('select count(*) from activations')}", "glossary",
)  # fmt: skip


@pytest.fixture
def folder(tiny_store: Path, tmp_path: Path) -> Path:
    """A store of its own, to be spoiled."""
    found = tmp_path / "store"
    found.mkdir()
    shutil.copy(tiny_store / DATABASE, found / DATABASE)
    return found


def titles(app: AppTest) -> list[str]:
    said(app)
    return [one.value for one in app.title]


def put(source: Path, folder: Path) -> None:
    """What publishing does: a new file, renamed over whatever is there."""
    shutil.copy(source / DATABASE, folder / "new")
    (folder / "new").replace(folder / DATABASE)


def spoil(folder: Path, *statements: str) -> None:
    shutil.copy(folder / DATABASE, folder / "other")
    with duckdb.connect(folder / "other") as database:
        for statement in statements:
            database.execute(statement)
    (folder / "other").replace(folder / DATABASE)


def let_go() -> None:
    """Closes the store that the pages of this process have open: nobody can write into a file that is being read."""
    slot = data._slot()
    if slot.opened is not None:
        slot.opened.store.close()
    slot.forget()


def stray_log(folder: Path) -> None:
    """What a program leaves that wrote into the store before this one, and was killed."""
    writes = "c.execute('CREATE TABLE x AS SELECT 1'); os._exit(0)"
    code = f"import duckdb, os; c = duckdb.connect({str(folder / DATABASE)!r}); {writes}"
    let_go()
    subprocess.run([sys.executable, "-c", code], check=True)
    build.write(folder, build.tables())


FAULTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "missing folder": (shutil.rmtree, UNREADABLE, "is no folder; give the folder that"),
    "missing file": (lambda f: (f / DATABASE).unlink(), UNREADABLE, "publish one with"),
    "empty file": (lambda f: os.truncate(f / DATABASE, 0), UNREADABLE, "is damaged or no store: IO Error: The file"),
    "within the header": (lambda f: os.truncate(f / DATABASE, 5000), UNREADABLE, "publish it again"),
    "after the header": (lambda f: os.truncate(f / DATABASE, 12288), UNREADABLE, "publish it again"),
    "half of it": (lambda f: os.truncate(f / DATABASE, (f / DATABASE).stat().st_size // 2), UNREADABLE, "publish it again"),
    "text": (lambda f: (f / DATABASE).write_text("not a database" * 999), UNREADABLE, "publish it again"),
    "another database": (lambda f: spoil(f, "DROP TABLE build"), UNREADABLE, "Table with name build does not exist"),
    "no spaces": (lambda f: spoil(f, "DROP TABLE spaces"), UNREADABLE, "could not answer `spaces`"),
    "older schema": (
        lambda f: spoil(f, "UPDATE build SET schema_version = 1"), "This store needs another version of Homolog",
        f"this version reads schema {SCHEMA_VERSION}: publish it again with this version",
    ),
    "newer schema": (
        lambda f: spoil(f, "UPDATE build SET schema_version = 99, homolog_version = '7.0'"),
        "This store needs another version of Homolog", "install Homolog 7.0 or newer",
    ),
    "a stray log": (stray_log, UNREADABLE, "does not fit; delete that file"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_said_and_the_same_page_works_when_it_is_gone(
    tiny_store: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    happen, title, line = FAULTS[name]
    app = page(folder, monkeypatch, "feature", f="left:0")
    assert titles(app) == []
    happen(folder)
    app.run()
    assert titles(app) == [title]
    assert line in said(app)
    folder.mkdir(exist_ok=True)
    (folder / f"{DATABASE}.wal").unlink(missing_ok=True)
    put(tiny_store, folder)
    app.button(key="trouble_again").click().run()
    assert titles(app) == []
    assert "left:0" in said(app)


def damage(path: Path, block: int) -> None:
    with path.open("r+b") as file:
        file.seek(block + 5000)
        file.write(b"\x5a" * 64)


def test_damage_that_only_a_question_meets_breaks_the_pages_that_ask_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every block is damaged that opening the store does not read."""
    whole, folder = build.write(tmp_path / "whole", mapped.tables(2000)), tmp_path / "store"
    folder.mkdir()
    put(whole, folder)
    blocks = range(12288, (folder / DATABASE).stat().st_size, 16384)
    unread = []
    for block in blocks:
        damage(folder / DATABASE, block)
        with contextlib.suppress(NotAStore), Store(folder):
            unread.append(block)
        put(whole, folder)
    assert len(blocks) / 2 < len(unread) < len(blocks)
    for block in unread:
        damage(folder / DATABASE, block)
    app = page(folder, monkeypatch, "glossary")
    assert (titles(app), "pearson_token" in said(app)) == ([], True)
    app = page(folder, monkeypatch, "pairs", comparison="a~b")
    assert titles(app) == [UNREADABLE]
    assert "could not answer `" in said(app)
    assert "`: Corrupt database file: " in said(app)
    assert f"try `python -m store check {folder}`" in said(app)
    put(whole, folder)
    app.button(key="trouble_again").click().run()
    assert titles(app) == []


def test_a_file_that_is_open_for_writing_is_said_and_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(folder, monkeypatch, "glossary")
    writes = f"import duckdb; c = duckdb.connect({str(folder / DATABASE)!r}); c.execute('CREATE TABLE x AS SELECT 1'); print(1, flush=True); input()"
    let_go()
    command = [sys.executable, "-c", writes]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "1\n"
        app.run()
        assert titles(app) == ["The store is being written"]
        assert f"process {writer.pid}); close it there, or let it open the file read-only" in said(app)
        writer.communicate("\n")
    app.button(key="trouble_again").click().run()
    assert (titles(app), "pearson_token" in said(app)) == ([], True)


def test_a_page_that_runs_while_a_store_is_published_ends_with_the_one_it_began_with(tmp_path: Path) -> None:
    folder = build.write(tmp_path, published("1" * 64, 100))
    slot = data._Slot()
    old = slot.get(folder)
    build.write(folder, published("2" * 64, 200))
    new = slot.get(folder)
    assert (old.fingerprint[0], old.feature("a", 0).n_active) == ("1", 100)
    assert (new.fingerprint[0], new.feature("a", 0).n_active) == ("2", 200)
    assert slot.get(folder) is new


def test_a_store_that_was_replaced_is_closed_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "LINGER", 0.0)
    folder = build.write(tmp_path, published("1" * 64, 100))
    slot = data._Slot()
    old = slot.get(folder)
    build.write(folder, published("2" * 64, 200))
    assert slot.get(folder).feature("a", 0).n_active == 200

    def ask_until_it_is_closed() -> None:
        while True:
            old.feature("a", 0)

    with pytest.raises(NotAStore, match="Connection already closed"):
        ask_until_it_is_closed()


def test_pages_that_open_a_store_at_the_moment_it_is_published_get_one_whole_store(tmp_path: Path) -> None:
    folder = build.write(tmp_path / "store", published("0" * 64, 100))
    for number in range(1, 8):
        build.write(tmp_path / str(number), published(str(number) * 64, 100 + number))
    slot, wrong, is_done = data._Slot(), [], threading.Event()

    def look() -> None:
        while not is_done.is_set():
            reader = slot.get(folder)
            number = int(reader.fingerprint[0])
            if reader.feature("a", 0).n_active != 100 + number:
                wrong.append(number)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 8):
        (tmp_path / str(number) / DATABASE).replace(folder / DATABASE)
        while slot.get(folder).fingerprint[0] != str(number):
            pass
    is_done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


async def look_at(address: str, targets: tuple[str, ...] = PAGES) -> list[Seen]:
    async with Visitor(address) as visitor:
        return [await visitor.visit(target) for target in targets]


def broken(seen: list[Seen]) -> list[str]:
    return [
        f"{one.target}: {one.exceptions + one.alerts}"
        for one in seen
        if one.exceptions or one.alerts or not one.is_whole
    ]


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_full_disk_is_not_noticed(folder: Path, tmp_path: Path) -> None:
    """No byte can be written to any file: what a disk without room does, to the dashboard and to visitors' SQL."""
    home = tmp_path / "home"
    home.mkdir()
    full = ("sh", "-c", 'ulimit -f 0; exec "$0" "$@"')
    where = {"HOME": str(home), "TMPDIR": str(home)}
    with serving.started(folder, Path(os.devnull), through=full, environment=where) as (address, _):
        assert broken(loops.run(look_at(address))) == []
    assert (listing(folder), listing(home)) == ([DATABASE], [])


@contextmanager
def obeying() -> Iterator[tuple[str, ...]]:
    """A command under which permissions hold: root reads and writes what it likes, unless that right is taken away."""
    if os.geteuid() != 0:
        yield ()
        return
    rights = "-dac_override,-dac_read_search"
    if shutil.which("setpriv") is None:
        pytest.skip("run by root without setpriv: nothing is denied to it")
    yield ("setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}")


def test_a_read_only_disk_is_not_noticed_and_a_file_that_may_not_be_read_is_said(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for closed in (folder, home):
        closed.chmod(0o500)
    (folder / DATABASE).chmod(0o400)
    where = {"HOME": str(home), "TMPDIR": str(home)}
    try:
        with (
            obeying() as through,
            serving.started(folder, tmp_path / "log", through=through, environment=where) as (address, _),
        ):
            assert broken(loops.run(look_at(address))) == []
            for path, mode, mended in ((folder / DATABASE, 0o000, 0o400), (folder, 0o000, 0o500)):
                path.chmod(mode)
                # Whoever opened it may go on reading it; a new process may not.
                os.utime(path)
                (seen,) = loops.run(look_at(address, ("glossary",)))
                assert seen.titles == [UNREADABLE]
                assert (
                    "may not be read by the user that this runs as; let that user read file and folder"
                    in seen.alerts[0]
                )
                path.chmod(mended)
                assert broken(loops.run(look_at(address, ("glossary",)))) == []
        assert (listing(folder), listing(home)) == ([DATABASE], [])
    finally:
        for closed in (folder, home):
            closed.chmod(0o700)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_server_lives_through_every_fault(tiny_store: Path, folder: Path, tmp_path: Path) -> None:
    """The same server, one visitor: missing, cut in place, another store, and whole again."""
    other, again = renewed(folder, tmp_path)

    async def visit(address: str) -> None:
        async with Visitor(address) as visitor:
            assert broken([await visitor.visit("pairs")]) == []
            (folder / DATABASE).rename(tmp_path / "away")
            assert (await visitor.visit("pairs")).titles == [UNREADABLE]
            os.truncate(tmp_path / "away", 100_000)
            (tmp_path / "away").rename(folder / DATABASE)
            assert (await visitor.visit("sql?q=select%201")).titles == [UNREADABLE]
            other.replace(folder / DATABASE)
            assert broken([await visitor.visit(target) for target in PAGES]) == []
            again.replace(folder / DATABASE)
            assert broken([await visitor.visit(target) for target in PAGES]) == []

    with serving.started(folder, tmp_path / "log") as (address, _):
        loops.run(visit(address))
    assert "Traceback" not in (tmp_path / "log").read_text()

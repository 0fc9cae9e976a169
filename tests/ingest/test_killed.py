"""A run that is taken away at any moment goes on where it stopped, and gives the store of an uninterrupted run."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from ingest import activations, config, encoding, reading, run
from ingest.__main__ import main
from ingest.ranks import ALONE
from ingest.workspace import Workspace
from store.check import check
from tests import tiny
from tests.ingest import killed


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-m", "tests.ingest.killed", str(tiny.write(folder / "run")), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("step", killed.STEPS)
def test_killed_at_a_step(kills, step):
    one = next(result for result in kills["killed"] if result["step"] == step)
    assert one["died"] == signal.SIGKILL
    assert (one["again"], one["left"]) == (0, [])
    assert {key: one[key] for key in ("fingerprint", "tables")} == kills["whole"]


@pytest.mark.parametrize("share", killed.MOMENTS)
def test_killed_at_a_moment(kills, share):
    """At the last moments the run may have ended before: that is a moment too."""
    one = next(result for result in kills["killed"] if result["step"] == f"{share:.0%} of the time")
    assert one["died"] in (0, signal.SIGKILL)
    assert (one["again"], one["left"]) == (0, [])
    assert {key: one[key] for key in ("fingerprint", "tables")} == kills["whole"]


def test_what_was_finished_is_kept(kills):
    """The later the step, the more files are there when the process dies; only a finished one is ever there."""
    kept = {result["step"]: result["kept"] for result in kills["killed"]}
    order = ["reading the text", "a shard is written, not renamed", "matching", "scores", "publishing, tables filled"]
    counts = [kept[step] for step in order]
    assert counts == sorted(set(counts))
    assert counts[0] == 0


MODELS = """
[corpus]
source = "stories"
tokens = 3000
[[models]]
name = "m"
load = "demo:tiny-2l"
[[spaces]]
name = "s"
model = "m"
kind = "neurons"
hook = "blocks.0.mlp.hook_post"
active = 8
"""
SECOND = '[[spaces]]\nname = "t"\nmodel = "m"\nkind = "neurons"\nhook = "blocks.1.mlp.hook_post"\nactive = 8\n'


def collected(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A digest of the rows of each shard of each space, after reading what is not there yet."""
    path = folder.with_suffix(".toml")
    path.write_text(text)
    monkeypatch.setattr(activations, "SHARD", 8)
    files = reading.collect(reading.load(config.read(path)[0], Workspace(folder), ALONE))
    return {space: [str(pq.read_table(file).to_pydict()) for file in shards] for space, shards in files.items()}


def test_a_network_read_half_way_goes_on(tmp_path, monkeypatch):
    whole = collected(MODELS, tmp_path / "whole", monkeypatch)
    n_shards = len(whole["s"])
    assert n_shards > 3

    code = (
        "import sys\nfrom pathlib import Path\nfrom ingest import activations, config, encoding, reading\n"
        "from ingest.ranks import ALONE\nfrom ingest.workspace import Workspace\nfrom tests.ingest import killed\n"
        "activations.SHARD = 8\nkilled.deadly(encoding, 'read', 3)\n"
        "reading.collect(reading.load(config.read(Path(sys.argv[1]))[0], Workspace(Path(sys.argv[2])), ALONE))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "whole.toml"), str(tmp_path / "cut")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert len(list((tmp_path / "cut").rglob("*.parquet"))) == 2
    reads, read = [], encoding.read
    monkeypatch.setattr(encoding, "read", lambda *a: reads.append(1) or read(*a))
    assert collected(MODELS, tmp_path / "cut", monkeypatch) == whole
    assert len(reads) == n_shards - 2


def test_a_space_that_is_added_is_all_that_is_read(tmp_path, monkeypatch):
    first = collected(MODELS, tmp_path / "w", monkeypatch)
    asked, read = [], encoding.read
    monkeypatch.setattr(
        encoding, "read", lambda network, encoders, *a: asked.append(list(encoders)) or read(network, encoders, *a)
    )
    both = collected(MODELS + SECOND, tmp_path / "w", monkeypatch)
    assert asked == [["t"]] * len(first["s"])
    assert both["s"] == first["s"]


def test_a_text_that_grows_keeps_the_shards_of_what_it_had(tmp_path, monkeypatch):
    first = collected(MODELS, tmp_path / "w", monkeypatch)
    reads, read = [], encoding.read
    monkeypatch.setattr(encoding, "read", lambda *a: reads.append(1) or read(*a))
    more = collected(MODELS.replace("3000", "5000"), tmp_path / "w", monkeypatch)
    assert more["s"][: len(first["s"]) - 1] == first["s"][:-1]  # the last one may have had room for more passages
    assert len(reads) == len(set(more["s"]) - set(first["s"]))
    assert len(more["s"]) > len(first["s"])


@pytest.mark.parametrize(
    "change",
    [("3000", "3000\nseed = 5"), ("active = 8", "active = 9"), ("blocks.0", "blocks.1"), ("tokens = 3000", "tokens = 3000\ncontext_tokens = 64"),
     ('load = "demo:tiny-2l"', 'load = "demo:tiny-2l"\nprepend_bos = false'), ('load = "demo:tiny-2l"', 'load = "demo:tiny-2l"\ndtype = "bfloat16"')],
    ids=["text", "sparsity", "hook", "context", "framing", "dtype"],
)  # fmt: skip
def test_a_changed_input_is_never_served_from_an_old_shard(tmp_path, monkeypatch, change):
    first = collected(MODELS, tmp_path / "w", monkeypatch)
    reads, read = [], encoding.read
    monkeypatch.setattr(encoding, "read", lambda *a: reads.append(1) or read(*a))
    changed = collected(MODELS.replace(*change), tmp_path / "w", monkeypatch)
    assert len(reads) == len(changed["s"])
    assert not set(changed["s"]) & set(first["s"])


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    return tiny.write(tmp_path / "run")


def in_a_child(run_file: Path, out: Path, largest: int) -> tuple[int, str]:
    """Exit status and standard error of a run that cannot write a file of more than `largest` bytes."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    command = [sys.executable, "-m", "ingest", "run", str(run_file), "--out", str(out)]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(run_file.parent / "numba")} if largest < 2**16 else None
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limited, env=environment)
    return done.returncode, done.stderr


def test_no_room_for_the_database(run_file, tmp_path):
    """The working files fit and the database does not: the operating system itself refuses to write on."""
    out = tmp_path / "store"
    status, error = in_a_child(run_file, out, 600_000)
    lines = [line for line in error.splitlines() if line.startswith("homolog:")]
    assert status == 2, error
    assert len(lines) == 1
    assert "could not be written" in lines[0]
    assert "Traceback" not in error
    assert not (out / "homolog.duckdb").exists()
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    assert kept
    assert main(["run", str(run_file), "--out", str(out)]) == 0
    assert check(out) == []
    still = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    assert still.items() <= kept.items()  # nothing was made again


def test_a_flipped_bit_in_a_shard_is_found_and_mended(run_file, tmp_path, capsys):
    out = tmp_path / "store"
    assert main(["run", str(run_file), "--out", str(out)]) == 0
    with duckdb.connect(out / "homolog.duckdb", read_only=True) as database:
        before = database.execute("SELECT * FROM contents ORDER BY 1").fetchall()
    shard = next((out / "shards" / "sparse").glob("left-*.parquet"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 3] ^= 1
    shard.write_bytes(bytes(content))
    capsys.readouterr()
    assert main(["run", str(run_file), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert f"{shard.name} is damaged" in error
    assert "delete that file and run the same command again" in error
    shard.unlink()
    assert main(["run", str(run_file), "--out", str(out)]) == 0
    with duckdb.connect(out / "homolog.duckdb", read_only=True) as database:
        after = database.execute("SELECT * FROM contents ORDER BY 1").fetchall()
    assert [row for row in after if row[0] != "build"] == [row for row in before if row[0] != "build"]


def test_a_second_run_into_the_folder_is_refused(run_file, tmp_path, capsys):
    out = tmp_path / "store"
    with Workspace(out).claimed() as claim:
        claim()
        assert main(["run", str(run_file), "--out", str(out)]) == 2
        assert "another run is writing" in capsys.readouterr().err
    assert main(["run", str(run_file), "--out", str(out)]) == 0


def test_a_run_that_fails_prunes_nothing(run_file, tmp_path, capsys, monkeypatch):
    out = tmp_path / "store"
    assert main(["run", str(run_file), "--out", str(out)]) == 0
    files = set(out.rglob("*.parquet"))
    run_file.write_text(run_file.read_text().replace('name = "right"', 'name = "other"'))
    monkeypatch.setattr(run, "rate", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["run", str(run_file), "--out", str(out)]) == 130
    assert files < set(out.rglob("*.parquet"))

"""A job that is killed, or finds no room, or a broken file, loses nothing: the same command gives the same store."""

import json
import shutil
import signal
from pathlib import Path

import duckdb
import numpy as np
import pytest
from safetensors.numpy import save_file

from store.check import check
from tests import tiny
from tests.ingest.forks import Forks

SETTING = {"ingest.activations.SHARD": 16, "ingest.encoding.TOKENS": 256, "ingest.shards.BLOCK": 2_000}
"""Several shards, batches of a shard and blocks of features, for little text."""
TEXT = "When the old king asked his daughter about the river, she took a stone from the bank and gave it to him."
RUN = """
[corpus]
source = "text"
path = "book.txt"
tokens = 1500
context_tokens = 32

[scores]
permutations = 19

[[models]]
name = "one"
load = "demo:tiny-1l"

[[models]]
name = "two"
load = "demo:tiny-2l"
"""
SPACE = """
[[spaces]]
name = "{name}"
model = "{model}"
kind = "sae"
path = "{name}"
"""
SPACES = (("a", "one"), ("b", "two"), ("c", "two"))


def write_sae(folder: Path, seed: int) -> None:
    """A TopK-like SAE of 40 features on the residual stream of the demo's models."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(40, 128)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    weights = {"W_dec": rows, "W_enc": rows.T.copy(), "b_enc": np.full(40, -0.5, np.float32)}
    folder.mkdir()
    save_file(weights | {"b_dec": np.zeros(128, np.float32)}, folder / "sae_weights.safetensors")
    config = {"d_in": 128, "d_sae": 40, "dtype": "float32", "device": "cpu", "architecture": "standard",
              "apply_b_dec_to_input": True, "normalize_activations": "none", "reshape_activations": "none",
              "metadata": {"sae_lens_version": "6.54.12", "hook_name": "blocks.0.hook_resid_post", "prepend_bos": True}}  # fmt: skip
    (folder / "cfg.json").write_text(json.dumps(config))


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("survival")
    rng = np.random.default_rng(0)
    (folder / "book.txt").write_text(" ".join(rng.choice(TEXT.split(), 5000)))
    for seed, (name, _) in enumerate(SPACES):
        write_sae(folder / name, seed)
    path = folder / "run.toml"
    path.write_text(RUN + "".join(SPACE.format(name=name, model=model) for name, model in SPACES))
    return path


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory):
    started = Forks(tmp_path_factory.mktemp("forks"), SETTING)
    yield started
    started.close()


@pytest.fixture(scope="module")
def whole(forks: Forks, run_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a run that nobody disturbed. Do not change it: copy it first."""
    out = tmp_path_factory.mktemp("whole") / "store"
    assert forks.run("run", run_file, "--out", out) == (0, "")
    assert len(list((out / "shards" / "sparse").glob("a-*"))) > 3
    return out


def held(store: Path) -> tuple[list[tuple], list[tuple], list[str]]:
    """Everything of a store but when it was made: its fingerprint, the checksum of every table, its files."""
    with duckdb.connect(store / "homolog.duckdb", read_only=True) as database:
        build = database.execute("SELECT * EXCLUDE (created_at) FROM build").fetchall()
        contents = database.execute("FROM contents WHERE table_name <> 'build' ORDER BY ALL").fetchall()
    return build, contents, sorted(path.relative_to(store).as_posix() for path in store.rglob("*"))


def is_whole(store: Path, whole: Path) -> None:
    assert held(store) == held(whole)
    assert check(store) == []


PLACES = [
    ("while it reads the text", "ingest.corpus.read", 1, "after"),
    ("before anything is written", "ingest.reading.activations.collect", 1, "before"),
    ("in the middle of a shard's passages", "ingest.models.lens.LensNetwork.read", 4, "before"),
    ("while a shard is written", "ingest.workspace._Beside.finish", 2, "before"),
    ("between a shard's write and its renaming", "ingest.workspace._Beside.rename", 2, "before"),
    ("behind a shard's renaming", "ingest.workspace._Beside.rename", 2, "after"),
    ("between two models", "ingest.activations.collect", 1, "after"),
    ("in the second block of features", "ingest.features._examples", 2, "before"),
    ("between the tables of one step", "ingest.workspace._Beside.rename", 3, "after"),
    ("while it looks for neighbours", "ingest.geometry.arrange", 2, "before"),
    ("with the concepts", "ingest.concepts.shares", 2, "after"),
    ("while it matches", "ingest.matching.match.assign", 2, "before"),
    ("in the null", "ingest.matching.nulls.BestMatchNull.p_values", 1, "before"),
    ("while it scores", "ingest.scores.score", 2, "before"),
    ("while it fills the database", "ingest.publish.checksum_sql", 3, "before"),
    ("before the database is renamed", "pathlib.Path.replace", 1, "before"),
    ("behind the database's renaming", "ingest.publish.write", 1, "after"),
    ("before the checksums are written", "ingest.publish.seal", 1, "before"),
    ("before the checksums are renamed", "pathlib.Path.replace", 2, "before"),
]


def test_killed_at_every_step(forks, run_file, whole, tmp_path):
    """One job, killed in every place in turn; each time the same command goes on."""
    out = tmp_path / "store"
    for where, name, call, when in PLACES:
        status, said = forks.run("run", run_file, "--out", out, kill=(name, call, when))
        assert status == -signal.SIGKILL, (where, said)
    assert forks.run("run", run_file, "--out", out) == (0, "")
    is_whole(out, whole)


def test_killed_whenever_a_file_is_finished(forks, tmp_path):
    """Every file of the tiny run is once the last that a process finishes; each third time it is not renamed any more."""
    run_file, whole, out = tiny.write(tmp_path / "run"), tmp_path / "whole", tmp_path / "store"
    run_file.write_text("[scores]\npermutations = 19\n" + run_file.read_text())
    assert forks.run("run", run_file, "--out", whole) == (0, "")
    files = sum(path.is_file() and path.name != "run.log" for path in whole.rglob("*"))
    runs = 0
    while (ended := forks.run("run", run_file, "--out", out, new_file=("after", "after", "before")[runs % 3]))[0]:
        assert ended == (-signal.SIGKILL, "")
        runs += 1
    assert ended == (0, "")
    assert runs == files + (files - 1) // 2
    is_whole(out, whole)


def test_a_full_disk_stops_with_a_line_and_loses_nothing(forks, run_file, whole, tmp_path):
    """No file may grow beyond a size: first the shards find no room, then a step's tables, then the database."""
    out, lines = tmp_path / "store", []
    sizes = sorted(path.stat().st_size for path in whole.rglob("*.parquet"))
    largest = (whole / "homolog.duckdb").stat().st_size
    for room in (1_000, sizes[len(sizes) // 2], sizes[-1] + 1, largest // 2, largest - 4096):
        status, said = forks.run("run", run_file, "--out", out, largest=room)
        assert status == 2, said
        lines.append(said)
        assert not [path for path in out.rglob("*") if ".part" in path.name]
    for said in lines:
        assert said.startswith(f"homolog: {out}/")
        assert "could not be written: " in said
        assert said.endswith("; the finished steps are kept, make room and run the same command again\n")
        assert said.count("\n") == 1
    assert "/shards/sparse/" in lines[0]
    assert "/homolog.duckdb could" in lines[-1]
    assert forks.run("run", run_file, "--out", out) == (0, "")
    is_whole(out, whole)


def test_a_failed_run_leaves_the_old_store_and_what_another_run_file_needs(forks, run_file, whole, tmp_path):
    out = Path(shutil.copytree(whole, tmp_path / "store"))
    old = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "run.log"}
    fewer = run_file.with_name("fewer.toml")
    fewer.write_text(run_file.read_text().replace(SPACE.format(name="c", model="two"), ""))
    room = (whole / "homolog.duckdb").stat().st_size // 2
    for how in ({"largest": room}, {"kill": ("ingest.publish.checksum_sql", 1, "before")}):
        assert forks.run("run", fewer, "--out", out, **how)[0] in (2, -signal.SIGKILL)
        assert {path: path.read_bytes() for path in old} == old
    assert forks.run("run", fewer, "--out", out) == (0, "")
    assert not list((out / "shards" / "sparse").glob("c-*"))


def test_two_runs_into_one_folder(forks, run_file, whole, tmp_path):
    """The second is refused while the first lives, even where it began before there was anything to see; a killed one
    is in nobody's way."""
    out = tmp_path / "store"
    assert forks.run("run", run_file, "--out", out, pause="ingest.geometry.arrange")[0] == -signal.SIGSTOP
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    line = f"homolog: another run is writing {out}; let it end, or give this one another folder\n"
    assert forks.run("run", run_file, "--out", out) == (2, line)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    assert forks.run("run", run_file, "--out", out) == (0, "")
    is_whole(out, whole)


def test_a_damaged_shard_is_named_and_nothing_else_is_made_again(forks, run_file, whole, tmp_path):
    out = Path(shutil.copytree(whole, tmp_path / "store"))
    shard = sorted((out / "shards" / "sparse").glob("b-*"))[1]
    content = bytearray(shard.read_bytes())
    content[len(content) // 3] ^= 4
    shard.write_bytes(content)
    for path in (out / "shards" / "features").glob("b-*"):
        path.unlink()
    status, said = forks.run("run", run_file, "--out", out)
    assert status == 2
    assert said.startswith(f"homolog: {shard} is damaged (")
    assert said.endswith("; delete that file and run the same command again\n")
    shard.unlink()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    assert forks.run("run", run_file, "--out", out) == (0, "")
    is_whole(out, whole)
    after = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    made = {path.relative_to(out / "shards").parts[0] for path, when in after.items() if before.get(path) != when}
    assert made == {"sparse", "spaces", "features", "examples", "histograms", "logits", "feature_tokens"}

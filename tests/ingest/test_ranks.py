"""Several ranks give the store of one process: real processes, started by torchrun, that talk over gloo."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file

from ingest import config, models, ranks
from ingest.errors import IngestError
from ingest.matching.moments import Moments
from ingest.matching.part import Part
from ingest.matching.shortlist import Shortlist
from ingest.ranks import ALONE, Ranks, dealt
from ingest.run import run
from tests import tiny
from tests.ingest.ranked import cases

ROOT = Path(__file__).parents[2]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]


def start(size: int, *command: object) -> subprocess.Popen:
    """`python -m <command>` in so many ranks."""
    whole = [*TORCHRUN, str(size), "-m", *map(str, command)]
    return subprocess.Popen(whole, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(size: int, *command: object) -> tuple[int, str, str]:
    """(exit status, standard output, standard error)."""
    started = start(size, *command)
    out, err = started.communicate(timeout=280)
    return started.returncode, out, err


def contents(store: Path) -> tuple[list, list[str]]:
    """What a store holds, but when it was made: fingerprint and checksums; and its working files."""
    with duckdb.connect(store / "homolog.duckdb", read_only=True) as database:
        held = database.execute("FROM contents WHERE table_name <> 'build' ORDER BY ALL").fetchall()
        held += database.execute("SELECT fingerprint FROM build").fetchall()
    return held, sorted(path.relative_to(store).as_posix() for path in store.rglob("*.parquet"))


def ended_with(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("homolog: ")]


def test_a_single_process_is_alone_and_waits_for_nobody():
    assert ALONE.first
    assert ALONE.gather("x") == ["x"]
    assert ALONE.broadcast(lambda: "x") == "x"
    assert ALONE.mine(iter("abc")) == ["a", "b", "c"]
    assert ALONE.each(["b", "a"], str.upper) == {"b": "B", "a": "A"}
    ALONE.meet()
    ALONE.agree({"text": "x"})
    ALONE.find([Path("nowhere")])


def test_work_is_dealt_by_weight():
    """7 and 5 to one and the other, then 4, 3, 1 to whom has less: 10 each. In turn it would be 12 and 8."""
    assert dealt([7, 5, 4, 3, 1], 2).tolist() == [0, 1, 1, 0, 1]
    assert dealt([1, 3, 4, 5, 7], 2).tolist() == [1, 0, 1, 1, 0]
    assert dealt([1, 1, 1], 5).tolist() == [0, 1, 2]
    assert dealt([], 2).tolist() == []


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_parts_of_a_are_all_of_a_and_weigh_the_same(size):
    n_active = np.random.default_rng(size).zipf(1.3, 501) % 5000
    moments = Moments(5000, n_active, np.zeros(501), np.zeros(501))
    parts = [Part.of(moments, Ranks(rank, size)) for rank in range(size)]
    assert np.array_equal(np.sort(np.concatenate([part.features for part in parts])), np.arange(501))
    work = np.array([n_active[part.features].sum() for part in parts])
    count = np.array([len(part.features) for part in parts])
    assert np.ptp(count) <= 1
    assert np.ptp(work) <= 2 * n_active.max()
    numbered = parts[-1].own(np.arange(501))
    assert np.array_equal(parts[-1].features[numbered[1]], numbered[0])
    assert len(numbered[0]) == count[-1]


def test_the_bar_of_a_part_ends_with_the_whole():
    part = Part(Ranks(1, 3), np.arange(7), 20)
    steps: list[int] = []
    advance = part.paced(steps.append)
    for n in (3, 1, 3, 7):
        advance(n)
    assert steps == [8, 3, 9, 20]


def test_merged_lists_are_the_list_of_all_partners():
    """Against sorting everything, with many equal bounds; one rank has few partners, one has none."""
    rng = np.random.default_rng(0)
    bound = rng.integers(1, 6, (2, 9, 30)) / 8
    owner = rng.choice(3, 30, p=[0.8, 0.2, 0.0])
    lists = []
    for rank in range(3):
        own = np.flatnonzero(owner == rank)
        order = np.argsort(-bound[:, :, own], axis=2, kind="stable")[:, :, :4]
        found = Shortlist.empty(9, 4, np.dtype(float))
        found.bound[:, :, : order.shape[2]] = np.take_along_axis(bound[:, :, own], order, 2)
        found.partner[:, :, : order.shape[2]] = own[order]
        lists.append(found)
    merged = Shortlist.merged(lists)
    expected = np.argsort(-bound, axis=2, kind="stable")[:, :, :4]
    assert np.array_equal(merged.partner, expected)
    assert np.array_equal(merged.bound, np.take_along_axis(bound, expected, 2))


def test_ranks_of_one_machine_share_its_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert ranks.cores() == 16
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert ranks.cores() == 4
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "64")
    assert ranks.cores() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert ranks.cores() == 2


def test_a_folder_that_is_not_shared_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(ranks, "SETTLED", 0.01)
    with pytest.raises(IngestError, match=r"rank 1 does not see .*/s1\.parquet, which another rank wrote"):
        Ranks(1, 2).find([tmp_path / "s1.parquet"])


def test_three_ranks_find_the_matches_of_one_process(tmp_path):
    """Equal and nearly equal features on either side, empty parts, the second search, both ways of the products."""
    status, _, err = finish(3, "tests.ingest.ranked", tmp_path)
    assert status == 0, err
    for case in cases():
        alone = case.tables()
        together = {name: pq.read_table(tmp_path / f"{case.name}.{name}.parquet") for name in alone}
        assert alone["matches"].num_rows > 0
        if case.device == "cpu":
            assert together == alone, case.name
        else:  # a product's last digits depend on its shape, and the null's maxima are such products
            kept, expected = (t["matches"].drop(["p_value", "q_value", "hub_size"]) for t in (together, alone))
            assert kept == expected, case.name
            medians = [t["match_nulls"]["median"].to_pylist() for t in (together, alone)]
            assert medians[0] == pytest.approx(medians[1], abs=1e-6)


def test_more_ranks_than_shards_spaces_and_comparisons(tiny_run, tiny_store, tmp_path):
    status, out, err = finish(3, "ingest", "run", tiny_run, "--out", tmp_path / "store")
    assert status == 0, err
    assert out.count("is ready") == 1
    assert contents(tmp_path / "store") == contents(tiny_store)
    log = (tmp_path / "store" / "run.log").read_text()
    assert log.count("published") == log.count("matching left~right") == log.count("publishing") == 1


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory) -> Path:
    """Two of the demo's models with 40 features of an SAE each, on 1,500 short passages: two shards a model."""
    folder = tmp_path_factory.mktemp("ranks")
    text = "[corpus]\nsource = 'stories'\ntokens = 12_000\ncontext_tokens = 9\n[scores]\npermutations = 19\n"
    for number, (model, sae) in enumerate((("tiny-1l", "tiny-1l.0"), ("tiny-2l", "tiny-2l.1"))):
        source, target = models.DEMO / "saes" / sae, folder / sae
        target.mkdir()
        weights = load_file(source / "sae_weights.safetensors")
        kept = {
            name: np.ascontiguousarray(w[:, :40] if name == "W_enc" else w if name == "b_dec" else w[:40])
            for name, w in weights.items()
        }
        kept["threshold"] *= np.float32(0.3)
        save_file(kept, target / "sae_weights.safetensors")
        (target / "cfg.json").write_text(json.dumps(json.loads((source / "cfg.json").read_text()) | {"d_sae": 40}))
        text += f"[[models]]\nname = 'm{number}'\nload = 'demo:{model}'\n"
        text += f"[[spaces]]\nname = 's{number}'\nmodel = 'm{number}'\nkind = 'sae'\npath = '{sae}'\n"
    (folder / "run.toml").write_text(text)
    return folder / "run.toml"


@pytest.fixture(scope="module")
def demo_store(demo_run, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("ranks") / "store"
    run(*config.read(demo_run), out)
    return out


def test_two_ranks_give_the_store_of_one_process(demo_run, demo_store, tmp_path):
    status, _, err = finish(2, "ingest", "run", demo_run, "--out", tmp_path / "store")
    assert status == 0, err
    held, files = contents(tmp_path / "store")
    assert (held, files) == contents(demo_store)
    counts = {row[0]: row[1] for row in held[:-1]}
    assert counts["matches"] > 100
    assert sum("sparse/" in name for name in files) == 4
    log = (tmp_path / "store" / "run.log").read_text()
    one = (demo_store / "run.log").read_text()
    assert sum("activations m" in line for line in log.splitlines()) == 2
    seen = [int(line.split("activations m0")[1].split()[0].replace(",", "")) for line in (log + one).splitlines() if "activations m0" in line]  # fmt: skip
    assert seen[0] < 0.8 * seen[1], "rank 0 has read a part of the passages only"


@pytest.mark.parametrize(("victim", "when"), [(1, "activations m0"), (0, "matching s0~s1")])
def test_what_a_killed_rank_leaves_is_finished_by_one_process(demo_run, demo_store, tmp_path, victim, when):
    out = tmp_path / "store"
    started = start(2, "ingest", "run", demo_run, "--out", out)
    until = time.monotonic() + 200
    while time.monotonic() < until and started.poll() is None:
        if (out / "run.log").exists() and when in (out / "run.log").read_text():
            break
        time.sleep(0.01)
    here = {int(p.environ()["RANK"]): p for p in psutil.Process(started.pid).children() if "RANK" in p.environ()}
    here[victim].send_signal(signal.SIGKILL)
    _, err = started.communicate(timeout=100)
    assert started.returncode != 0
    assert f"exitcode  : -9 (pid: {here[victim].pid})" in err
    assert not (out / "homolog.duckdb").exists()
    assert not here[1 - victim].is_running()
    kept = {path: path.stat().st_mtime_ns for path in (out / "shards").rglob("*.parquet")}
    assert kept
    run(*config.read(demo_run), out)
    assert contents(out) == contents(demo_store)
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in (out / "shards").rglob("*.parquet")}.items()


def test_input_that_one_rank_finds_wrong_stops_all_with_one_line(tmp_path):
    run_file = tiny.write(tmp_path / "in")
    broken = pq.read_table(tmp_path / "in" / "right.parquet").to_pandas()
    broken.loc[3, "activation"] = -1.0
    broken.to_parquet(tmp_path / "in" / "right.parquet")
    status, out, err = finish(2, "ingest", "run", run_file, "--out", tmp_path / "store")
    assert status != 0
    said = ended_with(err)
    assert len(said) == 1
    assert said[0].startswith("homolog: space 'right': ")
    assert "row 3 is negative" in said[0]
    assert "exitcode  : 2 " in err
    assert f"traceback : {said[0]}" in err, "torchrun's report ends with it"
    assert err.index(said[0]) < err.index("torch.distributed.elastic"), "and it comes first"
    assert not out
    assert not (tmp_path / "store" / "homolog.duckdb").exists()


def test_input_that_all_ranks_find_wrong_is_said_once_and_nothing_is_written(tmp_path):
    status, _, err = finish(2, "ingest", "run", tmp_path / "no.toml", "--out", tmp_path / "store")
    assert status != 0
    assert [line.split(";")[0] for line in ended_with(err)] == [f"homolog: there is no run file {tmp_path / 'no.toml'}"]
    assert not (tmp_path / "store").exists()

"""The tiny run's store (tests/tiny.py) through `Store` and `check`: the same numbers that stand on paper."""

import shutil
from pathlib import Path

import duckdb
import pytest

from store import records as r
from store.check import check
from store.read import Store


@pytest.fixture(scope="module")
def store(tiny_store: Path):
    with Store(tiny_store) as opened:
        yield opened


def test_a_published_store_is_sound(tiny_store: Path):
    assert check(tiny_store) == []


def test_the_default_filter_leaves_the_one_contextual_homologue(store: Store):
    rows = store.pairs("left~right", r.PairFilter())
    assert [(row.match.feature_a, row.match.feature_b, row.match.reasons) for row in rows] == [(1, 0, ())]
    assert rows[0].tokens_a == rows[0].tokens_b == (" sat", " ran")


def test_reasons_of_the_trivial_ones(store: Store):
    rows = store.pairs("left~right", r.PairFilter(hide=()), sort="feature_a")
    assert {(row.match.feature_a, row.match.feature_b): row.match.reasons for row in rows} == {
        (0, 1): ("token", "single_token"),
        (1, 0): (),
        (1, 4): ("position", "token", "not_mutual"),
        (3, 2): ("dense", "special", "position", "token", "single_token", "stop_token"),
    }


def test_the_funnel_counts_down_to_one(store: Store):
    steps = {step.name: step.n_left for step in store.funnel("left~right", r.PairFilter())}
    assert steps["candidates"] == 4
    assert list(steps.values())[-1] == 1


def test_summary(store: Store):
    (summary,) = store.summaries()
    assert (summary.n_alive_a, summary.n_alive_b, summary.n_candidates, summary.n_mutual, summary.n_homologues) == (
        4,
        4,
        4,
        3,
        1,
    )
    assert summary.n_token_explained == 2
    assert not summary.same_model


def test_the_strips_of_the_pair_show_the_verb_after_dog(store: Store):
    strips = store.pair_strips("left~right", 1, 0, "both", limit=3)
    assert [strip.a.passage_id for strip in strips] == [1, 4, 5]
    assert [t.text for t in strips[0].a.tokens if t.is_focus] == [" sat"]
    assert [t.activation for t in strips[0].b.tokens if t.is_focus] == [6.0]
    assert store.group_counts("left~right", 1, 4) == {"both": 40, "only_a": 20, "only_b": 20}


def test_a_deleted_row_is_named(tiny_store: Path, tmp_path: Path):
    copy = shutil.copytree(tiny_store, tmp_path / "copy")
    with duckdb.connect(copy / "homolog.duckdb") as database:
        database.execute("DELETE FROM activations WHERE space = 'left' AND feature = 1 AND token_index = 10")
    problems = "\n".join(check(copy))
    assert "homolog.duckdb" in problems
    assert "left:1" in problems


@pytest.mark.parametrize("name", ["homolog.duckdb", "run.log", "SHA256SUMS", "shards"])
def test_one_flipped_byte_is_found_wherever_it_is(tiny_store: Path, tmp_path: Path, name: str):
    copy = shutil.copytree(tiny_store, tmp_path / "copy")
    file = next((copy / name).rglob("matches/*.parquet"), copy / name) if name == "shards" else copy / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert any(file.name in problem for problem in check(copy))


def test_the_shards_may_be_deleted(tiny_store: Path, tmp_path: Path):
    copy = shutil.copytree(tiny_store, tmp_path / "copy")
    shutil.rmtree(copy / "shards")
    assert check(copy) == []

"""The store that the benches make, small; and that a bench asks every question there is."""

from pathlib import Path

import pytest

from store.check import check
from store.read import Store
from store.records import REASONS
from tests.bench import large, questions


def test_it_is_a_healthy_store_of_its_size(shaped_folder: Path, shaped: Store) -> None:
    assert check(shaped_folder) == []
    assert shaped.counts()["activations"] == pytest.approx(large.SMALL.activations, rel=0.1)
    assert [space.n_features for space in shaped.spaces()] == [512, 96, 512, 96]


def test_it_holds_every_reason_and_what_is_left_without_one(shaped: Store) -> None:
    with shaped.cursor() as cursor:
        found = cursor.execute("SELECT DISTINCT unnest(reasons) FROM judged_matches()").fetchall()
        homologues = cursor.execute("SELECT count(*) FROM judged_matches() WHERE len(reasons) = 0").fetchall()
    assert {row[0] for row in found} == set(REASONS)
    assert homologues[0][0] > 50


def test_it_is_made_again_only_when_its_recipe_changes(shaped_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (shaped_folder / "homolog.duckdb").stat()
    large.ready(shaped_folder, large.SMALL)
    assert (shaped_folder / "homolog.duckdb").stat() == before
    assert large.recipe(large.Size()) != large.recipe(large.SMALL)
    made: list[Path] = []
    monkeypatch.setattr(large, "write", lambda folder, size: made.append(folder))
    monkeypatch.setattr(large.shutil, "rmtree", lambda folder, ignore_errors: None)
    large.ready(shaped_folder, large.Size(words=3_000))
    assert made == [shaped_folder]


def test_every_question_has_a_workload_and_answers_it(shaped: Store) -> None:
    assert {*questions.WORKLOADS, "runners_up"} == set(questions.names())
    assert [took.name for took in questions.measure(shaped, 1)] == questions.names()


def test_percentiles_are_of_the_times() -> None:
    took = questions.Took("x", tuple(float(n) for n in range(1, 101)), (1.0,))
    assert (took.p50, took.p95) == (50.5, 95.0)
    assert questions.percentile((7.0,), 95) == 7.0

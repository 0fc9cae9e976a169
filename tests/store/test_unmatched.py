"""Unmatched features against the obvious loop in Python, over a random store with every kind of feature."""

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from store import console
from store import records as r
from store.read import Store
from store.schema import BY_NAME
from tests.store import build

N = 60
RANGES = [(1, 7, 0.75), (8, 31, None), (32, 127, 0.25)]


def random_rows() -> dict[str, build.Rows]:
    """60 features on each side, some dead, rare, dense or on special tokens; matches between some of them."""
    draw = random.Random(7)
    rows = build.tables()
    rows["features"], rows["feature_tokens"], rows["matches"], rows["match_nulls"] = [], [], [], []
    for space in ("a", "b", "c"):
        next(one for one in rows["spaces"] if one["space"] == space)["n_features"] = N
        for feature in range(N):
            n = draw.choice([0, 1, 5, 29, 30, 31, 60, 120, 200])
            row: dict[str, Any] = dict.fromkeys(BY_NAME["features"].names)
            row |= {"space": space, "feature": feature, "n_active": n, "firing_rate": draw.choice([0.01, 0.1, 0.2])}
            if n:
                row |= {"max_activation": 4.0, "mean_activation": draw.choice([0.25, 1.0, 2.0])}
                row |= {"token_entropy_bits": draw.choice([None, 0.0, 3.5]), "top_token": "x"}
                row |= {"special_share": draw.choice([None, 0.0, 0.5, 0.75]), "label": draw.choice([None, "named"])}
                tokens = [
                    {"rank": rank, "token": f"t{rank}", "mass_share": 0.125, "n_active": 1} for rank in range(1, 8)
                ]
                rows["feature_tokens"] += [{"space": space, "feature": feature} | token for token in tokens]
            rows["features"].append(row)
    alive = {
        space: [f["feature"] for f in rows["features"] if f["space"] == space and f["n_active"]]
        for space in ("a", "b", "c")
    }
    for comparison, other in (("a~b", "b"), ("a~c", "c")):
        pairs = [
            (x, y, draw.choice([-0.1, 0.2, 0.3, 0.6])) for x in alive["a"] for y in alive[other] if draw.random() < 0.04
        ]
        of_a = {(x, y): rank for x in alive["a"] for rank, (_, y) in enumerate(_best(pairs, 0, x, 1), 1)}
        of_b = {(x, y): rank for y in alive[other] for rank, (_, x) in enumerate(_best(pairs, 1, y, 0), 1)}
        rows["matches"] += [
            build.match(comparison, x, y, pearson=p, rank_ab=of_a[x, y], rank_ba=of_b[x, y], n_both=1, n_a_only=19)
            for x, y, p in pairs
        ]
        unknown: dict[str, Any] = dict.fromkeys(BY_NAME["match_nulls"].names)
        rows["match_nulls"] += [
            unknown
            | {"comparison": comparison, "n_active_low": low, "n_active_high": high, "n_features": 1, "n_maxima": 0, "q95": q95}
            for low, high, q95 in RANGES
        ]  # fmt: skip
    return rows


def _best(pairs: list[tuple[int, int, float]], own: int, feature: int, other: int) -> list[tuple[float, int]]:
    return sorted((-pair[2], int(pair[other])) for pair in pairs if pair[own] == feature)


@pytest.fixture(scope="module")
def rows() -> dict[str, build.Rows]:
    return random_rows()


@pytest.fixture(scope="module")
def store(rows: dict[str, build.Rows], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(build.write(tmp_path_factory.mktemp("unmatched"), rows)) as opened:
        yield opened


def obvious(
    rows: dict[str, build.Rows], comparison: str, side: str, chosen: r.UnmatchedFilter, sort: str
) -> tuple[list[r.Unmatched], list[tuple[str, int]]]:
    """The list in order, and (filter, features left) after each."""
    space = comparison.split("~")[0 if side == "a" else 1]
    here, there, rank = ("feature_a", "feature_b", "rank_ab") if side == "a" else ("feature_b", "feature_a", "rank_ba")
    t = chosen.thresholds
    found, alive = [], 0
    for f in rows["features"]:
        if f["space"] != space or not f["n_active"]:
            continue
        alive += 1
        of = [m for m in rows["matches"] if m["comparison"] == comparison and m[here] == f["feature"] and m[rank] == 1]
        best = of[0] if of else None
        if best is not None and best["pearson"] >= chosen.below:
            continue
        reasons = {
            "rare": f["n_active"] < t.rare,
            "dense": f["firing_rate"] > t.dense,
            "special": f["special_share"] is not None and f["special_share"] > t.special,
        }
        units = best["n_both"] + best["n_a_only"] if best else f["n_active"] if comparison == "a~b" else None
        chance = [q95 for low, high, q95 in RANGES if side == "a" and units is not None and low <= units <= high]
        found.append(
            r.Unmatched(
                space, f["feature"], f["n_active"], f["firing_rate"], f["max_activation"],
                f["n_active"] * f["mean_activation"], f["token_entropy_bits"], f["label"],
                best[there] if best else None, best["pearson"] if best else None, chance[0] if chance else None,
                tuple(name for name, holds in reasons.items() if holds), ("t1", "t2", "t3", "t4", "t5"),
            )
        )  # fmt: skip
    steps = [("alive", alive), ("unmatched", len(found))]
    if chosen.min_active:
        found = [one for one in found if one.n_active >= chosen.min_active]
        steps.append(("min_active", len(found)))
    for name in r.ONE_SIDED:
        if name in chosen.hide:
            found = [one for one in found if name not in one.reasons]
            steps.append((name, len(found)))

    def place(one: r.Unmatched) -> tuple[float, int]:
        value = getattr(one, sort)
        return (float("inf") if value is None else -value, one.feature)

    return sorted(found, key=place), steps


@pytest.mark.parametrize("comparison", ["a~b", "a~c"])
@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize(
    ("chosen", "sort"),
    [
        (r.UnmatchedFilter(), "mass"),
        (r.UnmatchedFilter(hide=()), "n_active"),
        (r.UnmatchedFilter(below=0.2, hide=("dense",)), "token_entropy_bits"),
        (r.UnmatchedFilter(below=0.0, hide=()), "mass"),
        (r.UnmatchedFilter(below=1.0, min_active=30, hide=("special",)), "n_active"),
        (r.UnmatchedFilter(thresholds=r.Thresholds(rare=100, dense=0.005, special=0.8)), "mass"),
        (r.UnmatchedFilter(thresholds=r.Thresholds(rare=6, dense=0.15, special=0.6)), "token_entropy_bits"),
    ],
)
def test_the_list_and_its_counts_are_those_of_the_obvious_loop(
    store: Store, rows: dict[str, build.Rows], comparison: str, side: str, chosen: r.UnmatchedFilter, sort: str
) -> None:
    expected, left = obvious(rows, comparison, side, chosen, sort)
    assert store.unmatched(comparison, side, chosen, sort, limit=1000) == expected
    assert store.unmatched(comparison, side, chosen, sort, limit=3, offset=2) == expected[2:5]
    steps = store.unmatched_counts(comparison, side, chosen)
    assert [(step.name, step.n_left) for step in steps] == left
    assert [step.n_dropped for step in steps[1:]] == [a[1] - b[1] for a, b in pairwise(left)]


def test_the_random_store_has_every_kind(store: Store) -> None:
    every = store.unmatched("a~b", "a", r.UnmatchedFilter(hide=()), limit=1000)
    assert {reason for one in every for reason in one.reasons} == set(r.ONE_SIDED)
    assert {one.partner is None for one in every} == {one.chance_q95 is None for one in every} == {True, False}
    assert {one.pearson for one in every} == {None, -0.1, 0.2}


def test_features_are_judged_by_sql_as_by_the_store(store: Store) -> None:
    table = console.run(
        store, "SELECT feature, reasons FROM judged_features(rare := 6) WHERE space = 'a' ORDER BY feature"
    )
    told = {one.feature: list(one.reasons) for one in store.unmatched(
        "a~b", "a", r.UnmatchedFilter(below=1.0, hide=(), thresholds=r.Thresholds(rare=6)), limit=1000)}  # fmt: skip
    assert told == {feature: reasons for feature, reasons in table.rows if feature in told}
    assert len(told) > N // 2

"""Scores: a small store by hand, and a random one against the obvious loops in Python."""

import itertools
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from store import score_records as r
from store.errors import UnknownName
from store.read import Store
from store.schema import BY_NAME
from tests.store import build

METRICS = [
    ("rsa", "inner=correlation"), ("rsa", "inner=euclidean"), ("procrustes", ""), ("knn", "k=5"), ("knn", "k=10"),
    ("knn", "k=100"), ("knn", "depth=3, k=5"), ("knn", "depth=3, k=20"), ("knn", "bank=7"),
]  # fmt: skip
SUBSETS = ["all", "kept", "concept:arrays", "concept:time", "first:50", "first:100", "first:9"]
KEY = BY_NAME["scores"].key


def in_order(row: dict[str, Any]) -> list[Any]:
    """Numbers in their own order: k=5, k=10, k=100; concepts last."""
    subset = row["subset"]
    place = (1, 0, subset) if subset.startswith("concept:") else (0, len(subset), subset)
    return [row["comparison"], row["metric"], len(row["parameters"]), row["parameters"], place, row["level"]]


def random_rows() -> dict[str, build.Rows]:
    """About half of all that could be scored, with and without values; the nulls of some of it."""
    draw = random.Random(5)
    rows = build.tables()
    rows["scores"], rows["score_nulls"] = [], []
    asked = itertools.product(("a~b", "a~c"), METRICS, SUBSETS, r.LEVELS)
    for comparison, (metric, parameters), subset, level in asked:
        if draw.random() < 0.5:
            continue
        one: dict[str, Any] = dict.fromkeys(BY_NAME["scores"].names)
        one |= {"comparison": comparison, "metric": metric, "parameters": parameters, "subset": subset, "level": level}
        one |= {"n_permutations": 9, "n_rows": 30, "n_columns_a": draw.choice([3, 8]), "n_columns_b": 8}
        one |= {"higher_is_similar": metric != "procrustes"}
        if draw.random() < 0.7:
            one |= {"value": draw.random(), "null_mean": 0.1, "null_q95": draw.random(), "p_value": 0.1}
            place = {name: one[name] for name in KEY}
            rows["score_nulls"] += [place | {"draw": i, "value": draw.random()} for i in range(draw.choice([0, 3]))]
        else:
            one |= {"reason": "too few"}
        rows["scores"].append(one)
    rows["scores"].sort(key=lambda row: [row[name] for name in KEY])
    rows["score_nulls"].sort(key=lambda row: [*(row[name] for name in KEY), row["draw"]])
    return rows


@pytest.fixture(scope="module")
def rows() -> dict[str, build.Rows]:
    return random_rows()


@pytest.fixture(scope="module")
def many(rows: dict[str, build.Rows], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(build.write(tmp_path_factory.mktemp("scores"), rows)) as opened:
        yield opened


@pytest.mark.parametrize("metric", [None, "knn", "procrustes"])
@pytest.mark.parametrize("subset", [None, "all", "first:50"])
@pytest.mark.parametrize("level", [None, "activations"])
@pytest.mark.parametrize("comparison", [None, "a~c"])
def test_scores_are_the_rows_that_are_asked_for(
    many: Store, rows: dict[str, build.Rows], comparison: str | None, level: str | None, subset: str | None, metric: str | None
) -> None:  # fmt: skip
    asked = {"comparison": comparison, "level": level, "subset": subset, "metric": metric}
    wanted = [
        r.Score(**row)
        for row in sorted(rows["scores"], key=in_order)
        if all(value is None or row[name] == value for name, value in asked.items())
    ]
    assert many.scores(**asked) == wanted
    assert many.scores(**asked, limit=3, offset=2) == wanted[2:5]


def test_a_grid_has_a_cell_for_every_comparison(many: Store, rows: dict[str, build.Rows]) -> None:
    held = 0
    for (metric, parameters), subset, level in itertools.product(METRICS, SUBSETS, r.LEVELS):
        found = {
            row["comparison"]: r.Score(**row)
            for row in rows["scores"]
            if (row["metric"], row["parameters"], row["subset"], row["level"]) == (metric, parameters, subset, level)
        }
        held += len(found)
        cells = many.score_grid(metric, parameters, subset, level)
        assert [(one.comparison, one.space_a, one.space_b, one.kind) for one in cells] == [
            ("a~b", "a", "b", "within"),
            ("a~c", "a", "c", "finding"),
        ]
        assert [one.score for one in cells] == [found.get("a~b"), found.get("a~c")]
    assert held == len(rows["scores"])


def test_variants_count_scores_and_values(many: Store, rows: dict[str, build.Rows]) -> None:
    wanted: dict[tuple[str, ...], list[int]] = {}
    for row in rows["scores"]:
        counted = wanted.setdefault(tuple(row[name] for name in KEY[1:]), [0, 0])
        counted[0] += 1
        counted[1] += row["value"] is not None
    assert many.score_variants() == [r.ScoreVariant(*key, *counted) for key, counted in sorted(wanted.items())]


def test_a_null_is_its_draws_in_order(many: Store, rows: dict[str, build.Rows]) -> None:
    seen = 0
    for row in rows["scores"]:
        place = {name: row[name] for name in KEY}
        wanted = [one["value"] for one in rows["score_nulls"] if all(one[n] == v for n, v in place.items())]
        assert many.score_null(**place) == wanted
        seen += len(wanted)
    assert seen == len(rows["score_nulls"]) > 0


def test_a_sweep_over_k_holds_all_else_still(many: Store, rows: dict[str, build.Rows]) -> None:
    lengths = set()
    for row in rows["scores"]:
        place = {name: row[name] for name in KEY}
        wanted = []
        for other in rows["scores"]:
            same = all(other[name] == row[name] for name in KEY if name != "parameters")
            here, there = (dict(re.findall(r"(\w+)=(\w+)", one["parameters"])) for one in (row, other))
            k = there.pop("k", None)
            if same and k is not None and here.pop("k", None) is not None and here == there:
                wanted.append(r.SweepPoint(int(k), r.Score(**other)))
        assert many.sweep(**place, over="k") == sorted(wanted, key=lambda one: one.size)
        lengths.add(len(wanted))
    assert lengths >= {0, 1, 2, 3}


def test_a_sweep_over_pairs_ends_with_all_of_them(many: Store, rows: dict[str, build.Rows]) -> None:
    n_mutual = {
        name: sum(one["mutual_best"] and one["comparison"] == name for one in rows["matches"])
        for name in ("a~b", "a~c")
    }
    for row in rows["scores"]:
        place = {name: row[name] for name in KEY}
        wanted = []
        for other in rows["scores"]:
            if any(other[name] != row[name] for name in KEY if name != "subset"):
                continue
            if other["subset"].startswith("first:"):
                wanted.append(r.SweepPoint(int(other["subset"][6:]), r.Score(**other)))
            elif other["subset"] == "all":
                size = n_mutual[row["comparison"]] if row["level"] == "decoder" else other["n_columns_a"]
                wanted.append(r.SweepPoint(size, r.Score(**other)))
        assert many.sweep(**place, over="pairs") == sorted(wanted, key=lambda one: one.size)


@pytest.mark.parametrize(
    ("value", "q95", "higher", "wanted"),
    [
        (0.25, 0.125, True, True), (0.125, 0.125, True, False), (0.25, 0.125, False, False), (0.0, 0.125, False, True),
        (None, 0.125, True, None), (0.5, None, False, None),
    ],
)  # fmt: skip
def test_above_the_null_respects_the_direction(
    value: float | None, q95: float | None, higher: bool, wanted: bool | None
) -> None:
    row: dict[str, Any] = dict.fromkeys(BY_NAME["scores"].names)
    assert r.Score(**row | {"value": value, "null_q95": q95, "higher_is_similar": higher}).above_null is wanted


def test_the_kind_of_a_comparison(tmp_path) -> None:
    rows = build.tables()
    spaces = {one["space"]: one for one in rows["spaces"]}
    spaces["b"] |= {"hook": spaces["a"]["hook"]}
    spaces["c"] |= {"kind": "neurons"}
    with Store(build.write(tmp_path / "one", rows)) as store:
        cells = store.score_grid("rsa", "inner=correlation", "all", "decoder")
        assert [one.kind for one in cells] == ["ceiling", "baseline"]
    spaces["a"] |= {"kind": "random_sae"}
    with Store(build.write(tmp_path / "two", rows)) as store:
        cells = store.score_grid("rsa", "inner=correlation", "all", "decoder")
        assert [one.kind for one in cells] == ["floor", "floor"]


def test_unknown_names_say_what_there_is(store: Store) -> None:
    with pytest.raises(UnknownName, match="no metric `banana`; there are knn_jaccard, procrustes, rsa"):
        store.scores(metric="banana")
    with pytest.raises(UnknownName, match="no level `weights`; there is decoder"):
        store.scores(level="weights")
    with pytest.raises(UnknownName, match="no comparison `x~y`"):
        store.scores("x~y")
    with pytest.raises(UnknownName, match="no sweep `depth`; there are k, pairs"):
        store.sweep("a~b", "rsa", "inner=correlation", "all", "decoder", "depth")

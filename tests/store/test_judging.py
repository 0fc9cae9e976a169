"""Fast judging meets slow truth: the store's questions, which read stored reasons and few rows, against all rows judged
one by one as `Thresholds` says it, under any thresholds and filters.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import records as r
from store.filters import BOUNDS
from store.read import POINTS, Store

LARGEST = "one.6~two.6"
SQL = """
SELECT
  m.* EXCLUDE (least_active, largest_rate, largest_special, least_top_share, both_stop, reason_bits),
  a.n_active AS n_active_a, b.n_active AS n_active_b, a.firing_rate AS firing_rate_a, b.firing_rate AS firing_rate_b,
  a.special_share AS special_share_a, b.special_share AS special_share_b, a.top_token AS top_token_a,
  a.top_token_share AS top_token_share_a, b.top_token_share AS top_token_share_b,
  is_stop_token(a.top_token) AS is_stop_a, is_stop_token(b.top_token) AS is_stop_b, hash(feature_a, feature_b) AS lot
FROM matches AS m JOIN comparisons AS c USING (comparison)
JOIN features AS a ON a.space = c.space_a AND a.feature = m.feature_a
JOIN features AS b ON b.space = c.space_b AND b.feature = m.feature_b
"""
Row = dict[str, Any]
FRACTIONS = st.floats(0, 1).map(lambda x: round(x, 3))
LIMITS: dict[str, st.SearchStrategy[Any]] = {
    "rare": st.integers(0, 200), "dense": FRACTIONS, "special": FRACTIONS, "position": FRACTIONS, "token": FRACTIONS,
    "single_token": FRACTIONS, "stop_token": FRACTIONS, "hub": st.integers(0, 6), "chance": FRACTIONS,
    "thin": st.integers(0, 50),
}  # fmt: skip


@st.composite
def thresholds(draw: st.DrawFn) -> r.Thresholds:
    """Most of them at their defaults, as most visitors leave them."""
    moved = draw(st.sets(st.sampled_from(sorted(LIMITS)), max_size=4))
    return r.Thresholds(**{name: draw(LIMITS[name]) for name in sorted(moved)})


@st.composite
def filters(draw: st.DrawFn) -> r.PairFilter:
    hide = draw(st.one_of(st.just(tuple(r.REASONS)), st.sets(st.sampled_from(list(r.REASONS)))))
    return r.PairFilter(
        min_pearson=draw(st.sampled_from([0.0, -1.0, 0.1, 0.4])),
        min_context=draw(st.sampled_from([-1.0, 0.0, 0.1])),
        min_active=draw(st.sampled_from([0, 40])),
        hide=tuple(name for name in r.REASONS if name in hide),
        only=draw(st.sampled_from([None, None, None, *BOUNDS, *r.REASONS])),
        thresholds=draw(thresholds()),
    )


@pytest.fixture(scope="module")
def rows(shaped: Store) -> list[Row]:
    with shaped.cursor() as cursor:
        answer = cursor.execute(SQL)
        columns = [column[0] for column in answer.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def sides(row: Row, name: str) -> list[Any]:
    return [row[f"{name}_{side}"] for side in "ab"]


RULES: dict[str, Callable[[Row, r.Thresholds], bool]] = {
    "rare": lambda row, t: any(n < t.rare for n in sides(row, "n_active")),
    "dense": lambda row, t: any(rate > t.dense for rate in sides(row, "firing_rate")),
    "special": lambda row, t: any(share is not None and share > t.special for share in sides(row, "special_share")),
    "position": lambda row, t: row["pearson_position"] > t.position * row["pearson"],
    "token": lambda row, t: row["pearson_token"] > t.token * row["pearson"],
    "single_token": lambda row, t: all(s is not None and s >= t.single_token for s in sides(row, "top_token_share")),
    "stop_token": lambda row, t: all(
        share is not None and share >= t.stop_token and stop
        for share, stop in zip(sides(row, "top_token_share"), sides(row, "is_stop"), strict=True)
    ),
    "not_mutual": lambda row, t: not row["mutual_best"],
    "hub": lambda row, t: row["hub_size"] > t.hub,
    "chance": lambda row, t: row["q_value"] is not None and row["q_value"] > t.chance,
    "thin": lambda row, t: row["n_both"] < t.thin,
}


def judge(row: Row, t: r.Thresholds) -> tuple[str, ...]:
    return tuple(name for name, rule in RULES.items() if rule(row, t))


def misses(row: Row, f: r.PairFilter) -> set[str]:
    """Bounds and reasons that are against a match."""
    bounds = {
        "min_pearson": row["pearson"] < f.min_pearson,
        "min_context": row["pearson_context"] < f.min_context,
        "min_active": min(sides(row, "n_active")) < f.min_active,
    }
    return {name for name, missed in bounds.items() if missed} | set(judge(row, f.thresholds))


def passes(row: Row, f: r.PairFilter) -> bool:
    order = ["min_pearson", "min_context", "min_active", *r.REASONS]
    against, used = misses(row, f), {*order[:3], *f.hide}
    if f.only is None:
        return not against & used
    return f.only in against and not against & used & set(order[: order.index(f.only)])


def ordered(rows: list[Row], sort: str) -> list[tuple[int, int]]:
    def key(row: Row) -> tuple[float, int, int]:
        value = -row[sort] if sort in ("feature_a", "feature_b") else row[sort]
        return (math.inf if value is None else -value, row["feature_a"], row["feature_b"])

    return [(row["feature_a"], row["feature_b"]) for row in sorted(rows, key=key)]


TRIALS = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@TRIALS
@given(thresholds())
def test_the_macro_judges_as_the_thresholds_say(shaped: Store, rows: list[Row], t: r.Thresholds) -> None:
    limits = ", ".join(f"{name} := {value}" for name, value in dataclasses.asdict(t).items())
    with shaped.cursor() as cursor:
        found = cursor.execute(
            f"SELECT comparison, feature_a, feature_b, reasons FROM judged_matches({limits})"
        ).fetchall()
    wanted = {(row["comparison"], row["feature_a"], row["feature_b"]): judge(row, t) for row in rows}
    assert {tuple(row[:3]): tuple(row[3]) for row in found} == wanted


@TRIALS
@given(filters(), st.sampled_from(r.SORTS), st.data())
def test_pairs_funnel_and_pictures(
    shaped: Store, rows: list[Row], f: r.PairFilter, sort: str, data: st.DataObject
) -> None:
    own = [row for row in rows if row["comparison"] == LARGEST]
    by_pair = {(row["feature_a"], row["feature_b"]): row for row in own}
    kept = [row for row in own if passes(row, f)]
    order = ordered(kept, sort)
    offset = data.draw(st.integers(0, len(order)))
    page = [one.match for one in shaped.pairs(LARGEST, f, sort, 30, offset)]
    assert [(m.feature_a, m.feature_b) for m in page] == order[offset : offset + 30]
    for match in page:
        row = by_pair[match.feature_a, match.feature_b]
        assert match == shaped.match(LARGEST, match.feature_a, match.feature_b, f.thresholds)
        assert match.reasons == judge(row, f.thresholds)
        assert all(getattr(match, name) == value for name, value in row.items() if hasattr(match, name))

    left = own
    for step in shaped.funnel(LARGEST, f)[1:]:
        dropped = [row for row in left if step.name in misses(row, f)]
        left = [row for row in left if step.name not in misses(row, f)]
        assert (step.n_left, step.n_dropped) == (len(left), len(dropped))
    assert f.only is not None or len(left) == len(kept)

    pair = data.draw(st.sampled_from(sorted(by_pair)))
    places = ordered([*kept, *([by_pair[pair]] if by_pair[pair] not in kept else [])], sort)
    place = places.index(pair)
    before, after = places[place - 1] if place else None, places[place + 1] if place + 1 < len(places) else None
    wanted = before, after, place + 1 if passes(by_pair[pair], f) else None, len(kept)
    assert shaped.around(LARGEST, *pair, f, sort) == wanted

    for dots, among in (
        (shaped.points(LARGEST, f, 700), own),
        (shaped.best_points(LARGEST, f, 300), [row for row in own if row["rank_ab"] == 1]),
    ):
        first = sorted(among, key=lambda row: (not passes(row, f), row["lot"], row["feature_a"], row["feature_b"]))
        shown = [(row["feature_a"], row["feature_b"], passes(row, f), row["top_token_a"]) for row in first[: len(dots)]]
        assert [(dot.feature_a, dot.feature_b, dot.kept, dot.top_token_a) for dot in dots] == shown
    assert len(shaped.points(LARGEST, f)) == POINTS


@TRIALS
@given(thresholds())
def test_summaries_and_curves(shaped: Store, rows: list[Row], t: r.Thresholds) -> None:
    curves = {curve.comparison: curve.n_left for curve in shaped.homologue_curves(t)}
    for one in shaped.summaries(t):
        own = [row for row in rows if row["comparison"] == one.comparison]
        mutual = [judge(row, t) for row in own if row["mutual_best"]]
        contexts = [row["pearson_context"] for row in own if not judge(row, t)]
        assert (one.n_candidates, one.n_mutual) == (len(own), len(mutual))
        assert one.n_homologues == mutual.count(()) == len(contexts)
        assert one.n_token_explained == sum("token" in reasons for reasons in mutual)
        for step in (0, 5, 20):
            assert curves[one.comparison][step] == sum(context >= step / r.CURVE_STEPS for context in contexts)


@TRIALS
@given(filters(), st.data())
def test_a_family_is_the_same_alone_and_in_the_list(shaped: Store, f: r.PairFilter, data: st.DataObject) -> None:
    found = shaped.families(f, 2, 10_000)
    counts = shaped.family_counts(f)
    assert sum(n for _, n in counts.by_spaces) == len(found)
    assert counts.n_links == sum(len(one.links) for one in found)
    members = [member for one in found for member in one.members]
    assert len(members) == len(set(members))
    if found:
        family = data.draw(st.sampled_from(found))
        member = data.draw(st.sampled_from(family.members))
        assert shaped.family(member.space, member.feature, f) == family
    alone = next(i for i in range(512) if r.FamilyMember("one.6", i) not in members)
    assert shaped.family("one.6", alone, f) is None

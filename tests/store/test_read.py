import dataclasses
import itertools
from pathlib import Path

import pytest

from store import records as r
from store import units
from store.errors import NotAStore, UnknownName, WrongSchema
from store.read import Store
from tests.store import build

EVERYTHING = r.PairFilter(hide=())
LOOSE = r.Thresholds(rare=0, dense=1.0, thin=0)
"""Under these, only `not_mutual` holds anywhere in the small store."""


def keys(rows: list[r.PairRow]) -> list[tuple[int, int]]:
    return [(row.match.feature_a, row.match.feature_b) for row in rows]


def drawn(strip: r.Strip) -> str:
    """A strip as text: [focus], activation after /, | where the passage ends."""
    words = []
    for token in strip.tokens:
        word = token.text if token.activation is None else f"{token.text}/{token.activation:g}"
        words.append(f"[{word}]" if token.is_focus else word)
    return ("…" if strip.cut_left else "|") + "·".join(words) + ("…" if strip.cut_right else "|")


def test_names_and_counts(store: Store) -> None:
    assert store.fingerprint == "f" * 64
    assert [space.space for space in store.spaces()] == ["a", "b", "c"]
    assert store.space("c").model == "m2"
    assert [c.comparison for c in store.comparisons()] == ["a~b", "a~c"]
    assert store.comparison_of("a", "c") == store.comparison("a~c")
    assert store.comparison_of("c", "a") is None
    assert store.counts()["activations"] == 14
    assert store.counts()["units"] == 5


def test_summaries(store: Store) -> None:
    expected = r.ComparisonSummary("a~b", "a", "b", False, 2, 2, 3, 1, 1, 0, 0.5, 0.375)
    assert store.summaries(LOOSE) == [
        expected,
        dataclasses.replace(expected, comparison="a~c", space_b="c", n_candidates=1),
    ]
    token = dataclasses.replace(LOOSE, token=0.2)
    assert [(s.n_homologues, s.n_token_explained) for s in store.summaries(token)] == [(0, 1), (0, 1)]


def test_homologue_curves_count_what_is_left(store: Store) -> None:
    for thresholds in (LOOSE, r.Thresholds()):
        for curve in store.homologue_curves(thresholds):
            rows = store.pairs(curve.comparison, r.PairFilter(thresholds=thresholds), limit=1000)
            contexts = [row.match.pearson_context for row in rows]
            expected = [sum(c >= step / r.CURVE_STEPS for c in contexts) for step in range(r.CURVE_STEPS + 1)]
            assert list(curve.n_left) == expected
    assert [curve.comparison for curve in store.homologue_curves()] == ["a~b", "a~c"]
    assert sum(store.homologue_curves(LOOSE)[0].n_left) > 0


def test_one_model_at_one_hook_is_the_same_model(tmp_path: Path) -> None:
    rows = build.tables()
    for space in rows["spaces"]:
        space["hook"] = "one hook"
    with Store(build.write(tmp_path, rows)) as store:
        assert [(s.comparison, s.same_model) for s in store.summaries()] == [("a~b", True), ("a~c", False)]


def test_pairs_are_whole_rows(store: Store) -> None:
    match = r.Match(
        comparison="a~b", feature_a=0, feature_b=0, rank_ab=1, rank_ba=1, mutual_best=True, assigned=True, pearson=0.5,
        pearson_token=0.125, pearson_position=0.0625, pearson_context=0.375, z_context=None, cosine=0.5, jaccard=0.75,
        n_both=3, n_a_only=0, n_b_only=1, decoder_cosine=None, margin=0.25, hub_size=1, p_value=None, q_value=None,
        neighbour_overlap=1.0, neighbour_rbo=1.0, top_token_a=" ab", top_token_b=" x", n_active_a=3, n_active_b=4, firing_rate_a=3 / 6,
        firing_rate_b=4 / 6, special_share_a=None, special_share_b=None, top_token_share_a=4 / 7,
        top_token_share_b=5 / 11, reasons=(),
    )  # fmt: skip
    row = r.PairRow(match, (" ab", "ab", " x"), (" x", " ab", " cd", "ab"))
    assert store.pairs("a~b", r.PairFilter(thresholds=LOOSE)) == [row]
    assert store.match("a~b", 0, 0, LOOSE) == match


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("pearson_context", [(0, 0), (1, 0), (0, 1)]),
        ("jaccard", [(0, 0), (0, 1), (1, 0)]),
        # Unknown last: (1, 0) has no margin.
        ("margin", [(0, 0), (0, 1), (1, 0)]),
        ("z_context", [(0, 0), (0, 1), (1, 0)]),
        ("feature_a", [(0, 0), (0, 1), (1, 0)]),
        ("feature_b", [(0, 0), (1, 0), (0, 1)]),
    ],
)
def test_pairs_are_sorted(store: Store, sort: str, expected: list[tuple[int, int]]) -> None:
    assert keys(store.pairs("a~b", EVERYTHING, sort)) == expected
    assert keys(store.pairs("a~b", EVERYTHING, sort, limit=1, offset=1)) == expected[1:2]


@pytest.mark.parametrize("sort", r.SORTS)
def test_around_walks_the_pairs_in_order(store: Store, sort: str) -> None:
    order = [None, *keys(store.pairs("a~b", EVERYTHING, sort)), None]
    for place in (1, 2, 3):
        this = order[place]
        assert this is not None
        assert store.around("a~b", *this, EVERYTHING, sort) == (order[place - 1], order[place + 1], place, 3)


def test_around_a_hidden_pair_and_no_pair(store: Store) -> None:
    mutual = r.PairFilter(thresholds=LOOSE)
    assert store.around("a~b", 1, 0, mutual) == ((0, 0), None, None, 1)
    assert store.around("a~b", 0, 1, mutual) == ((0, 0), None, None, 1)
    assert store.around("a~b", 2, 1, mutual) == (None, None, None, 1)


def test_filters(store: Store) -> None:
    def kept(**changes: object) -> list[tuple[int, int]]:
        return keys(store.pairs("a~b", dataclasses.replace(EVERYTHING, **changes)))  # type: ignore[arg-type]

    assert kept(min_pearson=0.5) == [(0, 0), (1, 0)]
    assert kept(min_pearson=0.51) == []
    assert kept(min_context=0.375) == [(0, 0), (1, 0)]
    assert kept(min_active=3) == [(0, 0)]
    assert kept(feature_a=0) == [(0, 0), (0, 1)]
    assert kept(feature_b=0) == [(0, 0), (1, 0)]
    assert kept(only="not_mutual") == [(1, 0), (0, 1)]
    # What a step dropped had passed the steps before it.
    assert kept(only="not_mutual", hide=("rare", "not_mutual")) == []
    assert kept(only="min_pearson", min_pearson=0.3) == [(0, 1)]


def test_funnel_steps_add_up_to_the_pairs(store: Store) -> None:
    filter = r.PairFilter(min_pearson=0.3, hide=("not_mutual", "thin", "rare"), thresholds=LOOSE)
    steps = store.funnel("a~b", filter)
    assert steps == [
        r.FunnelStep("candidates", 3, 0),
        r.FunnelStep("min_pearson", 2, 1),
        r.FunnelStep("rare", 2, 0),
        r.FunnelStep("not_mutual", 1, 1),
        r.FunnelStep("thin", 1, 0),
    ]
    for step in steps[1:]:
        assert len(store.pairs("a~b", dataclasses.replace(filter, only=step.name))) == step.n_dropped


def test_points_show_kept_ones_first(store: Store) -> None:
    points = store.points("a~b", r.PairFilter(thresholds=LOOSE))
    assert points[0] == r.PairPoint(0, 0, 0.5, 0.125, 3, " ab", True)
    assert {(p.feature_a, p.feature_b, p.kept) for p in points[1:]} == {(0, 1, False), (1, 0, False)}
    assert store.points("a~b", r.PairFilter(thresholds=LOOSE), limit=1) == points[:1]


def test_the_null_floor_is_known_or_none(store: Store) -> None:
    assert store.null_floor("a~b") == [
        r.NullFloor("a~b", 1, 1, 1, 200, 0.25, 0.125, 0.25, 0.5, 0.75),
        r.NullFloor("a~b", 2, 3, 1, 0, None, None, None, None, None),
    ]
    assert store.null_floor("a~c") == []


def test_dots_over_the_floor_are_best_matches_of_a_only(store: Store) -> None:
    best = store.best_points("a~b", r.PairFilter(thresholds=LOOSE))
    assert best == [r.BestPoint(0, 0, 0.5, 3, " ab", True), r.BestPoint(1, 0, 0.5, 1, "cd", False)]
    assert store.best_points("a~b", r.PairFilter(thresholds=LOOSE), limit=1) == best[:1]


def test_runners_up(store: Store) -> None:
    def found(**side: int) -> list[tuple[int, int]]:
        return [(m.feature_a, m.feature_b) for m in store.runners_up("a~b", **side)]  # type: ignore[arg-type]

    assert found(feature_a=0) == [(0, 0), (0, 1)]
    assert found(feature_b=0) == [(0, 0), (1, 0)]
    assert found(feature_a=0, limit=1) == [(0, 0)]
    assert found(feature_a=2) == []


def test_no_candidate_is_none(store: Store) -> None:
    assert store.match("a~b", 1, 1) is None


def test_group_counts(store: Store) -> None:
    assert store.group_counts("a~b", 0, 0) == {"both": 3, "only_a": 0, "only_b": 1}
    assert store.group_counts("a~b", 0, 1) == {"both": 0, "only_a": 3, "only_b": 1}
    assert store.group_counts("a~c", 0, 0) == {"both": 3, "only_a": 0, "only_b": 0}
    assert store.group_counts("a~c", 1, 1) == {"both": 1, "only_a": 0, "only_b": 0}


def test_pair_strips_take_the_strongest_unit_of_each_passage(store: Store) -> None:
    # Products: token 1: 2 x 1 in passage 0; token 5: 4 x 3 and token 6: 1 x 5 in passage 1.
    strips = store.pair_strips("a~b", 0, 0, "both", width=1)
    assert [(s.a.passage_id, s.activation_a, s.activation_b) for s in strips] == [(1, 4.0, 5.0), (0, 2.0, 1.0)]
    assert [drawn(s.a) for s in strips] == ["…ab·[ ab/4]· x/1|", "|<bos>·[ab/2]· cd|"]
    assert [drawn(s.b) for s in strips] == ["…ab·[ ab/3]· x/5|", "|<bos>·[ab/1]· cd/2|"]
    assert [s.a.source for s in strips] == ["page 1", "page 0"]
    assert store.pair_strips("a~b", 0, 0, "both", limit=1, offset=1, width=1) == strips[1:]


def test_pair_strips_of_one_side(store: Store) -> None:
    only_b = store.pair_strips("a~b", 0, 0, "only_b", width=0)
    assert [(drawn(s.a), drawn(s.b), s.activation_a, s.activation_b) for s in only_b] == [
        ("…[ cd]|", "…[ cd/2]|", 0.0, 2.0)
    ]
    only_a = store.pair_strips("a~b", 0, 1, "only_a", width=0)
    assert [(drawn(s.a), s.activation_a, s.activation_b) for s in only_a] == [
        ("…[ ab/4]…", 4.0, 0.0),
        ("…[ab/2]…", 2.0, 0.0),
    ]
    assert store.pair_strips("a~b", 0, 0, "only_a") == []


def test_aligned_strips_show_each_models_own_tokens(store: Store) -> None:
    # Units of c: 0 holds the larger of 1 and 3; 2 holds 2; 3 holds 0.25. Products 6, 8 and 0.25.
    strips = store.pair_strips("a~c", 0, 0, "both", width=1)
    assert [(s.a.passage_id, s.activation_a, s.activation_b) for s in strips] == [(1, 4.0, 2.0), (0, 2.0, 3.0)]
    assert [drawn(s.a) for s in strips] == ["|<bos>·[ab]·[ ab/4]· x/1|", "|<bos>·[ab/2]· cd|"]
    assert [drawn(s.b) for s in strips] == ["|[ab ab/2]· /0.25·x|", "|[a/1]·[b/3]· cd|"]
    narrow = store.pair_strips("a~c", 0, 0, "both", width=0)
    assert [(drawn(s.a), drawn(s.b)) for s in narrow] == [
        ("…[ab]·[ ab/4]…", "…[ab ab/2]…"),
        ("…[ab/2]…", "…[a/1]·[b/3]…"),
    ]


def test_unit_scatter(store: Store) -> None:
    assert store.unit_scatter("a~b", 0, 0) == r.UnitScatter(
        (
            r.UnitPoint(2.0, 1.0, 1, "ab"),
            r.UnitPoint(0.0, 2.0, 2, " cd"),
            r.UnitPoint(4.0, 3.0, 5, " ab"),
            r.UnitPoint(1.0, 5.0, 6, " x"),
        ),
        (),
        4,
    )
    assert store.unit_scatter("a~c", 0, 0).points == (
        r.UnitPoint(2.0, 3.0, 1, "ab"),
        r.UnitPoint(4.0, 2.0, 4, "ab"),
        r.UnitPoint(1.0, 0.25, 6, " x"),
    )


def test_many_units_become_cells_and_a_sample(store: Store) -> None:
    scatter = store.unit_scatter("a~b", 0, 0, points=3, cells=2)
    assert scatter == r.UnitScatter(
        (),
        (
            r.DensityCell(0.0, 2.0, 0.0, 2.5, 1),
            r.DensityCell(0.0, 2.0, 2.5, 5.0, 1),
            r.DensityCell(2.0, 4.0, 0.0, 2.5, 1),
            r.DensityCell(2.0, 4.0, 2.5, 5.0, 1),
        ),
        4,
    )


def test_token_rows(store: Store) -> None:
    assert store.token_rows("a~b", 0, 0) == [
        r.TokenRow(" ab", 1, 1, 1, 1, 4 / 7, 3 / 11),
        r.TokenRow(" x", 1, 1, 1, 1, 1 / 7, 5 / 11),
        r.TokenRow("ab", 2, 1, 1, 1, 2 / 7, 1 / 11),
        r.TokenRow(" cd", 1, 0, 1, 0, 0.0, 2 / 11),
    ]
    assert store.token_rows("a~b", 2, 1) == [r.TokenRow("ab", 2, 0, 1, 0, None, 1.0)]


def test_aligned_token_rows_are_of_whole_units(store: Store) -> None:
    assert store.token_rows("a~c", 0, 0) == [
        r.TokenRow("ab ab", 1, 1, 1, 1, 4 / 7, 2 / 5.25),
        r.TokenRow("ab", 1, 1, 1, 1, 2 / 7, 3 / 5.25),
        r.TokenRow(" x", 1, 1, 1, 1, 1 / 7, 0.25 / 5.25),
    ]


def test_feature(store: Store) -> None:
    assert store.feature("a", 0) == r.Feature("a", 0, 3, 0.5, 4.0, 7 / 3, " ab", 4 / 7, None, None, None, None)
    assert store.feature("a", 2) == r.Feature("a", 2, 0, 0.0, None, None, None, None, None, None, None, None)
    assert store.histogram("a", 0) == [r.HistogramBin(0.0, 4.0, 3)]
    assert store.logits("a", 0) == [r.Logit("promoted", 1, "x", 1.5)]
    assert store.feature_tokens("a", 1) == [r.FeatureToken(1, "cd", 1.0, 1)]


def test_strips(store: Store) -> None:
    strips = store.strips("a", 0, "top", width=1)
    assert [(drawn(s), s.passage_id, s.stratum, s.rank) for s in strips] == [
        ("…ab·[ ab/4]· x/1|", 1, "top", 1),
        ("|<bos>·[ab/2]· cd|", 0, "top", 2),
        ("… ab/4·[ x/1]|", 1, "top", 3),
    ]
    assert store.strips("a", 0, "random") == []


def test_a_text_too_large_to_be_kept_is_read_as_it_is_asked_for(
    store: Store, healthy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "WHOLE", 0)
    with Store(healthy) as other:
        for c in store.comparisons():
            spaces = store.space(c.space_a), store.space(c.space_b)
            for a, b in itertools.product(*(range(space.n_features) for space in spaces)):
                pair = c.comparison, a, b
                assert other.token_rows(*pair) == store.token_rows(*pair)
                assert other.unit_scatter(*pair) == store.unit_scatter(*pair)
                for group in r.GROUPS:
                    assert other.pair_strips(*pair, group, width=1) == store.pair_strips(*pair, group, width=1)
        assert other.strips("a", 0, "top") == store.strips("a", 0, "top")


def test_elsewhere(store: Store) -> None:
    found = store.elsewhere("a", 0, LOOSE)
    assert [(e.comparison, e.side, e.other_space, e.match.feature_b) for e in found] == [
        ("a~b", "a", "b", 0),
        ("a~c", "a", "c", 0),
    ]
    assert [(e.comparison, e.side, e.other_space, e.match) for e in store.elsewhere("c", 0, LOOSE)] == [
        ("a~c", "b", "a", store.match("a~c", 0, 0, LOOSE))
    ]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (lambda s: s.space("z"), "no space `z`; there are a, b, c"),
        (lambda s: s.comparison("z"), "no comparison `z`; there are a~b, a~c"),
        (lambda s: s.comparison_of("a", "z"), "no space `z`; there are a, b, c"),
        (lambda s: s.feature("a", 3), "a has features 0 to 2; got 3"),
        (lambda s: s.histogram("a", -1), "a has features 0 to 2; got -1"),
        (lambda s: s.match("a~b", 0, 2), "b has features 0 to 1; got 2"),
        (lambda s: s.group_counts("b~a", 0, 0), "no comparison `b~a`; there are a~b, a~c"),
        (lambda s: s.strips("a", 0, "q6"), "no stratum `q6`; there are top, q1, q2, q3, q4, q5, random"),
        (lambda s: s.pair_strips("a~b", 0, 0, "all"), "no group `all`; there are both, only_a, only_b"),
        (lambda s: s.null_floor("z"), "no comparison `z`; there are a~b, a~c"),
        (lambda s: s.unmatched("z", "a", r.UnmatchedFilter()), "no comparison `z`; there are a~b, a~c"),
        (lambda s: s.unmatched("a~b", "c", r.UnmatchedFilter()), "no side `c`; there are a, b"),
        (
            lambda s: s.unmatched("a~b", "a", r.UnmatchedFilter(), "luck"),
            "no sort `luck`; there are mass, n_active, token_entropy_bits",
        ),
        (
            lambda s: s.unmatched_counts("a~b", "a", r.UnmatchedFilter(hide=("hub",))),
            "no reason of one side `hub`; there are rare, dense, special",
        ),
        (lambda s: s.pairs("a~b", EVERYTHING, "q"), "no sort `q`; there are " + ", ".join(r.SORTS)),
        (
            lambda s: s.pairs("a~b", r.PairFilter(hide=("dull",))),
            "no reason `dull`; there are " + ", ".join(r.REASONS),
        ),
    ],
)
def test_unknown_names_say_what_exists(store: Store, question: object, said: str) -> None:
    assert callable(question)
    with pytest.raises(UnknownName) as caught:
        question(store)
    assert str(caught.value) == said


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(NotAStore, match="is no folder; give the folder"):
        Store(tmp_path / "nothing")
    with pytest.raises(NotAStore, match=r"has no homolog\.duckdb; publish one"):
        Store(tmp_path)


@pytest.mark.parametrize("content", [b"", b"garbage", b"garbage" * 10_000])
def test_garbage_is_no_store(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "homolog.duckdb").write_bytes(content)
    with pytest.raises(NotAStore) as caught:
        Store(tmp_path)
    assert "is damaged or no store" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_truncated_file_is_no_store(tmp_path: Path, share: float) -> None:
    path = build.write(tmp_path, build.tables()) / "homolog.duckdb"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(NotAStore):
        Store(tmp_path)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (6, "has schema 6, written by Homolog 0.1.0; this version reads schema 5: install Homolog 0.1.0 or newer"),
        (1, "has schema 1, written by Homolog 0.1.0; this version reads schema 5: publish it again with this version"),
    ],
)
def test_another_schema(tmp_path: Path, version: int, said: str) -> None:
    rows = build.tables()
    rows["build"][0]["schema_version"] = version
    build.write(tmp_path, rows)
    with pytest.raises(WrongSchema) as caught:
        Store(tmp_path)
    assert str(caught.value) == f"{tmp_path} {said}"


def test_a_quote_in_the_path(tmp_path: Path) -> None:
    with Store(build.write(tmp_path / "it's; here", build.tables())) as store:
        assert store.counts()["passages"] == 3


@pytest.mark.parametrize("comparison", ["a~b", "a~c"])
def test_two_features_that_never_fire(comparison: str, tmp_path: Path) -> None:
    rows = build.tables() | {"activations": []}
    with Store(build.write(tmp_path / "store", rows)) as store:
        assert store.group_counts(comparison, 0, 0) == {"both": 0, "only_a": 0, "only_b": 0}
        assert [store.pair_strips(comparison, 0, 0, group) for group in r.GROUPS] == [[], [], []]
        assert store.unit_scatter(comparison, 0, 0) == r.UnitScatter((), (), 0)
        assert store.token_rows(comparison, 0, 0) == []


def test_a_closed_store_keeps_nothing(tiny_store: Path) -> None:
    with Store(tiny_store) as opened:
        opened.pair_strips("left~right", 1, 4, "both")
        opened.token_search("sat")
        opened.families()
        kept = [opened._recent._kept, opened._tables, opened._whole]
        assert all(kept)
    assert not any(kept)
    assert opened._recent._bytes == 0
    with pytest.raises(NotAStore):
        opened.token_search("sat")

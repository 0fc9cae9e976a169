"""The Scores page: its links, its words, its pictures, and the whole of it through AppTest."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import charts, score_charts, score_links, score_words, scores, summary
from dashboard.score_links import ScoresView
from store.read import Store
from store.records import Thresholds
from store.schema import BY_NAME
from store.score_records import Score, ScoreCell, ScoreVariant, SweepPoint
from tests.dashboard.draw import spec_of
from tests.dashboard.test_pages import page, said
from tests.store import build

FINGERPRINT = "3fa9c2d1" + "0" * 56
texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
views = st.builds(
    ScoresView, metric=texts, parameters=st.none() | texts, level=texts, subset=st.none() | texts, comparison=texts,
    table=st.sampled_from(score_links.TABLES), page=st.integers(1, 9999),
)  # fmt: skip


def score(comparison: str = "a~b", **known: Any) -> Score:
    row: dict[str, Any] = dict.fromkeys(BY_NAME["scores"].names)
    row |= {"comparison": comparison, "metric": "rsa", "parameters": "", "subset": "all", "level": "decoder"}
    row |= {"value": 0.23, "null_kind": "permuted rows", "null_mean": 0.0004, "null_sd": 0.005, "null_q95": 0.012}
    row |= {"p_value": 0.001, "n_permutations": 999, "n_rows": 800, "n_columns_a": 64, "n_columns_b": 64}
    return Score(**row | {"higher_is_similar": True} | known)


def cell(kind: str = "finding", comparison: str = "a~b", **known: Any) -> ScoreCell:
    a, b = comparison.split("~")
    return ScoreCell(comparison, a, b, kind, score(comparison, **known))


# Links -----------------------------------------------------------------------------------------------------------
@given(views)
def test_a_view_is_read_back(view: ScoresView) -> None:
    assert score_links.parse_scores(score_links.scores_query(FINGERPRINT, view)) == (view, [])


VARIANTS = [
    ScoreVariant(metric, parameters, subset, level, 1, 1)
    for metric, parameters, subset, level in [
        ("cka", "", "all", "activations"), ("cka", "", "kept", "activations"), ("knn", "k=10", "all", "decoder"),
        ("knn", "k=10", "first:100", "decoder"), ("knn", "k=10", "first:50", "decoder"), ("knn", "k=100", "all", "decoder"),
        ("knn", "k=5", "all", "decoder"), ("knn", "k=10", "all", "activations"),
    ]
]  # fmt: skip


def test_what_a_link_does_not_say_is_chosen() -> None:
    view, problems = score_links.settled(ScoresView(metric="knn"), VARIANTS)
    assert (view.level, view.subset, view.parameters, problems) == ("decoder", "all", "k=10", [])
    view, problems = score_links.settled(ScoresView(), VARIANTS)
    assert (view.metric, view.level, view.subset, view.parameters, problems) == ("cka", "activations", "all", "", [])


def test_options_hang_on_what_is_chosen_before_them_and_count_upwards() -> None:
    view, _ = score_links.settled(ScoresView(metric="knn"), VARIANTS)
    assert score_links.options(view, VARIANTS, "parameters") == ["k=5", "k=10", "k=100"]
    assert score_links.options(view, VARIANTS, "subset") == ["all", "first:50", "first:100"]
    assert score_links.options(view, VARIANTS, "level") == ["activations", "decoder"]
    later = replace(view, subset="first:50")
    assert score_links.options(later, VARIANTS, "parameters") == ["k=10"]


def test_what_no_score_has_is_answered_in_a_line() -> None:
    asked = ScoresView(metric="knn", level="activations", subset="first:50", parameters="k=5")
    view, problems = score_links.settled(asked, VARIANTS)
    assert (view.level, view.subset, view.parameters) == ("activations", "all", "k=10")
    assert problems == [
        "subset=first:50 is ignored; knn at activations has all",
        "parameters=k=5 is ignored; knn at activations on all has k=10",
    ]
    assert score_links.parse_scores({"table": "x", "page": "0", "sort": "y"})[1] == [
        "table=x is ignored; choose from comparison, metric, all",
        "page=0 is ignored; write a whole number from 1",
        "sort=y is no filter and is ignored",
    ]


# Words -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.234, ".23"), (0.71, ".71"), (0.0123, ".012"), (0.0003, ".0003"), (-0.0042, "−.0042"), (0.0, ".00"),
        (0.00001, "about 0"), (1.2, "1.20"), (None, "not measured"), (0.0999, ".10"),
    ],
)  # fmt: skip
def test_small_scores_keep_their_digits(value: float | None, text: str) -> None:
    assert score_words.number(value) == text


CELLS = [
    cell(), cell("ceiling", "b~c", value=0.71), cell("ceiling", "b~d", value=0.5), cell("floor", "a~r", value=0.05),
    cell("baseline", "n~b", value=None, reason="no decoder rows"),
]  # fmt: skip


def test_a_score_in_words() -> None:
    assert score_words.reading(CELLS[0], CELLS, "rsa", "") == (
        "rsa of a ~ b is .23; shuffled pairs give .0004 and reach .012 once in twenty (p = .001). "
        "Two dictionaries of one model at one hook reach .71; random weights .050."
    )


def test_a_distance_in_words() -> None:
    low = {"higher_is_similar": False, "level": "activations", "null_mean": 0.99, "null_q95": 0.98}
    cells = [cell(value=0.9, **low), cell("floor", "a~r", value=0.85, **low), cell("floor", "a~s", value=0.95, **low)]
    assert score_words.reading(cells[0], cells, "procrustes", "") == (
        "procrustes of a ~ b is .90; shuffled units give .99 and fall to .98 once in twenty (p = .001). "
        "Random weights come down to .85. Random weights are as alike as this."
    )


def test_chance_no_value_and_another_null_in_words() -> None:
    one = cell(value=0.01, p_value=0.3)
    assert score_words.reading(one, [one], "rsa", "").endswith("(p = .300). That is no more alike than chance.")
    one = cell(value=None, reason="1 pair; rsa needs 4 rows", null_mean=None, null_q95=None)
    assert score_words.reading(one, [one], "rsa", "x=1") == "rsa (x=1) of a ~ b has no value: 1 pair; rsa needs 4 rows."
    one = replace(one, score=None)
    assert score_words.reading(one, [one], "rsa", "").startswith("rsa was not taken of a ~ b")
    other = score(null_kind="Y replaced by a Gaussian matrix of its shape")
    assert score_words.null(other).startswith("chance (Y replaced by a Gaussian matrix of its shape) gives .0004")


def test_a_sweep_that_is_none_or_has_gaps_says_so() -> None:
    one = score(parameters="k=10")
    gap = SweepPoint(100, score(value=None, reason="too few rows"))
    assert score_words.unswept([], "k", score(parameters="inner=euclidean")) == "rsa has no k."
    assert "one number of neighbours only" in score_words.unswept([SweepPoint(10, one)], "k", one)
    assert score_words.unswept([SweepPoint(10, one), gap], "k", one) == "No value at k = 100: too few rows."
    assert score_words.unswept([SweepPoint(10, one), SweepPoint(20, one)], "k", one) == ""


# Pictures --------------------------------------------------------------------------------------------------------
def values(chart: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chart["data"]["values"]
    return found


def test_bins_hold_every_draw() -> None:
    assert score_charts.bins([0.0, 0.1, 0.5, 1.0], 2) == [
        {"lower": 0.0, "upper": 0.5, "count": 2},
        {"lower": 0.5, "upper": 1.0, "count": 2},
    ]
    assert score_charts.bins([0.25, 0.25]) == [{"lower": 0.25, "upper": 0.25, "count": 2}]
    assert score_charts.bins([]) == []
    assert sum(one["count"] for one in score_charts.bins([i * 0.01 for i in range(77)])) == 77


def test_the_null_is_grey_the_value_blue_and_references_stand_on_the_same_axis() -> None:
    known = score_words.references(CELLS)
    assert [one.comparison for one in known] == ["b~c", "b~d", "a~r"]
    spec = spec_of(score_charts.null_picture(score(), [-0.01, 0.0, 0.01], known))
    bars, once, nulls, ticks, left, right, line, _, observed, _ = spec["layer"]
    assert sum(row["count"] for row in values(bars)) == 3
    assert [row["x"] for row in values(once)] == [0.012]
    assert {one["mark"]["color"] for one in (bars, once, nulls, ticks)} == {charts.GREY}
    assert {one["mark"]["color"] for one in (left, right)} == {charts.INK}
    assert [(row["value"], row["label"]) for row in values(ticks)] == [
        (0.05, "floor · a~r · .050"), (0.5, "ceiling · b~d · .50"), (0.71, "ceiling · b~c · .71"),
    ]  # fmt: skip
    assert len({row["y"] for row in values(ticks)}) == 3
    assert (line["mark"]["color"], values(line)[0]["x"]) == (charts.A, 0.23)
    assert values(observed)[0]["label"] == "observed .23"
    low, high = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low < -0.01
    assert high > 0.71
    assert spec["background"] == "transparent"


def test_a_crowd_of_references_keeps_the_first_of_each_kind() -> None:
    crowd = [cell("ceiling", f"a~c{i:02}", value=0.9 - i / 100) for i in range(20)] + [cell("floor", "a~r", value=0.1)]
    kept = [one.comparison for one in score_charts.drawn(crowd)]
    assert kept == [*(f"a~c{i:02}" for i in range(score_charts.LINES - 1)), "a~r"]


def test_a_sweep_has_its_null_as_a_band_and_leaves_out_what_has_no_value() -> None:
    points = [
        SweepPoint(5, score(parameters="k=5", value=0.1)),
        SweepPoint(10, score(parameters="k=10", value=0.2)),
        SweepPoint(20, score(parameters="k=20", value=None, null_mean=None, null_q95=None)),
    ]
    spec = spec_of(score_charts.sweep(points, "k", points[1].score))
    shade, posts, line, small, large = spec["layer"]
    assert [(row["value"], row["q95"]) for row in values(shade)] == [(0.0004, 0.012)] * 2
    assert (shade["mark"]["color"], posts["mark"]["color"]) == (charts.GREY, charts.GREY)
    assert [(row["size"], row["value"]) for row in values(line)] == [(5, 0.1), (10, 0.2)]
    assert ([row["size"] for row in values(small)], [row["size"] for row in values(large)]) == ([5], [10])
    assert "NaN" not in str(spec)


def test_what_is_not_above_its_null_or_has_no_value_is_dashed_and_faint() -> None:
    within = cell("finding", "a~c", value=0.01)
    for one, n in ((cell(), 0), (within, 1), (cell(value=None, reason="too few"), 1), (replace(within, score=None), 1)):
        html = scores.grid(FINGERPRINT, ScoresView(), [one])
        assert (html.count("1px dashed"), html.count("opacity:.6;")) == (n, n)
    lines = [scores.line(FINGERPRINT, ScoresView(), one) for one in (score(), score(value=0.01))]
    assert ["within its null" in line[5] for line in lines] == [False, True]


def test_strength_of_a_distance_grows_as_it_falls() -> None:
    near, far = (score(value=value, null_mean=1.0, higher_is_similar=False) for value in (0.25, 1.0))
    assert [scores.strength(one, [near, far]) for one in (near, far)] == [0.75, 0.0]
    assert [scores.strength(score(value=v), [score(value=0.5)]) for v in (0.25, -0.1, None)] == [0.5, 0.0, 0.0]


# The page --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.write(tmp_path_factory.mktemp("scored") / "store", build.tables())


def test_a_link_opens_its_score(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"metric": "knn_jaccard", "parameters": "k=100", "comparison": "a~b"}
    app = page(folder, monkeypatch, "scores", **query)
    text = said(app)
    assert (
        "knn_jaccard (k=100) of a ~ b is .50; shuffled pairs give .00 and reach .12 once in twenty (p = .001)." in text
    )
    assert "pairs?store=ffffffff&amp;comparison=a~b" in text
    assert ">not taken<" in text
    names = ("metric", "parameters", "level", "subset", "comparison")
    assert [app.selectbox(key=f"scores_{name}").value for name in names] == [
        "knn_jaccard", "k=100", "decoder", "all", "a~b",
    ]  # fmt: skip
    assert app.selectbox(key="scores_parameters").options == ["k=5", "k=10", "k=100"]


def test_a_score_within_its_null_is_marked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(folder, monkeypatch, "scores", metric="knn_jaccard", parameters="k=10", comparison="a~b"))
    assert "That is no more alike than chance." in text
    assert "within its null · " in text
    assert "within its null · " not in said(page(folder, monkeypatch, "scores", metric="procrustes", comparison="a~b"))


def test_no_value_shows_its_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(folder, monkeypatch, "scores", metric="rsa", comparison="a~c")
    text = said(app)
    assert "rsa (inner=correlation) of a ~ c has no value: 1 pair; rsa needs 4 rows." in text
    assert "There is no value: 1 pair; rsa needs 4 rows." in text


def test_without_a_comparison_the_most_alike_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(folder, monkeypatch, "scores", metric="procrustes")
    # a~c is of two models, but has no such score.
    assert app.selectbox(key="scores_comparison").value == "a~b"
    assert "procrustes of a ~ b is .75; shuffled pairs give 1.00 and fall to .88 once in twenty" in said(app)


def test_an_unknown_metric_is_answered_in_a_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(folder, monkeypatch, "scores", metric="banana<b>"))
    assert "metric=banana&lt;b&gt; is ignored; choose from knn_jaccard, procrustes, rsa" in text
    assert "rsa (inner=correlation)" in text


def test_an_unknown_comparison_says_which_exist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(folder, monkeypatch, "scores", comparison="x~y"))
    assert "no comparison `x~y`; there are a~b, a~c" in text


def test_a_widget_writes_the_link_and_gives_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"metric": "knn_jaccard", "parameters": "k=10", "subset": "first:50", "comparison": "a~b", "page": "1"}
    app = page(folder, monkeypatch, "scores", **query)
    said(app)
    app.selectbox(key="scores_metric").set_value("procrustes").run()
    text = said(app)
    assert "is ignored" not in text
    assert {name: app.query_params.get(name) for name in (*score_links.NAMES, "comparison")} == {
        "metric": "procrustes", "level": "decoder", "subset": "all", "parameters": None, "comparison": "a~b",
    }  # fmt: skip


def test_the_table_lists_what_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for table, n in (("comparison", 6), ("metric", 2), ("all", 7)):
        text = said(page(folder, monkeypatch, "scores", metric="rsa", comparison="a~b", table=table))
        assert text.count('title="open its pairs"') == n


def test_a_store_without_scores_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = build.tables()
    rows["scores"], rows["score_nulls"] = [], []
    text = said(page(build.write(tmp_path / "store", rows), monkeypatch, "scores"))
    assert "This store holds no scores. `python -m ingest run RUN.toml --out DIR` takes them" in text


def test_kinds_agree_with_the_overview(folder: Path) -> None:
    with Store(folder) as store:
        roles = {one.comparison: summary.role(one, store.spaces()) for one in store.summaries(Thresholds())}
        cells = store.score_grid("rsa", "inner=correlation", "all", "decoder")
    assert {one.comparison: one.kind for one in cells} == roles == {"a~b": "within", "a~c": "finding"}
    assert set(roles.values()) <= score_words.ROLES.keys() == summary.ROLES.keys()

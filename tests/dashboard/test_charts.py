"""Charts: what their specifications say."""

from typing import Any

from dashboard import charts
from store import records as r
from tests.dashboard.draw import spec_of

COMPARISON = r.Comparison("left~right", "left", "right", "identical", 100, 10)
POINTS = [
    r.PairPoint(1, 2, 0.8, 0.1, 50, "\u202ezero", True),
    r.PairPoint(3, 4, 0.5, 0.5, 20, None, False),
]


def values(spec: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = spec["data"]["values"]
    return rows


def test_kept_matches_are_blue_and_above_the_grey_ones() -> None:
    spec = spec_of(charts.pairs_scatter(POINTS, COMPARISON))
    line, label, hidden, kept = spec["layer"]
    assert values(line) == [{charts.BY_TOKEN: 0.0, "r": 0.0}, {charts.BY_TOKEN: 1.0, "r": 1.0}]
    assert [row["label"] for row in values(label)] == ["the token\nexplains all"]
    assert (hidden["mark"]["color"], hidden["mark"]["opacity"]) == (charts.GREY, 0.25)
    assert (kept["mark"]["color"], kept["mark"]["opacity"]) == (charts.A, 0.9)
    assert [row["feature of A"] for row in values(kept)] == ["left:1"]
    # The columns are named as a tooltip shows them, which shows them all.
    assert {one["mark"]["tooltip"]["content"] for one in (hidden, kept)} == {"data"}
    assert values(hidden) == [
        {
            "feature of A": "left:3",
            "feature of B": "right:4",
            "top token of A": "unknown",
            "r": 0.5,
            "explained by the token": 0.5,
            "A fires on (tokens)": 20,
            "this filter": "is filtered out",
        }
    ]
    assert values(kept)[0]["top token of A"] == "[U+202E]zero"
    assert kept["encoding"]["x"]["title"] == "r that the token alone explains"
    assert kept["encoding"]["y"]["title"] == "r, over all units"


FLOOR = [
    r.NullFloor("left~right", 16, 31, 3, 200, 0.5, 0.1, 0.5, 0.75, 0.9),
    r.NullFloor("left~right", 32, 63, 2, 0, None, None, None, None, None),
    r.NullFloor("left~right", 64, 127, 9, 200, 0.2, 0.1, 0.2, 0.3, 0.4),
]
BEST = [r.BestPoint(1, 2, 0.8, 20, " zero", True), r.BestPoint(3, 4, 0.5, 70, None, False)]


def test_chance_is_grey_steps_below_the_best_matches() -> None:
    spec = spec_of(charts.null_floor(FLOOR, BEST, COMPARISON))
    shade, band, maximum, q95, label, hidden, kept = spec["layer"]
    assert [(row[charts.FIRES], row["end"], row["median"], row["q95"], row["maximum"]) for row in values(band)] == [
        (16, 32, 0.5, 0.75, 0.9),
        (64, 128, 0.2, 0.3, 0.4),
    ]
    ends = [(one["encoding"]["y"]["field"], one["encoding"].get("y2", {}).get("field")) for one in spec["layer"][:4]]
    assert ends == [("floor", "q95"), ("median", "q95"), ("maximum", None), ("q95", None)]
    assert {one["mark"]["color"] for one in (shade, band, maximum, q95, hidden)} == {charts.GREY}
    assert label["mark"]["color"] == charts.INK
    assert maximum["mark"]["strokeWidth"] < q95["mark"]["strokeWidth"]
    assert [row["label"] for row in values(label)] == ["chance"]
    assert kept["mark"]["color"] == charts.A
    assert values(kept) == [
        {
            "feature of A": "left:1",
            "its best match": "right:2",
            "top token of A": "·zero",
            "r": 0.8,
            "A fires on (units)": 20,
            "this filter": "passes",
        }
    ]
    assert [row["feature of A"] for row in values(hidden)] == ["left:3"]
    for one in spec["layer"]:
        assert one["encoding"]["x"]["scale"] == {"type": "log", "nice": False}


def test_no_chart_brings_a_background_of_its_own() -> None:
    scatter = r.UnitScatter((r.UnitPoint(1.0, 2.0, 0, "a"),), (), 1)
    for chart in (
        charts.pairs_scatter(POINTS, COMPARISON),
        charts.null_floor(FLOOR, BEST, COMPARISON),
        charts.histogram([r.HistogramBin(0, 1, 5)]),
        charts.units(scatter, "left:1", "right:2"),
    ):
        spec = spec_of(chart)
        assert spec["background"] == "transparent"
        assert "#000" not in str(spec)
        assert "black" not in str(spec)


def test_a_histogram_keeps_its_edges_and_leaves_empty_bins_out() -> None:
    spec = spec_of(
        charts.histogram([r.HistogramBin(0.0, 0.5, 9), r.HistogramBin(0.5, 1.0, 0), r.HistogramBin(1.0, 1.5, 1)], "b")
    )
    assert values(spec) == [{"lower": 0.0, "upper": 0.5, "count": 9}, {"lower": 1.0, "upper": 1.5, "count": 1}]
    assert spec["mark"]["color"] == charts.B
    assert spec["encoding"]["x"]["title"] == "activation"
    assert spec["encoding"]["y"]["scale"] == {"type": "sqrt"}
    assert spec["encoding"]["y"]["title"] == "tokens (√)"


def test_units_are_points_named_by_who_fires() -> None:
    points = tuple(r.UnitPoint(a, b, 0, token) for a, b, token in [(1.0, 2.0, " x"), (1.0, 0.0, "y"), (0.0, 3.0, "\n")])
    spec = spec_of(charts.units(r.UnitScatter(points, (), 3), "left:1", "right:2"))
    assert values(spec) == [
        {"a": 1.0, "b": 2.0, "token": "·x", "fires": "both fire"},
        {"a": 1.0, "b": 0.0, "token": "y", "fires": "only A"},
        {"a": 0.0, "b": 3.0, "token": "⏎", "fires": "only B"},
    ]
    assert spec["encoding"]["color"]["scale"] == {
        "domain": ["both fire", "only A", "only B"],
        "range": [charts.BOTH, charts.A, charts.B],
    }
    assert spec["encoding"]["x"]["title"] == "activation of left:1 (A)"


def test_many_units_are_cells_shaded_by_how_many_they_hold() -> None:
    scatter = r.UnitScatter((), (r.DensityCell(0.0, 1.0, 2.0, 3.0, 7),), 5_000)
    spec = spec_of(charts.units(scatter, "left:1", "right:2"))
    assert values(spec) == [{"a0": 0.0, "a1": 1.0, "b0": 2.0, "b1": 3.0, "count": 7}]
    assert spec["mark"]["type"] == "rect"
    assert spec["encoding"]["opacity"]["scale"] == {"range": [0.2, 1], "type": "log"}

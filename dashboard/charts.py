"""Records -> Altair charts. A is blue and B is orange everywhere, strength is lightness of that hue, grey is chance.

Backgrounds are transparent and text has the colour of the text around the chart, so that the page's light or dark theme
decides: the greys and hues of marks are too pale to be read.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard import marks
from store import records as r

A_RGB = (47, 120, 235)
B_RGB = (232, 116, 12)
GREY_RGB = (140, 140, 150)
A = "#2f78eb"
B = "#e8740c"
GREY = "#8c8c96"
BOTH = "#965aaa"
"""Where A and B meet: units at which both fire. All eyes tell it from both, and from grey."""
INK = "currentColor"
"""The colour of the text around a chart."""
KEPT = "passes"
FLOOR_TITLE = "r of its best match"
BY_TOKEN, FIRES = "explained by the token", "A fires on (units)"
"""Columns of dots, which are named as their tooltips call them."""


@lru_cache(maxsize=8192)
def _shown(token: str | None) -> str:
    return "unknown" if token is None else marks.plain(token)


def frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a chart takes them: of a frame Altair reads the columns, of a list it validates every cell (seconds)."""
    return pd.DataFrame.from_records(rows)


def finish(chart: Any, height: int, said: str) -> Any:
    """What all charts share: as wide as their place, nothing behind them, words that can be read.

    `said` is the chart for somebody who does not see it: thousands of marks that each speak would say less.
    """
    chart = chart.properties(width="container", height=height, background="transparent", description=said)
    chart = chart.configure_view(strokeWidth=0).configure_mark(aria=False)
    faint = {"labelColor": INK, "titleColor": INK, "labelOpacity": 0.8, "titleOpacity": 0.8}
    return chart.configure_axis(**faint).configure_legend(**faint)


def pairs_scatter(
    points: Sequence[r.PairPoint], comparison: r.Comparison, region: r.Region | None = None, height: int = 340
) -> alt.LayerChart:
    """Each candidate's correlation against the part that the token explains; on the diagonal the token explains all.

    A rectangle can be dragged; it is the selection `region`, and begins as the given one.
    """
    x = alt.X(
        f"{BY_TOKEN}:Q",
        title="r that the token alone explains",
        scale=alt.Scale(zero=True),
        axis=alt.Axis(format=".1f", tickCount=6),
    )
    y = alt.Y("r:Q", title="r, over all units", axis=alt.Axis(format=".1f", tickCount=6))
    (hidden, shown), said = scatter_dots(points, comparison)
    dots = [_circles(hidden, GREY, 0.25, 14).encode(x=x, y=y), _circles(shown, A, 0.9, 38).encode(x=x, y=y)]
    edges: Any = (
        {"x": [region.token_low, region.token_high], "y": [region.r_low, region.r_high]} if region else alt.Undefined
    )
    dragged = alt.selection_interval(name="region", encodings=["x", "y"], value=edges, zoom=False)
    return finish(alt.layer(*_diagonal(), dots[0].add_params(dragged), dots[1]), height, said)


Dots = tuple[tuple[pd.DataFrame, pd.DataFrame], str]
"""Those that a filter leaves out and those that pass, and what is to be said of the picture."""


def _dots(columns: dict[str, Any], kept: Sequence[bool]) -> tuple[pd.DataFrame, pd.DataFrame]:
    is_kept = np.array(kept, bool)
    every = pd.DataFrame(columns | {"this filter": np.where(is_kept, KEPT, "is filtered out")})
    return every[~is_kept].reset_index(drop=True), every[is_kept].reset_index(drop=True)


def _circles(dots: pd.DataFrame, color: str, opacity: float, size: int) -> alt.Chart:
    """A dot that is hovered says all that its row says: a tooltip that is put together is so for every dot at once."""
    return alt.Chart(dots).mark_circle(color=color, opacity=opacity, size=size, tooltip=alt.TooltipContent("data"))


def scatter_dots(points: Sequence[r.PairPoint], comparison: r.Comparison) -> Dots:
    """The last two layers of `pairs_scatter`."""
    columns = {
        "feature of A": [f"{comparison.space_a}:{point.feature_a}" for point in points],
        "feature of B": [f"{comparison.space_b}:{point.feature_b}" for point in points],
        "top token of A": [_shown(point.top_token_a) for point in points],
        "r": np.round([point.pearson for point in points], 3),
        BY_TOKEN: np.round([point.pearson_token for point in points], 3),
        "A fires on (tokens)": [point.n_active_a for point in points],
    }
    hidden, shown = _dots(columns, [point.kept for point in points])
    said = (
        f"{len(points):,} dots, matches of {comparison.comparison}, {len(shown):,} of which pass the filters: r over "
        "all units, against the part of r that the token alone explains."
    )
    return (hidden, shown), said


def dragged(edges: Mapping[str, Sequence[float]]) -> r.Region | None:
    """The rectangle that a visitor dragged on `pairs_scatter`, to three decimals; None where there is none."""
    if not {BY_TOKEN, "r"} <= edges.keys():
        return None
    (x0, x1), (y0, y1) = (sorted(round(min(max(one, -1), 1), 3) for one in edges[name]) for name in (BY_TOKEN, "r"))
    return r.Region(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _diagonal() -> list[alt.Chart]:
    """The line on which the token explains all of r, and its name."""
    ends = [{BY_TOKEN: 0.0, "r": 0.0}, {BY_TOKEN: 1.0, "r": 1.0}]
    line = (
        alt.Chart(frame(ends))
        .mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1)
        .encode(x=f"{BY_TOKEN}:Q", y="r:Q")
    )
    place = [{BY_TOKEN: 1.0, "r": 0.5, "label": "the token\nexplains all"}]
    label = (
        alt.Chart(frame(place))
        .mark_text(color=INK, align="right", fontSize=11, lineBreak="\n")
        .encode(x=f"{BY_TOKEN}:Q", y="r:Q", text="label:N")
    )
    return [line, label]


def null_floor(
    ranges: Sequence[r.NullFloor], points: Sequence[r.BestPoint], comparison: r.Comparison, height: int = 340
) -> alt.LayerChart:
    """The best match of each feature of A against how often it fires, over what chance gives at that firing count."""
    x = alt.X(
        f"{FIRES}:Q",
        title="units that A's feature fires on",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format="~s", tickCount=5),
    )
    y = alt.Y("r:Q", title=FLOOR_TITLE, axis=alt.Axis(format=".1f", tickCount=6))
    (hidden, shown), said = floor_dots(points, comparison)
    layers = [_circles(hidden, GREY, 0.55, 12).encode(x=x, y=y), _circles(shown, A, 0.9, 30).encode(x=x, y=y)]
    return finish(alt.layer(*_chance(ranges, x), *layers), height, said)


def floor_dots(points: Sequence[r.BestPoint], comparison: r.Comparison) -> Dots:
    """The last two layers of `null_floor`."""
    columns = {
        "feature of A": [f"{comparison.space_a}:{point.feature_a}" for point in points],
        "its best match": [f"{comparison.space_b}:{point.feature_b}" for point in points],
        "top token of A": [_shown(point.top_token_a) for point in points],
        "r": np.round([point.pearson for point in points], 3),
        FIRES: [point.n_units_a for point in points],
    }
    hidden, shown = _dots(columns, [point.kept for point in points])
    said = (
        f"{len(points):,} dots, features of {comparison.space_a}, {len(shown):,} of whose best matches pass the "
        "filters: r of the best match, against how many units the feature fires on, over what chance gives."
    )
    return (hidden, shown), said


def _chance(ranges: Sequence[r.NullFloor], x: alt.X) -> list[alt.Chart]:
    """Steps over the ranges that are known: everything up to q95 shaded, darker from the median, the maximum thin."""
    rows = [
        {
            FIRES: one.n_active_low, "end": one.n_active_high + 1, "last": one.n_active_high, "floor": 0.0,
            "median": one.median, "q95": one.q95, "maximum": one.maximum, "features": one.n_features,
        }
        for one in ranges
        if one.q95 is not None
    ]  # fmt: skip
    tooltip = [
        alt.Tooltip(f"{FIRES}:Q", title="A fires from, units", format=",d"),
        alt.Tooltip("last:Q", title="to", format=",d"),
        alt.Tooltip("median:Q", title="chance, median r", format=".2f"),
        alt.Tooltip("q95:Q", title="chance, once in twenty above", format=".2f"),
        alt.Tooltip("maximum:Q", title="chance, largest seen", format=".2f"),
        alt.Tooltip("features:Q", title="features of A", format=",d"),
    ]

    def band(bottom: str, top: str, opacity: float) -> alt.Chart:
        marked = alt.Chart(frame(rows)).mark_rect(color=GREY, opacity=opacity)
        return marked.encode(x=x, x2="end:Q", y=alt.Y(f"{bottom}:Q", title=FLOOR_TITLE), y2=f"{top}:Q", tooltip=tooltip)

    def line(name: str, width: float, dash: list[int]) -> alt.Chart:
        marked = alt.Chart(frame(rows)).mark_rule(color=GREY, strokeWidth=width, strokeDash=dash)
        return marked.encode(x=x, x2="end:Q", y=alt.Y(f"{name}:Q", title=FLOOR_TITLE), tooltip=tooltip)

    words = [{**rows[0], "label": "chance"}] if rows else []
    label = alt.Chart(frame(words)).mark_text(color=INK, align="left", dx=5, dy=11, fontSize=11)
    named = label.encode(x=x, y=alt.Y("q95:Q", title=FLOOR_TITLE), text="label:N")
    shades = [band("floor", "q95", 0.16), band("median", "q95", 0.24)]
    return [*shades, line("maximum", 0.8, [2, 2]), line("q95", 2.0, [1, 0]), named]


def histogram(bins: Sequence[r.HistogramBin], side: str = "a", height: int = 170) -> alt.Chart:
    """Distribution of a feature's activations above 0; counts on a square-root scale, so that rare strong ones show."""
    rows = [{"lower": b.lower, "upper": b.upper, "count": b.count} for b in bins if b.count > 0]
    total = sum(one.count for one in bins)
    return finish(
        alt.Chart(frame(rows))
        .mark_bar(color=A if side == "a" else B, opacity=0.85, binSpacing=1)
        .encode(
            x=alt.X("lower:Q", bin="binned", title="activation", axis=alt.Axis(format="~f", tickCount=6)),
            x2="upper:Q",
            y=alt.Y(
                "count:Q",
                title="tokens (√)",
                scale=alt.Scale(type="sqrt"),
                axis=alt.Axis(format=",d", tickCount=4),
            ),
            tooltip=[
                alt.Tooltip("lower:Q", title="activation above", format=".3g"),
                alt.Tooltip("upper:Q", title="up to", format=".3g"),
                alt.Tooltip("count:Q", title="tokens", format=",d"),
            ],
        ),
        height,
        f"Histogram of the activations of {side.upper()} on {total:,} tokens.",
    )


def units(scatter: r.UnitScatter, name_a: str, name_b: str, height: int = 300) -> alt.Chart:
    """A's against B's activation at every unit where either fires; cells shaded by count where points are too many."""
    title_a, title_b = f"activation of {name_a} (A)", f"activation of {name_b} (B)"
    said = f"The {title_b} against the {title_a}, at {scatter.n_units:,} units where either fires."
    if scatter.cells:
        return finish(_density(scatter.cells, title_a, title_b), height, said)
    rows = [
        {"a": p.activation_a, "b": p.activation_b, "token": _shown(p.token), "fires": _who(p)} for p in scatter.points
    ]
    order = ["both fire", "only A", "only B"]
    return finish(
        alt.Chart(frame(rows))
        .mark_circle(size=30, opacity=0.6)
        .encode(
            x=alt.X("a:Q", title=title_a, axis=alt.Axis(format="~f", tickCount=6)),
            y=alt.Y("b:Q", title=title_b, axis=alt.Axis(format="~f", tickCount=6)),
            color=alt.Color(
                "fires:N",
                scale=alt.Scale(domain=order, range=[BOTH, A, B]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("token:N", title="token"),
                alt.Tooltip("a:Q", title="activation of A", format=".3g"),
                alt.Tooltip("b:Q", title="activation of B", format=".3g"),
            ],
        ),
        height,
        said,
    )


def _who(point: r.UnitPoint) -> str:
    if point.activation_a > 0 and point.activation_b > 0:
        return "both fire"
    return "only A" if point.activation_a > 0 else "only B"


def _density(cells: Sequence[r.DensityCell], title_a: str, title_b: str) -> alt.Chart:
    rows = [{"a0": c.a_lower, "a1": c.a_upper, "b0": c.b_lower, "b1": c.b_upper, "count": c.count} for c in cells]
    return (
        alt.Chart(frame(rows))
        .mark_rect(color=BOTH)
        .encode(
            x=alt.X("a0:Q", bin="binned", title=title_a, axis=alt.Axis(format="~f", tickCount=6)),
            x2="a1:Q",
            y=alt.Y("b0:Q", bin="binned", title=title_b, axis=alt.Axis(format="~f", tickCount=6)),
            y2="b1:Q",
            opacity=alt.Opacity(
                "count:Q",
                scale=alt.Scale(type="log", range=[0.2, 1]),
                legend=alt.Legend(title="units", format="~s", orient="right"),
            ),
            tooltip=[
                alt.Tooltip("count:Q", title="units", format=",d"),
                alt.Tooltip("a0:Q", title="A from", format=".3g"),
                alt.Tooltip("a1:Q", title="A to", format=".3g"),
                alt.Tooltip("b0:Q", title="B from", format=".3g"),
                alt.Tooltip("b1:Q", title="B to", format=".3g"),
            ],
        )
    )

"""Scores -> Altair charts: a value on its null with ceilings and floors beside it, and sweeps over a null band.

Grey is chance; the observed value is blue. No streamlit inside.
"""

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt

from dashboard import score_words
from dashboard.charts import GREY, INK, A, finish, frame
from store.score_records import Score, ScoreCell, SweepPoint

BINS = 24
BARS, ROW, HEAD = 120, 24, 26
"""Heights in pixels: of the histogram, of each reference, of the observed value's name."""
LINES = 10
"""References that are drawn, at most."""


def bins(draws: Sequence[float], n: int = BINS) -> list[dict[str, Any]]:
    """`lower`, `upper`, `count` of `n` equal bins from the smallest to the largest draw; one bin if all are equal."""
    if not draws:
        return []
    low, high = min(draws), max(draws)
    if low == high:
        return [{"lower": low, "upper": high, "count": len(draws)}]
    counts = [0] * n
    for value in draws:
        counts[min(int((value - low) / (high - low) * n), n - 1)] += 1
    step = (high - low) / n
    return [{"lower": low + i * step, "upper": low + (i + 1) * step, "count": c} for i, c in enumerate(counts) if c]


def drawn(references: Sequence[ScoreCell]) -> list[ScoreCell]:
    """The references that the picture holds: the first of each kind, and others while there is room."""
    if len(references) <= LINES:
        return list(references)
    first = {one.kind: one.comparison for one in reversed(references)}
    room = LINES - len(first)
    chosen = set(first.values())
    chosen |= {one.comparison for one in [one for one in references if one.comparison not in chosen][:room]}
    return [one for one in references if one.comparison in chosen]


def null_picture(one: Score, draws: Sequence[float], references: Sequence[ScoreCell]) -> alt.LayerChart:
    """The null as a grey histogram, the observed value as a blue line, each reference as a tick above its own null.

    `one` has a value. The y axis counts pixels, so that all stand on one x axis whatever their number.
    """
    assert one.value is not None
    marks = _marks(drawn(references))
    height = BARS + ROW * len(marks) + HEAD
    seen = [one.value, *draws, *(mark[name] for mark in marks for name in ("value", "mean", "q95") if name in mark)]
    seen += [value for value in (one.null_mean, one.null_q95) if value is not None]
    low, high = min(seen), max(seen)
    pad = (high - low or abs(high) or 1.0) * 0.06
    x = alt.X(
        "x:Q",
        title=f"{score_words.named(one.metric, one.parameters)} · {score_words.direction(one)}",
        scale=alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False),
        axis=alt.Axis(format="~g", tickCount=7, grid=False),
    )
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, height], nice=False))
    right = (low + high) / 2
    layers = [_bars(draws, x, y), _once_in_twenty(one, x, y), *_references(marks, x, y, right)]
    said = (
        f"{score_words.named(one.metric, one.parameters)} is {score_words.number(one.value)}, on a histogram of "
        f"its null; {len(marks)} references above."
    )
    return finish(alt.layer(*layers, *_observed(one, height, x, y, right)), height, said)


def _marks(references: Sequence[ScoreCell]) -> list[dict[str, Any]]:
    """A row of pixels for each reference, the first at the top."""
    found = []
    for place, cell in enumerate(reversed(references)):
        score = cell.score
        if score is None or score.value is None:
            continue
        said = f"{score_words.ROLES[cell.kind]} · {cell.comparison} · {score_words.number(score.value)}"
        row = {"value": score.value, "x": score.value, "y": BARS + ROW * (place + 0.5), "label": said}
        if score.null_mean is not None and score.null_q95 is not None:
            row |= {"mean": score.null_mean, "q95": score.null_q95}
        found.append(row)
    return found


def _bars(draws: Sequence[float], x: alt.X, y: alt.Y) -> alt.Chart:
    found = bins(draws)
    most = max((one["count"] for one in found), default=1)
    rows = [one | {"x": one["lower"], "zero": 0, "y": (BARS - 8) * one["count"] / most} for one in found]
    # The outline keeps a null that is narrow on this axis visible.
    return (
        alt.Chart(frame(rows))
        .mark_rect(color=GREY, opacity=0.55, stroke=GREY, strokeWidth=1)
        .encode(
            x=x,
            x2="upper:Q",
            y=y,
            y2="zero:Q",
            tooltip=[
                alt.Tooltip("lower:Q", title="chance, from", format=".3g"),
                alt.Tooltip("upper:Q", title="to", format=".3g"),
                alt.Tooltip("count:Q", title="draws that are shown", format=",d"),
            ],
        )
    )


def _once_in_twenty(one: Score, x: alt.X, y: alt.Y) -> alt.Chart:
    rows = [{"x": one.null_q95, "y": 0, "top": BARS}] if one.null_q95 is not None else []
    title = "chance gets here once in twenty"
    marked = alt.Chart(frame(rows)).mark_rule(color=GREY, strokeDash=[3, 3], strokeWidth=1.5)
    return marked.encode(x=x, y=y, y2="top:Q", tooltip=[alt.Tooltip("x:Q", title=title, format=".3g")])


def _references(rows: Sequence[dict[str, Any]], x: alt.X, y: alt.Y, right: float) -> list[alt.Chart]:
    """Each reference: its own null from the mean to q95 as a pale bar, its value as a tick, its name beside that."""
    known = [row | {"x": row["mean"]} for row in rows if "mean" in row]
    tooltip = [
        alt.Tooltip("label:N", title="reference"),
        alt.Tooltip("mean:Q", title="its null, mean", format=".3g"),
        alt.Tooltip("q95:Q", title="its null, once in twenty", format=".3g"),
    ]
    nulls = alt.Chart(frame(known)).mark_rule(color=GREY, opacity=0.45, strokeWidth=7)
    ticks = alt.Chart(frame(rows)).mark_tick(color=GREY, orient="vertical", thickness=3, height=16)
    layers = [nulls.encode(x=x, x2="q95:Q", y=y, tooltip=tooltip), ticks.encode(x=x, y=y, tooltip=tooltip)]
    return [*layers, *_names(rows, x, y, right, 12)]


def _observed(one: Score, height: int, x: alt.X, y: alt.Y, right: float) -> list[alt.Chart]:
    rows = [
        {
            "x": one.value,
            "y": 0,
            "bars": BARS,
            "top": height - HEAD / 2,
            "label": f"observed {score_words.number(one.value)}",
        }
    ]
    line = alt.Chart(frame(rows)).mark_rule(color=A, strokeWidth=2.5).encode(x=x, y=y, y2="bars:Q")
    # Pale beside the references, whose names it may cross.
    above = (
        alt.Chart(frame(rows)).mark_rule(color=A, opacity=0.35).encode(x=x, y=alt.Y("bars:Q", axis=None), y2="top:Q")
    )
    return [line, above, *_names([row | {"y": height - HEAD / 2} for row in rows], x, y, right, 13)]


def _names(rows: Sequence[dict[str, Any]], x: alt.X, y: alt.Y, right: float, size: int) -> list[alt.Chart]:
    """Names on the side of their marks where there is room; `right` is the middle of the axis."""
    sides: tuple[tuple[list[dict[str, Any]], Literal["left", "right"], int], ...] = (
        ([row for row in rows if row["x"] <= right], "left", 8),
        ([row for row in rows if row["x"] > right], "right", -8),
    )
    return [
        alt.Chart(frame(some))
        .mark_text(color=INK, align=align, dx=dx, fontSize=size, limit=420)
        .encode(x=x, y=y, text="label:N")
        for some, align, dx in sides
    ]


def sweep(points: Sequence[SweepPoint], over: str, shown: Score, height: int = 240) -> alt.LayerChart:
    """Values at each size over their null band, from its mean to what it reaches once in twenty; `shown` is larger."""
    title = "neighbours, k" if over == "k" else "pairs, the largest r first"
    x = alt.X("size:Q", title=title, scale=alt.Scale(type="log", nice=False), axis=_sizes(points))
    y = alt.Y("value:Q", title=shown.metric, scale=alt.Scale(zero=True), axis=alt.Axis(format="~g", tickCount=5))
    tooltip = [
        alt.Tooltip("size:Q", title="k" if over == "k" else "pairs", format=",d"),
        alt.Tooltip("value:Q", title=shown.metric, format=".3g"),
        alt.Tooltip("mean:Q", title="null, mean", format=".3g"),
        alt.Tooltip("q95:Q", title="null, once in twenty", format=".3g"),
        alt.Tooltip("p:N", title="against its null"),
    ]
    rows = [_step(point, shown) for point in points]
    band = [row | {"value": row["mean"]} for row in rows if row["mean"] is not None and row["q95"] is not None]
    values = [row for row in rows if row["value"] is not None]
    # Bars beside the band keep a single known null visible, which an area does not.
    shade = alt.Chart(frame(band)).mark_area(color=GREY, opacity=0.3).encode(x=x, y=y, y2="q95:Q")
    posts = alt.Chart(frame(band)).mark_rule(color=GREY, strokeWidth=2).encode(x=x, y=y, y2="q95:Q", tooltip=tooltip)
    line = alt.Chart(frame(values)).mark_line(color=A, strokeWidth=2).encode(x=x, y=y)
    dots = [
        alt.Chart(frame([row for row in values if row["shown"] is which]))
        .mark_circle(color=A, opacity=1, size=size)
        .encode(x=x, y=y, tooltip=tooltip)
        for which, size in ((False, 45), (True, 160))
    ]
    said = f"{shown.metric} at {len(values)} sizes ({title}), over what chance gives."
    return finish(alt.layer(shade, posts, line, *dots), height, said)


def _sizes(points: Sequence[SweepPoint]) -> alt.Axis:
    return alt.Axis(values=[point.size for point in points], format="~s", grid=False, labelOverlap=True)


def _step(point: SweepPoint, shown: Score) -> dict[str, Any]:
    one = point.score
    return {
        "size": point.size,
        "value": one.value,
        "mean": one.null_mean,
        "q95": one.null_q95,
        "p": score_words.probability(one.p_value),
        "shown": (one.parameters, one.subset) == (shown.parameters, shown.subset),
    }

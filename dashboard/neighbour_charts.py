"""The overlap of all neighbourhoods -> an Altair chart. Grey is chance. No streamlit inside."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from dashboard import words
from dashboard.charts import GREY, INK, A, finish, frame
from dashboard.score_words import number
from store import records as r

MUTUAL, OTHER = "mutual best matches", "other best matches"
LIGHT = "#a9c7f7"
"""A's hue, weaker: matches that are not the best from both sides."""
TICKS = (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1)


def overlap(
    found: r.OverlapDistribution, agreement: r.MapAgreement | None, chosen: tuple[str, float] | None, height: int = 280
) -> alt.LayerChart:
    """Shares of each kind of match by their overlap; `chosen`: a feature's id and its own overlap."""
    rows = shares(found)
    most = max((row["share"] for row in rows), default=1.0)
    x = alt.X(
        "lower:Q",
        title="overlap: neighbours in both lists / neighbours in either",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format=".1f", tickCount=10, grid=False),
    )
    # Room above the bars for the two names.
    y = alt.Y(
        "share:Q",
        title="share of its kind (√)",
        scale=alt.Scale(type="sqrt", domain=[0, most * 1.55], nice=False),
        axis=alt.Axis(format=".0%", values=[tick for tick in TICKS if tick <= most]),
    )
    bars = (
        alt.Chart(frame(rows))
        .mark_rect(stroke=A, strokeWidth=1)
        .encode(
            x=x,
            x2="upper:Q",
            y=y,
            y2=alt.Y2(datum=0),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=[MUTUAL, OTHER], range=[A, LIGHT]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("kind:N", title="of"),
                alt.Tooltip("from:Q", title="overlap from", format=".2f"),
                alt.Tooltip("to:Q", title="to", format=".2f"),
                alt.Tooltip("n:Q", title="features of A", format=",d"),
                alt.Tooltip("share:Q", title="share", format=".1%"),
            ],
        )
    )
    layers: list[Any] = [bars]
    if agreement is not None and agreement.null_mean is not None:
        said = f"chance: {number(agreement.null_mean)} on average"
        layers += _mark(agreement.null_mean, said, most * 1.45, GREY, [4, 3], x, y)
    if chosen is not None:
        layers += _mark(chosen[1], f"{chosen[0]}: {words.number(chosen[1])}", most * 1.2, A, [1, 0], x, y)
    said = f"Shares of {sum(row['n'] for row in rows):,} features of A by how much of their neighbourhood they keep."
    finished: alt.LayerChart = finish(alt.layer(*layers), height, said)
    return finished


def shares(found: r.OverlapDistribution) -> list[dict[str, Any]]:
    """A bar for each kind of match in each bin that has one: side by side, each of its own kind's total."""
    counts = {MUTUAL: [b.n_mutual for b in found.bins], OTHER: [b.n - b.n_mutual for b in found.bins]}
    rows = []
    for place, (kind, each) in enumerate(counts.items()):
        total = sum(each)
        for b, n in zip(found.bins, each, strict=True):
            width = b.upper - b.lower
            start = b.lower + width * (0.06 + 0.44 * place)
            row = {"kind": kind, "lower": start, "upper": start + 0.44 * width, "from": b.lower, "to": b.upper}
            rows += [row | {"n": n, "share": n / total}] if n else []
    return rows


def _mark(at: float, text: str, top: float, color: str, dash: Sequence[int], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """A line up to its name; the name stands on the side that has room."""
    data = frame([{"lower": at, "share": top, "label": text}])
    right = at > 0.6
    rule = alt.Chart(data).mark_rule(color=color, strokeDash=list(dash), strokeWidth=2)
    name = alt.Chart(data).mark_text(
        color=INK, align="right" if right else "left", dx=-6 if right else 6, dy=4, fontSize=12, fontWeight=600
    )
    return [rule.encode(x=x, y=y, y2=alt.Y2(datum=0)), name.encode(x=x, y=y, text="label:N")]

"""How many homologues are left as more context is asked for -> an Altair chart. No streamlit inside."""

from collections.abc import Sequence

import altair as alt

from dashboard.charts import GREY, A, finish, frame
from store import records as r

ROLE_LINES: dict[str, tuple[list[str], list[list[int]]]] = {
    "two models": ([A, "#4a8ef5", "#1f5fc4"], [[1, 0], [9, 3], [9, 3, 2, 3]]),
    "ceiling": ([GREY], [[1, 0]]),
    "baseline": ([GREY], [[6, 3]]),
    "floor": ([GREY], [[2, 2]]),
}
"""What a comparison can tell -> colours of its lines, the first one's first, and their dashes.

Blues that are all seen on white and on black are too near to each other to be told apart by lightness alone.
"""


def homologues(curves: Sequence[tuple[r.HomologueCurve, str]], height: int = 320) -> alt.LayerChart:
    """Homologues that are left as more context is asked for; each curve with its role, a key of `ROLE_LINES`."""
    names: list[str] = []
    colors, dashes = [], []
    for curve, role in curves:
        shades, own_dashes = ROLE_LINES[role]
        place = sum(one == role for _, one in curves[: len(names)]) % len(shades)
        names.append(f"{curve.comparison} \N{MIDDLE DOT} {role}")
        colors.append(shades[place])
        dashes.append(own_dashes[place])
    rows = [
        {"context": step / r.CURVE_STEPS, "n": n, "label": name}
        for (curve, _), name in zip(curves, names, strict=True)
        for step, n in enumerate(curve.n_left)
        if n > 0
    ]
    legend = alt.Legend(
        title=None,
        orient="top",
        columns=alt.ExprRef("width < 480 ? 1 : 2"),
        labelLimit=330,
        symbolType="stroke",
        symbolSize=300,
    )
    chart = alt.Chart(frame(rows)).encode(
        x=alt.X(
            "context:Q",
            title="context at least (r that the token does not explain)",
            scale=alt.Scale(domain=[0, 1], nice=False),
            axis=alt.Axis(format=".1f", tickCount=6, grid=False),
        ),
        y=alt.Y(
            "n:Q",
            title="homologues left",
            scale=alt.Scale(type="log", domainMin=1),
            axis=alt.Axis(format="~s", values=[1, 10, 100, 1000, 10000, 100000]),
        ),
        color=alt.Color("label:N", scale=alt.Scale(domain=names, range=colors), legend=legend),
        tooltip=[
            alt.Tooltip("label:N", title="comparison"),
            alt.Tooltip("context:Q", title="context at least", format=".2f"),
            alt.Tooltip("n:Q", title="homologues", format=",d"),
        ],
    )
    dashed = alt.StrokeDash("label:N", scale=alt.Scale(domain=names, range=dashes), legend=legend)
    lines = chart.mark_line(strokeWidth=2, interpolate="step-after").encode(strokeDash=dashed)
    said = f"Homologues that are left as more context is asked for, a line each: {', '.join(names)}."
    return finish(alt.layer(lines, chart.mark_circle(opacity=0, size=60)), height, said)

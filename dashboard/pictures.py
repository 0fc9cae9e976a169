"""Every chart of a page, from the store to Vega-Lite: a question, and how its answer is drawn.

Altair takes longer to build and check one than the rest of its page takes. A picture depends on its arguments and the
store alone, so that the next visitor who asks for the same is given the same (`Reader.drawn`).
"""

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd
import pyarrow as pa
from altair.utils import schemapi

from dashboard import charts, floor_charts, floors, neighbour_charts, score_charts
from dashboard.links import FeatureRef
from store import records as r
from store.score_records import Score, ScoreCell

if TYPE_CHECKING:
    from dashboard.data import Reader

# Streamlit's own theme is put on in the browser.
alt.theme.enable("none")
# Otherwise every part of a chart is held against the schema when it is made; tests hold the whole against it.
schemapi.disable_debug_mode()


def pairs_scatter(
    reader: "Reader", comparison: r.Comparison, chosen: r.PairFilter, region: r.Region | None
) -> dict[str, Any] | None:
    """None where the comparison has no candidate."""
    points = reader.points(comparison.comparison, chosen)
    if not points:
        return None
    return _dotted(reader.drawn(_scatter_without_dots, comparison, region), charts.scatter_dots(points, comparison))


def _scatter_without_dots(reader: "Reader", comparison: r.Comparison, region: r.Region | None) -> alt.LayerChart:
    return charts.pairs_scatter([], comparison, region)


def null_floor(reader: "Reader", comparison: r.Comparison, chosen: r.PairFilter) -> dict[str, Any]:
    dots = charts.floor_dots(reader.best_points(comparison.comparison, chosen), comparison)
    return _dotted(reader.drawn(_floor_without_dots, comparison), dots)


def _floor_without_dots(reader: "Reader", comparison: r.Comparison) -> alt.LayerChart:
    return charts.null_floor(reader.null_floor(comparison.comparison), [], comparison)


def _dotted(drawn: dict[str, Any], dots: charts.Dots) -> dict[str, Any]:
    """A picture whose last two layers are dots, with these: a filter moves them, and all else is as it was."""
    frames, said = dots
    named = zip(list(drawn["datasets"])[-2:], map(_stream, frames), strict=True)
    return drawn | {"datasets": drawn["datasets"] | dict(named), "description": said}


def histogram(reader: "Reader", ref: FeatureRef, side: str) -> alt.Chart:
    return charts.histogram(reader.histogram(ref.space, ref.feature), side)


def units(reader: "Reader", comparison: str, a: FeatureRef, b: FeatureRef) -> Any:
    return charts.units(reader.unit_scatter(comparison, a.feature, b.feature), str(a), str(b))


def homologues(reader: "Reader") -> alt.LayerChart:
    summaries, curves = reader.summaries(r.Thresholds()), reader.homologue_curves(r.Thresholds())
    return floor_charts.homologues(floors.drawn(curves, summaries, reader.spaces()))


def overlap(
    reader: "Reader", comparison: str, agreement: r.MapAgreement | None, chosen: tuple[str, float] | None
) -> alt.LayerChart:
    return neighbour_charts.overlap(reader.overlap_distribution(comparison), agreement, chosen)


def null(reader: "Reader", one: Score, references: list[ScoreCell]) -> alt.LayerChart:
    return score_charts.null_picture(one, reader.score_null(one), references)


def sweep(reader: "Reader", one: Score, over: str) -> alt.LayerChart:
    return score_charts.sweep(reader.sweep(one, over), over, one)


def specification(chart: Any) -> dict[str, Any]:
    """A chart in Vega-Lite, unless it is so already; its frames lie under `datasets` by name, as Arrow streams."""
    if isinstance(chart, dict):
        return chart
    datasets: dict[str, bytes] = {}
    # Tests hold every kind of chart against the schema, and draw it.
    found: dict[str, Any] = _named(chart, datasets).to_dict(validate=False)
    return found | {"datasets": datasets}


def _named(chart: Any, datasets: dict[str, bytes]) -> Any:
    """The chart with its frames put into `datasets` and their names in their place."""
    chart = chart.copy(deep=False)
    if isinstance(chart.data, pd.DataFrame):
        name = f"rows{len(datasets)}"
        datasets[name] = _stream(chart.data)
        chart.data = alt.NamedData(name=name)
    if isinstance(chart, alt.LayerChart):
        chart.layer = [_named(one, datasets) for one in chart.layer]
    return chart


def _stream(frame: pd.DataFrame) -> bytes:
    # Without an index, which would be a column of its own in a tooltip.
    table, sink = pa.Table.from_pandas(frame, preserve_index=False), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())

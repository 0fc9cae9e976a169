"""Charts as a browser draws them: a chart that Vega-Lite cannot compile leaves an empty place on the page and no word."""

from typing import Any

import altair as alt
import vl_convert


def spec_of(chart: Any) -> dict[str, Any]:
    """The chart's specification, after Vega has drawn it once."""
    # Rows stand where they are used, and not under a name.
    with alt.data_transformers.enable(consolidate_datasets=False):
        spec: dict[str, Any] = chart.to_dict()
    assert "<svg" in vl_convert.vegalite_to_svg(spec)
    return spec

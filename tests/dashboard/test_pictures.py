"""Pictures: Altair's charts, made once for all visitors, with their rows as Arrow streams beside them."""

from collections.abc import Iterator
from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa
import pytest
import vl_convert

from dashboard import data, pictures
from dashboard.links import FeatureRef
from store.records import PairFilter
from tests.store import build

CHOSEN = PairFilter(hide=(), min_pearson=-1.0)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[data.Reader]:
    slot = data._Slot()
    opened = slot.get(build.write(tmp_path_factory.mktemp("pictures"), build.tables()))
    yield opened
    opened.store.close()


def rows(stream: bytes) -> list[dict[str, Any]]:
    return pa.ipc.open_stream(stream).read_all().to_pylist()  # type: ignore[no-any-return]


def whole(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification with its rows in it, as Vega-Lite reads one without Streamlit."""
    return spec | {"datasets": {name: rows(stream) for name, stream in spec["datasets"].items()}}


def test_a_specification_is_what_altair_writes_with_its_rows_apart() -> None:
    frames = [pd.DataFrame({"x": [1, 2], "y": [0.5, None], "t": ["<b>", "é"]}), pd.DataFrame({"x": [3], "y": [4.0]})]
    marks = [alt.Chart(frame).mark_point().encode(x="x:Q", y="y:Q") for frame in frames]
    chart = alt.layer(*marks).properties(width="container", description="two")
    found = pictures.specification(chart)
    assert [rows(stream) for stream in found["datasets"].values()] == [
        [{"x": 1, "y": 0.5, "t": "<b>"}, {"x": 2, "y": None, "t": "é"}], [{"x": 3, "y": 4.0}],
    ]  # fmt: skip
    names = [layer["data"]["name"] for layer in found["layer"]]
    assert names == list(found["datasets"])
    expected = chart.to_dict()
    for one in (found, expected):
        del one["datasets"]
        for layer in one["layer"]:
            del layer["data"]
    assert found == expected


def test_every_picture_is_valid_and_can_be_drawn(reader: data.Reader) -> None:
    comparison = reader.comparisons()[0]
    one = next(score for score in reader.scores("a~b", None) if score.value is not None)
    asked: dict[Any, tuple[Any, ...]] = {
        pictures.pairs_scatter: (comparison, CHOSEN, None),
        pictures.null_floor: (comparison, CHOSEN),
        pictures.histogram: (FeatureRef("a", 0), "a"),
        pictures.units: ("a~b", FeatureRef("a", 0), FeatureRef("b", 0)),
        pictures.homologues: (),
        pictures.overlap: ("a~b", None, ("a:0", 0.5)),
        pictures.null: (one, []),
        pictures.sweep: (one, "k"),
    }
    public = {
        value
        for name, value in vars(pictures).items()
        if callable(value) and getattr(value, "__module__", "") == pictures.__name__ and not name.startswith("_")
    }
    assert set(asked) == public - {pictures.specification}
    for draw, arguments in asked.items():
        spec = reader.drawn(draw, *arguments)
        alone = {name: part for name, part in spec.items() if name != "datasets"}
        alt.Chart.from_dict(alone, validate=True)
        assert "<svg" in vl_convert.vegalite_to_svg(whole(spec))


def test_a_picture_is_drawn_once_for_the_same_arguments(reader: data.Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[FeatureRef] = []

    def histogram(reader: data.Reader, ref: FeatureRef, side: str) -> alt.Chart:
        asked.append(ref)
        return pictures.histogram(reader, ref, side)

    first = reader.drawn(histogram, FeatureRef("a", 1), "b")
    first["datasets"].clear()
    second = reader.drawn(histogram, FeatureRef("a", 1), "b")
    assert len(second["datasets"]) == 1
    reader.drawn(histogram, FeatureRef("a", 0), "b")
    assert asked == [FeatureRef("a", 1), FeatureRef("a", 0)]


def test_no_candidate_is_no_picture(reader: data.Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data.Reader, "points", lambda *asked: [])
    assert reader.drawn(pictures.pairs_scatter, reader.comparisons()[1], CHOSEN, None) is None

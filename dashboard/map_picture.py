"""The linked picture of two maps: a component of our own, whose browser code lies in `dashboard/browser`.

Points travel in a carrier of their own under a name that says what they are, so that a change of colour or of the
region sends a few hundred bytes: of a message that the browser has already, Streamlit sends the hash alone.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from dashboard import charts, links, map_pack, map_points, map_words, take_away
from dashboard.assets import code
from dashboard.data import Reader
from dashboard.map_links import MapsView, parse_region
from dashboard.map_points import Side
from store import records as r

KEY = "maps_picture"
_SCRIPTS = (
    "map_points.js", "map_paint.js", "map_words.js", "map_drawing.js", "save.js", "map_save.js", "maps.js",
)  # fmt: skip
"""In this order they are one module."""


def both(reader: Reader, comparison: r.Comparison, method: str) -> tuple[Side, Side]:
    """Both maps with their links; they are shared by all visitors, so nobody may change them."""
    return _both(reader, _name(reader.fingerprint, reader.seen, comparison.comparison, method), comparison, method)


# Resources, and not data, since copies of a hundred thousand points for each rerun take longer than all else.
@st.cache_resource(max_entries=8, show_spinner=False)
def _both(_reader: Reader, name: str, _comparison: r.Comparison, _method: str) -> tuple[Side, Side]:
    reader, comparison, method = _reader, _comparison, _method
    points = tuple(reader.map_points(space, method) for space in (comparison.space_a, comparison.space_b))
    matches = tuple(reader.map_links(comparison.comparison, side) for side in "ab")
    return map_points.sides((points[0], points[1]), (matches[0], matches[1]))


@st.cache_resource(max_entries=8, show_spinner=False)
def _packed(_sides: tuple[Side, Side], name: str) -> bytes:
    return map_pack.pack(_sides, name)


def _name(*parts: object) -> str:
    """A name of a pack that differs where its content may."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:24]


def shares(reader: Reader, comparison: r.Comparison, concept: str, sides: tuple[Side, Side]) -> list[np.ndarray]:
    """A concept's share of each point of both sides, float64, NaN where nothing is stored."""
    found = []
    for space, side in zip((comparison.space_a, comparison.space_b), sides, strict=True):
        table = reader.map_shares(concept, space)
        known = dict(zip(table["feature"].to_pylist(), table["mass_share"].to_pylist(), strict=True))
        found.append(np.array([known.get(int(one), np.nan) for one in side.feature], np.float64))
    return found


def show(
    reader: Reader,
    comparison: r.Comparison,
    view: MapsView,
    sides: tuple[Side, Side],
    selected: Callable[[Any], None],
) -> None:
    """Draws both maps; `selected` gets the region that a visitor drags, or None when it is cleared."""
    own = (reader.fingerprint, reader.seen, comparison.comparison, view.method)
    points = _name("points", *own)
    coloured = _name("shares", *own, view.concept) if view.colour == "concept" and view.concept else None
    with st.container(gap=None):
        _carry("maps_points", _packed(sides, points))
        if coloured is not None:
            share_a, share_b = shares(reader, comparison, str(view.concept), sides)
            _carry("maps_shares", map_pack.pack_shares((share_a, share_b), coloured))
        _draw(reader, comparison, view, points, coloured, selected)


def _draw(
    reader: Reader,
    comparison: r.Comparison,
    view: MapsView,
    points: str,
    coloured: str | None,
    selected: Callable[[Any], None],
) -> None:
    """The picture of points that the browser has by name, or is about to get."""
    mount = st.components.v2.component("homolog_maps", html=code("maps.html"), css=code("maps.css"), js=code(*_SCRIPTS))
    mount(
        key=KEY,
        data={
            "points": points,
            "shares": coloured,
            "colour": view.colour,
            "said": map_words.coloured(view),
            "least": view.least,
            "region": str(view.region) if view.region is not None else None,
            "spaces": {"a": comparison.space_a, "b": comparison.space_b},
            "about": {
                letter: map_words.about(reader.space(space), str(view.method))
                for letter, space in (("a", comparison.space_a), ("b", comparison.space_b))
            },
            "hues": {"a": charts.A_RGB, "b": charts.B_RGB, "grey": charts.GREY_RGB},
            "store": reader.fingerprint[: links.FINGERPRINT_LENGTH],
            "label": map_words.label(comparison, view),
            "name": take_away.file_name(reader.fingerprint, f"{comparison.comparison}-{view.method}-{view.colour}"),
        },
        on_region_change=lambda: selected(parse_region(st.session_state[KEY].get("region"))),
    )


def _carry(key: str, data: bytes) -> None:
    """Bytes to the browser; nothing is seen of it."""
    st.components.v2.component("homolog_maps_store", js=code("map_store.js"))(key=key, data=data, height=1)

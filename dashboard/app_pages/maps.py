"""Do the two spaces look alike? Two linked maps: where do the matches of a region lie?"""

from dataclasses import replace
from html import escape

import numpy as np
import streamlit as st

from dashboard import (
    components,
    data,
    links,
    map_links,
    map_picture,
    map_points,
    map_words,
    maps,
    markup,
    prose,
    take_away,
)
from dashboard.map_links import MapsView
from dashboard.map_points import Side
from dashboard.queries import maps as queries
from store import records as r

ROWS = 25


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    asked, unread = map_links.parse_maps(query)
    comparisons = reader.comparisons()
    if not comparisons:
        components.top("Maps", "This store holds no comparison, so there are no two maps.", reader, query)
        return
    named = reader.comparison(asked.comparison) if asked.comparison is not None else None
    comparison = named or next((one for one in comparisons if shared(reader, one)), comparisons[0])
    asked = replace(asked, comparison=comparison.comparison)
    st.set_page_config(page_title=f"Maps {comparison.space_a} ↔ {comparison.space_b} · Homolog")
    methods = shared(reader, comparison)
    concepts = reader.concept_names()
    view, unfit = map_links.settled(asked, methods, concepts) if methods else (asked, [])
    components.top(
        "Maps",
        "Do the two spaces look alike? A dot is a feature, near others whose directions in its model are alike. Drag a "
        "region on either map: its best matches light up on the other, and are listed beneath.",
        reader,
        query,
        links.href("maps", map_links.maps_query(reader.fingerprint, view)),
        ("map", "agreement", "neighbour overlap"),
    )
    components.problems([*unread, *unfit])
    names = [one.comparison for one in comparisons]
    if not methods:
        maps.choice(reader.fingerprint, view, names)
        without(reader, comparison, comparisons)
        return
    maps.bar(reader.fingerprint, view, names, methods, concepts)
    sides = map_picture.both(reader, comparison, str(view.method))
    map_picture.show(
        reader, comparison, view, sides, lambda region: maps.write(reader.fingerprint, view, region=region)
    )
    st.caption(map_words.caution(str(view.method), view.colour))
    selection(reader, view, comparison, sides)
    agreement(reader, view, comparison)


def shared(reader: data.Reader, comparison: r.Comparison) -> list[str]:
    """Maps that both spaces have, the preferred one first."""
    both = [reader.map_methods(space) for space in (comparison.space_a, comparison.space_b)]
    known = [name for name in both[0] if name in both[1]]
    return sorted(known, key=lambda name: (name not in map_links.METHODS, name != map_links.METHODS[0], name))


def without(reader: data.Reader, comparison: r.Comparison, comparisons: list[r.Comparison]) -> None:
    """Why there is no picture, and what to open instead."""
    own = {space: list(reader.map_methods(space)) for space in (comparison.space_a, comparison.space_b)}
    lacking = [space for space in own if not own[space]] or list(own)
    for space in lacking:
        prose.note(map_words.without(reader.space(space), own[space]))
    found = [
        (links.href("maps", map_links.maps_query(reader.fingerprint, MapsView(one.comparison))), one.comparison)
        for one in comparisons
        if shared(reader, one)
    ]
    view = links.PairsView(comparison.comparison)
    pairs = markup.link(
        links.href("pairs", links.pairs_query(reader.fingerprint, view)), "The pairs of these two spaces"
    )
    others = " · ".join(markup.link(target, escape(name)) for target, name in found)
    st.html(f'<div style="font-size:.9rem">{pairs}{f". Comparisons with maps: {others}" if others else ""}</div>')


def selection(reader: data.Reader, view: MapsView, comparison: r.Comparison, sides: tuple[Side, Side]) -> None:
    if view.region is None:
        return
    found = map_points.reading(sides, view.region, view.least)
    said = map_words.region(found, view.region.side, view.least)
    weights = ["font-size:1.1rem;font-weight:600", "font-size:.95rem"]
    body = (
        f'<div style="{weight};margin:.1rem 0" title="{escape(tip)}">{escape(text)}</div>'
        for (text, tip), weight in zip(said, weights, strict=False)
    )
    st.html("".join(body))
    side = sides[0] if view.region.side == "a" else sides[1]
    chosen = map_points.inside(side, view.region) & map_points.matched(side, view.least)
    if chosen.any():
        table(reader, view, comparison, side, map_points.strongest(side, chosen))


def table(reader: data.Reader, view: MapsView, comparison: r.Comparison, side: Side, places: np.ndarray) -> None:
    assert view.region is not None
    letter = view.region.side

    def to(page: int) -> str:
        return links.href("maps", map_links.maps_query(reader.fingerprint, replace(view, page=page)))

    first = (view.page - 1) * ROWS
    if first >= len(places):
        st.html(f"Page {view.page} is past the end. {markup.link(to(1), 'Go to the first page')}")
        return
    pairs = maps.pairs(side, places[first : first + ROWS], letter)
    rows = {(one.match.feature_a, one.match.feature_b): one for one in reader.map_pairs(comparison.comparison, pairs)}
    # In the order of the region: among equals the store goes by A's feature, whichever side the region is on.
    body = [maps.line(reader.fingerprint, comparison, rows[pair], letter) for pair in pairs]
    st.html(markup.table(maps.HEAD, body))
    name = f"{comparison.comparison}-{view.method}-region"
    with take_away.table(reader, "maps", name, queries.region(comparison, view)):
        components.pager(to, view.page, ROWS, len(places) > first + ROWS, len(places))


def agreement(reader: data.Reader, view: MapsView, comparison: r.Comparison) -> None:
    rows = reader.map_agreement(comparison.comparison)
    st.header("Do the maps agree?", anchor=False)
    sentence = map_words.agreement(rows, str(view.method))
    st.html(f'<div style="font-size:1.02rem;font-weight:600">{escape(sentence)}</div>')
    if rows:
        st.html(maps.agreement(rows, str(view.method)))
        st.caption(
            "Taken on mutual best matches, both maps at once; chance pairs the same features at random. Neighbours are "
            "by activation, and no map at all: what they keep, no layout can have made."
        )
        name = f"{comparison.comparison}-map-agreement"
        take_away.table(reader, "maps_agreement", name, queries.agreement(comparison, str(view.method)))


show()

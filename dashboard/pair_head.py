"""The head of the Pair page: its name, how it is shared and saved, and the way to the pairs beside it."""

import streamlit as st

from dashboard import components, links, markup, navigation, pair_file, pair_links, take_away, words
from dashboard.data import Reader
from dashboard.links import FeatureRef, PairsView
from dashboard.pair_links import Look
from store import records as r


def file_name(a: FeatureRef, b: FeatureRef) -> str:
    """What files about this pair are called."""
    return f"{a.space}-{a.feature}~{b.space}-{b.feature}"


def show(
    reader: Reader,
    pair: tuple[FeatureRef, FeatureRef],
    comparison: r.Comparison | None,
    match: r.Match | None,
    view: PairsView,
    look: Look,
    query: dict[str, str],
) -> None:
    a, b = pair
    left, right = st.columns([5, 4], vertical_alignment="center")
    name = f"{markup.feature_link(reader.fingerprint, a, 'a')} ↔ {markup.feature_link(reader.fingerprint, b, 'b')}"
    left.html(f'<h1 style="{markup.HEADING}">{name}</h1>')
    with right, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        texts = "\N{CHECK MARK} in reading list", "+ reading list"
        switch = markup.collect(reader.fingerprint, [pair], *texts, main=True)
        st.html(f'<div style="font-size:.86rem">{switch}</div>', width="content")
        if comparison is not None:
            leaves(reader, comparison, a, b, match, view)
        shown = links.pair_query(reader.fingerprint, a, b, view) | pair_links.look_query(look)
        navigation.copy_link(links.href("pair", shown))
    left, right = st.columns([5, 2])
    with left:
        components.explain(
            reader,
            "Do these two features mean the same thing? Read the passages under both, then why it may be trivial.",
            ("r", "token part", "context", "margin"),
        )
    with right:
        st.html(f'<div style="display:flex;justify-content:flex-end">{around(reader, comparison, a, b, view)}</div>')
    components.stale(reader, query)


def around(reader: Reader, comparison: r.Comparison | None, a: FeatureRef, b: FeatureRef, view: PairsView) -> str:
    """Where to go from this pair: to those beside it, or to the order of the two that is compared."""
    if comparison is not None:
        return beside(reader, comparison, a, b, view)
    if reader.comparison_of(b.space, a.space) is None:
        return ""
    swapped = links.href("pair", links.pair_query(reader.fingerprint, b, a))
    return markup.link(swapped, "Swap A and B", "open the pair in the order of the comparison")


def beside(reader: Reader, comparison: r.Comparison, a: FeatureRef, b: FeatureRef, view: PairsView) -> str:
    """Previous and next pair under the filter that the link carries."""
    before, after, place, passing = reader.around(comparison.comparison, a.feature, b.feature, view.filter, view.sort)

    def step(to: tuple[int, int] | None, text: str, rel: str) -> str:
        if to is None:
            return f'<span style="{markup.FAINT}">{text}</span>'
        refs = FeatureRef(a.space, to[0]), FeatureRef(b.space, to[1])
        target = links.href("pair", links.pair_query(reader.fingerprint, *refs, view))
        return markup.link(target, text, f"key {rel[0]}", rel=rel)

    listed = links.href("pairs", links.pairs_query(reader.fingerprint, words.listed(view, comparison.comparison)))
    where = f"{place:,} of {passing:,}" if place is not None else f"not among the {passing:,}"
    middle = markup.link(listed, where, "the list of pairs under this filter", markup.FAINT)
    parts = (
        step(before, "\N{LEFTWARDS ARROW} previous", "prev"),
        middle,
        step(after, "next \N{RIGHTWARDS ARROW}", "next"),
    )
    return f'<div style="display:flex;gap:.9rem;font-size:.86rem;white-space:nowrap">{"".join(parts)}</div>'


def leaves(
    reader: Reader, comparison: r.Comparison, a: FeatureRef, b: FeatureRef, match: r.Match | None, view: PairsView
) -> None:
    """A button that saves the pair as one HTML file, which is made when it is clicked."""
    address = st.context.url
    st.download_button(
        "Save as a page",
        lambda: pair_file.content(reader, comparison, a, b, match, view, address),
        f"{take_away.file_name(reader.fingerprint, file_name(a, b))}.html",
        "text/html",
        key="pair_page",
        on_click="ignore",
        help="One HTML file for a slide or an issue: evidence, passages of all three groups, both features. No script, "
        "nothing fetched",
    )

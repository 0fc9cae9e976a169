"""Pieces of the Neighbourhood page, and what other pages say of a feature's company."""

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from dashboard import bars, data, family_links, links, marks, markup, neighbour_links, neighbour_words, words
from dashboard.family_links import FamiliesView
from dashboard.links import FeatureRef
from dashboard.neighbour_links import NeighbourView
from store import records as r

NEAR = 10
"""Neighbours that are shown, and that the overlap counts."""


def bar(fingerprint: str, view: NeighbourView, c: r.Comparison, comparisons: Sequence[r.Comparison], n: int) -> None:
    """Comparison and feature of A, of which there are `n`; it stays where the other comparison has the same A."""

    def write(comparison: str, feature: FeatureRef | None) -> None:
        st.query_params.from_dict(neighbour_links.neighbours_query(fingerprint, NeighbourView(comparison, feature)))

    def compare(name: str) -> None:
        other = next(one for one in comparisons if one.comparison == name)
        write(name, view.feature if view.feature is not None and view.feature.space == other.space_a else None)

    def look(number: int | None) -> None:
        write(c.comparison, None if number is None else FeatureRef(c.space_a, number))

    one, two, _ = st.columns([5, 3, 4])
    bound: dict[str, Any] = bars.bound("neighbourhood_comparison", c.comparison, compare)
    one.selectbox("Comparison (A ~ B)", [known.comparison for known in comparisons], **bound)
    two.number_input(
        "Feature of A",
        0,
        n - 1,
        None,
        step=1,
        placeholder=f"0 to {n - 1:,}",
        help="A feature of A. Empty it to see the comparison alone.",
        **bars.bound("neighbourhood_feature", view.feature.feature if view.feature is not None else None, look),
    )


def agreement(reader: data.Reader, comparison: str) -> r.MapAgreement | None:
    """The mean overlap of a comparison's mutual best matches and what chance gives."""
    found = reader.map_agreement(comparison)
    return next((one for one in found if (one.method, one.measure) == ("neighbours", "overlap")), None)


def floor(reader: data.Reader, c: r.Comparison) -> tuple[str, float] | None:
    """What A's features keep among random weights: the space's name and the mean overlap; None where not compared."""
    for other in reader.comparisons():
        if other.space_a == c.space_a and other != c and reader.space(other.space_b).kind == "random_sae":
            found = agreement(reader, other.comparison)
            if found is not None and found.value is not None:
                return other.space_b, found.value
    return None


def by_direction(reader: data.Reader, ref: FeatureRef, side: str) -> str:
    """The nearest by decoder row, as one quiet paragraph; those that are near by activation, too, stand out."""
    found = reader.neighbours(ref.space, ref.feature, "decoder_cosine", NEAR)
    if not found and reader.feature(ref.space, ref.feature).decoder_norm is None:
        return _paragraph(str(ref), side, "", f"{ref.space} has no decoder rows, so nothing is near by direction.")
    near = {one.feature for one in reader.neighbours(ref.space, ref.feature, "activation", NEAR)}
    shown = ""
    for one in found:
        other = FeatureRef(ref.space, one.feature)
        name = markup.feature_link(reader.fingerprint, other, side, str(one.feature))
        tip = f"{marks.plain(one.top_token or '')}\ncosine of the decoder rows {words.number(one.value)}"
        chip = markup.token(one.top_token or "", tip, side, 0.4 if one.feature in near else 0.08)
        number = f'<span style="font-variant-numeric:tabular-nums">{words.number(one.value)}</span>'
        look = "" if one.feature in near else markup.FAINT
        shown += f'<span style="white-space:nowrap;{look}">{name} {chip}{number}</span> '
    shared = sum(one.feature in near for one in found)
    return _paragraph(str(ref), side, shown, neighbour_words.direction(str(ref), shared, len(found)))


def _paragraph(name: str, side: str, shown: str, text: str) -> str:
    spread = "display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin-top:.3rem"
    return (
        f'<div style="font-size:.84rem">{markup.underlined(name, side)} '
        f'<span style="{markup.FAINT}">{escape(text)}</span><div style="{spread}">{shown}</div></div>'
    )


HEAD = [
    ("A", "looks at its neighbourhood", False),
    ("B", "opens the pair", False),
    ("overlap", "neighbours in both lists / neighbours in either, of ten and ten", True),
    ("rbo", "rank-biased overlap of both whole lists: the order counts, the nearest most", True),
    ("r", "Pearson correlation of the pair over all units", True),
    ("context", "pearson_context: r less what the token explains", True),
]


def line(fingerprint: str, c: r.Comparison, m: r.Match) -> list[str]:
    """One pair as cells of HTML."""
    a, b = FeatureRef(c.space_a, m.feature_a), FeatureRef(c.space_b, m.feature_b)
    here = neighbour_links.href(fingerprint, c.comparison, a)
    there = links.href("pair", links.pair_query(fingerprint, a, b))
    cells = [
        markup.link(target, f"{_underlined(str(ref.feature), side)} {_chip(top, side)}", tip, "text-decoration:none")
        for target, ref, side, top, tip in (
            (here, a, "a", m.top_token_a, f"the neighbours of {a}"),
            (there, b, "b", m.top_token_b, f"open {a} ↔ {b}"),
        )
    ]
    numbers = [words.number(one) for one in (m.neighbour_rbo, m.pearson, m.pearson_context)]
    return [*cells, f"<b>{words.number(m.neighbour_overlap)}</b>", *numbers]


def _underlined(text: str, side: str) -> str:
    return f'<span style="display:inline-block;min-width:2.6rem">{markup.underlined(text, side)}</span>'


def _chip(text: str | None, side: str) -> str:
    return markup.token(text, "", side, 0.25) if text is not None else ""


# What other pages say --------------------------------------------------------------------------------------------
def of_pair(reader: data.Reader, c: r.Comparison, match: r.Match) -> str:
    """One line on how many neighbours of A lead to neighbours of B, with a link to the picture."""
    found = reader.neighbourhood(c.comparison, match.feature_a)
    near = {one.feature for one in reader.neighbours(c.space_b, match.feature_b, "activation", NEAR)}
    kept = sum(one.partner in near for one in found.of_a)
    text = neighbour_words.pair(kept, len(found.of_a), match.neighbour_overlap, agreement(reader, c.comparison))
    ref = FeatureRef(c.space_a, match.feature_a)
    shown = "see A's neighbourhood"
    if found.partner is not None and found.partner != match.feature_b:
        shown += f" beside its best match, {c.space_b}:{found.partner}"
    target = markup.link(neighbour_links.href(reader.fingerprint, c.comparison, ref), escape(shown))
    return f'<div style="font-size:.88rem">{escape(text)} · {target}</div>'


def of_feature(reader: data.Reader, ref: FeatureRef) -> str:
    """Links to its neighbourhood in each comparison where its space is A, and to its family, if it has one."""
    comparisons = reader.comparisons()
    targets = [
        markup.link(
            neighbour_links.href(reader.fingerprint, c.comparison, ref),
            escape(c.space_b),
            f"its company in {c.comparison}",
        )
        for c in comparisons
        if c.space_a == ref.space
    ]
    lines = []
    if targets:
        lines.append(f"Does it keep its neighbours in {' · '.join(targets)}?")
    elif said := neighbour_words.only_b(ref.space, comparisons):
        lines.append(f'<span style="{markup.FAINT}">Neighbours: {escape(said)}</span>')
    family = reader.family(ref.space, ref.feature, r.PairFilter())
    if family is not None and len(family.spaces) >= family_links.SMALLEST:
        query = family_links.families_query(reader.fingerprint, FamiliesView(ref))
        shown = escape(neighbour_words.family(family))
        lines.append(f"It is {markup.link(links.href('families', query), shown, 'open the family')}.")
    return f'<div style="font-size:.88rem;line-height:1.8">{"<br>".join(lines)}</div>' if lines else ""

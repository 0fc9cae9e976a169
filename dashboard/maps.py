"""The Maps page's widgets, its rows and its table of agreement."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from dashboard import bars, components, links, map_links, map_words, markup, score_words, words
from dashboard.links import FeatureRef
from dashboard.map_links import MapsView
from dashboard.map_points import Side
from store import records as r


def write(fingerprint: str, view: MapsView, **changes: Any) -> None:
    """Put a change into the URL; the table starts again, and what is selected on another picture is let go."""
    if {"comparison", "method"} & changes.keys():
        changes |= {"region": None}
    st.query_params.from_dict(map_links.maps_query(fingerprint, replace(view, page=1, **changes)))


def bar(
    fingerprint: str,
    view: MapsView,
    comparisons: Sequence[str],
    methods: Sequence[str],
    concepts: Sequence[str],
) -> None:
    """Comparison, kind of map, colours, and from which r a best match counts."""

    def to(name: str) -> Callable[[Any], None]:
        return lambda chosen: write(fingerprint, view, **{name: chosen})

    wide = [6, 3, 6, 4, 3] if view.colour == "concept" else [6, 3, 6, 3]
    columns = iter(st.columns(wide, vertical_alignment="bottom"))
    with next(columns):
        choice(fingerprint, view, comparisons)
    next(columns).selectbox(
        "Map",
        methods,
        format_func=lambda name: map_words.METHODS.get(name, name),
        help="Of decoder rows. UMAP keeps who is near whom; PCA keeps the two directions that vary most.",
        **bars.bound("maps_method", view.method, to("method")),
    )
    next(columns).selectbox(
        "Colour",
        [name for name in map_links.COLOURS if name != "concept" or concepts],
        format_func=map_words.COLOURS.__getitem__,
        help="While a region is selected, the colours of the selection go before.",
        **bars.bound("maps_colour", view.colour, to("colour")),
    )
    if view.colour == "concept":
        next(columns).selectbox("Concept", concepts, **bars.bound("maps_concept", view.concept, to("concept")))
    next(columns).number_input(
        "r at least",
        0.0,
        1.0,
        step=0.05,
        format="%.2f",
        help="A best match counts as a match from this Pearson correlation.",
        **bars.bound("maps_least", float(view.least), lambda x: to("least")(map_links.LEAST if x is None else x)),
    )


def choice(fingerprint: str, view: MapsView, comparisons: Sequence[str]) -> None:
    """Which two spaces."""
    st.selectbox(
        "Comparison (A ~ B)",
        comparisons,
        **bars.bound("maps_comparison", view.comparison, lambda one: write(fingerprint, view, comparison=one)),
    )


HEAD = [
    ("A", "feature of space A", False),
    ("its top tokens", "token texts with the largest share of A's activation", False),
    ("B", "feature of space B", False),
    ("its top tokens", "token texts with the largest share of B's activation", False),
    ("r", "Pearson correlation over all units", True),
    ("token + context", "grey is explained by the token, blue only by the context", False),
    ("context", "pearson_context: r less what the token explains", True),
    ("back", "the place of this feature among the other's candidates: best is a mutual best match", True),
    ("company", "of its ten neighbours, carried over, and the match's: those in both / those in either", True),
    ("reasons", "why the match may be trivial, at the default thresholds", False),
    ("", "open the pair", False),
]


def pairs(side: Side, places: np.ndarray, letter: str) -> tuple[tuple[int, int], ...]:
    """(feature of A, feature of B) of the best matches of some points of a side."""
    own, other = side.feature[places].tolist(), side.partner[places].tolist()
    return tuple(zip(own, other, strict=True)) if letter == "a" else tuple(zip(other, own, strict=True))


def line(fingerprint: str, comparison: r.Comparison, row: r.PairRow, letter: str) -> list[str]:
    """One match as cells of HTML."""
    m = row.match
    a, b = FeatureRef(comparison.space_a, m.feature_a), FeatureRef(comparison.space_b, m.feature_b)
    back = m.rank_ba if letter == "a" else m.rank_ab
    button = f"text-decoration:none;border:{markup.LINE};border-radius:.5rem;padding:.15rem .55rem;font-weight:500"
    target = links.href("pair", links.pair_query(fingerprint, a, b))
    return [
        markup.feature_link(fingerprint, a, "a", str(a.feature)),
        components.token_chips(row.tokens_a, "a"),
        markup.feature_link(fingerprint, b, "b", str(b.feature)),
        components.token_chips(row.tokens_b, "b"),
        f"<b>{words.number(m.pearson)}</b>",
        markup.split_bar(m),
        words.number(m.pearson_context),
        words.ordinal(back),
        words.number(m.neighbour_overlap) if m.neighbour_overlap is not None else words.NONE,
        markup.reason_chips(m, r.Thresholds()),
        markup.link(target, "Compare", words.evidence(m), button),
    ]


AGREEMENT = [
    ("of", "", False),
    ("measure", "", False),
    ("value", "of the mutual best matches", True),
    ("chance", "mean over 999 random pairings of the same features", True),
    ("once in twenty", "what one random pairing in twenty reaches", True),
    ("p", "(1 + pairings at least as similar) / 1000", True),
    ("features", "matched features that it is taken on, at most 2,000", True),
]


def agreement(rows: Sequence[r.MapAgreement], method: str) -> str:
    """Every measure of a comparison, those of the maps that are shown first."""
    order = sorted(rows, key=lambda one: (one.method != method, one.method == "neighbours", one.method, one.measure))
    return markup.table(AGREEMENT, [_agreed(one, one.method == method) for one in order])


def _agreed(one: r.MapAgreement, is_shown: bool) -> list[str]:
    said, tip = map_words.MEASURES.get(one.measure, (one.measure, ""))
    title = map_words.METHODS.get(one.method, "neighbours")
    faint = "" if is_shown else f' style="{markup.FAINT}"'
    p = score_words.probability(one.p_value).removeprefix("p ").removeprefix("= ")
    known = one.value is not None
    cells = [score_words.number(value) for value in (one.value, one.null_mean, one.null_q95)]
    name = f'<span title="{escape(f"{one.measure}: {tip}")}">{escape(said)}</span>'
    if not one.higher_is_similar:
        name += f' <span style="{markup.FAINT}">(less is more alike)</span>'
    return [
        f"<span{faint}>{escape(title)}</span>",
        f"<span{faint}>{name}</span>",
        f"<b{faint}>{cells[0]}</b>" if known else f'<span style="{markup.FAINT}">too few</span>',
        *(cells[1:] if known else [words.NONE] * 2),
        p if known else words.NONE,
        words.count(one.n_rows),
    ]

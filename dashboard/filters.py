"""The Pairs page's filter bar. The URL is the truth: widgets are set from it and write back to it when they change."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboard import bars, links, markup, words
from dashboard.links import PairsView
from store.records import REASONS, SORTS, Comparison, FunnelStep, PairFilter

SORT_WORDS = {
    "pearson_context": "context, largest first",
    "pearson": "r, largest first",
    "z_context": "z of context, largest first",
    "cosine": "cosine, largest first",
    "jaccard": "overlap of firing, largest first",
    "n_both": "units where both fire, most first",
    "margin": "margin, largest first",
    "feature_a": "feature of A, ascending",
    "feature_b": "feature of B, ascending",
}


def write(fingerprint: str, **changes: Any) -> None:
    """Put a change into the URL; any change of a filter starts again at the first page of the table."""
    view, _ = links.parse_pairs(st.query_params.to_dict())
    chosen = {name: value for name, value in changes.items() if name not in ("comparison", "sort")}
    outer = {name: value for name, value in changes.items() if name in ("comparison", "sort")}
    view = replace(view, filter=replace(view.filter, **chosen), page=1, **outer)
    st.query_params.from_dict(links.pairs_query(fingerprint, view))


def _bound(fingerprint: str, attribute: str, value: object) -> dict[str, Any]:
    """Keyword arguments of a widget that shows `value` and writes `attribute`."""

    def changed(chosen: Any) -> None:
        if attribute == "hide":
            write(fingerprint, hide=tuple(reason for reason in REASONS if reason in chosen), only=None)
        else:
            write(fingerprint, **{attribute: getattr(PairFilter(), attribute) if chosen is None else chosen})

    return bars.bound(f"pairs_{attribute}", value, changed)


def bar(fingerprint: str, view: PairsView, comparisons: Sequence[Comparison]) -> None:
    """Comparison, limits, reasons to hide, order, thresholds."""
    chosen = view.filter
    one, two, three, four, five, six = st.columns([7, 3, 3, 3, 4, 4], vertical_alignment="bottom")
    one.selectbox(
        "Comparison (A ~ B)", [c.comparison for c in comparisons], **_bound(fingerprint, "comparison", view.comparison)
    )
    two.number_input(
        "r at least",
        -1.0,
        1.0,
        step=0.05,
        format="%.2f",
        help="Pearson correlation of the two features' activations over all units.",
        **_bound(fingerprint, "min_pearson", float(chosen.min_pearson)),
    )
    three.number_input(
        "Context at least",
        -1.0,
        1.0,
        step=0.05,
        format="%.2f",
        help="The part of r that knowing the token does not explain: pearson_context.",
        **_bound(fingerprint, "min_context", float(chosen.min_context)),
    )
    four.number_input(
        "Fires at least",
        0,
        links.LARGEST,
        step=10,
        help="Tokens that each of the two features fires on.",
        **_bound(fingerprint, "min_active", chosen.min_active),
    )
    five.selectbox("Order", SORTS, format_func=SORT_WORDS.__getitem__, **_bound(fingerprint, "sort", view.sort))
    with six:
        bars.thresholds("pairs", chosen.thresholds, lambda limits: write(fingerprint, thresholds=limits))
    st.pills(
        "Hide matches that are",
        list(REASONS),
        selection_mode="multi",
        format_func=words.step,
        help="  \n".join(f"**{words.step(name)}**: {meaning}" for name, meaning in REASONS.items()),
        **_bound(fingerprint, "hide", list(chosen.hide)),
    )


def funnel(fingerprint: str, view: PairsView, steps: Sequence[FunnelStep]) -> str:
    """Each filter with what it leaves; what a reason dropped is a link to exactly those matches."""
    largest = max((step.n_left for step in steps), default=0) or 1
    cells = "".join(
        _step(fingerprint, view, step, largest) for step in steps if step.n_dropped or step.name == "candidates"
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:.35rem 1.1rem;margin:.2rem 0">{cells}</div>'


def _step(fingerprint: str, view: PairsView, step: FunnelStep, largest: int) -> str:
    chosen = view.filter.only == step.name
    text = f"{words.MINUS}{words.count(step.n_dropped)}"
    if step.name in links.STEPS:
        other = replace(view, filter=replace(view.filter, only=None if chosen else step.name), page=1)
        tip = "back to what passes" if chosen else f"show what is dropped here: {words.why_dropped(step.name)}"
        text = markup.link(links.href("pairs", links.pairs_query(fingerprint, other)), text, tip)
    dropped = f' <span style="font-size:.78rem;opacity:.75">{text}</span>' if step.n_dropped else ""
    width = f"{100 * step.n_left / largest:.1f}"
    frame = f"background:{markup.shade('b', 0.1)};border-radius:4px;" if chosen else ""
    return (
        f'<div style="{frame}min-width:5.2rem;padding:.15rem .35rem"><div style="font-size:.72rem;'
        f'{markup.FAINT}">{escape(words.kept_by(step.name))}</div>'
        '<div style="font-weight:600;font-variant-numeric:tabular-nums;'
        f'white-space:nowrap">{words.count(step.n_left)}{dropped}</div>'
        f'<div style="height:3px;border-radius:2px;background:{markup.shade("grey", 0.1)}">'
        f'<div style="height:3px;border-radius:2px;width:{width}%;'
        f'background:{markup.shade("a", 1.0)}"></div></div></div>'
    )

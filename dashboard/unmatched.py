"""The Unmatched page's filter bar and its rows."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboard import bars, components, lacking, links, marks, markup, words
from dashboard.links import FeatureRef, PairsView, UnmatchedView
from store.records import ONE_SIDED, REASONS, UNMATCHED_SORTS, Comparison, PairFilter, Unmatched, UnmatchedFilter

_OUTER = ("comparison", "side", "sort")


def _write(fingerprint: str, **changes: Any) -> None:
    """Put a change into the URL; any change starts again at the first page of the table."""
    view, _ = links.parse_unmatched(st.query_params.to_dict())
    outer = {name: value for name, value in changes.items() if name in _OUTER}
    chosen = {name: value for name, value in changes.items() if name not in _OUTER}
    view = replace(view, filter=replace(view.filter, **chosen), page=1, **outer)
    st.query_params.from_dict(links.unmatched_query(fingerprint, view))


def _bound(fingerprint: str, attribute: str, value: object) -> dict[str, Any]:
    """Keyword arguments of a widget that shows `value` and writes `attribute`."""

    def changed(chosen: Any) -> None:
        if attribute == "hide":
            chosen = tuple(reason for reason in ONE_SIDED if reason in chosen)
        elif chosen is None:
            chosen = getattr(UnmatchedFilter(), attribute)
        _write(fingerprint, **{attribute: chosen})

    return bars.bound(f"unmatched_{attribute}", value, changed)


def bar(fingerprint: str, view: UnmatchedView, comparison: Comparison, comparisons: Sequence[Comparison]) -> None:
    """Comparison, side, limits, order, thresholds, and what is left out."""
    chosen = view.filter
    spaces = {"a": comparison.space_a, "b": comparison.space_b}
    one, two, three, four, five, six = st.columns([6, 7, 3, 3, 5, 4], vertical_alignment="bottom")
    one.selectbox(
        "Comparison (A ~ B)", [c.comparison for c in comparisons], **_bound(fingerprint, "comparison", view.comparison)
    )
    two.selectbox(
        "Features of",
        list(spaces),
        format_func=lambda side: f"{side.upper()}: {spaces[side]}",
        **_bound(fingerprint, "side", view.side),
    )
    three.number_input(
        "Best r below",
        0.0,
        1.0,
        step=0.05,
        format="%.2f",
        help="The best match has a smaller Pearson correlation than this, or there is no candidate at all.",
        **_bound(fingerprint, "below", float(chosen.below)),
    )
    four.number_input(
        "Fires at least",
        0,
        links.LARGEST,
        step=10,
        help="Tokens that the feature fires on.",
        **_bound(fingerprint, "min_active", chosen.min_active),
    )
    five.selectbox(
        "Order",
        UNMATCHED_SORTS,
        format_func=lacking.SORTS.__getitem__,
        help=lacking.WHY_SORTED[view.sort],
        **_bound(fingerprint, "sort", view.sort),
    )
    with six:
        bars.thresholds(
            "unmatched", chosen.thresholds, lambda limits: _write(fingerprint, thresholds=limits), ONE_SIDED
        )
    st.pills(
        "Leave out features that are",
        list(ONE_SIDED),
        selection_mode="multi",
        format_func=words.step,
        help="  \n".join(f"**{words.step(name)}**: {REASONS[name]}" for name in ONE_SIDED),
        **_bound(fingerprint, "hide", list(chosen.hide)),
    )


def head(side: str) -> list[tuple[str, str, bool]]:
    """Titles of the table: (title, tooltip, is a number)."""
    chance = [("chance", "r that the best match exceeds by chance once in twenty, at this firing count", True)]
    return [
        ("feature", "opens the feature", False),
        ("its top tokens", "token texts with the largest share of its activation", False),
        ("fires on", "tokens that it fires on", True),
        ("rate", "share of tokens that it fires on", True),
        ("largest", "largest activation", True),
        ("spread", "entropy of its activation over token texts: 0 bits is a single token", True),
        ("best match", "its best match on the other side, however weak; opens the pair", False),
        ("r", "Pearson correlation with that best match", True),
        *(chance if side == "a" else []),
        ("reasons", "why the feature may be trivial", False),
    ]


def line(fingerprint: str, view: UnmatchedView, comparison: Comparison, row: Unmatched) -> list[str]:
    """One feature as cells of HTML."""
    own = FeatureRef(row.space, row.feature)
    label = (
        f' <span style="{markup.FAINT};overflow-wrap:anywhere">{escape(marks.plain(row.label, 60))}</span>'
        if row.label
        else ""
    )
    largest = words.NONE if row.max_activation is None else f"{row.max_activation:.3g}"
    entropy = words.NONE if row.token_entropy_bits is None else f"{row.token_entropy_bits:.1f} bits"
    r = words.number(row.pearson) if row.pearson is not None else words.NONE
    chance = words.number(row.chance_q95) if row.chance_q95 is not None else words.NONE
    return [
        markup.feature_link(fingerprint, own, view.side, str(own.feature)) + label,
        components.token_chips(row.tokens, view.side),
        words.count(row.n_active),
        words.percent(row.firing_rate),
        largest,
        entropy,
        _partner(fingerprint, view, comparison, row),
        f'<span title="{escape(lacking.chance(row, view.side))}">{r}</span>',
        *([chance] if view.side == "a" else []),
        "".join(markup.chip(words.step(name), REASONS[name]) for name in row.reasons) or words.NONE,
    ]


def _partner(fingerprint: str, view: UnmatchedView, comparison: Comparison, row: Unmatched) -> str:
    if row.partner is None:
        return (
            f'<span style="{markup.FAINT}" title="it never fires together with any feature there">no candidate</span>'
        )
    own, there = row.feature, row.partner
    numbers = (own, there) if view.side == "a" else (there, own)
    a, b = (FeatureRef(s, n) for s, n in zip((comparison.space_a, comparison.space_b), numbers, strict=True))
    among = PairsView(comparison.comparison, PairFilter(thresholds=view.filter.thresholds))
    other = "b" if view.side == "a" else "a"
    target = links.href("pair", links.pair_query(fingerprint, a, b, among))
    return markup.link(target, markup.underlined(str(there), other), f"open {a} ↔ {b}", "text-decoration:none")

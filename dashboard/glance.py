"""A pair at a glance: its name, one line of evidence, the passages where both fire most."""

from html import escape

import streamlit as st

from dashboard import links, markup, words
from dashboard.data import Reader
from dashboard.links import FeatureRef
from store import records as r


def pair(reader: Reader, match: r.Match, passages: int) -> None:
    """A match that leads to its page and can be put into the reading list."""
    comparison = reader.comparison(match.comparison)
    a, b = FeatureRef(comparison.space_a, match.feature_a), FeatureRef(comparison.space_b, match.feature_b)
    said = (
        f'<span title="{escape(words.evidence(match))}" style="font-variant-numeric:tabular-nums;font-size:.86rem">'
        f"r {words.number(match.pearson)} · context {words.number(match.pearson_context)}</span>"
    )
    st.html(_line(reader, a, b, said))
    top_a, top_b = (reader.feature(one.space, one.feature).max_activation for one in (a, b))
    found = reader.pair_strips(match.comparison, a.feature, b.feature, "both", passages)
    st.html("".join(markup.pair_strip(one, top_a, top_b) for one in found) or "They never fire together.")


def stranger(reader: Reader, a: FeatureRef, b: FeatureRef, why: str) -> None:
    """A pair without evidence, and why there is none."""
    st.html(_line(reader, a, b, f'<span style="font-size:.86rem">{escape(why)}</span>'))


def _line(reader: Reader, a: FeatureRef, b: FeatureRef, said: str) -> str:
    target = links.href("pair", links.pair_query(reader.fingerprint, a, b))
    name = f"{markup.underlined(str(a), 'a')} ↔ {markup.underlined(str(b), 'b')}"
    switch = markup.collect(reader.fingerprint, [(a, b)], "\N{CHECK MARK}", "+")
    return (
        '<div style="display:flex;justify-content:space-between;gap:1rem;flex-wrap:wrap;align-items:baseline">'
        f"{markup.link(target, name, 'open this pair', 'text-decoration:none')}<span>{said} &nbsp;{switch}</span></div>"
    )

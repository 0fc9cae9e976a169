"""What does one model have that the other lacks?"""

from dataclasses import replace
from html import escape

import streamlit as st

from dashboard import components, data, lacking, links, markup, take_away, unmatched
from dashboard.links import UnmatchedView
from dashboard.queries import pairs as queries
from store import records as r

ROWS = 25


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    view, unread = links.parse_unmatched(query)
    comparisons = reader.comparisons()
    if not comparisons:
        components.top("Unmatched", "This store holds no comparison, so nothing can be missing.", reader, query)
        return
    if view.comparison is None:
        view = replace(view, comparison=comparisons[0].comparison)
    comparison = reader.comparison(str(view.comparison))
    own, other = comparison.space_a, comparison.space_b
    if view.side == "b":
        own, other = other, own
    st.set_page_config(page_title=f"In {own}, not in {other} · Homolog")
    components.top(
        "Unmatched",
        f"What {own} has and {other} lacks: features that are alive and whose best match on the other side is weak. "
        "A match may be weak because the other model does otherwise, or because its dictionary is too small.",
        reader,
        query,
        links.href("unmatched", links.unmatched_query(reader.fingerprint, view)),
        ("unmatched", "activation mass", "chance"),
    )
    components.problems(unread)
    unmatched.bar(reader.fingerprint, view, comparison, comparisons)
    steps = reader.unmatched_counts(comparison.comparison, view.side, view.filter)
    sentence = lacking.sentence(steps, own, other, view.filter.below)
    st.html(
        f'<div style="font-size:1.1rem;font-weight:600">{escape(sentence)}</div>'
        f'<div style="font-size:.84rem;{markup.FAINT}">{escape(lacking.WHY_SORTED[view.sort])}</div>'
    )
    table(reader, view, comparison, steps)


def table(reader: data.Reader, view: UnmatchedView, comparison: r.Comparison, steps: list[r.FunnelStep]) -> None:
    def to(page: int) -> str:
        return links.href("unmatched", links.unmatched_query(reader.fingerprint, replace(view, page=page)))

    first = (view.page - 1) * ROWS
    found = reader.unmatched(comparison.comparison, view.side, view.filter, view.sort, ROWS + 1, first)
    if not found and view.page > 1:
        st.html(f"Page {view.page} is past the end. {markup.link(to(1), 'Go to the first page')}")
        return
    if not found:
        st.info(lacking.empty(steps), icon=":material/filter_alt_off:")
        return
    body = [unmatched.line(reader.fingerprint, view, comparison, row) for row in found[:ROWS]]
    st.html(markup.table(unmatched.head(view.side), body))
    name = f"{comparison.comparison}-unmatched-{view.side}"
    with take_away.table(reader, "unmatched", name, queries.unmatched(comparison, view)):
        components.pager(to, view.page, ROWS, len(found) > ROWS, steps[-1].n_left)


show()

"""A short list of pairs that somebody collected; its address is the list, and nothing else holds it."""

from dataclasses import replace

import streamlit as st

from dashboard import bars, components, data, glance, links, list_links, marks, markup, take_away
from dashboard.list_links import ListView, Pair
from dashboard.queries import pairs as queries
from store import records as r
from store.errors import UnknownName

# Of each pair.
PASSAGES = 2


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    view, unread = list_links.parse_list(query)
    title = view.title or "Reading list"
    st.set_page_config(page_title=f"{links.short(title, 60)} · {len(view.pairs)} pairs · Homolog")
    components.top(
        f"<span>{marks.html(title, list_links.LONGEST)}</span>",
        "Pairs that belong together, as one address: copy the link, and whoever opens it sees the same list. Nothing "
        "of it is kept on the server.",
        reader,
        query,
        links.href("list", list_links.list_query(reader.fingerprint, view)),
        ("match", "r", "context"),
    )
    components.problems(unread)
    if not view.pairs:
        st.info(
            "This list is empty. Put pairs into it with + beside a pair (key a on a pair's page), then open it from "
            "the top of any page.",
            icon=":material/playlist_add:",
        )
        return
    tools(reader, view)
    for place, pair in enumerate(view.pairs):
        with st.container(border=True, key=f"list_{place}"):
            one(reader, pair)
    named = [(a.space, b.space, a.feature, b.feature) for a, b in view.pairs]
    take_away.table(reader, "list", f"list-{view.title or len(view.pairs)}", queries.listed(named))


def tools(reader: data.Reader, view: ListView) -> None:
    """The title, which is part of the address, and a switch that takes all pairs into the visitor's own list."""

    def named(text: str | None) -> None:
        changed = replace(view, title=(text or "").strip())
        st.query_params.from_dict(list_links.list_query(reader.fingerprint, changed))

    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.text_input(
        "Title",
        placeholder="what these pairs show",
        max_chars=list_links.LONGEST,
        **bars.bound("list_title", view.title, named),
    )
    if len(view.pairs) == 1:
        return
    all_of_it = markup.collect(
        reader.fingerprint, view.pairs, "\N{CHECK MARK} all in my reading list", "+ all to my reading list"
    )
    right.html(f'<div style="font-size:.86rem;text-align:right;padding-bottom:.5rem">{all_of_it}</div>')


def one(reader: data.Reader, pair: Pair) -> None:
    """A pair with its evidence, or why this store has none."""
    a, b = pair
    try:
        comparison = reader.comparison_of(a.space, b.space)
        match = reader.match(comparison.comparison, a.feature, b.feature, r.Thresholds()) if comparison else None
    except UnknownName as error:
        glance.stranger(reader, a, b, str(error))
        return
    if match is not None:
        glance.pair(reader, match, PASSAGES)
        if match.reasons:
            st.html(f'<div style="font-size:.82rem">{markup.reason_chips(match, r.Thresholds())}</div>')
    else:
        why = "were never candidates of each other" if comparison else "are not compared in this store, in this order"
        glance.stranger(reader, a, b, f"These two {why}.")


show()

"""Is time more shared than emotion? A word or a list of words: who fires on it, and what that is matched with."""

from dataclasses import replace
from html import escape

import streamlit as st

from dashboard import (
    bars,
    components,
    concept_words,
    concepts,
    data,
    family_links,
    kin,
    links,
    markup,
    prose,
    take_away,
)
from dashboard.family_links import SearchView
from dashboard.queries import concepts as queries
from store import records as r
from store.concepts import SHARE

# Pairs of a concept that are listed.
PAIRS = 50


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    view, unread = family_links.parse_search(query)
    name = links.short(view.text or view.concept or "Concepts", 30)
    st.set_page_config(page_title=f"{name} · Homolog")
    components.top(
        "Concepts",
        "Type a word: the features of every space that fire on it, how much of their activation it has, and their "
        "best match elsewhere. Below, lists of words: is one concept more shared than another?",
        reader,
        query,
        links.href("concepts", family_links.search_query(reader.fingerprint, view)),
        ("concept", "match", "reason"),
    )
    components.problems(unread)
    box(reader.fingerprint, view)
    if view.text:
        results(reader, view)
        back(reader, view)
    elif view.concept is not None:
        one_concept(reader, view, view.concept)
        back(reader, view)
    else:
        every(reader, view)


def box(fingerprint: str, view: SearchView) -> None:
    def changed(text: str | None) -> None:
        st.query_params.from_dict(family_links.search_query(fingerprint, SearchView(text or "", share=view.share)))

    st.text_input(
        "Word",
        placeholder="a word, such as array",
        max_chars=family_links.LONGEST,
        help="Tokens that spell it, in any case, with or without white space at their ends.",
        **bars.bound("concepts_q", view.text, changed),
    )


def results(reader: data.Reader, view: SearchView) -> None:
    found = reader.token_search(view.text, view.rows)
    if found.spelled:
        st.html(concepts.texts(reader.fingerprint, found.spelled, "Matched", True))
    if trouble := concept_words.nothing(found, reader.models()):
        prose.note(trouble)
    if found.holding:
        st.html(concepts.texts(reader.fingerprint, found.holding, "Tokens that hold it", False))
    if not found.hits:
        return
    prose.caption(
        "A feature is found when such a token is among its twenty strongest. Reasons are judged at their default "
        f"thresholds. {kin.caution(reader.spaces())}"
    )
    for space in reader.spaces():
        own = [hit for hit in found.hits if hit.space == space.space]
        prose.heading(concept_words.title(space, own))
        if own:
            st.html(markup.table(concepts.HEAD, [concepts.line(reader, hit) for hit in own]))
    take_away.table(reader, "concepts_hits", f"word-{found.text}", queries.hits(found.text, view.rows))
    if any(hit.n_hits > view.rows for hit in found.hits) and view.rows < family_links.MOST:
        more = replace(view, rows=family_links.MOST)
        target = links.href("concepts", family_links.search_query(reader.fingerprint, more))
        label = f"Up to {family_links.MOST} features of each space"
        st.html(f'<div style="font-size:.86rem">{markup.link(target, label)}</div>')


def back(reader: data.Reader, view: SearchView) -> None:
    target = links.href("concepts", family_links.search_query(reader.fingerprint, SearchView(share=view.share)))
    st.html(f'<div style="font-size:.86rem">{markup.link(target, "All concepts")}</div>')


def limit(fingerprint: str, view: SearchView) -> None:
    def changed(share: float | None) -> None:
        new = replace(view, share=SHARE if share is None else share)
        st.query_params.from_dict(family_links.search_query(fingerprint, new))

    with st.columns([1, 3])[0]:
        st.number_input(
            "Share at least",
            0.01,
            1.0,
            step=0.05,
            format="%.2f",
            help="A feature belongs to a concept from this share of its activation on the concept's words.",
            **bars.bound("concepts_share", float(view.share), changed),
        )


def every(reader: data.Reader, view: SearchView) -> None:
    st.header("Concepts", anchor=False)
    limit(reader.fingerprint, view)
    found, spaces = reader.concepts(view.share), reader.spaces()
    if not found:
        st.info("This store holds no concept.", icon=":material/info:")
        return
    scores = concepts.scored(reader)
    rows = [concepts.concept_line(reader.fingerprint, view, one, spaces, scores) for one in found]
    st.html(markup.table(concepts.head(spaces, bool(scores)), rows))
    take_away.table(reader, "concepts", "concepts", queries.concepts(view.share, r.PairFilter()))
    st.caption(
        "A feature counts as matched when a mutual best match of its own passes the default filter, in any comparison "
        "but those with random directions. "
        f"{concept_words.SCORED if scores else ''}A run file adds lists with [[concepts]]."
    )


def one_concept(reader: data.Reader, view: SearchView, name: str) -> None:
    pairs = reader.concept_pairs(name, view.share, PAIRS + 1)
    (concept,) = (one for one in reader.concepts(view.share) if one.concept == name)
    st.html(f'<h2 style="{markup.HEADING}">{escape(name)}</h2>')
    st.html(concepts.keywords(reader.fingerprint, view, concept))
    limit(reader.fingerprint, view)
    if why := concept_words.without(concept, view.share):
        st.info(f"{why} Lower the share, or search a word.", icon=":material/search_off:")
        return
    st.markdown(f"**{concept_words.headline(concept, view.share)}**")
    st.header("Its pairs", anchor=False)
    if pairs:
        st.html(markup.table(concepts.PAIRS, [concepts.pair_line(reader, one) for one in pairs[:PAIRS]]))
        sql = queries.pairs(name, view.share, r.PairFilter())
        take_away.table(reader, "concept_pairs", f"concept-{name}-pairs", sql)
        more = f" The {PAIRS} with the largest context." if len(pairs) > PAIRS else ""
        st.caption(f"Mutual best matches that pass the default filter and have such a feature on either side.{more}")
    else:
        st.caption("None of these features has a mutual best match that passes the default filter.")
    st.header("Its features", anchor=False)
    members = reader.concept_members(name, view.share, view.rows)
    st.html(markup.table(concepts.MEMBERS, [concepts.member_line(reader.fingerprint, one) for one in members]))
    sql = queries.members(name, view.share, view.rows)
    take_away.table(reader, "concept_features", f"concept-{name}-features", sql)
    st.caption(f"The {view.rows} of each space with the largest share.")


show()

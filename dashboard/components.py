"""Pieces that several pages share: the top of a page, trouble in words, the feature card."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

import streamlit as st

from dashboard import card_markup, facts, links, marks, markup, navigation, pictures, take_away, words
from dashboard.data import Reader
from dashboard.glossary import WORDS
from dashboard.links import FeatureRef
from store.errors import NotAStore, StoreError, StoreLocked, UnknownName, WrongSchema


def top(
    title: str,
    help_text: str,
    reader: Reader,
    query: Mapping[str, str],
    target: str | None = None,
    terms: Sequence[str] = (),
) -> None:
    """A page's title, two short lines of help, a button that copies `target`, a word on an old link.

    A title that begins with `<` is HTML. `terms` are words of the glossary that the page needs most.
    """
    left, right = st.columns([6, 1], vertical_alignment="center")
    left.html(f'<h1 style="{markup.HEADING}">{title if title.startswith("<") else escape(title)}</h1>')
    if target is not None:
        with right, st.container(horizontal=True, horizontal_alignment="right"):
            navigation.copy_link(target)
    explain(reader, help_text, terms)
    stale(reader, query)


def explain(reader: Reader, help_text: str, terms: Sequence[str]) -> None:
    """Two short lines on what a page answers, and the words to know, each with its meaning."""
    known = " · ".join(
        markup.link(links.href("glossary", links.glossary_query(reader.fingerprint, term)), escape(term), WORDS[term])
        for term in terms
    )
    words_to_know = f'<span style="margin-left:.5em">Words: {known}</span>' if known else ""
    st.html(f'<div style="font-size:.875rem;line-height:1.6;{markup.FAINT}">{escape(help_text)} {words_to_know}</div>')


def stale(reader: Reader, query: Mapping[str, str]) -> None:
    if links.stale(query, reader.fingerprint):
        st.info(
            f"This link was made from {links.other_store(query)}; the store is now "
            f"`{reader.fingerprint[: links.FINGERPRINT_LENGTH]}`. Numbers may have changed since.",
            icon=":material/history:",
        )


def problems(lines: Sequence[str]) -> None:
    """What could not be read in the link, in one quiet box; text from the URL is not markdown."""
    if lines:
        body = "".join(f"<div>{marks.html(line, 1000)}</div>" for line in lines)
        style = f"border-left:3px solid {markup.shade('b', 1.0)};background:{markup.shade('b', 0.01)}"
        st.html(
            f'<div role="alert" style="{style};padding:.5rem .8rem;border-radius:3px;font-size:.88rem">{body}</div>'
        )


def trouble(error: Exception) -> None:
    """What is wrong, and what to do; the page works again once it is mended."""
    if isinstance(error, WrongSchema):
        title, advice = (
            "This store needs another version of Homolog",
            "Write it again with this version, or update Homolog.",
        )
    elif isinstance(error, StoreLocked):
        title, advice = "The store is being written", "This page opens as soon as the other program has closed it."
    elif isinstance(error, NotAStore):
        title = "The store cannot be read"
        advice = (
            "Check the folder, or publish again with `python -m ingest run`. This page opens as soon as it is mended."
        )
    elif isinstance(error, UnknownName | links.LinkError):
        title, advice = "This link names something that is not here", "Mend the link, or start again from one of these."
    elif isinstance(error, StoreError):
        title, advice = (
            "The store did not answer",
            "Try again; `python -m store check` tells whether the file is sound.",
        )
    else:
        raise error
    st.title(title, anchor=False)
    problems([str(error)])
    st.caption(advice)
    with st.container(horizontal=True, vertical_alignment="center"):
        if isinstance(error, UnknownName | links.LinkError):
            st.page_link("app_pages/overview.py", label="Overview", icon=":material/grid_view:")
            st.page_link("app_pages/pairs.py", label="Pairs", icon=":material/scatter_plot:")
        elif st.button("Try again", icon=":material/refresh:", key="trouble_again"):
            st.rerun()


def numbers(items: Sequence[tuple[str, str, str]]) -> None:
    """A quiet line of facts: (name, value, tooltip)."""
    st.html(card_markup.numbers(items))


def feature_card(reader: Reader, ref: FeatureRef, side: str, named: bool = True) -> None:
    """One feature: how often it fires, on what, how strongly, and what it makes the model say."""
    feature, space = reader.feature(ref.space, ref.feature), reader.space(ref.space)
    name = markup.feature_link(reader.fingerprint, ref, side) if named else ""
    heading = " · ".join(
        part for part in (name, escape(marks.plain(feature.label or "", 80)) if feature.label else "") if part
    )
    about = f"{escape(space.model)} · {escape(words.kind(space))}"
    if outside := links.neuronpedia(space.neuronpedia_id, ref.feature):
        about += f" · {markup.link(outside, 'Neuronpedia', f'feature {ref.feature} of {space.neuronpedia_id}')}"
    if heading:
        st.html(f'<div style="font-size:1.1rem;overflow-wrap:anywhere">{heading}</div>')
    st.html(f'<div style="font-size:.8rem;{markup.FAINT}">{about}</div>')
    if feature.n_active == 0:
        st.info("This feature never fires on this text: there is nothing to show.", icon=":material/do_not_disturb_on:")
        return
    numbers(facts.facts(feature))
    st.html(card_markup.top_tokens(reader.feature_tokens(ref.space, ref.feature), side))
    histogram = reader.drawn(pictures.histogram, ref, side)
    take_away.chart(reader, histogram, f"card_histogram_{side}", f"{ref.space}-{ref.feature}-histogram")
    logits = reader.logits(ref.space, ref.feature)
    if not logits:
        st.caption("Effects on the output are not known for this space.")
        return
    for which, column in zip(("promoted", "suppressed"), st.columns(2), strict=True):
        column.html(card_markup.effects(logits, which, side))


def token_chips(tokens: Sequence[str], side: str, limit: int = 4) -> str:
    """Top tokens of a feature, strongest first, fading."""
    return "".join(markup.token(text, "", side, 0.42 - 0.09 * place) for place, text in enumerate(tokens[:limit]))


def pager(to: Callable[[int], str], page: int, rows: int, more: bool, known: int | None) -> None:
    """Which rows of a table these are, and links to the pages around: `to` gives the address of a page, from 1."""
    first = (page - 1) * rows + 1
    total = f" of {words.count(known)}" if known is not None else ""
    parts = [markup.link(to(page - 1), "\N{LEFTWARDS ARROW} previous", rel="prev")] if page > 1 else []
    parts.append(f"rows {first:,} to {first + rows - 1:,}{total}" if more else f"rows from {first:,}{total}")
    parts += [markup.link(to(page + 1), "next \N{RIGHTWARDS ARROW}", rel="next")] if more else []
    st.html(
        '<div style="display:flex;gap:1.2rem;font-size:.86rem;'
        f'justify-content:flex-end">{"".join(f"<span>{part}</span>" for part in parts)}</div>'
    )


def go_to(page: str, reader: Reader, sides: Sequence[str]) -> list[FeatureRef] | None:
    """A small form that names one feature for each side; what was chosen once it is sent."""
    names = [space.space for space in reader.spaces()]
    with st.form(f"{page}_go", border=True):
        columns = st.columns([3, 2] * len(sides) + [1], vertical_alignment="bottom")
        chosen = [
            (
                columns[2 * place].selectbox(
                    f"Space {side}".strip(), names, index=min(place, len(names) - 1), key=f"{page}_space_{place}"
                ),
                columns[2 * place + 1].number_input(
                    f"Feature {side}".strip(), 0, links.LARGEST, 0, key=f"{page}_feature_{place}"
                ),
            )
            for place, side in enumerate(sides)
        ]
        sent = columns[-1].form_submit_button("Open")
    return [FeatureRef(str(space), int(number or 0)) for space, number in chosen] if sent else None

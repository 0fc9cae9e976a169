"""Every word and every column, from the schema."""

from html import escape

import streamlit as st

from dashboard import bars, components, data, glossary, links, markup, take_away, words
from dashboard.queries import overview as queries
from store import records as r
from store import schema

# Characters of a search.
LONGEST = 80


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    asked = query.get("q", "").strip()[:LONGEST]
    st.set_page_config(page_title=f"{links.short(asked, 30)} · Glossary · Homolog" if asked else "Glossary · Homolog")
    components.top(
        "Glossary",
        "The words of these pages, the reasons why a match may be trivial, and every column that SQL can ask.",
        reader,
        query,
        links.href("glossary", links.glossary_query(reader.fingerprint, asked)),
    )
    st.text_input(
        "Search",
        placeholder="a word or a column, such as pearson_context",
        max_chars=LONGEST,
        **bars.bound(
            "glossary_search",
            asked,
            lambda text: st.query_params.from_dict(links.glossary_query(reader.fingerprint, text or "")),
        ),
    )
    entries(asked.lower())
    reasons(asked.lower())
    columns(reader, asked.lower())


def kept(asked: str, *texts: str) -> bool:
    return asked in " ".join(texts).lower()


def entries(asked: str) -> None:
    found = [
        (f"<b>{escape(name)}</b>", escape(meaning))
        for name, meaning in glossary.WORDS.items()
        if kept(asked, name, meaning)
    ]
    if found:
        st.header("Words", anchor=False)
        st.html(markup.table([("Word", "", False), ("Meaning", "", False)], found))


def reasons(asked: str) -> None:
    thresholds = r.Thresholds()
    found = [
        (f"<b>{escape(words.step(name))}</b>", escape(meaning), escape(words.threshold(name, thresholds)))
        for name, meaning in r.REASONS.items()
        if kept(asked, name, words.step(name), meaning)
    ]
    if found:
        st.header("Reasons", anchor=False)
        st.caption(
            "A match keeps all its reasons; Pairs hides those that you choose. Thresholds belong to the view, "
            "not to the store."
        )
        st.html(
            markup.table(
                [("Reason", "", False), ("A match has it when", "", False), ("Default threshold", "", False)], found
            )
        )


def columns(reader: data.Reader, asked: str) -> None:
    mono = f'<span style="{markup.MONO};font-size:.8rem">{{}}</span>'
    found = [
        (
            mono.format(escape(table)),
            mono.format(f"<b>{escape(column)}</b>"),
            mono.format(escape(kind)),
            escape(unit),
            escape(meaning),
        )
        for table, column, kind, unit, meaning in sorted(schema.dictionary(), key=lambda row: row[0])
        if kept(asked, table, column, unit, meaning)
    ]
    st.header("Columns", anchor=False)
    if not found:
        st.caption("No column holds this word.")
        return
    head = [
        ("Table", "", False),
        ("Column", "", False),
        ("Type", "", False),
        ("Unit", "", False),
        ("Meaning", "", False),
    ]
    st.html(markup.table(head, found))
    take_away.table(reader, "glossary_columns", "columns", queries.columns(asked))


show()

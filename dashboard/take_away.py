"""What leaves a page: a table as CSV, as Parquet and as the query behind it; a chart as PNG and SVG.

One quiet line each. Nothing is computed until somebody clicks: a file is the answer of the very query that "Open as
SQL" shows.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, links, markup, prose, standalone
from dashboard.assets import code

_QUIET = f"{markup.FAINT};font-size:.875rem;text-decoration:none;white-space:nowrap;position:relative;top:-1px"
PARQUET = "application/vnd.apache.parquet"


def file_name(fingerprint: str, *parts: object) -> str:
    """A name without an ending for a file, of what it holds and the store it comes from; safe on any disk."""
    named = re.sub(r"[^A-Za-z0-9._~]+", "-", "-".join(str(part) for part in parts))
    return f"{named[:120]}-{fingerprint[: links.FINGERPRINT_LENGTH]}"


def table(reader: data.Reader, key: str, name: str, sql: str, what: str = "") -> DeltaGenerator:
    """The line beneath a table; `key` tells it from the others of its page, `name` is what its files are called.

    `what` says what is taken where no table is seen. Gives the line's container, to which a pager may be added.
    """
    line = st.container(horizontal=True, vertical_alignment="center", gap="small")
    with line:
        if what:
            st.caption(what, width="content")
        files(reader, key, name, sql)
        query = links.sql_query(reader.fingerprint, sql)
        st.html(
            markup.link(links.href("sql", query), "Open as SQL", "the query behind this table", _QUIET), width="content"
        )
    return line


def files(reader: data.Reader, key: str, name: str, sql: str) -> None:
    """Two buttons, which run the query when they are clicked."""
    writers: dict[str, tuple[str, Callable[[], str | bytes]]] = {
        "CSV": ("text/csv", lambda: data.csv(reader.taken(sql))),
        "Parquet": (PARQUET, lambda: data.parquet(reader.taken(sql))),
    }
    for kind, (mime, write) in writers.items():
        st.download_button(
            f":gray[{kind}]",
            write,
            f"{file_name(reader.fingerprint, name)}.{kind.lower()}",
            mime,
            type="tertiary",
            key=f"take_{key}_{kind.lower()}",
            on_click="ignore",
            help=f"All rows, at most {data.FILE_ROWS:,}",
        )


def page(reader: data.Reader, key: str, name: str, title: str, body: str, back: str) -> None:
    """A button that saves a piece of a page (HTML) as one file, which leads back to where it comes from (HTML)."""
    address = st.context.url

    def file() -> bytes:
        return standalone.document(title, body + standalone.foot(back, reader.build(), date.today()), address)

    st.download_button(
        ":gray[HTML]",
        file,
        f"{file_name(reader.fingerprint, name)}.html",
        "text/html",
        type="tertiary",
        key=f"take_{key}_html",
        on_click="ignore",
        help="One file for a slide or an issue",
    )


def chart(reader: data.Reader, drawn: dict[str, Any], key: str, name: str, caption: str = "", **selection: Any) -> None:
    """A picture (`Reader.drawn`), what it shows, and beside that the two buttons that save it as it is drawn, on white.

    `selection` goes to `st.vega_lite_chart`, where a visitor may select on the chart.
    """
    box = f"picture_{key}"
    with st.container(key=box, gap="xxsmall"):
        st.vega_lite_chart(drawn, key=key, **selection)
        with st.container(horizontal=True, wrap=False, vertical_alignment="top", gap="medium"):
            with st.container():
                prose.caption(caption)
            mount = st.components.v2.component(
                "homolog_picture", html=code("picture.html"), css=code("picture.css"), js=code("save.js", "picture.js")
            )
            mount(
                key=f"take_{key}",
                data={"box": box, "name": file_name(reader.fingerprint, name)},
                width="content",
                height="content",
            )

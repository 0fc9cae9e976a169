"""Sentences that name something of a store, in the look of Streamlit's own captions, notes and headings.

Those read markdown, in which a name may be a link, a picture that is fetched, or bold; here text stays text.
"""

import re
from html import escape

import streamlit as st

from dashboard import markup

_CODE = re.compile("`([^`]+)`")


def _written(text: str) -> str:
    """Escaped; what stands between backticks is monospace, and nothing else is a sign."""
    return _CODE.sub(lambda found: f'<code style="{markup.MONO};font-size:.92em">{found[1]}</code>', escape(text))


def caption(text: str) -> None:
    """Faint and small, like `st.caption`."""
    if text:
        st.html(f'<div style="font-size:.875rem;line-height:1.6;{markup.FAINT}">{_written(text)}</div>')


def heading(text: str) -> None:
    """A part of a page, like `st.header`."""
    st.html(f'<h2 style="{markup.SUBHEADING}">{escape(text)}</h2>')


def strong(text: str, size: float = 1.0) -> None:
    """A sentence that is the answer of a page; `size` in rem."""
    st.html(f'<div style="font-size:{size}rem;font-weight:600">{_written(text)}</div>')


def note(text: str) -> None:
    """What is missing here and what to do, like `st.info`."""
    style = f"background:{markup.shade('a', 0.06)};border-radius:.4rem;padding:.8rem 1rem;overflow-wrap:anywhere"
    st.html(f'<div role="status" style="{style}">{_written(text)}</div>')

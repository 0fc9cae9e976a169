"""The dashboard as a server: the pages of `app.py`, and previews of its links."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.middleware import Middleware

from dashboard.previews import Previews

if TYPE_CHECKING:
    from dashboard.data import Reader


def ask() -> "Reader | None":
    """The store, for whoever asks; None where visitors must sign in."""
    # Not before the server runs: Streamlit looks for it where a cache is declared.
    from dashboard import auth, data

    try:
        return data.reader() if auth.section() is None else None
    except auth.AuthError:
        return None


app = st.App(Path(__file__).with_name("app.py"), middleware=[Middleware(Previews, ask=ask)])

"""The dashboard as a server: the pages of `app.py`, and previews of its links."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.middleware import Middleware

from dashboard.previews import Previews

if TYPE_CHECKING:
    from dashboard.data import Reader


def ask() -> "Reader":
    # Not before the server runs: Streamlit looks for it where a cache is declared.
    from dashboard import data

    return data.reader()


app = st.App(Path(__file__).with_name("app.py"), middleware=[Middleware(Previews, ask=ask)])

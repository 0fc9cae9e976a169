from collections.abc import Iterator

import pytest
import streamlit as st


@pytest.fixture(scope="session", autouse=True)
def _close_what_the_pages_opened() -> Iterator[None]:
    """The pages' stores live in Streamlit's cache; left there, DuckDB complains about them when Python ends."""
    yield
    st.cache_resource.clear()
    st.cache_data.clear()

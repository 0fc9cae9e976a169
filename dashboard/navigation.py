"""Small pieces of browser code: the bar on top of every page, and a button that copies a link.

Both are conveniences: without them a link still loads its page, and the address bar still holds it.
"""

from collections.abc import Sequence

import streamlit as st

from dashboard import links
from dashboard.assets import code

_BAR = ("tray.js", "router.js", "keys.js", "bar.js")


def bar(fingerprint: str | None, names: Sequence[str] = ()) -> str | None:
    """Search, the reading list and the keys; gives what was searched for, once. Without a store only links work.

    `names` are suggested while a visitor types.
    """
    mount = st.components.v2.component("homolog_bar", html=code("bar.html"), css=code("bar.css"), js=code(*_BAR))
    store = fingerprint[: links.FINGERPRINT_LENGTH] if fingerprint else None
    done = mount(
        key="homolog_bar",
        data={"store": store, "names": list(names)},
        height="content" if store else 0,
        on_searched_change=lambda: None,
    )
    searched: str | None = done.get("searched")
    return searched


def copy_link(target: str) -> None:
    """A button that copies the absolute URL of a relative link."""
    mount = st.components.v2.component(
        "homolog_copy_link",
        html="<button type='button'>Copy link</button>",
        css=code("copy_link.css"),
        js=code("copy_link.js"),
    )
    mount(key="homolog_copy_link", data={"href": target}, width="content", height="content")

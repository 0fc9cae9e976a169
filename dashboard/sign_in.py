"""Signing in and out, through Streamlit's own OIDC. Until then nothing of the store is read or shown.

Streamlit comes back from the provider to its first page: the browser remembers, in the tab, which link was opened.
"""

import streamlit as st

from dashboard import auth, components

_REMEMBER = """
export default function ({ data }) {
  // Back at home, after a refusal: the link is still the one that was opened.
  if (data.isHome && sessionStorage.getItem("homologLink")) return;
  sessionStorage.setItem("homologLink", window.location.pathname + window.location.search);
}
"""

_RETURN = """
export default function () {
  const link = sessionStorage.getItem("homologLink");
  sessionStorage.removeItem("homologLink");
  if (!link || !link.startsWith("/") || link.startsWith("//")) return;
  if (link === window.location.pathname + window.location.search) return;
  window.history.replaceState({}, "", link);
  window.dispatchEvent(new PopStateEvent("popstate"));
}
"""


def is_open() -> bool:
    """Whether this visitor may see the store: is signed in, or need not be."""
    try:
        return auth.section() is None or st.user.get("is_logged_in") is True
    except auth.AuthError:
        return False


def page(is_home: bool) -> None:
    """All that a visitor sees who is not signed in; `is_home` says that no other page was asked for."""
    st.title("Homolog", anchor=False)
    try:
        wanted = auth.section()
    except auth.AuthError as error:
        components.problems([str(error)])
        st.caption("Visitors must sign in here, and cannot yet. Whoever runs this dashboard mends the line above.")
        return
    assert wanted is not None
    if home := auth.elsewhere(wanted, st.context.url):
        components.problems([f"Sign-in works at {home} only; open the same page there"])
        return
    st.caption("This store is open to those who sign in.")
    st.components.v2.component("homolog_remember", js=_REMEMBER)(
        key="homolog_remember", data={"isHome": is_home}, height=0
    )
    for name in auth.providers(wanted):
        label = f"Sign in with {name}" if name else "Sign in"
        if st.button(label, type="primary", icon=":material/login:", key=f"sign_in_{name or ''}"):
            st.login(name)


def visitor() -> None:
    """Who is signed in, and the way out; nothing where nobody needs to be. Leads to the link that was opened before."""
    if auth.section() is None:
        return
    st.components.v2.component("homolog_return", js=_RETURN)(key="homolog_return", height=0)
    name = str(st.user.get("name") or st.user.get("email") or st.user.get("sub"))
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.text(name, width="content")
        st.button("Sign out", type="tertiary", icon=":material/logout:", key="sign_out", on_click=st.logout)

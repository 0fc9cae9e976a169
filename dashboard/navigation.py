"""Two small pieces of browser code: links inside HTML that do not reload the app, and a button that copies a link.

Both are conveniences: without them a link still loads its page, and the address bar still holds it.
"""

import streamlit as st

_ROUTER = """
export default function () {
  if (window.__homologRouter) return;
  window.__homologRouter = true;
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest && event.target.closest('[data-testid="stHtml"] a[href]');
    if (!anchor || anchor.target || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(anchor.href);
    if (url.origin !== window.location.origin) return;
    event.preventDefault();
    window.history.pushState({}, "", url);
    window.dispatchEvent(new PopStateEvent("popstate"));
    const main = document.querySelector('[data-testid="stMain"]');
    if (main) main.scrollTo(0, 0);
  });
}
"""

_COPY_JS = """
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  const link = new URL(data.href, window.location.href).toString();
  button.title = link;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      // Pages served over plain http have no clipboard: let the visitor copy by hand.
      window.prompt("Copy this link", link);
      return;
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy link"; }, 1500);
  };
}
"""

_COPY_CSS = """
button {
  font-family: var(--st-font); font-size: 0.875rem; color: var(--st-text-color); cursor: pointer; white-space: nowrap;
  background: transparent; border: 1px solid var(--st-border-color, rgba(140,140,150,.4));
  border-radius: var(--st-button-radius, 0.5rem); padding: 0.35rem 0.8rem; min-height: 2.4rem;
}
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
"""


def router() -> None:
    """Once a page: lets plain links in `st.html` change the page without a reload, back and forward included."""
    st.components.v2.component("homolog_router", js=_ROUTER)(key="homolog_router", height=0)


def copy_link(target: str) -> None:
    """A button that copies the absolute URL of a relative link."""
    mount = st.components.v2.component(
        "homolog_copy_link", html="<button type='button'>Copy link</button>", css=_COPY_CSS, js=_COPY_JS
    )
    mount(key="homolog_copy_link", data={"href": target}, width="content", height="content")

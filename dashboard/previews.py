"""What a chat shows of a link: the page's title and a line of evidence, in the HTML that is sent before any code runs.

Streamlit sends one HTML page for every address. Programs that draw previews run no code, and would
call all links alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import links, list_links, marks, words
from dashboard.links import LinkError
from store.errors import StoreError

if TYPE_CHECKING:
    from dashboard.data import Reader

NAMES = {
    "pairs": "Pairs", "unmatched": "Unmatched", "scores": "Scores", "maps": "Maps", "neighbourhood": "Neighbourhood",
    "families": "Families", "concepts": "Concepts", "sql": "SQL", "glossary": "Glossary",
}  # fmt: skip


@dataclass(frozen=True)
class Preview:
    title: str
    description: str = ""


def preview(reader: "Reader", page: str, query: Mapping[str, str]) -> Preview:
    """What a link shows; `page` is one of `links.PAGES`. Raises what the store and the parsers raise."""
    if page == "pair" and (named := links.parse_pair(query)):
        a, b = named
        comparison = reader.comparison_of(a.space, b.space)
        view, _ = links.parse_pairs(query)
        asked = (a.feature, b.feature, view.filter.thresholds)
        match = reader.match(comparison.comparison, *asked) if comparison else None
        about = f"{words.evidence(match)}. {words.sentence(match)}" if match else "No evidence of this pair."
        return Preview(words.page_title(str(a), str(b), match), about)
    if page == "feature" and (ref := links.parse_one(query)):
        feature = reader.feature(ref.space, ref.feature)
        top = f"; strongest on {marks.plain(feature.top_token, 40)}" if feature.top_token is not None else ""
        return Preview(f"{ref} · Homolog", f"Fires on {words.count(feature.n_active)} tokens{top}.")
    if page == "list":
        view_of_list, _ = list_links.parse_list(query)
        pairs = ", ".join(f"{a} ↔ {b}" for a, b in view_of_list.pairs[:4])
        more = f" and {len(view_of_list.pairs) - 4} more" if len(view_of_list.pairs) > 4 else ""
        title = view_of_list.title or "Reading list"
        return Preview(f"{title} · {len(view_of_list.pairs)} pairs · Homolog", f"{pairs}{more}")
    if page in NAMES:
        about = query.get("comparison") or query.get("q") or query.get("concept") or query.get("family") or ""
        return Preview(f"{NAMES[page]} · Homolog", links.short(about, 200))
    models = ", ".join(model.model for model in reader.models())
    return Preview(f"{models} · Homolog", "The features that these language models have in common.")


def tags(found: Preview) -> str:
    """The preview as HTML for a page's head."""
    title, about = escape(links.short(found.title, 120)), escape(links.short(found.description, 300))
    return (
        f'<title>{title}</title><meta property="og:title" content="{title}">'
        f'<meta property="og:site_name" content="Homolog"><meta property="og:description" content="{about}">'
        f'<meta name="description" content="{about}">'
    )


class Previews:
    """ASGI middleware: puts the preview of the address into the HTML of a page.

    `ask` gives the store as it is now, or None where nothing may be told to whoever asks.
    """

    def __init__(self, app: ASGIApp, ask: "Callable[[], Reader | None]") -> None:
        self.app, self.ask = app, ask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = str(scope.get("path", "")).rstrip("/").rsplit("/", 1)[-1]
        if scope["type"] != "http" or scope["method"] != "GET" or page not in links.PAGES:
            await self.app(scope, receive, send)
            return
        head = await run_in_threadpool(self._head, page, dict(Request(scope).query_params))
        # What is changed here must not come compressed.
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self.app({**scope, "headers": headers}, receive, _inserting(head, send) if head else send)

    def _head(self, page: str, query: dict[str, str]) -> str | None:
        try:
            reader = self.ask()
            return tags(preview(reader, page, query)) if reader is not None else None
        except (StoreError, LinkError):
            return tags(Preview("Homolog"))


def _inserting(head: str, send: Send) -> Send:
    """Sends a page whole, with `head` in place of its title; anything that is no page passes."""
    begun: list[Message] = []
    body = bytearray()

    async def changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            if b"text/html" in dict(message["headers"]).get(b"content-type", b""):
                begun.append(message)
            else:
                await send(message)
            return
        if not begun or message["type"] != "http.response.body":
            await send(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        whole = _titled(bytes(body), head)
        headers = MutableHeaders(raw=list(begun[0]["headers"]))
        headers["content-length"] = str(len(whole))
        for name in ("etag", "last-modified"):
            del headers[name]
        await send({**begun.pop(), "headers": headers.raw})
        await send({"type": "http.response.body", "body": whole})

    return changed


def _titled(page: bytes, head: str) -> bytes:
    before, opened, rest = page.partition(b"<title>")
    _, closed, after = rest.partition(b"</title>")
    # A page without a title is not Streamlit's own.
    return before + head.encode("utf-8", "replace") + after if opened and closed else page

"""What a chat sees of a link: plain HTML, before any code runs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard import links, previews
from dashboard.data import Reader
from dashboard.previews import Preview, Previews
from store.errors import NotAStore
from store.read import Store
from store.visitors import Visitors
from tests import loops

PAGE = "<html><head><title>Streamlit</title></head><body>the same for all</body></html>"


@pytest.fixture(scope="module")
def reader(tiny_store: Path) -> Iterator[Reader]:
    with Store(tiny_store) as store:
        visitors = Visitors()
        yield Reader(store, None, visitors)
        visitors.close()


@pytest.mark.parametrize(
    ("page", "query", "found"),
    [
        ("pair", {"a": "left:0", "b": "right:1"}, Preview(
            "left:0 ↔ right:1 · r 1.00 · Homolog",
            "r 1.000 = token 1.000 + context .000. Both fire on 60 units; A fires on 60, B on 60. Knowing the token "
            "explains 100 % of r. There is no runner-up to compare with.",
        )),
        ("pair", {"a": "right:1", "b": "left:0"}, Preview("right:1 ↔ left:0 · Homolog", "No evidence of this pair.")),
        ("feature", {"f": "left:0"}, Preview("left:0 · Homolog", "Fires on 60 tokens; strongest on ·cat.")),
        ("list", {"pairs": "left:0~right:1", "title": "Cats"}, Preview("Cats · 1 pairs · Homolog", "left:0 ↔ right:1")),
        ("pairs", {"comparison": "left~right"}, Preview("Pairs · Homolog", "left~right")),
        ("sql", {"q": "SELECT\n1"}, Preview("SQL · Homolog", "SELECT\N{REPLACEMENT CHARACTER}1")),
        ("", {}, Preview("one, two · Homolog", "The features that these language models have in common.")),
    ],
)  # fmt: skip
def test_a_preview_names_what_the_link_shows(reader: Reader, page: str, query: dict[str, str], found: Preview) -> None:
    assert previews.preview(reader, page, query) == found


def client(ask: Callable[[], Reader | None]) -> TestClient:
    async def page(_: object) -> Response:
        return HTMLResponse(PAGE, headers={"etag": "x"})

    async def other(_: object) -> Response:
        return PlainTextResponse("<title>Streamlit</title>")

    routes = [Route("/base/pair", page), Route("/base/", page), Route("/other", other), Route("/sql", other)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Previews, ask=ask)]))


def test_the_page_that_is_sent_has_the_title_of_its_link_and_is_else_the_same(reader: Reader) -> None:
    answer = client(lambda: reader).get("/base/pair?a=left:0&b=right:1")
    assert "<title>left:0 ↔ right:1 · r 1.00 · Homolog</title>" in answer.text
    assert answer.text.endswith("</head><body>the same for all</body></html>")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "etag" not in answer.headers


def test_a_title_is_text_whatever_the_link_holds(reader: Reader) -> None:
    answer = client(lambda: reader).get("/base/", params={"x": "</title><script>alert(1)</script>"})
    assert "<script>" not in answer.text
    found = previews.tags(Preview('"><script>\u202e', "</title>"))
    assert "<script>" not in found
    assert found.count("</title>") == 1
    assert "\u202e" not in found


def test_what_is_wrong_or_not_a_page_passes_unchanged(reader: Reader) -> None:
    def broken() -> Reader:
        raise NotAStore("gone")

    assert "<title>Homolog</title>" in client(broken).get("/base/pair?a=left:0&b=right:1").text
    assert "<title>Homolog</title>" in client(lambda: reader).get("/base/pair?a=nowhere:0&b=right:1").text
    assert client(lambda: None).get("/base/pair?a=left:0&b=right:1").text == PAGE
    assert client(lambda: reader).get("/other").text == "<title>Streamlit</title>"
    assert client(lambda: reader).get("/sql").text == "<title>Streamlit</title>"


def test_every_page_has_a_preview(reader: Reader) -> None:
    for page in links.PAGES:
        assert previews.preview(reader, page, {}).title.endswith("· Homolog")


def test_other_protocols_pass(reader: Reader) -> None:
    seen: list[str] = []

    async def inner(scope: dict[str, object], receive: object, send: object) -> None:
        seen.append(str(scope["type"]))

    loops.run(Previews(inner, lambda: reader)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]

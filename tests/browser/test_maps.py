"""A visitor drags a region on one map, sees its matches on the other, lists them, and sends the link."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from dashboard import map_links, map_points
from store.read import Store
from tests import mapped
from tests.browser.conftest import WAIT, serving
from tests.store import build

N = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.write(tmp_path_factory.mktemp("mapped") / "store", mapped.tables(N))


@pytest.fixture(scope="module")
def server(browser: Browser, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on a store with maps."""
    with serving(folder, tmp_path_factory.mktemp("dashboard") / "log") as address:
        yield address


def opened(page: Page, path: str) -> Locator:
    page.goto(path)
    picture = page.locator(".maps")
    expect(picture).to_have_attribute("data-drawn", f"{N},{N}")
    return picture


def drag(page: Page, side: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From one place of a map to another, in fractions of its width and height."""
    canvas = page.locator(f".side.{side} canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    page.mouse.up()


def counted(folder: Path, text: str) -> tuple[int, int]:
    """Features in a region, and those with a match, by the page's own arithmetic."""
    region = map_links.parse_region(text)
    assert region is not None
    with Store(folder) as store:
        both = map_points.sides(
            (store.map_points("a", "umap"), store.map_points("b", "umap")),
            (store.map_links("a~b", "a"), store.map_links("a~b", "b")),
        )
    found = map_points.reading(both, region, map_links.LEAST)
    return found.n, found.n_matched


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_dragged_region_is_listed_and_in_the_link(
    visitor: BrowserContext, browser: Browser, folder: Path, side: str
) -> None:
    page = visitor.new_page()
    opened(page, "/maps?comparison=a~b")
    drag(page, side, (0.02, 0.02), (0.5, 0.98))
    expect(page.get_by_role("link", name="Compare").first).to_be_visible()
    region = parse_qs(urlsplit(page.url).query)["region"][0]
    assert region.startswith(f"{side}:")
    n, matched = counted(folder, region)
    assert 20 < matched < n < N
    found = f"{n} selected, {matched} with a match"
    expect(page.locator(".found")).to_have_text(found)
    sentence = f"Of {n} features in this region of {side.upper()}, {matched} ("
    expect(page.get_by_text(sentence)).to_be_visible()

    with browser.new_context() as elsewhere:
        other = elsewhere.new_page()
        other.goto(page.url)
        expect(other.get_by_text(sentence)).to_be_visible(timeout=WAIT)
        expect(other.locator(".found")).to_have_text(found, timeout=WAIT)


def test_escape_and_the_button_let_the_region_go_and_back_brings_it_again(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    opened(page, "/maps?comparison=a~b&region=a:-9,-9,9,9")
    compare = page.get_by_role("link", name="Compare").first
    expect(compare).to_be_visible()
    page.get_by_role("button", name="Clear selection").click()
    expect(compare).not_to_be_visible()
    assert "region" not in page.url
    drag(page, "a", (0.1, 0.1), (0.9, 0.9))
    expect(compare).to_be_visible()
    page.keyboard.press("Escape")
    expect(compare).not_to_be_visible()
    expect(page.locator(".found")).to_have_text("")
    page.go_back()
    expect(compare).to_be_visible()
    expect(page.locator(".found")).to_contain_text("selected")


def test_a_point_is_named_and_its_pair_opens(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    opened(page, "/maps?comparison=a~b&region=a:-9,-9,9,9")
    # The place of a:9, from the same numbers that drew it.
    spot = page.locator(".maps").evaluate(
        "root => { const p = root.picture; p.canvas.a.scrollIntoView({block: 'center'});"
        " const [x, y] = p.pixel('a', p.sides.a.xs[9], p.sides.a.ys[9]);"
        " const box = p.both.getBoundingClientRect(); return [x + box.left, y + box.top]; }"
    )
    page.mouse.move(*spot)
    card = page.locator(".card")
    expect(card).to_contain_text("a:9 ·t9")
    expect(card).to_contain_text("best match b:110")
    expect(page.locator(".over circle")).to_have_count(2)
    page.mouse.down()
    page.mouse.up()
    page.evaluate("window.notReloaded = true")
    card.get_by_role("link", name="Open the pair").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("↔")
    assert page.evaluate("window.notReloaded") is True
    assert parse_qs(urlsplit(page.url).query)["a"] == ["a:9"]


def test_the_wheel_zooms_and_shift_moves(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    picture = opened(page, "/maps?comparison=a~b")
    page.locator(".side.b canvas").hover(position={"x": 100, "y": 100})
    page.mouse.wheel(0, -300)
    assert picture.evaluate("root => root.picture.view.b.zoom") > 1
    assert picture.evaluate("root => root.picture.view.a.zoom") == 1
    before = picture.evaluate("root => root.picture.view.b.x")
    page.keyboard.down("Shift")
    drag(page, "b", (0.5, 0.5), (0.3, 0.5))
    page.keyboard.up("Shift")
    assert picture.evaluate("root => root.picture.view.b.x") > before
    assert "region" not in page.url
    page.get_by_role("button", name="Whole maps").click()
    assert picture.evaluate("root => root.picture.view.b") == {"zoom": 1, "x": 0.5, "y": 0.5}


def test_the_keyboard_selects_what_is_in_view(visitor: BrowserContext, folder: Path) -> None:
    page = visitor.new_page()
    picture = opened(page, "/maps?comparison=a~b")
    page.locator(".side.b canvas").focus()
    for key in ("+", "+", "ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**region=b**")
    n, matched = counted(folder, parse_qs(urlsplit(page.url).query)["region"][0])
    assert 0 < n < N
    expect(page.locator(".found")).to_have_text(f"{n} selected, {matched} with a match")
    assert picture.evaluate("root => root.picture.view.b.x") < 0.5 < picture.evaluate("root => root.picture.view.b.y")


def test_nothing_is_fetched_from_elsewhere_and_nothing_fails(visitor: BrowserContext, server: str) -> None:
    page = visitor.new_page()
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    for colour in map_links.COLOURS:
        opened(page, f"/maps?comparison=a~b&colour={colour}")
        expect(page.locator(".legend span").first).to_be_visible()
    own = (server, server.replace("http", "ws", 1), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert broken == []

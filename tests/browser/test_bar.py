"""The bar on top of every page, in a real browser: search, the reading list, the keys."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import WAIT
from tests.browser.looks import settled
from tests.browser.test_share import all_pairs


def query_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


@pytest.mark.parametrize(
    ("text", "path", "parameter"),
    [
        ("cat", "/concepts", ("q", "cat")),
        ("left:1", "/feature", ("f", "left:1")),
        ("right:0 left:1", "/pair", ("a", "left:1")),
        ("left~right", "/pairs", ("comparison", "left~right")),
    ],
)
def test_search_opens_what_is_meant_and_back_leads_back(
    visitor: BrowserContext, text: str, path: str, parameter: tuple[str, str]
) -> None:
    page = visitor.new_page()
    page.goto("/glossary")
    expect(page.get_by_role("heading", level=1)).to_have_text("Glossary")
    settled(page)
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path}?**")
    assert query_of(page)[parameter[0]] == [parameter[1]]
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Glossary")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Glossary")


def test_a_search_for_a_feature_that_is_not_here_says_what_exists(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/")
    page.get_by_role("combobox", name="Search").fill("nowhere:3")
    page.keyboard.press("Enter")
    expect(page.get_by_text("no space `nowhere`; there are left, right")).to_be_visible()


def test_pairs_are_collected_shared_as_one_link_and_taken_out(visitor: BrowserContext, browser: Browser) -> None:
    page = visitor.new_page()
    all_pairs(page)
    switches = page.locator("a[data-pairs]")
    names = [switches.nth(place).get_attribute("data-pairs") for place in (0, 1)]
    for place in (0, 1):
        switches.nth(place).click()
        expect(switches.nth(place)).to_have_attribute("aria-pressed", "true")
    assert page.url.split("?")[0].endswith("/pairs")
    page.get_by_role("link", name="Reading list · 2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reading list")
    assert query_of(page)["pairs"] == [",".join(map(str, names))]
    page.get_by_role("textbox", name="Title").fill("What both know of cats")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("What both know of cats")
    page.wait_for_url("**title=**")

    with browser.new_context() as elsewhere:
        other = elsewhere.new_page()
        other.goto(page.url)
        expect(other.get_by_role("heading", level=1)).to_have_text("What both know of cats", timeout=WAIT)
        expect(other.locator("a[data-pairs]:not([data-pairs*=','])")).to_have_count(2, timeout=WAIT)
        expect(other.get_by_role("link", name="Reading list", exact=True)).to_be_visible()

    page.locator(f"a[data-pairs='{names[0]}']").click()
    expect(page.get_by_role("link", name="Reading list · 1")).to_be_visible()
    page.wait_for_url(lambda url: f"pairs={names[1]}" in url)
    assert query_of(page)["title"] == ["What both know of cats"]
    expect(page.locator("a[data-pairs]:not([data-pairs*=','])")).to_have_count(1)


def test_keys_step_through_pairs_and_collect_them(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    page.get_by_role("link", name="Compare").first.click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("↔")
    expect(page.locator("a[rel=next]")).to_be_visible()
    first = heading.inner_text()
    page.keyboard.press("n")
    expect(heading).not_to_have_text(first)
    expect(page.locator("a[rel=prev]")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("link", name="Reading list · 1")).to_be_visible()
    page.keyboard.press("p")
    expect(heading).to_have_text(first)
    page.reload()
    expect(page.get_by_role("link", name="Reading list · 1")).to_be_visible()


def test_what_a_page_shows_is_in_its_link(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    page.get_by_role("link", name="Compare").first.click()
    page.get_by_role("radio", name="Only A").or_(page.get_by_role("button", name="Only A")).first.click()
    page.wait_for_url("**group=only_a**")
    other = visitor.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", level=1)).to_contain_text("↔")
    chosen = other.get_by_role("radio", name="Only A").or_(other.get_by_role("button", name="Only A")).first
    expect(chosen).to_be_visible()
    other.get_by_role("button", name="Copy link").click()
    expect(other.get_by_role("button", name="Copied")).to_be_visible()
    assert "group=only_a" in other.evaluate("navigator.clipboard.readText()")
    other.goto("/feature?f=left:1")
    other.get_by_role("radio", name="Random").or_(other.get_by_role("button", name="Random")).first.click()
    other.wait_for_url("**stratum=random**")
    other.goto("/glossary")
    other.get_by_role("textbox", name="Search").fill("margin")
    other.keyboard.press("Enter")
    other.wait_for_url("**q=margin**")
    other.go_back()
    expect(other.get_by_role("textbox", name="Search")).to_have_value("")

"""A visitor follows a feature's neighbours: lines that are links, rows that re-centre, columns that stack."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import serving
from tests.dashboard.test_neighbourhood_page import rows
from tests.store import build


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the small store in which a:0 keeps its one neighbour."""
    folder = build.write(tmp_path_factory.mktemp("near") / "store", rows())
    with serving(folder, folder / "log") as address:
        yield address


def asked(page: Page, name: str) -> str:
    return parse_qs(urlsplit(page.url).query)[name][0]


def test_a_feature_is_chosen_followed_and_its_kept_line_opens_the_pair(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto("/neighbourhood")
    box = page.get_by_role("spinbutton", name="Feature of a")
    expect(box).to_have_value("")
    box.fill("0")
    box.press("Enter")
    expect(page.get_by_text("The one near feature of a:0 leads to a neighbour of its match b:0")).to_be_visible()
    assert asked(page, "a") == "a:0"

    page.get_by_title("look at the neighbours of a:1").last.click()
    expect(page.get_by_text("The one near feature of a:1 leads to a neighbour of its match b:1")).to_be_visible()
    expect(box).to_have_value("1")
    page.go_back()
    expect(box).to_have_value("0")
    expect(page.get_by_text("The one near feature of a:0 leads")).to_be_visible()

    # Between the columns there is nothing but the line, which is level here.
    line = page.get_by_role("link", name="a:1 → b:1, r .50").last.bounding_box()
    row = page.get_by_role("link", name="→ 1", exact=True).bounding_box()
    assert line is not None
    assert row is not None
    page.mouse.click(line["x"] + line["width"] / 2, row["y"] + row["height"] / 2)
    expect(page.get_by_role("heading", level=1)).to_contain_text("a:1 ↔ b:1")
    expect(page.get_by_text("A's one neighbour leads to a neighbour of B: overlap 1.00")).to_be_visible()
    page.get_by_role("link", name="see A's neighbourhood").click()
    expect(page.get_by_text("The one near feature of a:1 leads")).to_be_visible()
    assert broken == []


def test_on_a_phone_the_columns_stack_and_nothing_is_cut_off(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.set_viewport_size({"width": 400, "height": 900})
    page.goto("/neighbourhood?comparison=a~b&a=a:0")
    mine = page.get_by_title("look at the neighbours of a:1").last
    theirs = page.get_by_role("link", name="b:0", exact=True).first
    expect(theirs).to_be_visible()
    above, below = mine.bounding_box(), theirs.bounding_box()
    assert above is not None
    assert below is not None
    assert below["y"] > above["y"] + above["height"]
    main = page.get_by_test_id("stMain")
    assert main.evaluate("one => one.scrollWidth <= one.clientWidth") is True

"""What people do, as one goes to the next: the overview, a pair; a filter, its funnel; a word, its features; a query, its rows."""

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.looks import settled
from tests.browser.test_share import all_pairs


def query_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_from_the_overview_to_a_pair_and_to_who_else_has_it(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("one × two")
    page.get_by_role("link", name="left:1 ↔ right:0").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("left:1 ↔ right:0")
    expect(page.get_by_text("No reason to call it trivial holds")).to_be_visible()
    expect(page.get_by_text("Both fire on 60 units")).to_be_visible()
    heading.get_by_role("link", name="right:0").click()
    expect(heading).to_have_text("right:0")
    expect(page.get_by_role("heading", name="Best match in every other space")).to_be_visible()
    page.get_by_role("link", name="left:1", exact=True).first.click()
    expect(heading).to_have_text("left:1 ↔ right:0")


def test_a_cell_of_the_overview_opens_its_pairs(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/")
    page.get_by_role("cell", name="1", exact=True).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pairs")
    assert query_of(page)["comparison"] == ["left~right"]
    expect(page.get_by_role("link", name="Compare")).to_have_count(1)


def test_the_funnel_says_what_a_filter_drops_and_shows_it(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/pairs")
    settled(page)
    expect(page.get_by_text("not dense")).to_be_visible()
    compare = page.get_by_role("link", name="Compare")
    expect(compare).to_have_count(1)
    page.get_by_title("show what is dropped here: either side fires nearly everywhere").click()
    page.wait_for_url("**only=dense**")
    expect(page.get_by_text("Showing what dense dropped")).to_be_visible()
    expect(page.get_by_role("link", name="3", exact=True)).to_be_visible()
    page.get_by_role("link", name="Back to what passes").click()
    expect(page.get_by_text("Showing what dense dropped")).not_to_be_visible()
    page.get_by_role("button", name="dense", exact=True).click()
    page.wait_for_url("**show=dense**")
    expect(page.get_by_text("not dense")).not_to_be_visible()


def test_an_empty_list_says_which_filter_and_leads_out(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    box = page.get_by_role("spinbutton", name="Fires at least")
    box.fill("5000")
    box.press("Enter")
    expect(page.get_by_text("No match passes. The last filter that removed some was")).to_be_visible()
    page.get_by_role("link", name="Show every candidate").click()
    expect(page.get_by_role("link", name="Compare")).to_have_count(4)


def test_a_word_finds_its_features_and_their_match(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/concepts")
    box = page.get_by_role("textbox", name="Word")
    box.fill("cat")
    box.press("Enter")
    page.wait_for_url("**q=cat**")
    expect(page.get_by_role("heading", name="left (one): 1 feature")).to_be_visible()
    page.get_by_role("link", name="right:1", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("left:0 ↔ right:1")
    expect(page.get_by_text("is explained by the token").first).to_be_visible()
    page.go_back()
    expect(box).to_have_value("cat")


def test_a_row_of_an_answer_opens_what_it_names(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    sql = "SELECT comparison, feature_a, feature_b, pearson FROM matches WHERE feature_a = 1 ORDER BY pearson DESC"
    page.goto(f"/sql?q={quote(sql)}")
    settled(page)
    grid = page.get_by_test_id("stDataFrame")
    expect(grid.get_by_test_id("glide-cell-1-0")).to_have_text("left~right")
    grid.hover()
    expect(grid.get_by_label("Search")).to_be_visible()
    expect(grid.get_by_label("Download as CSV")).not_to_be_visible()
    # The first cell of the first row; what scrolls the grid lies over its canvas.
    canvas, link = grid.get_by_test_id("data-grid-canvas"), {"x": 30, "y": 52}
    canvas.hover(position=link, force=True)
    expect(canvas).to_have_css("cursor", "pointer")
    with visitor.expect_page() as opened:
        canvas.click(position=link, force=True)
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("left:1 ↔ right:0")
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").filter(has_text="CSV").get_by_role("button").click()
    lines = Path(started.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "comparison,feature_a,feature_b,pearson"
    assert lines[1].startswith("left~right,1,0,")

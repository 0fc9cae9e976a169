"""A visitor finds a pair, sends its link, asks a question: in a real browser, against a real server."""

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboard import links
from store.read import Store
from store.records import PairFilter
from tests.browser.conftest import WAIT
from tests.browser.looks import settled


def all_pairs(page: Page) -> str:
    """Opens Pairs with nothing hidden; the address."""
    shown = "rare,dense,special,position,token,single_token,stop_token,not_mutual,hub,chance,thin"
    page.goto(f"/pairs?r=-1&show={shown}")
    expect(page.get_by_role("link", name="Compare").first).to_be_visible()
    settled(page)
    return page.url


def test_a_pair_found_here_is_found_by_whoever_gets_its_link(
    visitor: BrowserContext, browser: Browser, server: str
) -> None:
    page = visitor.new_page()
    all_pairs(page)
    page.evaluate("window.notReloaded = true")
    page.get_by_role("link", name="Compare").first.click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("↔")
    assert page.evaluate("window.notReloaded") is True
    title = heading.inner_text()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{server}/pair?")
    assert {"store", "a", "b"} <= parse_qs(urlsplit(link).query).keys()

    with browser.new_context() as elsewhere:
        other = elsewhere.new_page()
        other.goto(link)
        expect(other.get_by_role("heading", level=1)).to_have_text(title, timeout=WAIT)
        expect(other.get_by_text("= token").first).to_be_visible(timeout=WAIT)
        assert title in other.title()


def test_back_and_forward_keep_filters_and_pages(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    box = page.get_by_role("spinbutton", name="r at least")
    box.fill("0.01")
    box.press("Enter")
    page.wait_for_url("**r=0.01**")
    page.get_by_role("link", name="Compare").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("↔")
    page.go_back()
    expect(page.get_by_role("spinbutton", name="r at least")).to_have_value("0.01")
    page.go_back()
    expect(page.get_by_role("spinbutton", name="r at least")).to_have_value("-1.00")
    page.go_forward()
    expect(page.get_by_role("spinbutton", name="r at least")).to_have_value("0.01")
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_contain_text("↔")


def test_a_threshold_is_moved_seen_taken_back_and_carried_to_the_pair(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    page.get_by_role("button", name="Thresholds", exact=True).click()
    box = page.get_by_role("spinbutton", name="thin: units where both fire, fewer than")
    box.fill("1000")
    box.press("Enter")
    page.wait_for_url("**t_thin=1000**")
    moved = page.get_by_role("button", name="Thresholds · 1 changed")
    expect(moved).to_be_visible()
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    # The table is drawn after the bar: the first row of before may still be there.
    page.locator("a[href*='t_thin=1000']", has_text="Compare").first.click()
    expect(page.get_by_text("units (fewer than 1,000)").first).to_be_visible()
    assert parse_qs(urlsplit(page.url).query)["t_thin"] == ["1000"]
    page.go_back()
    expect(moved).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Thresholds", exact=True)).to_be_visible()
    page.go_forward()
    moved.click()
    page.get_by_role("button", name="Back to the defaults").click()
    expect(page.get_by_role("button", name="Thresholds", exact=True)).to_be_visible()
    assert "t_thin" not in page.url


def test_what_has_no_match_is_found_from_pairs_and_its_link_opens(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    page.get_by_role("link", name="in right, not in left").click()
    sentence = page.get_by_text("alive features of right have no match above r = .30 in left")
    expect(sentence).to_be_visible()
    box = page.get_by_role("spinbutton", name="Best r below")
    box.fill("0.9")
    box.press("Enter")
    page.wait_for_url("**below=0.9**")
    expect(page.get_by_role("link", name="4", exact=True)).to_be_visible()
    other = visitor.new_page()
    other.goto(page.url)
    expect(other.get_by_text("1 of 4 alive features of right have no match above r = .90 in left")).to_be_visible()
    with other.expect_download() as started:
        other.get_by_role("button", name="CSV", exact=True).click()
    assert Path(started.value.path()).read_text().splitlines()[1].startswith("right,4,")
    other.get_by_role("link", name="Open as SQL").click()
    expect(other.get_by_text("1 row ·")).to_be_visible()
    page.go_back()
    expect(sentence).to_be_visible()


def test_each_picture_is_closed_on_its_own(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    expect(page.get_by_text("Chance is not known here")).to_be_visible()
    page.get_by_text("Is it only chance?").click()
    expect(page.get_by_text("Chance is not known here")).not_to_be_visible()
    expect(page.locator('[data-testid="stVegaLiteChart"]')).to_have_count(1)


def test_a_typed_query_is_in_the_link_and_the_link_runs_it(visitor: BrowserContext, browser: Browser) -> None:
    page = visitor.new_page()
    page.goto("/sql")
    box = page.get_by_label("Query")
    box.fill("SELECT count(*) AS found FROM judged_matches()")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("1 row ·")).to_be_visible()
    assert parse_qs(urlsplit(page.url).query)["q"] == ["SELECT count(*) AS found FROM judged_matches()"]
    other = visitor.new_page()
    other.goto(page.url)
    expect(other.get_by_text("1 row ·")).to_be_visible()
    expect(other.get_by_label("Query")).to_have_value("SELECT count(*) AS found FROM judged_matches()")


def test_downloads_hold_what_the_page_shows(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    rows = page.get_by_role("link", name="Compare").count()
    with page.expect_download() as started:
        page.get_by_role("button", name="CSV", exact=True).click()
    text = Path(started.value.path()).read_text()
    assert text.startswith("comparison,feature_a,feature_b,pearson,")
    assert text.count("\n") == rows + 1
    page.goto(f"/sql?q={quote('SELECT 7 AS seven')}")
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").filter(has_text="CSV").click()
    assert Path(started.value.path()).read_text().split() == ["seven", "7"]
    with page.expect_download() as started:
        page.get_by_test_id("stDownloadButton").filter(has_text="Parquet").click()
    assert Path(started.value.path()).read_bytes()[:4] == b"PAR1"


def test_a_query_that_is_refused_says_why(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto(f"/sql?q={quote('DROP TABLE matches')}")
    expect(page.get_by_role("alert").first).to_be_visible()


def test_nothing_is_fetched_from_elsewhere_and_nothing_fails(
    visitor: BrowserContext, server: str, tiny_store: Path
) -> None:
    with Store(tiny_store) as store:
        comparison = store.comparisons()[0]
        best = store.pairs(comparison.comparison, PairFilter(hide=(), min_pearson=-1.0), "pearson", 1)[0].match
    pair = f"/pair?a={comparison.space_a}:{best.feature_a}&b={comparison.space_b}:{best.feature_b}"
    feature = f"/feature?f={comparison.space_a}:{best.feature_a}"
    page = visitor.new_page()
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    for path in (*(f"/{name}" for name in links.PAGES), pair, feature):
        page.goto(path)
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        expect(page.locator('[data-testid="stException"]')).to_have_count(0)
    own = (server, server.replace("http", "ws", 1), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert broken == []

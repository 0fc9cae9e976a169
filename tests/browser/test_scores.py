"""A sceptic reads a score against its null, another metric, and what there is no value for."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.looks import settled
from tests.serving import serving
from tests.store import build


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the small store, which has a score above its null and one within it."""
    folder = build.write(tmp_path_factory.mktemp("scores") / "store", build.tables())
    with serving(folder, folder / "log") as address:
        yield address


def test_a_score_is_read_against_its_null(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/scores?comparison=a~b")
    settled(page)
    said = page.get_by_text(
        "rsa (inner=correlation) of a ~ b is .25; shuffled pairs give .00 and reach .12 once in twenty"
    )
    expect(said).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").first.get_by_text("observed .25")).to_be_visible()
    page.get_by_role("link", name="null ↓").last.click()
    page.wait_for_url("**comparison=a~c**")
    expect(page.get_by_text("There is no value: 1 pair; rsa needs 4 rows.")).to_be_visible()
    page.go_back()
    expect(said).to_be_visible()


def test_another_metric_is_in_the_link_and_within_its_null(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/scores?comparison=a~b&table=all")
    page.get_by_role("link", name="knn_jaccard").first.click()
    page.wait_for_url("**metric=knn_jaccard**")
    page.get_by_role("combobox", name="Parameters").click()
    page.get_by_role("option", name="k=10", exact=True).click()
    page.wait_for_url("**parameters=k**")
    said = "That is no more alike than chance."
    expect(page.get_by_text(said)).to_be_visible()
    other = visitor.new_page()
    other.goto(page.url)
    expect(other.get_by_text(said)).to_be_visible()

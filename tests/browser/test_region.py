"""A rectangle dragged on the scatter lists what lies in it, and its link shows the same."""

from playwright.sync_api import BrowserContext, expect

from tests.browser.test_share import all_pairs


def test_a_dragged_rectangle_filters_and_is_in_the_link(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    compare = page.get_by_role("link", name="Compare")
    every = compare.count()
    picture = page.locator('[data-testid="stVegaLiteChart"] :is(canvas, svg.marks)').first
    expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    # Less than the whole height: the pairs with the largest r stay outside.
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.35 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.7 * box["height"], steps=8)
    page.mouse.up()
    page.wait_for_url("**region=**")
    said = page.get_by_text("Only matches with r from")
    expect(said).to_be_visible()
    other = visitor.new_page()
    other.goto(page.url)
    expect(other.get_by_text(said.inner_text().split(" Show")[0])).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(said).not_to_be_visible()
    expect(compare).to_have_count(every)
    assert "region" not in page.url

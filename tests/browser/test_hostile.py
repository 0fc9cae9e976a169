"""What only a browser shows of hostile text: tooltips, cards, directions, and the files that pages offer."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from dashboard import marks
from tests import hostile
from tests.browser.looks import serious, settled
from tests.serving import serving

A, B, C = hostile.A, hostile.B, hostile.C
EVERY = "show=rare,dense,special,position,token,single_token,stop_token,hub,chance,thin"
FILES = {
    "pairs": f"/pairs?{EVERY},not_mutual&r=-1",
    "unmatched": f"/unmatched?below=1&comparison={A}~{C}",
    "families": f"/families?{EVERY}",
    "neighbourhood": f"/neighbourhood?comparison={A}~{B}",
    "scores": "/scores?table=all",
    "maps": f"/maps?comparison={A}~{B}&region=a:-1,-1,9,9",
    "sql": '/sql?q=SELECT top_token AS "=1%2B1", label FROM features',
}


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the hostile store."""
    folder = hostile.write(tmp_path_factory.mktemp("hostile") / "store")
    with serving(folder, folder.parent / "log") as address:
        yield address


def opened(visitor: BrowserContext, path: str) -> Page:
    page = visitor.new_page()
    page.goto(path)
    settled(page)
    return page


def pair(name: str, space_b: str = B) -> str:
    k = hostile.place(name)
    return f"/pair?a={A}:{k}&b={space_b}:{k}"


@pytest.mark.parametrize("name", ["script", "image", "markdown link"])
def test_a_chart_s_tooltip_is_text(visitor: BrowserContext, name: str) -> None:
    page = opened(visitor, pair(name))
    chart = page.get_by_test_id("stVegaLiteChart").first
    # Units lie one upon another where their activations are equal; the text's own is the strongest.
    chart.locator("path[transform]").filter(visible=True).last.scroll_into_view_if_needed()
    tooltip = page.locator("#vg-tooltip-element.visible")
    for dot in chart.locator(".mark-symbol.role-mark path").all():
        dot.hover(force=True)
        expect(tooltip).to_be_visible()
        if marks.plain(hostile.TEXTS[name])[:10] in tooltip.inner_text():
            break
    expect(tooltip).to_contain_text(marks.plain(hostile.TEXTS[name])[:30])
    assert tooltip.locator("script, img, a").count() == 0
    assert page.evaluate("'hacked' in window") is False


def test_a_point_s_card_is_text(visitor: BrowserContext) -> None:
    page = opened(visitor, f"/maps?comparison={A}~{B}")
    expect(page.locator(".maps")).to_have_attribute("data-drawn", f"{hostile.N},{hostile.N}")
    spot = page.locator(".maps").evaluate(
        """(root, k) => {
          const p = root.picture;
          p.canvas.a.scrollIntoView({block: 'center'});
          const [x, y] = p.pixel('a', p.sides.a.xs[k], p.sides.a.ys[k]);
          const box = p.both.getBoundingClientRect();
          return [x + box.left, y + box.top];
        }""",
        hostile.place("image"),
    )
    page.mouse.move(*spot)
    expect(page.locator(".card")).to_contain_text(marks.plain(hostile.TEXTS["image"], 24))
    assert page.locator(".card img").count() == 0
    assert page.evaluate("'hacked' in window") is False


def left_of(one: Locator, other: Locator) -> bool:
    first, second = one.bounding_box(), other.bounding_box()
    assert first is not None
    assert second is not None
    return first["x"] + first["width"] <= second["x"] + 1


@pytest.mark.parametrize("name", ["override", "isolate", "hebrew", "arabic"])
def test_a_text_that_runs_the_other_way_turns_nothing_around(visitor: BrowserContext, name: str) -> None:
    page = opened(visitor, pair(name))
    before, after = (page.get_by_title(re.compile(f"^{text}\nA: ")).first for text in ("left", "·right"))
    expect(before).to_be_visible()
    assert left_of(before, after)
    heading = page.get_by_role("heading", level=1)
    assert left_of(heading.get_by_role("link").first, heading.get_by_role("link").last)


def test_a_hundred_accents_stay_on_their_line(visitor: BrowserContext) -> None:
    page = opened(visitor, pair("accents"))
    strip = page.locator('span[title*="[accent"]').first
    expect(strip).to_contain_text("[accent ×")


@pytest.mark.parametrize("name", FILES)
def test_no_cell_of_a_file_is_a_formula(visitor: BrowserContext, tmp_path: Path, name: str) -> None:
    page = opened(visitor, FILES[name])
    buttons = page.get_by_test_id("stDownloadButton").filter(has_text="CSV")
    cells: set[str] = set()
    for place in range(buttons.count()):
        with page.expect_download() as started:
            buttons.nth(place).get_by_role("button").click()
        started.value.save_as(tmp_path / "file.csv")
        with (tmp_path / "file.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert {len(row) for row in rows} == {len(rows[0])}
        cells.update(cell for row in rows for cell in row)
    for cell in cells:
        assert not cell.lstrip()[:1] or cell.lstrip()[0] not in "=+-@" or is_number(cell), cell[:80]
    if name in ("pairs", "unmatched", "families", "sql"):
        assert any("<script>window.hacked=1</script>" in cell for cell in cells)
        assert any(hostile.TEXTS["long words"] in cell for cell in cells)


@pytest.mark.parametrize("name", ["script", "image", "style", "override", "long", "accents"])
def test_a_pair_that_leaves_as_a_page_is_text(visitor: BrowserContext, tmp_path: Path, name: str) -> None:
    page = opened(visitor, pair(name))
    with page.expect_download() as started:
        page.get_by_role("button", name="Save as a page").click()
    started.value.save_as(tmp_path / "pair.html")
    happened: list[str] = []
    page.on("dialog", lambda dialog: (happened.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: happened.append(str(error)))
    page.on("request", lambda request: request.url.startswith("file:") or happened.append(request.url))
    page.set_viewport_size({"width": 390, "height": 844})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto((tmp_path / "pair.html").as_uri())
        expect(page.get_by_role("heading", level=1)).to_contain_text("↔")
        assert marks.plain(hostile.TEXTS[name])[:12] in page.locator("main").inner_text()
        assert page.locator("main :is(img, script, iframe, style, link)").count() == 0
        assert page.evaluate("'hacked' in window") is False
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
        assert serious(page) == []
    assert happened == []


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

"""A visitor leaves with it: tables as files and as SQL, charts as pictures, a pair as a page."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Download, Locator, Page, expect

from tests import mapped
from tests.browser.conftest import WAIT, serving
from tests.store import build

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<img src=https://elsewhere.example/x onerror=alert(1)>\u202e"


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard on a store with maps, whose labels and tokens are hostile."""
    rows = mapped.tables(120)
    for one in rows["features"]:
        one |= {"n_active": 100, "firing_rate": 0.01, "top_token": HOSTILE, "label": HOSTILE}
    folder = build.write(tmp_path_factory.mktemp("taken") / "store", rows)
    with serving(folder, tmp_path_factory.mktemp("dashboard") / "log") as address:
        yield address


def clicked(page: Page, button: Locator) -> Download:
    with page.expect_download() as started:
        button.click()
    return started.value


def content(found: Download) -> bytes:
    return Path(found.path()).read_bytes()


def all_pairs(page: Page) -> None:
    shown = "rare,dense,special,position,token,single_token,stop_token,not_mutual,hub,chance,thin"
    page.goto(f"/pairs?show={shown}&sort=feature_a")
    expect(page.get_by_role("link", name="Compare").first).to_be_visible()


def test_a_table_leaves_as_two_files_and_as_the_query_that_made_them(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    all_pairs(page)
    csv, parquet = (clicked(page, page.get_by_role("button", name=kind, exact=True)) for kind in ("CSV", "Parquet"))
    assert [one.suggested_filename for one in (csv, parquet)] == [
        "a~b-pairs-ffffffff.csv",
        "a~b-pairs-ffffffff.parquet",
    ]
    table = pq.read_table(io.BytesIO(content(parquet)))
    assert (table.num_rows, table["feature_b"].to_pylist()[:2]) == (120, [119, 118])
    lines = content(csv).decode().splitlines()
    assert len(lines) == 121
    assert lines[0].split(",") == table.column_names
    page.get_by_role("link", name="Open as SQL").click()
    expect(page.get_by_text("120 rows ·")).to_be_visible()
    expect(page.get_by_label("Query").first).to_have_value(re.compile("FROM judged_matches"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chart_leaves_as_a_picture_that_is_readable_on_paper(browser: Browser, server: str, scheme: str) -> None:
    context = browser.new_context(base_url=server, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT)
    page = context.new_page()
    all_pairs(page)
    box = page.locator(".st-key-picture_pairs_scatter")
    expect(box.locator("[data-testid=stVegaLiteChart] svg")).to_be_visible(timeout=WAIT)
    png, svg = (clicked(page, box.get_by_role("button", name=kind, exact=True)) for kind in ("PNG", "SVG"))
    assert [one.suggested_filename for one in (png, svg)] == ["a~b-token-ffffffff.png", "a~b-token-ffffffff.svg"]
    image = Image.open(io.BytesIO(content(png))).convert("RGB")
    root = ElementTree.fromstring(content(svg))
    assert image.size == pytest.approx([3 * float(root.attrib[name]) for name in ("width", "height")], abs=1)
    assert image.getpixel((2, 2)) == (255, 255, 255)
    # Ink enough for text and dots, all on white.
    dark = sum(image.convert("L").histogram()[:128])
    assert 0.001 < dark / (image.width * image.height) < 0.3
    inks = [text.attrib["fill"] for text in root.iter(f"{SVG}text")]
    assert len(inks) > 5
    assert [ink for ink in inks if lightness(page, ink) > 190] == []
    assert all("textLength" in text.attrib for text in root.iter(f"{SVG}text") if text.text)
    assert b"elsewhere.example" not in content(svg)
    context.close()


def lightness(page: Page, ink: str) -> float:
    """0 to 255, by the browser's own reading of a colour."""
    red, green, blue = page.evaluate(
        """(ink) => {
          const one = document.createElement("canvas").getContext("2d");
          one.fillStyle = ink;
          one.fillRect(0, 0, 1, 1);
          return [...one.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }""",
        ink,
    )
    return float(red + green + blue) / 3


def test_both_maps_leave_as_one_picture(browser: Browser, server: str) -> None:
    context = browser.new_context(base_url=server, color_scheme="dark")
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.goto("/maps?comparison=a~b&region=a:0,0,9,9")
    maps = page.locator(".maps")
    expect(maps).to_have_attribute("data-drawn", "120,120", timeout=WAIT)
    png = clicked(page, maps.get_by_role("button", name="PNG", exact=True))
    assert png.suggested_filename == "a~b-umap-cluster-ffffffff.png"
    image = Image.open(io.BytesIO(content(png))).convert("RGB")
    colours = {colour: n for n, colour in image.getcolors(1 << 20) or []}
    assert max(colours, key=lambda one: colours[one]) == (255, 255, 255)
    blue = sum(n for (r, g, b), n in colours.items() if b > 200 and r < 90)
    orange = sum(n for (r, g, b), n in colours.items() if r > 200 and b < 90)
    assert min(blue, orange) > 500
    context.close()


def test_a_pair_leaves_as_a_page_that_runs_nothing_and_asks_for_nothing(
    visitor: BrowserContext, browser: Browser, server: str, tmp_path: Path
) -> None:
    page = visitor.new_page()
    page.goto("/pair?a=a:0&b=b:0&t_rare=7")
    saved = clicked(page, page.get_by_role("button", name="Save as a page"))
    assert saved.suggested_filename == "a-0~b-0-ffffffff.html"
    file = tmp_path / "pair.html"
    saved.save_as(file)
    for scheme, paper in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(17, 21, 28)")):
        context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 800})  # type: ignore[arg-type]
        other = context.new_page()
        asked: list[str] = []
        said: list[str] = []
        other.on("request", lambda request, asked=asked: asked.append(request.url))
        other.on("console", lambda message, said=said: said.append(message.text))
        other.on("dialog", lambda dialog, said=said: said.append(dialog.message))
        other.goto(file.as_uri())
        expect(other.get_by_role("heading", level=1)).to_have_text("a:0 ↔ b:0")
        assert other.evaluate("getComputedStyle(document.body).backgroundColor") == paper
        assert other.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert asked == [file.as_uri()]
        assert said == []
        link = other.get_by_role("link", name="Open this pair in Homolog").get_attribute("href")
        assert link == f"{server}/pair?store=ffffffff&a=a:0&b=b:0&t_rare=7"
        context.close()


def test_the_schema_browser_asks_what_is_clicked(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/sql")
    page.get_by_text("Tables and columns").click()
    page.wait_for_url("**table=all*")
    page.get_by_role("combobox", name="Table").fill("neighbours")
    page.get_by_role("option", name="neighbours", exact=True).click()
    page.wait_for_url("**table=neighbours*")
    page.reload()
    expect(page.get_by_role("cell", name="The near feature")).to_be_visible()
    page.go_back()
    page.wait_for_url("**table=all*")
    page.get_by_role("link", name="neighbour_rbo").first.click()
    expect(page.get_by_text("20 rows ·")).to_be_visible()
    expect(page.get_by_label("Query").first).to_have_value(re.compile("ORDER BY neighbour_rbo DESC NULLS LAST"))
    page.goto("/sql?q=SELECT pearso FROM matches")
    expect(page.get_by_role("alert").first).to_contain_text('Candidate bindings: "pearson"')

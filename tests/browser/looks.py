"""When a page is done, and whether it can be used: what axe says of it, and whether it is wider than its window."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

DONE = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app || app.dataset.testScriptState !== 'notRunning') return false;
  if (document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')) return false;
  const charts = [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')];
  return charts.every(one => one.querySelector('svg.marks, canvas.marks'));
}"""


def settled(page: Page) -> None:
    """Waits until nothing of the page is on its way."""
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.wait_for_function(DONE)
    # Until then a + beside a pair is a plain link, and no key does anything.
    page.wait_for_function("window.__homologListens")
    # A frame for what was drawn to be laid out.
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


UNMENDED = {("svg-img-alt", ".region_brush_bg"), ("svg-img-alt", ".region_brush")}
"""Rule and place of findings that cannot be mended from here: Vega-Lite draws the rectangle of a selection itself, and
takes no words for it; where it lies is said in a sentence above the table."""


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using the page: rule, place, why."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['html'][:200]} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
        if (one["id"], str(node["target"][-1])) not in UNMENDED
    ]


def wide(page: Page) -> Any:
    """How far the page can be scrolled sideways, in pixels."""
    main = page.get_by_test_id("stMain")
    return main.evaluate(
        "one => Math.max(one.scrollWidth - one.clientWidth, document.documentElement.scrollWidth - innerWidth)"
    )

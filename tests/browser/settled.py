"""When a page is done: its script has run, its charts are drawn, its own browser code has what it needs."""

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
    # A frame for what was drawn to be laid out.
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

"""Two linked maps of 131,072 points each: packing, bytes, redraws in Chromium, and the same points drawn by Altair.

Both pictures are timed from the click on a link to the first drawn pixel, by a warm server, in one browser.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from dashboard import map_pack, map_points
from dashboard.map_links import Region
from store.read import Store
from tests import mapped
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.serving import answers, serving
from tests.store import build

POINTS = 131_072
OPENINGS, REDRAWS = 3, 15
ALTAIR = """
import altair as alt, numpy as np, pandas as pd, streamlit as st
alt.data_transformers.disable_max_rows()
st.set_page_config(layout="wide")
rng = np.random.default_rng(0)
for column in st.columns(2):
    points = pd.DataFrame({{"x": rng.normal(size={n}), "y": rng.normal(size={n}), "r": rng.random({n}),
                           "feature": np.arange({n}), "token": [f"t{{i % 50}}" for i in range({n})]}})
    chart = alt.Chart(points).mark_circle(size=6).encode(x="x", y="y", color="r", tooltip=["feature", "token"])
    column.altair_chart(chart.properties(height=400))
"""
DRAWN = """() => {
  const all = [...document.querySelectorAll('[data-testid="stVegaLiteChart"] canvas')];
  return all.length === 2 && all.every((one) => {
    const middle = one.getContext("2d").getImageData(one.width / 3, one.height / 3, one.width / 3, one.height / 3).data;
    return middle.some((value) => value > 0);
  });
}"""
REDRAW = """(root, n) => {
  const picture = root.picture, times = [];
  for (let i = 0; i < n; i++) {
    picture.region = picture.region ? null : { side: "a", x0: 0, y0: 0, x1: 4 + i, y1: 4 + i };
    const began = performance.now();
    picture.draw();
    times.push(performance.now() - began);
  }
  return times;
}"""


def report(points: int = POINTS) -> None:
    """Print what it takes, each beside Altair where Altair does the same; needs Chromium."""
    if CHROMIUM is None:
        print("Maps: not measured, there is no chromium on the PATH")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = build.write(Path(folder) / "store", mapped.tables(points))
        print(f"Maps: 2 x {points:,} points")
        _server(store)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(180_000)
        with serving(store, Path(folder) / "log") as address:
            ours = _opened(page, f"{address}/maps?comparison=a~b", lambda: page.wait_for_selector(".maps[data-drawn]"))
            redraws = page.locator(".maps").evaluate(REDRAW, REDRAWS)
        altair = _altair(page, Path(folder), points)
        browser.close()
    print(
        f"{'redraw of both maps in Chromium, ms':44}{statistics.median(redraws):10.0f}   (largest {max(redraws):.0f})"
    )
    print(f"{'page opened and drawn, s':44}{ours:10.2f}   Altair {altair:.2f}, {altair / ours:.1f}x")


def _server(folder: Path) -> None:
    """Milliseconds on the server: reading, packing, and a region's sentence; megabytes sent."""
    with Store(folder) as store:
        clock = time.perf_counter
        began = clock()
        tables = [store.map_points(space, "umap") for space in "ab"]
        links = [store.map_links("a~b", side) for side in "ab"]
        read = clock()
        both = map_points.sides((tables[0], tables[1]), (links[0], links[1]))
        joined = clock()
        data = map_pack.pack(both, "name")
        packed = clock()
        found = map_points.reading(both, Region("a", 0.0, 0.0, 4.0, 4.0), 0.3)
        done = clock()
    times = {"questions": read - began, "joined": joined - read, "packed": packed - joined, "region": done - packed}
    for name, seconds in times.items():
        print(f"{name + ', ms':44}{1000 * seconds:10.0f}")
    print(f"{'sent once, MB':44}{len(data) / 1e6:10.1f}   ({len(data) / (2 * found.n_map):.0f} bytes a point)")


def _opened(page: Page, url: str, drawn: Callable[[], object]) -> float:
    """Median seconds until the picture is drawn, the first opening apart."""
    seconds = []
    for _ in range(1 + OPENINGS):
        page.goto("about:blank")
        began = time.perf_counter()
        page.goto(url)
        drawn()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def _altair(page: Page, folder: Path, points: int) -> float:
    script, port = folder / "altair_page.py", 8599
    script.write_text(ALTAIR.format(n=points), encoding="utf-8")
    flags = [f"--server.port={port}", "--server.headless=true", "--browser.gatherUsageStats=false"]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *flags, "--server.address=127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(f"http://127.0.0.1:{port}/_stcore/health"):
            time.sleep(0.3)
        return _opened(page, f"http://127.0.0.1:{port}", lambda: page.wait_for_function(DRAWN))
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    report()

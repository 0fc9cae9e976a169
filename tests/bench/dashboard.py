"""The dashboard on a hundred million activations: every question of the store, every page on the server and in a browser.

`python -m tests.bench.dashboard` prints it beside the targets. Smaller: `--small --rounds 5 --visits 1`.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from dashboard import links, list_links
from dashboard.links import FeatureRef, PairsView
from dashboard.list_links import ListView
from store import records as r
from store.read import Store
from store.schema import DATABASE
from tests.bench import large, questions
from tests.bench.questions import Chooser
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.serving import serving
from tests.visitor import Seen, Visitor

TARGETS = {"question": 20, "server": 300, "content": 1500, "bytes": 8}
"""Milliseconds at the 95th percentile of a question, of a page on the server and in a browser; bytes an activation."""
ROUNDS, VISITS = 40, 3
DONE = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const charts = [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')];
  const maps = document.querySelector(".maps");
  return app && app.dataset.testScriptState === "notRunning"
    && document.querySelector('[data-testid="stMain"] h1')
    && !document.querySelector('[data-testid="stSkeleton"]')
    && charts.every((one) => one.querySelector("canvas, svg"))
    && (!maps || maps.hasAttribute("data-drawn"));
}"""
"""Whether a page has all of its content: the script has ended, and every picture is drawn."""


def report(folder: Path, rounds: int = ROUNDS, visits: int = VISITS) -> None:
    """Print all of it for the store in `folder`; no pages where there are no `visits`."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"Dashboard: {os.cpu_count()} cores; load before it starts {load}, and what else runs makes all of it slower")
    _read(folder / DATABASE)
    with Store(folder) as store:
        _size(folder, store)
        _yardstick()
        _questions(store, rounds)
        pages = Pages(store)
    if visits:
        _yardstick()
        _server(folder, pages, visits)
        _yardstick()
        _browser(folder, pages, visits)
    _yardstick()


def _yardstick() -> None:
    """Says how quick the machine is just now, by work that has nothing to do with a store: to compare two runs by."""
    numbers, took = np.random.default_rng(0).random(1_000_000), []
    for _ in range(9):
        begun = time.perf_counter()
        np.sort(numbers, kind="mergesort")
        took.append(1000 * (time.perf_counter() - begun))
    print(f"\nYardstick: this machine sorts a million numbers in {statistics.median(took):.0f} ms now", flush=True)


def _read(file: Path) -> None:
    """Reads a file once: the disk of a shared machine is not what is measured here."""
    with file.open("rb") as content:
        while content.read(1 << 24):
            pass


def _size(folder: Path, store: Store) -> None:
    counts = store.counts()
    with store.cursor() as cursor:
        blocks = "SELECT count(DISTINCT block_id) FROM pragma_storage_info('activations') WHERE block_id >= 0"
        (used,) = cursor.execute(blocks).fetchone() or (0,)
        (block,) = cursor.execute(
            "SELECT block_size FROM pragma_database_size() WHERE database_name = 'homolog'"
        ).fetchone() or (0,)
    n, whole = counts["activations"], (folder / DATABASE).stat().st_size
    sizes = " and ".join(str(n) for n in sorted({space.n_features for space in store.spaces()}, reverse=True))
    print(
        f"A store of {n:,} activations, {counts['tokens']:,} tokens, spaces of {sizes} features, "
        f"{counts['matches']:,} matches"
    )
    print(
        f"bytes an activation: {used * block / n:.2f} in its table, {whole / n:.2f} of the whole database "
        f"of {whole / 1e9:.2f} GB   (target: the store under {TARGETS['bytes']})"
    )


# Questions -----------------------------------------------------------------------------------------------------------
def _questions(store: Store, rounds: int) -> None:
    target = TARGETS["question"]
    print(
        f"\nQuestions, ms over {rounds} different arguments each; the file was read once, and of what a store keeps in memory\n"
        f"only names, words and vocabularies are asked for again (target: p95 under {target}); processor: of all threads\n"
        "together, which a busy machine disturbs less"
    )
    print(f"{'':24}{'p50':>8}{'p95':>8}{'largest':>9}{'processor p50':>15}{'p95':>8}")
    late = 0
    for took in questions.measure(store, rounds):
        late += took.p95 >= target
        busy = f"{statistics.median(took.cpu):15.1f}{questions.percentile(took.cpu, 95):8.1f}"
        why = questions.PICTURES.get(took.name, "over the target") if took.p95 >= target else ""
        print(f"  {took.name:22}{took.p50:8.1f}{took.p95:8.1f}{max(took.times):9.1f}{busy}  {why}", flush=True)
    print(f"  {late} of {len(questions.names())} over the target")


# Pages ---------------------------------------------------------------------------------------------------------------
class Pages:
    """The pages of the dashboard with links that visitors follow: each time to another feature or pair."""

    def __init__(self, store: Store) -> None:
        chooser = Chooser(store, seed=1)
        largest = max(
            store.comparisons(), key=lambda c: store.space(c.space_a).n_features * store.space(c.space_b).n_features
        )
        self.comparison, self.fingerprint = largest, store.fingerprint
        found = [(a, b) for name, a, b in chooser.homologues if name == largest.comparison] or [
            (a, b) for name, a, b in chooser.candidates if name == largest.comparison
        ]
        self.pairs, self.texts, self.concepts = found, chooser.texts, chooser.concepts

    def refs(self, n: int) -> tuple[FeatureRef, FeatureRef]:
        a, b = self.pairs[n % len(self.pairs)]
        return FeatureRef(self.comparison.space_a, a), FeatureRef(self.comparison.space_b, b)

    def query(self, page: str, n: int) -> dict[str, str]:
        """The link to a page, the n-th of its kind."""
        c, refs = self.comparison, self.refs(n)
        named = {"comparison": c.comparison}
        return {
            "overview": {},
            "pairs": links.pairs_query(self.fingerprint, PairsView(c.comparison, r.PairFilter(min_pearson=0.01 * n))),
            "unmatched": named | {"below": f"{0.3 + 0.01 * n:.2f}"},
            "scores": named,
            "maps": named,
            "pair": links.pair_query(self.fingerprint, *refs),
            "feature": links.feature_query(self.fingerprint, refs[0]),
            "neighbourhood": named | {"a": str(refs[0])},
            "families": {"context": f"{0.01 * n:.2f}"},
            "concepts": {"q": self.texts[n].strip()} if n % 2 else {"concept": self.concepts[n % len(self.concepts)]},
            "sql": {
                "q": f"SELECT * FROM judged_matches() WHERE comparison = '{c.comparison}' AND feature_a = {refs[0].feature}"
            },
            "glossary": {},
            "list": list_links.list_query(self.fingerprint, ListView(tuple(self.refs(n + i) for i in range(5)))),
        }[page]

    def address(self, page: str, n: int) -> str:
        return links.href("" if page == "overview" else page, self.query(page, n))

    @property
    def names(self) -> list[str]:
        return ["overview", *(name for name in links.PAGES if name)]


def _server(folder: Path, pages: Pages, visits: int) -> None:
    """Milliseconds of a page on the server, for visitors without a browser, from a server of its own for each page."""
    target = TARGETS["server"]
    print(
        f"\nPages on the server, ms from a visitor's request to the end of the script, over the websocket: the first of a\n"
        f"fresh server; another link (only its own answers missing); the same link again (medians of {visits}; target: "
        f"under {target})"
    )
    print(f"{'':24}{'fresh':>8}{'another':>9}{'again':>8}{'kB sent':>9}")
    with tempfile.TemporaryDirectory() as logs:
        for name in pages.names:
            with serving(folder, Path(logs) / name) as address:
                took = [_ask(address, pages, name, min(n, 1 + visits)) for n in range(2 + 2 * visits)]
            fresh, another, again = (
                took[0][0],
                *(statistics.median(one for one, _ in some) for some in (took[2 : 2 + visits], took[2 + visits :])),
            )
            late = "over the target" if max(another, again) >= target else ""
            print(f"  {name:22}{fresh:8.0f}{another:9.0f}{again:8.0f}{took[-1][1] / 1000:9.0f}  {late}", flush=True)


def _ask(address: str, pages: Pages, name: str, n: int) -> tuple[float, int]:
    """Milliseconds and bytes of a page for a visitor of its own."""

    async def once() -> Seen:
        async with Visitor(address) as visitor:
            return await visitor.visit(pages.address(name, n))

    seen = asyncio.run(once())
    assert seen.is_whole, seen
    assert not seen.exceptions, seen
    return 1000 * seen.seconds, seen.n_bytes


# A browser -----------------------------------------------------------------------------------------------------------
def _browser(folder: Path, pages: Pages, visits: int) -> None:
    """Milliseconds from the address to all content, in Chromium, from a server of its own for each page."""
    if CHROMIUM is None:
        print("\nIn a browser: not measured, there is no chromium on the PATH")
        return
    print(
        f"\nPages in Chromium, ms until all content is drawn: first visit of a fresh server and browser; warm, another\n"
        f"link in that browser (median of {visits}; target: under {TARGETS['content']})"
    )
    print(f"{'':24}{'cold':>8}{'warm':>8}")
    with tempfile.TemporaryDirectory() as logs, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in pages.names:
            with serving(folder, Path(logs) / name) as address:
                context = browser.new_context(viewport={"width": 1440, "height": 1000})
                page = context.new_page()
                page.set_default_timeout(120_000)
                took = [_visit(page, address, pages, name, n) for n in range(2 + visits)]
                context.close()
            warm = statistics.median(took[2:])
            late = "over the target" if warm >= TARGETS["content"] else ""
            print(f"  {name:22}{took[0]:8.0f}{warm:8.0f}  {late}", flush=True)
        browser.close()


def _visit(page: Page, address: str, pages: Pages, name: str, n: int) -> float:
    page.goto("about:blank")
    began = time.perf_counter()
    page.goto(f"{address}/{pages.address(name, n)}")
    page.wait_for_function(DONE)
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dashboard", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the store is kept; stores/bench-large unless said")
    parser.add_argument("--small", action="store_true", help="a hundred thousand activations instead")
    parser.add_argument("--questions", action="store_true", help="leave out the pages")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"arguments of each question ({ROUNDS})")
    parser.add_argument("--visits", type=int, default=VISITS, help=f"warm visits of each page ({VISITS})")
    asked = parser.parse_args()
    folder = asked.folder or large.FOLDER.with_name("bench-small" if asked.small else "bench-large")
    report(
        large.ready(folder, large.SMALL if asked.small else large.Size()),
        asked.rounds,
        0 if asked.questions else asked.visits,
    )


if __name__ == "__main__":
    main()

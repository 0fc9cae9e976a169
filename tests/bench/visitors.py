"""Fifty visitors at once: server time of every page, errors, and memory, on this machine's processors.

Real websocket sessions against a real `python -m dashboard` on loopback, the visitors in the same machine beside it.
Four times a new store is published under them; the server's memory before each shows whether it comes back to what it
was.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import psutil

from store.schema import DATABASE
from tests import crowd, serving, tiny
from tests.crowd import Crowd, quantile

DEMO = serving.ROOT / "stores" / "demo"
VISITORS, SECONDS, THINK = 50, 300.0, 6.0
PUBLISHED = (0.2, 0.4, 0.6, 0.8)
"""Shares of the time after which a store is published."""
SHARES = (0.1, *(share - 0.01 for share in PUBLISHED), 1.0)
"""At which the memory is told: while answers are first kept, before each publication, at the end."""


def report(store: Path | None = None, visitors: int = VISITORS, seconds: float = SECONDS, think: float = THINK) -> None:
    """Print what 50 visitors of a store see; of the demo's, or of the tiny one where there is none."""
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        found = store or (DEMO if (DEMO / DATABASE).is_file() else _tiny(here))
        folder = here / "store"
        folder.mkdir()
        shutil.copy(found / DATABASE, folder / DATABASE)
        files = renewed(folder, here)
        with serving.started(folder, here / "log") as (address, process):
            memory: list[tuple[float, int]] = []
            server = psutil.Process(process.pid)
            beside = _beside(folder, files, server, memory, seconds)
            seen = asyncio.run(crowd.gather(address, visitors, seconds, think, lambda _: beside))
            assert process.poll() is None, (
                f"the server ended with {process.returncode}: {(here / 'log').read_text()[-2000:]}"
            )
            used = server.cpu_times()
        print(f"Visitors: {visitors} for {seconds:.0f} s, {think:g} s of thought between pages, {found.name}")
        _print(seen, memory, (used.user + used.system) / seconds)


def _tiny(here: Path) -> Path:
    from ingest import config
    from ingest.run import run

    run(*config.read(tiny.write(here / "tiny")), here / "tiny-store")
    return here / "tiny-store"


def renewed(folder: Path, here: Path) -> list[Path]:
    """Two files to publish in turn: the same rows under another fingerprint, and the first file again."""
    other, again = here / "other", here / "again"
    for path in (other, again):
        shutil.copy(folder / DATABASE, path)
    with duckdb.connect(other) as database:
        database.execute("UPDATE build SET fingerprint = reverse(fingerprint)")
    return [other, again]


async def _beside(
    folder: Path, files: list[Path], server: psutil.Process, memory: list[tuple[float, int]], seconds: float
) -> None:
    """Publishes as `ingest` does, by a rename, and notes the server's memory, its children's apart."""
    begun = time.monotonic()
    waiting = list(PUBLISHED)
    while server.is_running() and (now := time.monotonic() - begun) < seconds:
        memory.append((now / seconds, server.memory_info().rss))
        if waiting and now > seconds * waiting[0]:
            waiting.pop(0)
            new = folder / "next"
            # A link, not a copy: the visitors wait in this very process.
            new.hardlink_to(files[(len(waiting) + 1) % 2])
            new.replace(folder / DATABASE)
        await asyncio.sleep(0.5)


def _print(seen: Crowd, memory: list[tuple[float, int]], processors: float) -> None:
    print(f"{'page':16}{'visits':>8}{'p50, s':>10}{'p95, s':>10}{'max, s':>10}")
    every = sorted(one.seconds for one in seen.seen)
    for page, ordered in {**seen.by_page(), "all": every}.items():
        figures = "".join(f"{quantile(ordered, share):10.2f}" for share in (0.5, 0.95, 1.0))
        print(f"{page:16}{len(ordered):8}{figures}")
    faults = seen.faults()
    print(f"{'errors':16}{len(faults):8}   {'; '.join(faults[:5])}")
    print(f"{'console busy':16}{seen.n_busy:8}")
    print(f"{'endless asked':16}{sum(seen.stopped.values()):8}   {dict(seen.stopped)}")
    levels = [next(size for at, size in reversed(memory) if at <= share) / 2**20 for share in SHARES]
    at = ", ".join(f"{level:.0f} at {share:.0%}" for level, share in zip(levels, SHARES, strict=True))
    print(f"{'memory, MB':16}   {at} of the time")
    print(f"{'processors':16}{processors:8.2f}   used by the server")


if __name__ == "__main__":
    report(Path(sys.argv[1]) if len(sys.argv) > 1 else None)

"""Progress bars on the terminal, and one line a step in `run.log`: seconds, rate and peak memory."""

import logging
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import MemoryHandler
from pathlib import Path

from tqdm import tqdm

log = logging.getLogger("homolog.ingest")


def peak_memory() -> float:
    """Largest resident size of this process so far, in GB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)


def warn(line: str) -> None:
    """A line that should be seen now, on the terminal, and found again, in the log."""
    log.warning("warning: %s", line)
    if not log.disabled:
        tqdm.write(f"homolog: warning: {line}", file=sys.stderr)


@contextmanager
def step(name: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """A bar with an estimate of what is left; yields the function that advances it. Logs the rate at the end."""
    started = time.perf_counter()
    hidden = {"disable": True} if log.disabled else {}  # where it is not said, tqdm's own environment decides
    look = {"unit": unit, "unit_scale": True, "desc": f"{name:<42}", "dynamic_ncols": True, "leave": True}
    with tqdm(total=total, **look, **hidden) as bar:
        yield bar.update
    seconds = time.perf_counter() - started
    rate = total / seconds if seconds else 0.0
    log.info(
        "%-42s %12s %-9s %8.1f s %14s %s/s  peak %.2f GB",
        name,
        f"{total:,}",
        unit,
        seconds,
        f"{rate:,.0f}",
        unit,
        peak_memory(),
    )


class _Log(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """A line that finds no room on the disk is lost: the step that finds none says so."""


@contextmanager
def logging_to(path: Path, speaks: bool = True) -> Iterator[Callable[[], None]]:
    """Send this package's log to the file while inside; appends, so that a resumed run keeps its history.

    Yields a function: until it is called the lines are held back, so that a run whose input is refused writes nothing.
    One of several ranks speaks; the others write no line and show no bar.
    """
    if not speaks:
        log.disabled = True
        try:
            yield lambda: None
        finally:
            log.disabled = False
        return
    lines = MemoryHandler(capacity=10_000, flushLevel=logging.CRITICAL, flushOnClose=False)
    lines.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    log.propagate = False

    def begin() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _Log(path, encoding="utf-8")
        file.setFormatter(lines.formatter)
        lines.setTarget(file)
        lines.flush()
        lines.flushLevel = logging.NOTSET

    try:
        yield begin
    finally:
        log.removeHandler(lines)
        if lines.target is not None:
            lines.target.close()
        lines.close()

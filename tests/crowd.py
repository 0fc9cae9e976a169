"""Many visitors at once: each wanders along real links for a bounded time, one asks endless questions all the while."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from dashboard.links import PAGES
from tests.visitor import Seen, Visitor

ENDLESS = (
    "select count(*) from range(10000000) a, range(10000000) b",
    "with recursive r as (select 1 x union all select x + 1 from r) select max(x) from r",
    "select levenshtein(repeat('a', 100000), repeat('b', 100000))",
    "select repeat('x', 20000000) from range(64)",
)
QUESTIONS = (
    "select reasons, count(*) from judged_matches() group by all order by 2 desc limit 20",
    "select space, count(*), max(activation) from activations group by all order by all",
    "from features order by n_active desc limit 50",
)
BUSY = "the console is busy"
TROUBLE = ("cannot be read", "is being written", "needs another version", "did not answer", "is not here")
"""Parts of the titles of `components.trouble`."""


@dataclass
class Crowd:
    """What all visitors saw together."""

    seen: list[Seen] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Sessions that ended by themselves."""
    n_busy: int = 0
    """Questions that were told that the console is busy."""
    stopped: Counter[str] = field(default_factory=Counter)
    """What the endless questions were told."""

    def faults(self) -> list[str]:
        """Every page that broke, in a line."""
        found = list(self.lost)
        for one in self.seen:
            found += [f"{one.target}: {line}" for line in one.exceptions]
            found += [f"{one.target}: {title}" for title in one.titles if any(word in title for word in TROUBLE)]
            found += [f"{one.target}: {line}" for line in one.alerts if BUSY not in line]
            found += [] if one.is_whole else [f"{one.target}: did not end"]
        return found

    def by_page(self) -> dict[str, list[float]]:
        """Seconds of every visit, sorted, by page."""
        found: dict[str, list[float]] = {}
        for one in self.seen:
            found.setdefault(one.page, []).append(one.seconds)
        return {page: sorted(seconds) for page, seconds in sorted(found.items())}


def quantile(ordered: list[float], share: float) -> float:
    """The smallest value that `share` of the sorted values do not pass."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


async def gather(
    address: str,
    visitors: int,
    seconds: float,
    think: float,
    beside: Callable[[Crowd], Awaitable[None]] | None = None,
    seed: int = 0,
) -> Crowd:
    """`visitors` wander, each with pauses of `think` seconds on average, and one more asks without an end.

    `beside` runs beside them (it publishes a store, say), and ends with them.
    """
    crowd = Crowd()
    until = time.monotonic() + seconds
    tasks = [_wander(address, crowd, random.Random(seed * 1000 + number), until, think) for number in range(visitors)]
    side = asyncio.ensure_future(beside(crowd)) if beside else None
    await asyncio.gather(*tasks, _ask_without_end(address, crowd, until))
    if side is not None:
        if side.done():
            side.result()
        side.cancel()
    return crowd


async def _wander(address: str, crowd: Crowd, rng: random.Random, until: float, think: float) -> None:
    await asyncio.sleep(rng.uniform(0, think))
    target = "nothing yet"
    try:
        async with Visitor(address) as visitor:
            target = ""
            while time.monotonic() < until:
                seen = await visitor.visit(target)
                crowd.seen.append(seen)
                crowd.n_busy += any(BUSY in line for line in seen.alerts)
                target = _next(rng, seen)
                await asyncio.sleep(rng.expovariate(1 / think))
    except (OSError, EOFError, TimeoutError) as error:
        crowd.lost.append(f"{target}: {type(error).__name__} {error}")


def _next(rng: random.Random, seen: Seen) -> str:
    """Mostly a link of the page that was seen, else a page of the bar, else an own question."""
    dice = rng.random()
    if dice < 0.05:
        return f"sql?q={quote(rng.choice(QUESTIONS))}"
    if seen.links and dice < 0.7:
        return rng.choice(seen.links)
    return rng.choice(PAGES)


async def _ask_without_end(address: str, crowd: Crowd, until: float) -> None:
    number = 0
    async with Visitor(address) as visitor:
        while time.monotonic() < until:
            seen = await visitor.visit(f"sql?q={quote(ENDLESS[number % len(ENDLESS)])}")
            crowd.stopped.update(seen.alerts or ["answered"])
            if seen.exceptions:
                crowd.lost += [f"endless question: {line}" for line in seen.exceptions]
            number += 1

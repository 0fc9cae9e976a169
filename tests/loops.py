"""Coroutines where an event loop may be running already: a browser that lives for a session keeps one in its thread."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Answer = TypeVar("Answer")


def run(coroutine: Coroutine[object, object, Answer]) -> Answer:
    """What the coroutine returns or raises, run to its end in a thread with a loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()

"""The process in which visitors' SQL runs: `python -m store.worker DIR`. One JSON object a line, in and out.

First it says the fingerprint of the store that it opened, or what is wrong with it. Then it answers questions, one
after the other, until its input ends. It gives way to every other process, cannot write a file, and has little memory:
what DuckDB's own limit does not count (the text of a large cell, say) is held by the system's.
"""

import dataclasses
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from store import console
from store.connection import THREADS
from store.errors import QueryRefused, QueryStopped, StoreError
from store.read import Store

MEMORY = "512MB"
"""Most memory that DuckDB holds in it."""
LARGEST = 2**30
"""Bytes that the whole process may have allocated."""
OWN_THREADS = max(1, THREADS // 2)
"""Threads of one question: half of what pages have."""
LATE = 5.0
"""Seconds of processor time past a question's limit after which the system ends it, should nobody else be left to."""


def main(folder: Path) -> int:
    _confine()
    try:
        store = Store(folder, memory=MEMORY, threads=OWN_THREADS)
    except StoreError as error:
        _say({"trouble": str(error), "kind": type(error).__name__})
        return 1
    with store:
        _say({"fingerprint": store.fingerprint})
        for line in sys.stdin:
            reply = _answer(store, json.loads(line))
            _say(reply)
            if "stopped" in reply:
                # What a stopped question allocated may never be given back, and DuckDB may be left in pieces.
                return 0
    return 0


def _answer(store: Store, asked: dict[str, Any]) -> dict[str, Any]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = used.ru_utime + used.ru_stime + OWN_THREADS * (asked["seconds"] + LATE)
    resource.setrlimit(resource.RLIMIT_CPU, (int(most) + 1, resource.RLIM_INFINITY))
    try:
        table = console.run(store, **asked)
    except QueryStopped as error:
        return {"stopped": str(error)}
    except QueryRefused as error:
        # After DuckDB's worst errors every further question to the same instance fails.
        is_broken = str(error).startswith(("FATAL", "INTERNAL"))
        return {"stopped" if is_broken else "refused": str(error)}
    return {"table": {field.name: getattr(table, field.name) for field in dataclasses.fields(table)}}


def _confine() -> None:
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_DATA, (LARGEST, LARGEST))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, allow_nan=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)

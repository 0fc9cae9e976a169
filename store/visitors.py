"""Visitors' SQL beside a server: in processes of their own, a few at once, so that it delays no page and breaks none.

Tried with DuckDB 2.0 in one process under `memory_limit=256MB`: `repeat('x', 1500000000)` took 2.9 GB and did not hear
an interrupt for 8 s, `levenshtein` of two long texts heard none, and a lambda over a list of 20 million ended the
process where memory ran out. None of this can be stopped from inside; a process can.
"""

import json
import os
import selectors
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from store import console, errors
from store.errors import QueryRefused, QueryStopped, StoreReplaced
from store.records import Table

AT_ONCE = 2
"""Questions that run at the same time."""
PATIENCE = 5.0
"""Seconds that a question waits for its turn."""
GRACE = 2.0
"""Seconds past its limit after which a question that did not hear the interrupt loses its process."""
STARTING = 30.0
"""Seconds that a process may take to open the store."""
TICK = 0.25
"""Seconds between two calls of `waiting`."""
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")
"""All that a process sees of the environment: the server's may hold secrets."""


class Visitors:
    """Asks for visitors, from any thread. Processes start when they are needed, and serve one store as it was then."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        self.at_once = at_once
        self.patience = patience
        self._turns = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []

    def run(
        self,
        folder: Path,
        fingerprint: str,
        sql: str,
        *,
        max_rows: int,
        max_bytes: int = 5_000_000,
        seconds: float,
        max_cell: int = console.CELL,
        waiting: Callable[[], None] = lambda: None,
    ) -> Table:
        """What `console.run` answers and raises, for the store in `folder` that has this `fingerprint`.

        `waiting` is called a few times a second; when it raises, the question is dropped. Raises `NotAStore` or
        `WrongSchema` when the store cannot be opened, `StoreReplaced` when another one is there now.
        """
        self._take_turn(waiting)
        try:
            worker = self._take(folder, fingerprint, waiting)
            try:
                asked = {"sql": sql, "max_rows": max_rows, "max_bytes": max_bytes, "seconds": seconds}
                asked["max_cell"] = max_cell
                reply = worker.ask(asked, seconds + GRACE, waiting)
            except BaseException:
                worker.end()
                raise
            if "table" in reply or "refused" in reply:
                self._put_back(worker)
            else:
                worker.end()
        finally:
            self._turns.release()
        return _table(reply, seconds)

    def close(self) -> None:
        """Ends the processes that wait; those that answer end with their question."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _take_turn(self, waiting: Callable[[], None]) -> None:
        until = time.monotonic() + self.patience
        while not self._turns.acquire(timeout=TICK):
            waiting()
            if time.monotonic() >= until:
                raise QueryRefused(
                    f"the console is busy: {self.at_once} questions of other visitors are running; "
                    "try again in a few seconds"
                )

    def _take(self, folder: Path, fingerprint: str, waiting: Callable[[], None]) -> "_Worker":
        """A process that has this store open: one that waits, or a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
            mine = [worker for worker in idle if (worker.folder, worker.fingerprint) == (folder, fingerprint)]
            found = mine.pop() if mine else None
            self._idle = mine
        for worker in idle:
            if worker is not found and worker not in mine:
                worker.end()
        if found is not None:
            return found
        worker = _Worker(folder, waiting)
        if worker.fingerprint != fingerprint:
            worker.end()
            raise StoreReplaced(f"another store was published in {folder}; ask again")
        return worker

    def _put_back(self, worker: "_Worker") -> None:
        with self._lock:
            self._idle.append(worker)


class _Worker:
    """One process of `store.worker`, asked by one thread at a time."""

    def __init__(self, folder: Path, waiting: Callable[[], None]) -> None:
        self.folder = folder
        package = str(Path(__file__).resolve().parent.parent)
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {"PYTHONPATH": package}
        # A session of its own, so that Ctrl-C in the server's terminal reaches the server only.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "store.worker", str(folder.resolve())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True,
        )  # fmt: skip
        self.end = weakref.finalize(self, _end, self._process)
        try:
            said = self._read(STARTING, waiting)
        except BaseException:
            self.end()
            raise
        if "trouble" in said:
            self.end()
            raise getattr(errors, said["kind"])(said["trouble"])
        if "fingerprint" not in said:
            self.end()
            raise QueryRefused("the console did not start; try again, and look at what the server printed")
        self.fingerprint = str(said["fingerprint"])

    def ask(self, question: dict[str, Any], seconds: float, waiting: Callable[[], None]) -> dict[str, Any]:
        """Its reply; an empty one when it ended, and `late` when it did not answer within `seconds`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return {}
        return self._read(seconds, waiting)

    def _read(self, seconds: float, waiting: Callable[[], None]) -> dict[str, Any]:
        out = self._process.stdout
        assert out is not None
        until = time.monotonic() + seconds
        found = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            while not found.endswith(b"\n"):
                if time.monotonic() >= until:
                    return {"late": True}
                if not selector.select(TICK):
                    waiting()
                elif part := os.read(out.fileno(), 2**20):
                    found += part
                else:
                    return {}
        reply: dict[str, Any] = json.loads(found)
        return reply


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with suppress(BrokenPipeError):
            pipe.close()
    process.wait()


def _table(reply: dict[str, Any], seconds: float) -> Table:
    if "table" in reply:
        found = reply["table"]
        rows = tuple(tuple(row) for row in found.pop("rows"))
        columns, types = tuple(found.pop("columns")), tuple(found.pop("types"))
        return Table(columns, types, rows, **found)
    if "refused" in reply:
        raise QueryRefused(reply["refused"])
    if "stopped" in reply:
        raise QueryStopped(reply["stopped"])
    raise QueryStopped(console.too_slow(seconds) if "late" in reply else console.TOO_LARGE)

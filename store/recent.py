"""Columns that several questions are answered from, kept for those who ask next."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

KEPT = 64_000_000
"""Bytes of columns that are kept in memory, all together."""
ROW = 1000
"""Bytes that columns count as beside their numbers, however short they are."""
Columns = TypeVar("Columns")


class Recent:
    """Columns that were asked for last, `KEPT` bytes of them at most. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, ask: Callable[[], Columns]) -> Columns:
        """What is kept under a key, else what `ask` gives: a record whose fields are numpy arrays."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                known: Columns = self._kept[key]
                return known
        found = ask()
        if size(found) > KEPT:
            return found
        with self._lock:
            self._bytes += size(found) - (size(self._kept[key]) if key in self._kept else 0)
            self._kept[key] = found
            while self._bytes > KEPT:
                self._bytes -= size(self._kept.popitem(last=False)[1])
        return found

    def clear(self) -> None:
        """Lets go of all of it."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0


def size(columns: Any) -> int:
    """Bytes of a record's arrays."""
    return ROW + sum(int(column.nbytes) for column in vars(columns).values())

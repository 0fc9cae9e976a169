"""Columns that several questions are answered from, kept for those who ask next."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sized
from typing import Any, TypeVar

KEPT = 2_000_000
"""Rows whose columns are kept in memory, all together: some tens of megabytes."""
ROW = 1000
"""What columns count as, however short they are."""
Columns = TypeVar("Columns", bound=Sized)


class Recent:
    """Columns that were asked for last, `KEPT` rows of them at most. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, ask: Callable[[], Columns]) -> Columns:
        """What is kept under a key, else what `ask` gives."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                known: Columns = self._kept[key]
                return known
        found = ask()
        if ROW + len(found) > KEPT:
            return found
        with self._lock:
            self._kept[key] = found
            while sum(ROW + len(one) for one in self._kept.values()) > KEPT:
                self._kept.popitem(last=False)
        return found

"""The order of the Pairs table: which pair is before another, and which after."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Order:
    """The matches that pass a filter by what they are sorted by, largest first; columns of one length."""

    a: npt.NDArray[np.int64]
    b: npt.NDArray[np.int64]
    key: npt.NDArray[np.float64]
    """-inf: unknown."""

    def __len__(self) -> int:
        return len(self.key)

    def of(self, a: int, b: int) -> float | None:
        """The key of a pair, or None where it does not pass."""
        found = np.flatnonzero((self.a == a) & (self.b == b))
        return float(self.key[found[0]]) if len(found) else None

    def beside(self, key: float, a: int, b: int) -> tuple[tuple[int, int] | None, tuple[int, int] | None, int]:
        """The pairs before and after the place of a key and a pair, and that place from 1."""
        is_tie = self.key == key
        is_first = (self.a < a) | ((self.a == a) & (self.b < b))
        is_before = (self.key > key) | (is_tie & is_first)
        is_after = ~is_before & ~(is_tie & (self.a == a) & (self.b == b))
        return self._edge(is_before, last=True), self._edge(is_after, last=False), int(is_before.sum()) + 1

    def _edge(self, some: "np.ndarray[Any, Any]", *, last: bool) -> tuple[int, int] | None:
        """The last or the first of some."""
        places = np.flatnonzero(some)
        if not len(places):
            return None
        keys = self.key[places]
        places = places[keys == (keys.min() if last else keys.max())]
        ranked = np.lexsort((self.b[places], self.a[places]))
        found = places[ranked[-1 if last else 0]]
        return int(self.a[found]), int(self.b[found])

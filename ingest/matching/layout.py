"""How the kernels read a side: by feature, or by unit. Units stand in an order that keeps those of one token together:
what a feature fires on then lies close together, and a stratum is a stretch of units.
"""

from dataclasses import dataclass

import numba
import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Columns:
    """A side by feature: 8 bytes an activation."""

    indptr: np.ndarray
    """int64 of shape (feature + 1,)."""
    place: np.ndarray
    """int32 of shape (activation,): place of the unit in the common order, ascending within a feature."""
    value: np.ndarray
    """float32 of shape (activation,)."""

    @staticmethod
    def of(by_unit: csr_array, order: np.ndarray) -> "Columns":
        parts = _transposed(order, by_unit.indptr, by_unit.indices, by_unit.data, by_unit.shape[1])
        return Columns(*parts)

    @property
    def n_features(self) -> int:
        return len(self.indptr) - 1

    def similar(self) -> np.ndarray:
        """int64 of shape (feature,): all features, those that fire around the same place after each other.

        In this order they meet units that are still in the cache.
        """
        if not len(self.place):
            return np.arange(self.n_features)
        middle = (self.indptr[:-1] + self.indptr[1:]) // 2
        return np.argsort(self.place[np.minimum(middle, len(self.place) - 1)], kind="stable")

    def only(self, features: np.ndarray) -> "Columns":
        """These features, in the order given."""
        index, indptr = ranges(self.indptr, features)
        return Columns(indptr, self.place[index], self.value[index])


def ranges(indptr: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(index, indptr) of the entries of the chosen rows of a compressed matrix, in the order given."""
    size = (indptr[1:] - indptr[:-1])[chosen]
    ends = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    return np.repeat(indptr[chosen] - ends[:-1], size) + np.arange(ends[-1]), ends


@dataclass(frozen=True)
class Rows:
    """A side by unit, in the common order: 8 bytes an activation."""

    indptr: np.ndarray
    """int64 of shape (place + 1,)."""
    entries: np.ndarray
    """int32 of shape (2 * activation,): the feature and the bits of its float32 activation, side by side, so that a
    unit is one stretch of memory."""
    n_features: int

    @staticmethod
    def of(by_unit: csr_array, order: np.ndarray) -> "Rows":
        indptr = np.concatenate([[0], np.cumsum(np.diff(by_unit.indptr)[order])]).astype(np.int64)
        entries = np.empty(2 * len(by_unit.data), np.int32)
        _gathered(order, by_unit.indptr, by_unit.indices, by_unit.data, indptr, entries, entries.view(np.float32))
        return Rows(indptr, entries, by_unit.shape[1])

    @property
    def n_units(self) -> int:
        return len(self.indptr) - 1

    @property
    def feature(self) -> np.ndarray:
        """int32 of shape (activation,), a view."""
        return self.entries[::2]

    @property
    def value(self) -> np.ndarray:
        """float32 of shape (activation,), a view."""
        return self.entries.view(np.float32)[1::2]

    def columns(self) -> Columns:
        """The same activations by feature."""
        return Columns(*_transposed(np.arange(self.n_units), self.indptr, self.feature, self.value, self.n_features))

    def permuted(self, row: np.ndarray) -> "Rows":
        """The rows in another order: `row` is int64 of shape (place,). A copy."""
        indptr = np.concatenate([[0], np.cumsum(np.diff(self.indptr)[row])]).astype(np.int64)
        entries = np.empty_like(self.entries)
        _gathered(row, self.indptr, self.feature, self.value, indptr, entries, entries.view(np.float32))
        return Rows(indptr, entries, self.n_features)

    def only(self, features: np.ndarray) -> "Rows":
        """These features, numbered in the order given."""
        number = np.full(self.n_features, -1, np.int32)
        number[features] = np.arange(len(features))
        indptr = np.zeros(self.n_units + 1, np.int64)
        _selected_count(self.indptr, self.entries, number, indptr[1:])
        np.cumsum(indptr, out=indptr)
        entries = np.empty(2 * indptr[-1], np.int32)
        _selected(self.indptr, self.entries, number, indptr, entries)
        return Rows(indptr, entries, len(features))


def _transposed(
    order: np.ndarray, indptr: np.ndarray, feature: np.ndarray, value: np.ndarray, n_features: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By feature: each thread takes a stretch of places, counts, and then writes behind the threads before it."""
    cuts = np.linspace(0, len(order), numba.get_num_threads() + 1).astype(np.int64)
    counts = np.zeros((len(cuts) - 1, n_features), np.int64)
    _counted(cuts, order, indptr, feature, counts)
    ends = np.concatenate([[0], np.cumsum(counts.sum(0))]).astype(np.int64)
    at = ends[:-1] + np.cumsum(counts, axis=0) - counts
    place, activation = np.empty(ends[-1], np.int32), np.empty(ends[-1], np.float32)
    _scattered(cuts, order, indptr, feature, value, at, place, activation)
    return ends, place, activation


@numba.njit(parallel=True, cache=True, nogil=True)
def _counted(cuts, order, indptr, feature, counts):  # type: ignore[no-untyped-def]
    for part in numba.prange(len(counts)):
        mine = counts[part]
        for p in range(cuts[part], cuts[part + 1]):
            for k in range(indptr[order[p]], indptr[order[p] + 1]):
                mine[feature[k]] += 1


@numba.njit(parallel=True, cache=True, nogil=True)
def _scattered(cuts, order, indptr, feature, value, at, place, activation):  # type: ignore[no-untyped-def]
    for part in numba.prange(len(at)):
        mine = at[part]
        for p in range(cuts[part], cuts[part + 1]):
            for k in range(indptr[order[p]], indptr[order[p] + 1]):
                here = mine[feature[k]]
                place[here], activation[here] = p, value[k]
                mine[feature[k]] = here + 1


@numba.njit(parallel=True, cache=True, nogil=True)
def _gathered(order, indptr, feature, value, to, entries, bits):  # type: ignore[no-untyped-def]
    for p in numba.prange(len(order)):
        start = indptr[order[p]]
        for k in range(to[p + 1] - to[p]):
            here = 2 * (to[p] + k)
            entries[here], bits[here + 1] = feature[start + k], value[start + k]


@numba.njit(parallel=True, cache=True, nogil=True)
def _selected_count(indptr, entries, number, counts):  # type: ignore[no-untyped-def]
    for p in numba.prange(len(counts)):
        for k in range(indptr[p], indptr[p + 1]):
            counts[p] += number[entries[2 * k]] >= 0


@numba.njit(parallel=True, cache=True, nogil=True)
def _selected(indptr, entries, number, to, chosen):  # type: ignore[no-untyped-def]
    for p in numba.prange(len(to) - 1):
        here = to[p]
        for k in range(indptr[p], indptr[p + 1]):
            if number[entries[2 * k]] >= 0:
                chosen[2 * here], chosen[2 * here + 1] = number[entries[2 * k]], entries[2 * k + 1]
                here += 1

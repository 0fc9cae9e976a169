"""Sums within strata, sparse: of each feature over the strata it fires in, and of each stratum over its features."""

from dataclasses import dataclass

import numba
import numpy as np

from ingest.matching.layout import Columns, Rows, ranges
from ingest.matching.moments import Strata


@dataclass(frozen=True)
class StratumSums:
    """By feature, strata ascending: 20 bytes for each (feature, stratum) with any activation."""

    indptr: np.ndarray
    """int64 of shape (feature + 1,)."""
    stratum: np.ndarray
    """int32."""
    total: np.ndarray
    """float64, A_s: sum of the activation in the stratum."""
    spread: np.ndarray
    """float64, SS_s: sum of squares about the stratum's mean."""

    @staticmethod
    def of(columns: Columns, strata: Strata) -> "StratumSums":
        of_place, n = strata.of_unit.astype(np.int32), len(strata.size)
        counts = np.zeros(columns.n_features, np.int64)
        scratch = np.full((numba.get_num_threads(), n), -1, np.int64)
        _count(columns.indptr, columns.place, of_place, scratch, counts)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        stratum, total, spread = np.empty(indptr[-1], np.int32), np.zeros(indptr[-1]), np.zeros(indptr[-1])
        scratch.fill(-1)
        out = (stratum, total, spread)
        _fill(columns.indptr, columns.place, columns.value, of_place, strata.size, indptr, scratch, *out)
        return StratumSums(indptr, *out)

    def only(self, features: np.ndarray) -> "StratumSums":
        """These features, in the order given."""
        index, indptr = ranges(self.indptr, features)
        return StratumSums(indptr, self.stratum[index], self.total[index], self.spread[index])


@dataclass(frozen=True)
class StratumLists:
    """By stratum, features in no order: 12 bytes for each (feature, stratum) with any activation."""

    indptr: np.ndarray
    """int64 of shape (stratum + 1,)."""
    feature: np.ndarray
    """int32."""
    total: np.ndarray
    """float64."""

    @staticmethod
    def of(rows: Rows, strata: Strata) -> "StratumLists":
        """`strata` follow each other in the order of the rows."""
        starts = np.concatenate([[0], np.cumsum(strata.size)]).astype(np.int64)
        counts = np.zeros(len(strata.size), np.int64)
        scratch = np.full((numba.get_num_threads(), rows.n_features), -1, np.int64)
        values = rows.entries.view(np.float32)
        _count_features(starts, rows.indptr, rows.entries, scratch, counts)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        feature, total = np.empty(indptr[-1], np.int32), np.zeros(indptr[-1])
        scratch.fill(-1)
        _fill_features(starts, rows.indptr, rows.entries, values, indptr, scratch, feature, total)
        return StratumLists(indptr, feature, total)


@numba.njit(parallel=True, cache=True, nogil=True)
def _count(indptr, place, of_place, seen, counts):  # type: ignore[no-untyped-def]
    for f in numba.prange(len(counts)):
        mine = seen[numba.get_thread_id()]
        n = 0
        for k in range(indptr[f], indptr[f + 1]):
            s = of_place[place[k]]
            if mine[s] != f:
                mine[s] = f
                n += 1
        counts[f] = n


@numba.njit(parallel=True, cache=True, nogil=True)
def _fill(indptr, place, value, of_place, size, to, where, stratum, total, spread):  # type: ignore[no-untyped-def]
    for f in numba.prange(len(to) - 1):
        mine = where[numba.get_thread_id()]
        first, end = to[f], to[f]
        for k in range(indptr[f], indptr[f + 1]):
            s = of_place[place[k]]
            if mine[s] < first or mine[s] >= end:
                stratum[end] = s
                mine[s] = end
                end += 1
        stratum[first:end].sort()
        for k in range(first, end):
            mine[stratum[k]] = k
        for k in range(indptr[f], indptr[f + 1]):
            v = np.float64(value[k])
            here = mine[of_place[place[k]]]
            total[here] += v
            spread[here] += v * v
        for k in range(first, end):
            spread[k] = max(0.0, spread[k] - total[k] * total[k] / size[stratum[k]])


@numba.njit(parallel=True, cache=True, nogil=True)
def _count_features(starts, indptr, entries, seen, counts):  # type: ignore[no-untyped-def]
    for s in numba.prange(len(counts)):
        mine = seen[numba.get_thread_id()]
        n = 0
        for k in range(indptr[starts[s]], indptr[starts[s + 1]]):
            f = entries[2 * k]
            if mine[f] != s:
                mine[f] = s
                n += 1
        counts[s] = n


@numba.njit(parallel=True, cache=True, nogil=True)
def _fill_features(starts, indptr, entries, values, to, where, feature, total):  # type: ignore[no-untyped-def]
    for s in numba.prange(len(to) - 1):
        mine = where[numba.get_thread_id()]
        first, end = to[s], to[s]
        for k in range(indptr[starts[s]], indptr[starts[s + 1]]):
            f = entries[2 * k]
            here = mine[f]
            if here < first or here >= end:
                here = end
                feature[here] = f
                mine[f] = here
                end += 1
            total[here] += np.float64(values[2 * k + 1])

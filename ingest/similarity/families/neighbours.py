"""Neighbours: are the rows near row i of X those near row i of Y?

Every metric here is a mean over rows of weights summed over the rows that both lists hold. The lists are found once; a
permutation renames the entries of one of them.
"""

from collections.abc import Sequence

import numba
import numpy as np

from ingest.similarity.arrays import directions, need_rows, whole
from ingest.similarity.registry import Prepared, metric
from ingest.similarity.score import Undefined

BLIND = frozenset({"rotation", "scale", "rows", "columns"})
BLOCK = 1 << 22
"""Cosines held at once."""


def nearest(matrix: np.ndarray, k: int, side: str) -> tuple[np.ndarray, int]:
    """int32 of shape (row, k): the k nearest other rows by cosine, nearest first; and how many rows have an equal.

    Cosines that differ in rounding alone are equal, and the smaller row number comes first. Holds `BLOCK` cosines.
    Raises `Undefined` for a row of zeros.
    """
    unit = directions(matrix, side)
    found, first = np.empty((len(unit), k), np.int32), np.empty(len(unit))
    step = max(1, BLOCK // len(unit))
    for start in range(0, len(unit), step):
        cosine = np.round(unit[start : start + step] @ unit.T, 12)
        _best(cosine, start, found[start : start + step], first[start : start + step])
    return found, int((first >= 1).sum())


@numba.njit(parallel=True, cache=True, nogil=True)
def _best(cosine, start, found, first):  # type: ignore[no-untyped-def]
    k = found.shape[1]
    for i in numba.prange(len(cosine)):
        best = np.full(k, -np.inf)
        for j in range(cosine.shape[1]):
            value = cosine[i, j]
            if value > best[k - 1] and j != start + i:
                at = k - 1
                while at > 0 and value > best[at - 1]:
                    best[at], found[i, at] = best[at - 1], found[i, at - 1]
                    at -= 1
                best[at], found[i, at] = value, j
        first[i] = best[0]


@numba.njit(cache=True, nogil=True)
def _overlap(near_x, near_y, order, weight, scale):  # type: ignore[no-untyped-def]
    """Mean over rows of scale[m] * sum of weight[r, s] over the m rows that stand at r and s of the two lists.

    Rows are unsigned: a signed index is checked for its sign each time.
    """
    n, k = near_x.shape
    place, seen, at, total = np.empty(n, np.uint32), np.zeros(n, np.uint32), np.empty(n, np.uint32), 0.0
    for i in range(n):
        place[order[i]] = i
    for i in range(n):
        mine, theirs = near_x[i], near_y[order[i]]
        for r in range(k):
            seen[mine[r]] = i + 1
            at[mine[r]] = r
        m, part = 0, 0.0
        for s in range(k):
            j = place[theirs[s]]
            if seen[j] == i + 1:
                m += 1
                part += weight[at[j], s]
        total += part * scale[m]
    return total / n


def _prepared(X: np.ndarray, Y: np.ndarray, weight: np.ndarray, scale: np.ndarray, note: str | None = None) -> Prepared:
    """`weight` is float64 of shape (k, k): that of a row by its two places; `scale` float64 of shape (k + 1,)."""
    k = len(weight)
    near_x, equal_x = nearest(X, k, "X")
    near_y, equal_y = nearest(Y, k, "Y")
    notes = [note] if note else []
    for side, equal in (("X", equal_x), ("Y", equal_y)):
        if equal:
            notes.append(f"{equal} of {len(X)} rows of {side} have the direction of another; row numbers break the tie")

    near = near_x.view(np.uint32), near_y.view(np.uint32)

    def of(order: np.ndarray) -> float:
        return float(_overlap(*near, order.astype(np.uint32), weight, scale))

    return Prepared(lambda: of(np.arange(len(X))), of, note="; ".join(notes) or None)


def _room(X: np.ndarray, k: int, spare: int) -> None:
    need_rows(X, k + 1 + spare, f" for k = {k}" + (": otherwise every list holds all other rows" if spare else ""))


@metric(unchanged_by=BLIND)
def knn_jaccard(X: np.ndarray, Y: np.ndarray, k: int = 10) -> Prepared:
    """Mean over rows of |N & N'| / |N or N'|, N the k nearest other rows by cosine. About k / (2 rows) by chance.

    Source: Schumacher et al. 2021; Klabunde et al. 2023.
    Pitfalls: grows with k and with fewer rows: see the null. Duplicated rows (one feature matched to several) are each
    other's neighbours on both sides and raise it; their order among themselves is arbitrary (the note counts them).
    """
    _room(X, whole("k", k), 1)
    shared = np.arange(k + 1)
    return _prepared(X, Y, np.ones((k, k)), 1 / (2 * k - shared))


@metric(unchanged_by=BLIND)
def mutual_knn(X: np.ndarray, Y: np.ndarray, k: int = 10) -> Prepared:
    """Mean over rows of |N & N'| / k, N the k nearest other rows by cosine. About k / rows by chance.

    Source: Huh et al. 2024.
    Pitfalls: those of `knn_jaccard`.
    """
    _room(X, whole("k", k), 1)
    return _prepared(X, Y, np.ones((k, k)), np.full(k + 1, 1 / k))


@metric(unchanged_by=BLIND)
def rank_similarity(X: np.ndarray, Y: np.ndarray, k: int = 10) -> Prepared:
    """Mean over rows of sum 2 / ((1 + |r - r'|)(r + r')) / sum_{i<=m} 1/i, over the m rows in both lists of k nearest.

    r and r' are the places in the two lists, from 1. A row whose lists share nothing counts 0.
    Source: Wang et al. 2020; Klabunde et al. 2023.
    Pitfalls: normalised by what is shared, so two lists that share only their first row score 1; and `knn_jaccard`'s.
    """
    _room(X, whole("k", k), 0)
    r = np.arange(1, k + 1)
    weight = 2 / ((1 + np.abs(r[:, None] - r)) * (r[:, None] + r))
    harmonic = np.cumsum(1 / r)
    return _prepared(X, Y, weight, np.concatenate([[0.0], 1 / harmonic]))


@metric(unchanged_by=BLIND)
def rank_biased_overlap(X: np.ndarray, Y: np.ndarray, p: float = 0.9, depth: int = 100) -> Prepared:
    """Mean over rows of the extrapolated RBO of the lists of the `depth` nearest other rows, by cosine.

    X_k/k p^k + (1-p)/p sum_{d<=k} X_d/d p^d, X_d the overlap of the first d; k = depth, or fewer if rows are fewer.
    Source: Webber, Moffat and Zobel 2010, equation 32.
    Pitfalls: p = 0.9 puts 86 % of the weight on the first ten; other RBO (the lower bound) is below 1 for
    equal lists. Also those of `knn_jaccard`.
    """
    _check_p(p)
    whole("depth", depth)
    need_rows(X, 3, ": two other rows to be put in order")
    others = len(X) - 1
    note = f"depth {others}: there are no more other rows" if others < depth else None
    kept = min(depth, others)
    place = np.arange(kept)
    weight = _depth_weights(p, kept)[np.maximum(place[:, None], place)]
    return _prepared(X, Y, weight, np.ones(kept + 1), note)


def _check_p(p: float) -> None:
    if not isinstance(p, (int, float)) or not 0 < p < 1:
        raise ValueError(f"p lies between 0 and 1; got {p!r}")


def _depth_weights(p: float, k: int) -> np.ndarray:
    """float64 of shape (k,): what a row adds that both lists hold from depth d on, d = 1..k."""
    d = np.arange(1, k + 1)
    share = p**d / d
    return p**k / k + (1 - p) / p * np.cumsum(share[::-1])[::-1]


def rbo(a: Sequence[int], b: Sequence[int], p: float = 0.9) -> float:
    """Extrapolated RBO of two lists of one length without repeats (Webber, Moffat and Zobel 2010, equation 32), 0 to 1.

    Raises `Undefined` for empty lists and `ValueError` for lists of different lengths.
    """
    _check_p(p)
    if len(a) != len(b):
        raise ValueError(f"rbo takes lists of one length; got {len(a)} and {len(b)}")
    if not len(a):
        raise Undefined("both lists are empty")
    place = {item: at for at, item in enumerate(b)}
    weight = _depth_weights(p, len(a))
    return float(sum(weight[max(at, place[item])] for at, item in enumerate(a) if item in place))

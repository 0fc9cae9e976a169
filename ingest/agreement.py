"""Do two spaces lie alike? Whether matched features keep their neighbours and whether the maps agree, with nulls."""

from collections.abc import Callable

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.spatial.distance import cdist

from ingest.geometry import Nearest
from store.schema import BY_NAME

NEAR = 10
"""Neighbours whose fate `neighbour_overlap` counts; the maps' kNN consistency looks at as many."""
PERSISTENCE = 0.9
"""p of rank-biased overlap: the first ten places carry 86 % of its weight."""
PERMUTATIONS = 999
ROWS = 2000
"""Most matched features that a score of the maps is taken on; of more, a fixed sample. Bounds its memory to
(2 x rows + 5 x 1,000 pairings) x rows x 8 bytes, 144 MB."""
FEWEST = 20
"""Matched features that a score needs."""


def with_company(matches: pa.Table, a: Nearest, b: Nearest) -> pa.Table:
    """`matches` with `neighbour_overlap` and `neighbour_rbo` filled in; `a`, `b` hold neighbours by activation."""
    pair = [matches[c].to_numpy() for c in ("feature_a", "feature_b")]
    for name, values in zip(("neighbour_overlap", "neighbour_rbo"), kept(a, b, _best(matches, a), *pair), strict=True):
        place = matches.schema.get_field_index(name)
        matches = matches.set_column(place, matches.schema.field(name), pa.array(values, from_pandas=True))
    return matches


def kept(
    a: Nearest, b: Nearest, best: np.ndarray, feature_a: np.ndarray, feature_b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How much of the company of A's feature meets B's feature again, for each pair: (overlap, rbo), float64.

    `best` is int64 of shape (feature of A,): each one's best match in B, -1 where it has none. A's neighbours are
    carried over by it; those without a match drop out, and of several with the same match the nearest counts.
    overlap: of A's ten nearest, carried over, and B's ten nearest, intersection / union (Jaccard).
    rbo: rank-biased overlap of the two whole lists (Webber, Moffat and Zobel 2010, eq. 32, extrapolated), p = 0.9.
    Both lie in 0 to 1; NaN where either list is empty.
    """
    overlap, rbo = np.full(len(feature_a), np.nan), np.full(len(feature_a), np.nan)
    n_threads, n_b = numba.get_num_threads(), len(b.neighbour)
    scratch = np.zeros((n_threads, n_b), np.int64), np.full((n_threads, n_b), -1, np.int64)
    together = np.zeros((n_threads, a.neighbour.shape[1] + b.neighbour.shape[1]))
    _kept(feature_a, feature_b, a.neighbour, b.neighbour, best, scratch[0], scratch[1], together, overlap, rbo)
    return overlap, rbo


@numba.njit(parallel=True, cache=True, nogil=True)
def _kept(feature_a, feature_b, near_a, near_b, best, rank, seen, together, overlap, rbo):  # type: ignore[no-untyped-def]
    for p in numba.prange(len(feature_a)):
        ranks, mark, joint = rank[numba.get_thread_id()], seen[numba.get_thread_id()], together[numba.get_thread_id()]
        mine, theirs = near_a[feature_a[p]], near_b[feature_b[p]]
        n_b = 0
        while n_b < len(theirs) and theirs[n_b] >= 0:
            n_b += 1
            ranks[theirs[n_b - 1]] = n_b
        joint[:] = 0
        n_a, n_near, n_common = 0, 0, 0
        for i in range(len(mine)):
            carried = best[mine[i]] if mine[i] >= 0 else -1
            if carried < 0 or mark[carried] == p:
                continue
            mark[carried] = p
            n_a += 1
            n_near += i < NEAR
            n_common += i < NEAR and 0 < ranks[carried] <= NEAR
            if ranks[carried] > 0:
                joint[max(n_a, ranks[carried]) - 1] += 1
        if n_near > 0 and n_b > 0:
            overlap[p] = n_common / (n_near + min(n_b, NEAR) - n_common)
        if n_a > 0 and n_b > 0:
            rbo[p] = _extrapolated(joint, min(n_a, n_b), max(n_a, n_b))
        for i in range(n_b):
            ranks[theirs[i]] = 0


@numba.njit(cache=True, nogil=True)
def _extrapolated(joint, short, long):  # type: ignore[no-untyped-def]
    """Equation 32: `joint[d - 1]` items are in both lists down to depth d and were not down to d - 1."""
    total, common, at_short, weight = 0.0, 0.0, 0.0, 1.0
    for d in range(1, long + 1):
        weight *= PERSISTENCE
        common += joint[d - 1]
        if d == short:
            at_short = common
        total += common / d * weight
        if d > short:
            total += at_short * (d - short) / (short * d) * weight
    rest = (common - at_short) / long + at_short / short
    return (1 - PERSISTENCE) / PERSISTENCE * total + rest * weight


def agree(
    comparison: str, matches: pa.Table, near: tuple[Nearest, Nearest], maps: tuple[pa.Table, pa.Table]
) -> pa.Table:
    """The table `map_agreement` of a comparison, over its mutual best matches: neighbours, and each map both have.

    `near` are the neighbours by activation of A and B, `maps` their rows of the table `maps`. The null pairs the same
    rows at random, `PERMUTATIONS` times, the same way for every score. Unknown where fewer than `FEWEST` are matched.
    """
    mutual = matches.filter(matches["mutual_best"])
    pair = np.stack([mutual[c].to_numpy().astype(np.int64) for c in ("feature_a", "feature_b")])
    found, best = [], _best(matches, near[0])
    kept_of_pair = kept(*near, best, *pair)[0]
    pair_near = _sample(pair[:, ~np.isnan(kept_of_pair)])
    company = _company(near, best, pair_near) if pair_near.shape[1] >= FEWEST else None
    found.append(_row(comparison, "neighbours", "overlap", company, pair_near.shape[1], True))
    for method in ("pca", "umap"):
        points = [_points(side, method, space) for side, space in zip(maps, near, strict=True)]
        if any(np.isnan(p).all() for p in points):
            continue
        shown = ~np.isnan(points[0][pair[0]]).any(1) & ~np.isnan(points[1][pair[1]]).any(1)
        here = _sample(pair[:, shown])
        x, y = points[0][here[0]], points[1][here[1]]
        for measure, (score, higher) in MEASURES.items():
            n = here.shape[1]
            values = score(x, y, _pairings(n)) if n >= FEWEST else None
            found.append(_row(comparison, method, measure, values, n, higher))
    rows = pa.Table.from_pylist(found, schema=BY_NAME["map_agreement"].arrow)
    return rows.sort_by([(c, "ascending") for c in BY_NAME["map_agreement"].order])


def _best(matches: pa.Table, a: Nearest) -> np.ndarray:
    """int64 of shape (feature of A,): the best match in B, -1 where there is none."""
    best = np.full(len(a.neighbour), -1, np.int64)
    first = matches["rank_ab"].fill_null(0).to_numpy() == 1
    best[matches["feature_a"].to_numpy()[first]] = matches["feature_b"].to_numpy()[first]
    return best


def _points(rows: pa.Table, method: str, near: Nearest) -> np.ndarray:
    """float64 of shape (feature, 2): coordinates on a map, NaN for features that are not on it."""
    points = np.full((len(near.neighbour), 2), np.nan)
    here = rows.filter(pc.equal(rows["method"], method))
    points[here["feature"].to_numpy()] = np.stack([here[c].to_numpy() for c in ("x", "y")], 1)
    return points


def _sample(pair: np.ndarray) -> np.ndarray:
    """At most `ROWS` of the pairs, int64 of shape (2, pair), the same ones every time."""
    n = pair.shape[1]
    return pair if n <= ROWS else pair[:, np.sort(np.random.default_rng(0).choice(n, ROWS, replace=False))]


def _pairings(n: int) -> np.ndarray:
    """int64 of shape (1 + PERMUTATIONS, n): the true pairing, then random ones."""
    rng = np.random.default_rng(0)
    return np.stack([np.arange(n), *(rng.permutation(n) for _ in range(PERMUTATIONS))])


def _company(near: tuple[Nearest, Nearest], best: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """float64 of shape (pairing,): the mean overlap of the pairs, and of A's features with other pairs' partners."""
    shuffled = pair[1][_pairings(pair.shape[1])]
    feature_a = np.broadcast_to(pair[0], shuffled.shape)
    return kept(*near, best, feature_a.ravel(), shuffled.ravel())[0].reshape(shuffled.shape).mean(1)


def procrustes(x: np.ndarray, y: np.ndarray, pairings: np.ndarray) -> np.ndarray | None:
    """Disparity of two point sets, float64 of shape (pairing,): row i of x belongs to row pairing[i] of y.

    1 - (sum of singular values of x' y)^2, both centred and of Frobenius norm 1: the residual after the best rotation,
    reflection and scale (Gower 1975; SciPy's `procrustes` calls it so). 0 (alike) to 1. For plane points the sum is
    sqrt(|M|^2 + 2 |det M|). None where all points of a side coincide.
    """
    sides = [side - side.mean(0) for side in (x, y)]
    norms = [np.linalg.norm(side) for side in sides]
    if min(norms) <= 1e-12:
        return None
    x, y = (side / norm for side, norm in zip(sides, norms, strict=True))
    m = np.einsum("ia,pib->pab", x, y[pairings])
    return 1 - np.minimum((m**2).sum((1, 2)) + 2 * np.abs(np.linalg.det(m)), 1)


def knn_consistency(x: np.ndarray, y: np.ndarray, pairings: np.ndarray) -> np.ndarray:
    """Mean share of the ten nearest other rows that are the same on both sides, float64 of shape (pairing,), 0 to 1."""
    lists = []
    for side in (x, y):
        distance = cdist(side, side)
        np.fill_diagonal(distance, np.inf)
        lists.append(np.argsort(distance, axis=1, kind="stable")[:, :NEAR])
    counts = np.zeros(len(pairings), np.int64)
    _shared(lists[0], lists[1], pairings, counts)
    return counts / lists[0].size


@numba.njit(parallel=True, cache=True, nogil=True)
def _shared(near_x, near_y, pairings, counts):  # type: ignore[no-untyped-def]
    for p in numba.prange(len(pairings)):
        paired, n = pairings[p], 0
        for i in range(len(near_x)):
            theirs = near_y[paired[i]]
            for j in near_x[i]:
                for other in theirs:
                    n += paired[j] == other
        counts[p] = n


def distance_correlation(x: np.ndarray, y: np.ndarray, pairings: np.ndarray) -> np.ndarray | None:
    """dCor (Szekely, Rizzo and Bakirov 2007, V-statistic), float64 of shape (pairing,), 0 to 1.

    None where all points of a side coincide. Holds two matrices of rows squared.
    """
    sides = []
    for side in (x, y):
        distance = cdist(side, side)
        sides.append(distance - distance.mean(0) - distance.mean(1)[:, None] + distance.mean())
    scale = np.sqrt((sides[0] ** 2).sum() * (sides[1] ** 2).sum())
    if scale <= 1e-24:
        return None
    products = np.zeros(len(pairings))
    _product(sides[0], sides[1], pairings, products)
    return np.sqrt(np.maximum(products, 0) / scale)


@numba.njit(parallel=True, cache=True, nogil=True)
def _product(x, y, pairings, products):  # type: ignore[no-untyped-def]
    """Sum of x[i, j] y[pairing[i], pairing[j]]; both are symmetric, so half of it is walked."""
    for p in numba.prange(len(pairings)):
        paired, diagonal, half = pairings[p], 0.0, 0.0
        for i in range(len(x)):
            row = y[paired[i]]
            diagonal += x[i, i] * row[paired[i]]
            for j in range(i):
                half += x[i, j] * row[paired[j]]
        products[p] = diagonal + 2 * half


MEASURES: dict[str, tuple[Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray | None], bool]] = {
    "procrustes_disparity": (procrustes, False),
    "knn_consistency": (knn_consistency, True),
    "distance_correlation": (distance_correlation, True),
}
"""Name -> (score of every pairing, whether more means more alike)."""


def _row(
    comparison: str, method: str, measure: str, values: np.ndarray | None, n_rows: int, higher: bool
) -> dict[str, object]:
    """A row of `map_agreement`; `values` hold the true pairing first. None: unknown."""
    row: dict[str, object] = {"comparison": comparison, "method": method, "measure": measure, "n_rows": n_rows}
    row["higher_is_similar"] = higher
    if values is None:
        return row | dict.fromkeys(("value", "null_mean", "null_sd", "null_q95", "p_value"))
    value, null = values[0], values[1:]
    # Sums in another order differ in their last digits, which must not make equals unequal.
    as_similar = null >= value - 1e-12 if higher else null <= value + 1e-12
    row |= {"value": float(value), "null_mean": float(null.mean()), "null_sd": float(null.std())}
    row["null_q95"] = float(np.quantile(null, 0.95 if higher else 0.05))
    return row | {"p_value": (1 + int(as_similar.sum())) / (1 + len(null))}

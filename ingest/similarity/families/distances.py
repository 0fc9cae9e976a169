"""Distance correlation: dependence of any kind between two sets of Euclidean distances."""

import numpy as np
from scipy.spatial.distance import pdist, squareform

from ingest.similarity.arrays import EPSILON, centred, compact, need_rows
from ingest.similarity.pairs import ROWS, Pairs
from ingest.similarity.registry import GEOMETRY, Prepared, metric
from ingest.similarity.score import Undefined


def _distances(matrix: np.ndarray, side: str) -> np.ndarray:
    """float64 of shape (row, row), the mean distance being 1: scales of any size stay in the range of floats."""
    distance = pdist(compact(centred(matrix, side)))
    return squareform(distance / distance.mean())


@metric(unchanged_by=GEOMETRY, row_limit=ROWS)
def distance_correlation(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """sqrt(V(X, Y) / sqrt(V(X, X) V(Y, Y))), V the mean product of doubly centred Euclidean distances (V-statistic).

    0 for independent sides in the limit of many rows.
    Source: Székely, Rizzo and Bakirov 2007.
    Pitfalls: biased upwards, near 1 for unrelated sides of many columns: see the null, or the debiased form; it is a
    square root, so small values look large.
    """
    x, y = (_doubly_centred(_distances(m, side)) for m, side in ((X, "X"), (Y, "Y")))
    diagonal_x, diagonal_y = np.diagonal(x).copy(), np.diagonal(y).copy()
    scale = np.linalg.norm(x) * np.linalg.norm(y)
    pairs = Pairs(squareform(x, checks=False), y)

    def of(order: np.ndarray) -> float:
        covariance = 2 * pairs.product(order) + diagonal_x @ diagonal_y[order]
        return float(np.sqrt(max(covariance, 0.0) / scale))

    return Prepared(lambda: of(np.arange(len(y))), of)


@metric(unchanged_by=GEOMETRY, range=(-np.inf, 1.0), row_limit=ROWS)
def distance_correlation_debiased(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """U(X, Y) / sqrt(U(X, X) U(Y, Y)), U the mean product of U-centred distances: an estimate of the square of dCor.

    Around 0 for unrelated sides whatever the number of columns, and below 0 as often as above.
    Source: Székely and Rizzo 2013, 2014.
    Pitfalls: the square, not to be held against `distance_correlation`; needs four rows.
    """
    need_rows(X, 4, ": the unbiased estimate divides by n - 3")
    sides = []
    for matrix, side in ((X, "X"), (Y, "Y")):
        distance = _distances(matrix, side)
        whole = float(np.linalg.norm(distance))
        sides.append(_u_centred(distance))
        if np.linalg.norm(sides[-1]) <= EPSILON * whole:
            raise Undefined(f"the distance variance of {side} is 0: all its rows are equally far apart")
    x, y = sides
    scale = float(np.linalg.norm(x) * np.linalg.norm(y))
    pairs = Pairs(squareform(x, checks=False), y)
    return Prepared(lambda: 2 * pairs.product() / scale, lambda order: 2 * pairs.product(order) / scale)


def _doubly_centred(distance: np.ndarray) -> np.ndarray:
    mean = distance.mean(axis=0)
    distance -= mean
    distance -= mean[:, None] - mean.mean()
    return distance


def _u_centred(distance: np.ndarray) -> np.ndarray:
    """In place. The diagonal becomes 0."""
    n = len(distance)
    total = distance.sum(axis=0)
    distance -= total / (n - 2)
    distance -= total[:, None] / (n - 2) - total.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(distance, 0)
    return distance

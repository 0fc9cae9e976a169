"""Representational similarity analysis: do two sides order the pairs of rows alike?"""

import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

from ingest.similarity.arrays import centred, compact, need_rows, row_centred
from ingest.similarity.pairs import ROWS, Pairs
from ingest.similarity.registry import GEOMETRY, Prepared, metric
from ingest.similarity.score import Undefined

INNER = ("correlation", "euclidean")


@metric(
    unchanged_by={(("inner", "euclidean"),): GEOMETRY, (): frozenset({"scale", "rows", "columns"})},
    range=(-1.0, 1.0),
    row_limit=ROWS,
)
def rsa(X: np.ndarray, Y: np.ndarray, inner: str = "correlation") -> Prepared:
    """Spearman correlation of the upper triangles of two row-by-row matrices.

    `inner` is "correlation" (the cosine of row-centred rows) or "euclidean" (their distance). Ties take the mean rank.
    Source: Kriegeskorte, Mur and Bandettini 2008.
    Pitfalls: the correlation of rows depends on the choice of axes, a rotation changes it; pairs are not independent of
    each other, so only a permutation of rows gives a p-value, never the one of Spearman's table.
    """
    if inner not in INNER:
        raise ValueError(f"inner is one of {', '.join(INNER)}; got {inner!r}")
    need_rows(X, 3, ": two pairs of rows to be put in order")
    x, y = (_ranks(_triangle(m, side, inner), side) for m, side in ((X, "X"), (Y, "Y")))
    scale = float(np.linalg.norm(x) * np.linalg.norm(y))
    pairs = Pairs.of(x, y)
    return Prepared(lambda: pairs.product() / scale, lambda order: pairs.product(order) / scale)


def _triangle(matrix: np.ndarray, side: str, inner: str) -> np.ndarray:
    if inner == "euclidean":
        return pdist(compact(centred(matrix, side)))
    rows = row_centred(matrix, side)
    return squareform(rows @ rows.T, checks=False)


def _ranks(values: np.ndarray, side: str) -> np.ndarray:
    """Ranks of mean 0. Values that differ in rounding alone are ties."""
    ranks = rankdata(np.round(values / np.abs(values).max(), 12))
    ranks -= ranks.mean()
    if not ranks.any():
        raise Undefined(f"all pairs of rows of {side} are equally similar: they have no order")
    return ranks

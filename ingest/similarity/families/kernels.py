"""Alignment of linear kernels: how far the two sides' inner products of rows go together."""

import numpy as np

from ingest.similarity.arrays import EPSILON, centred, compact, need_rows
from ingest.similarity.registry import GEOMETRY, Prepared, metric
from ingest.similarity.score import Undefined


def _square(matrix: np.ndarray) -> float:
    return float(np.vdot(matrix, matrix))


@metric(unchanged_by=GEOMETRY)
def cka(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """Linear CKA, biased: norm(X'Y)^2 / (norm(X'X) norm(Y'Y)), Frobenius norms, columns centred.

    The same as the RV coefficient (Escoufier 1973).
    Source: Kornblith et al. 2019.
    Pitfalls: far above 0 for unrelated sides with fewer rows than columns (near 1 in the extreme; always 1 with two
    rows): see the null, or `cka_debiased`; a few directions of large variance decide it.
    """
    x, y = (compact(centred(m, side)) for m, side in ((X, "X"), (Y, "Y")))
    scale = np.sqrt(_square(x.T @ x) * _square(y.T @ y))

    def of(rows: np.ndarray) -> float:
        return _square(x.T @ rows) / scale

    return Prepared(lambda: of(y), lambda order: of(y[order]))


@metric(unchanged_by=GEOMETRY, range=(-np.inf, 1.0))
def cka_debiased(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """Linear CKA with the unbiased HSIC in all three places: H(K, L) / sqrt(H(K, K) H(L, L)), K = XX', L = YY'.

    With diagonals set to 0, n (n - 3) H(K, L) = tr(KL) + sum(K) sum(L) / ((n-1)(n-2)) - 2/(n-2) 1'KL1. Around 0 for
    unrelated sides, and below 0 as often as above.
    Source: Song et al. 2012 (H); Nguyen et al. 2021 (its use here).
    Pitfalls: a ratio of unbiased estimates is itself not unbiased; noisy with few rows; needs four.
    """
    need_rows(X, 4, ": the unbiased estimate divides by n - 3")
    x, y = (compact(centred(m, side)) for m, side in ((X, "X"), (Y, "Y")))
    diagonal_x, diagonal_y = ((m * m).sum(axis=1) for m in (x, y))
    own = [_hsic(_square(m.T @ m), d, d) for m, d in ((x, diagonal_x), (y, diagonal_y))]
    for side, h, m in (("X", own[0], x), ("Y", own[1], y)):
        if h <= EPSILON * _square(m.T @ m):
            raise Undefined(f"the unbiased HSIC of {side} with itself is 0: all its rows are equally far apart")
    scale = np.sqrt(own[0] * own[1])

    def of(rows: np.ndarray, diagonal: np.ndarray) -> float:
        return _hsic(_square(x.T @ rows), diagonal_x, diagonal) / scale

    return Prepared(lambda: of(y, diagonal_y), lambda order: of(y[order], diagonal_y[order]))


def _hsic(product: float, k: np.ndarray, ell: np.ndarray) -> float:
    """n (n - 3) H of two centred linear kernels with diagonals k and ell; their rows sum to 0, so -k and -ell without
    the diagonal. `product` is tr(KL), diagonals included."""
    n, both = len(k), float(k @ ell)
    return product - both + float(k.sum()) * float(ell.sum()) / ((n - 1) * (n - 2)) - 2 / (n - 2) * both

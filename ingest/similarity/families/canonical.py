"""Canonical correlations: what linear maps of X and of Y can be made to agree on."""

from collections.abc import Callable

import numpy as np

from ingest.similarity.arrays import centred, singular_values, whole
from ingest.similarity.registry import GEOMETRY, Prepared, metric
from ingest.similarity.score import Undefined


def components(matrix: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of the centred rows: directions U of shape (row, component), singular values, largest first.

    As many as the rank. Raises `Undefined` where nothing varies.
    """
    u, s, _ = np.linalg.svd(centred(matrix, side), full_matrices=False)
    rank = int((s > s[0] * max(matrix.shape) * np.finfo(float).eps).sum())
    return np.ascontiguousarray(u[:, :rank]), s[:rank]


def correlations(ux: np.ndarray, uy: np.ndarray) -> np.ndarray:
    """Canonical correlations of two orthonormal bases, largest first (Björck and Golub 1973)."""
    return np.minimum(singular_values(ux.T @ uy), 1)


def _forced(ux: np.ndarray, uy: np.ndarray) -> str | None:
    """The note on correlations that are 1 whatever the data. Raises `Undefined` where all are.

    Centred rows span rows - 1 dimensions; two subspaces that together have more meet in the rest.
    """
    room = len(ux) - 1
    for side, basis in (("X", ux), ("Y", uy)):
        if basis.shape[1] >= room:
            raise Undefined(
                f"too few rows: {len(ux)}; {side} fills all {room} dimensions of as many centred rows, "
                "and every correlation is 1 whatever the data"
            )
    shared, count = _meeting(ux, uy), min(ux.shape[1], uy.shape[1])
    return f"few rows: {shared} of {count} correlations are 1 whatever the data" if shared else None


def _meeting(ux: np.ndarray, uy: np.ndarray) -> int:
    """Dimensions in which the two subspaces meet because the centred rows have no room for both."""
    return max(0, ux.shape[1] + uy.shape[1] - (len(ux) - 1))


def _prepared(ux: np.ndarray, uy: np.ndarray, of: Callable[[np.ndarray, np.ndarray], float]) -> Prepared:
    note = _forced(ux, uy)
    return Prepared(lambda: of(ux, uy), lambda order: of(ux, uy[order]), note=note)


def _mean(ux: np.ndarray, uy: np.ndarray) -> float:
    return float(correlations(ux, uy).mean())


@metric(unchanged_by=GEOMETRY)
def cca(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """Mean canonical correlation: mean of the singular values of Ux' Uy, U an orthonormal basis of the centred columns.

    The mean is over as many as the smaller rank. Also unchanged by any invertible linear map of a side.
    Source: Hotelling 1936; Raghu et al. 2017.
    Pitfalls: directions of hardly any variance count as much as the first; with few rows the null is far from 0, and
    above rows - 1 dimensions in all some correlations are 1 by construction (the note says how many).
    """
    return _prepared(components(X, "X")[0], components(Y, "Y")[0], _mean)


@metric(unchanged_by=GEOMETRY, instead={"components": "variance"})
def svcca(X: np.ndarray, Y: np.ndarray, variance: float = 0.99, components: int | None = None) -> Prepared:
    """`cca` of the first principal components of each side.

    Kept are the fewest components whose squared singular values make up `variance` of their sum, a share above 0 and at
    most 1, on each side for itself; or, where `components` is given, that many of both.
    Source: Raghu et al. 2017.
    Pitfalls: a threshold held against a cumulated sum that was normalised twice keeps one component, and reports
    `pc1_correlation` under this name; the number of components differs from pair to pair, and the null with it.
    """
    return _prepared(_first(X, "X", variance, components), _first(Y, "Y", variance, components), _mean)


def _first(matrix: np.ndarray, side: str, variance: float, count: int | None) -> np.ndarray:
    u, s = components(matrix, side)
    if count is not None:
        if whole("components", count) > len(s):
            raise Undefined(f"{count} components are asked for; {side} has {len(s)}")
        return u[:, :count]
    if not isinstance(variance, (int, float)) or not 0 < variance <= 1:
        raise ValueError(f"variance is a share above 0 and at most 1; got {variance!r}")
    share = np.cumsum(s**2) / np.sum(s**2)
    return np.ascontiguousarray(u[:, : min(len(s), int(np.searchsorted(share, variance - 1e-12)) + 1)])


@metric(unchanged_by=GEOMETRY)
def pc1_correlation(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """Absolute correlation of the scores of the first principal components of X and Y, both centred.

    Source: ours by name; it is what `svcca` becomes when one component is kept, as in several published tables.
    Pitfalls: one direction of many; jumps where the two largest variances of a side are equal.
    """
    return _prepared(
        components(X, "X")[0][:, :1], components(Y, "Y")[0][:, :1], lambda x, y: abs(float(x[:, 0] @ y[:, 0]))
    )


@metric(unchanged_by=GEOMETRY)
def pwcca(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """Canonical correlations weighted by sum_n abs(z_i(n)), z_i the i-th canonical variate of X; the weights sum to 1.

    z has unit variance. Directional: the weights are X's. Also unchanged by any invertible linear map of a side.
    Source: Morcos, Raghu and Bengio 2018, with the variates themselves in the place of X's columns.
    Pitfalls: implementations differ in what the variates are projected on; where correlations are equal (all 1, say)
    the variates, and so the weights, are free to turn, so that no value is given where rows are too few for both sides;
    a variate that few rows carry has a small weight.
    """
    ux, uy = components(X, "X")[0], components(Y, "Y")[0]
    prepared = _prepared(ux, uy, _weighted)
    if (forced := _meeting(ux, uy)) > 1:
        raise Undefined(
            f"too few rows: {len(X)}; {forced} of {min(ux.shape[1], uy.shape[1])} correlations are 1 whatever the data"
            ", and their variates, so the weights, are arbitrary"
        )
    return prepared


def _weighted(ux: np.ndarray, uy: np.ndarray) -> float:
    left, rho, _ = np.linalg.svd(ux.T @ uy, full_matrices=False)
    weight = np.abs(ux @ left).sum(axis=0)
    return float(weight @ np.minimum(rho, 1) / weight.sum())

"""Rows of one space found again in the other, wherever they stand: no pairing is given."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from ingest.similarity.arrays import directions
from ingest.similarity.registry import Prepared, metric

BLIND = frozenset({"scale", "rows", "pairing"})
RANDOM = "Y replaced by as many random unit rows"
ROWS = 1_000
"""Rows of the assignment: its matrix grows with their square, its time with their cube, and a null has 999 of them."""
BLOCK = 1 << 22
"""Cosines held at once."""


@metric(unchanged_by=BLIND, range=(-1.0, 1.0), same_width=True, null=RANDOM)
def mmcs(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """Mean over the rows of X of the largest cosine with a row of Y. Directional.

    A null value has random directions in the place of Y's rows, in float32.
    Source: Sharkey, Braun and Millidge 2022.
    Pitfalls: unpaired; many rows of X may take the same row of Y; grows with Y's rows and shrinks with the width: see
    the null; needs one basis for both sides, so two models' decoders have none.
    """
    x, y = directions(X, "X"), directions(Y, "Y")
    single = x.astype(np.float32)
    return Prepared(
        lambda: _mean_of_largest(x, y), drawn=lambda rng: _mean_of_largest(single, _random(y.shape, rng, np.float32))
    )


def _mean_of_largest(x: np.ndarray, y: np.ndarray) -> float:
    step = max(1, BLOCK // len(y))
    largest = [(x[start : start + step] @ y.T).max(axis=1) for start in range(0, len(x), step)]
    return float(np.concatenate(largest).mean(dtype=np.float64))


def _random(shape: tuple[int, ...], rng: np.random.Generator, kind: type) -> np.ndarray:
    rows = rng.standard_normal(shape, dtype=kind)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@metric(unchanged_by=BLIND, range=(-1.0, 1.0), same_width=True, null=RANDOM, row_limit=ROWS)
def hungarian_cosine(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """Mean cosine of the one-to-one assignment of rows that makes it largest; of as many as the shorter side has.

    A null value has random directions in the place of Y's rows.
    Source: Kuhn 1955 (assignment); Paulo and Belrose 2025 (SAE decoders).
    Pitfalls: unpaired; the mean holds poor partners that had to be taken; those of `mmcs`. Sub-sampled sides of one
    length keep the same row numbers, so that matched pairs stay whole; the chance level is that of the rows kept.
    """
    x, y = directions(X, "X"), directions(Y, "Y")
    return Prepared(
        lambda: float(assigned(x, y)[2].mean()),
        drawn=lambda rng: float(assigned(x, _random(y.shape, rng, np.float64))[2].mean()),
    )


def assigned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of x, ascending, their partners in y and the cosines, of rows of length 1."""
    cosine = x @ y.T
    row, partner = linear_sum_assignment(cosine, maximize=True)
    return row, partner, cosine[row, partner]

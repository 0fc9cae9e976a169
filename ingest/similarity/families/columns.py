"""Columns found again among the other side's columns: features matched by their correlation over paired rows."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment

from ingest.similarity.arrays import EPSILON, need_rows
from ingest.similarity.registry import Prepared, metric
from ingest.similarity.score import Undefined

BLIND = frozenset({"scale", "shift", "rows", "columns"})


def _standardised(matrix: np.ndarray, side: str) -> tuple[np.ndarray, str | None]:
    """Columns of mean 0 and length 1; those that are constant are left out, and the note says how many."""
    result = matrix - matrix.mean(axis=0)
    length = np.linalg.norm(result, axis=0)
    varies = (np.ptp(matrix, axis=0) > 0) & (length > EPSILON * np.linalg.norm(matrix, axis=0))
    if not varies.any():
        raise Undefined(f"all columns of {side} are constant: they have no correlation")
    left_out = int((~varies).sum())
    note = f"{left_out} of {len(varies)} columns of {side} are constant and left out" if left_out else None
    return np.ascontiguousarray(result[:, varies] / length[varies]), note


def _prepared(X: np.ndarray, Y: np.ndarray, of: Callable[[np.ndarray], float]) -> Prepared:
    need_rows(X, 3, ": every correlation of two is 1 or -1")
    (x, note_x), (y, note_y) = _standardised(X, "X"), _standardised(Y, "Y")
    note = "; ".join(note for note in (note_x, note_y) if note) or None
    return Prepared(lambda: of(x.T @ y), lambda order: of(x.T @ y[order]), note=note)


@metric(unchanged_by=BLIND, range=(-1.0, 1.0))
def hard_match(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """Mean Pearson r of the one-to-one assignment of columns that makes it largest, as many as the narrower side has.

    Source: Li et al. 2015; Klabunde et al. 2023.
    Pitfalls: the best of many by chance is above 0: see the null; memory grows with the columns squared and time with
    their cube; a turned sign counts against.
    """
    return _prepared(X, Y, _hard)


@metric(unchanged_by=BLIND, range=(-1.0, 1.0))
def soft_match(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """Half the sum of the mean over X's columns of their largest Pearson r with a column of Y, and the reverse.

    Source: Li et al. 2015; Klabunde et al. 2023.
    Pitfalls: those of `hard_match`; several columns may take the same partner.
    """
    return _prepared(X, Y, _soft)


def _hard(r: np.ndarray) -> float:
    return float(r[linear_sum_assignment(r, maximize=True)].mean())


def _soft(r: np.ndarray) -> float:
    return float(r.max(axis=1).mean() + r.max(axis=0).mean()) / 2

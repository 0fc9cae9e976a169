"""Sums over all pairs of rows: the triangle of one side against the permuted square of the other."""

from dataclasses import dataclass

import numba
import numpy as np
from scipy.spatial.distance import squareform

ROWS = 5_000
"""Rows of the metrics that compare all pairs of rows; each holds at most six matrices of as many numbers squared."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """A symmetric matrix for each side."""

    left: np.ndarray
    """float64 of shape (row * (row - 1) / 2,): X's values above the diagonal, row by row."""
    right: np.ndarray
    """float64 of shape (row, row): Y's, symmetric, whatever its diagonal."""

    @classmethod
    def of(cls, left: np.ndarray, right: np.ndarray) -> "Pairs":
        """From the values above the diagonal of either side."""
        return cls(left, squareform(right, checks=False))

    def product(self, order: np.ndarray | None = None) -> float:
        """Sum over i < j of left[i, j] * right[order[i], order[j]]."""
        order = np.arange(len(self.right)) if order is None else order
        return float(_product(self.left, self.right, order.astype(np.uint32)))


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _product(left, right, order):  # type: ignore[no-untyped-def]
    """`order` is unsigned: a signed index is checked for a sign, which is most of the time that is spent here."""
    total, start, n = 0.0, 0, len(order)
    moved = np.empty(n)
    for i in range(n - 1):
        row = right[order[i]]
        # Gathered first: the loop over neighbouring numbers is then one of vectors.
        for j in range(i + 1, n):
            moved[j] = row[order[j]]
        part, values, theirs = 0.0, left[start : start + n - i - 1], moved[i + 1 :]
        for j in range(n - i - 1):
            part += values[j] * theirs[j]
        total += part
        start += n - i - 1
    return total

"""One side of a comparison and its exact moments; groups of units."""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from scipy.sparse import csr_array

from ingest.matching.layout import Columns, Rows


@dataclass(frozen=True, eq=False)
class Strata:
    """Groups of units: those with the same text, or those at the same position."""

    of_unit: np.ndarray
    """int64 of shape (unit,): stratum of each unit, from 0."""

    @cached_property
    def size(self) -> np.ndarray:
        """int64 of shape (stratum,): n_s, units in each stratum."""
        return np.bincount(self.of_unit)

    @cached_property
    def weight(self) -> np.ndarray:
        """float64 of shape (stratum,): 1 / (n_s - 1), and 0 for a stratum of one unit."""
        return np.where(self.size > 1, 1.0 / np.maximum(self.size - 1, 1), 0.0)

    @property
    def n_single(self) -> int:
        """Units that are alone in their stratum."""
        return int((self.size == 1).sum())


@dataclass(frozen=True)
class Moments:
    """Exact moments of each feature over the units of a comparison."""

    n_units: int
    n_active: np.ndarray
    """int64 of shape (feature,): units it fires on."""
    mean: np.ndarray
    """float64 of shape (feature,), over all units."""
    squares: np.ndarray
    """float64 of shape (feature,): sum of squares over all units."""

    @property
    def n_features(self) -> int:
        return len(self.mean)

    @cached_property
    def sd(self) -> np.ndarray:
        """float64 of shape (feature,): population standard deviation; 0 for a feature without variance."""
        mean_square = self.squares / max(1, self.n_units)
        variance = mean_square - self.mean**2
        constant = (self.n_active == 0) | (variance <= 1e-12 * np.maximum(mean_square, 1e-300))
        return np.sqrt(np.where(constant, 0.0, variance))

    @cached_property
    def inverse_sd(self) -> np.ndarray:
        """float64 of shape (feature,): 1 / sd, and 0 for a feature without variance."""
        return np.where(self.sd > 0, 1 / np.where(self.sd > 0, self.sd, 1), 0.0)

    def only(self, features: np.ndarray) -> "Moments":
        return Moments(self.n_units, self.n_active[features], self.mean[features], self.squares[features])


class Side:
    """A space's activations on the units of a comparison: float32 of shape (unit, feature), no special tokens.

    The moments are taken at once. The activations are laid out as the kernels read them, `columns` or `rows`; `forget`
    then lets go of the matrix (8 bytes an activation), if the caller holds it nowhere else.
    """

    def __init__(self, by_unit: csr_array) -> None:
        self._matrix: csr_array | None = by_unit
        n_units, n_features = by_unit.shape
        count, total, squares = _sums(by_unit.indices, by_unit.data, n_features)
        self.moments = Moments(n_units, count, total / max(1, n_units), squares)

    def columns(self, order: np.ndarray) -> Columns:
        """The activations by feature, units numbered by their place in `order`, int64 of shape (unit,)."""
        return Columns.of(self._held, order)

    def rows(self, order: np.ndarray) -> Rows:
        """The activations by unit, in the order given."""
        return Rows.of(self._held, order)

    def forget(self) -> None:
        """Let go of the matrix; the moments stay."""
        self._matrix = None

    @property
    def _held(self) -> csr_array:
        if self._matrix is None:
            raise ValueError("this side has let go of its activations")
        return self._matrix


@numba.njit(cache=True, nogil=True)
def _sums(feature, value, n_features):  # type: ignore[no-untyped-def]
    count, total, squares = np.zeros(n_features, np.int64), np.zeros(n_features), np.zeros(n_features)
    for k in range(len(feature)):
        v = np.float64(value[k])
        count[feature[k]] += 1
        total[feature[k]] += v
        squares[feature[k]] += v * v
    return count, total, squares

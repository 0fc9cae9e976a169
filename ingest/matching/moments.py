"""One side of a comparison: activations by unit and by feature, exact moments, and sums within strata."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.sparse import csc_array, csr_array


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
class StratumSums:
    """Sums of each feature within each stratum, sparse, by feature and with strata in order."""

    indptr: np.ndarray
    stratum: np.ndarray
    total: np.ndarray
    """A_s: sum of the activation in the stratum."""
    spread: np.ndarray
    """SS_s: sum of squares about the stratum's mean."""


@dataclass(frozen=True, eq=False)
class Side:
    """A space's activations on the units of a comparison: float32 of shape (unit, feature), no special tokens."""

    by_unit: csr_array
    _within: dict[Strata, StratumSums] = field(default_factory=dict, repr=False)

    @cached_property
    def by_feature(self) -> csc_array:
        columns = self.by_unit.tocsc()
        columns.sort_indices()
        return columns

    @property
    def n_units(self) -> int:
        return int(self.by_unit.shape[0])

    @property
    def n_features(self) -> int:
        return int(self.by_unit.shape[1])

    @cached_property
    def n_active(self) -> np.ndarray:
        """int64 of shape (feature,): units each feature fires on."""
        return np.diff(self.by_feature.indptr).astype(np.int64)

    @cached_property
    def mean(self) -> np.ndarray:
        """float64 of shape (feature,), over all units."""
        return self._sum(self.by_unit.data.astype(np.float64)) / max(1, self.n_units)

    @cached_property
    def squares(self) -> np.ndarray:
        """float64 of shape (feature,): sum of squares over all units."""
        return self._sum(self.by_unit.data.astype(np.float64) ** 2)

    def _sum(self, values: np.ndarray) -> np.ndarray:
        # not SciPy's own sum(axis=0), which adds float32 entries up in float32
        return np.bincount(self.by_unit.indices, values, minlength=self.n_features)

    @cached_property
    def sd(self) -> np.ndarray:
        """float64 of shape (feature,): population standard deviation; 0 for a feature without variance."""
        variance = self.squares / max(1, self.n_units) - self.mean**2
        constant = (self.n_active == 0) | (variance <= 1e-12 * np.maximum(self.squares / max(1, self.n_units), 1e-300))
        return np.sqrt(np.where(constant, 0.0, variance))

    def within(self, strata: Strata) -> StratumSums:
        """Sums within strata, made once. Holds one entry for each (feature, stratum) with any activation."""
        if strata not in self._within:
            self._within[strata] = self._sums(strata)
        return self._within[strata]

    def _sums(self, strata: Strata) -> StratumSums:
        columns = self.by_feature
        feature = np.repeat(np.arange(self.n_features), np.diff(columns.indptr))
        place = (feature, strata.of_unit[columns.indices])
        shape = (self.n_features, len(strata.size))
        value = columns.data.astype(np.float64)
        total = csr_array((value, place), shape=shape)
        square = csr_array((value**2, place), shape=shape)
        total.sort_indices()
        square.sort_indices()
        spread = np.maximum(square.data - total.data**2 / strata.size[total.indices], 0.0)
        return StratumSums(total.indptr.astype(np.int64), total.indices.astype(np.int64), total.data, spread)

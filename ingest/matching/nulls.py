"""What chance looks like: the best match of each feature when the two sides read different passages.

The null is selection-aware (the whole search for the best partner is repeated) and frequency-matched (a feature is held
against features that fire about as often): rare features find large correlations among thousands of candidates by luck.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.stats import false_discovery_control

from ingest.matching import dense, tiles
from ingest.matching.layout import Columns, Rows
from ingest.matching.moments import Moments
from ingest.matching.part import Part
from ingest.ranks import ALONE
from store.schema import BY_NAME

ROUNDS = 5
"""Times that the search is repeated on shifted passages."""
FEWEST = 200
"""Null maxima that a p-value needs; a bin with fewer borrows those of the bins around it."""


@dataclass(frozen=True)
class BestMatchNull:
    """Best correlations found by chance, pooled by how often A's feature fires."""

    bin_of_feature: np.ndarray
    """int64 of shape (feature of A,): floor(log2(n_active)), -1 for a feature that never fires."""
    maxima: dict[int, np.ndarray]
    """Bin -> float64, ascending: the largest pearson of each of its features in each round, neighbours' included.

    Only bins with at least `FEWEST` of them."""
    n_features: dict[int, int]
    """Bin -> features of A in it that have variance."""

    def p_values(self, feature_a: np.ndarray, pearson: np.ndarray) -> np.ndarray:
        """(1 + number of null maxima >= pearson) / (1 + null maxima) of the bin of A's feature (North et al. 2002).

        NaN where even all bins together have fewer than `FEWEST` maxima: too little to speak of chance.
        """
        result = np.full(len(feature_a), np.nan)
        bins = self.bin_of_feature[feature_a]
        for number, maxima in self.maxima.items():
            here = bins == number
            above = len(maxima) - np.searchsorted(maxima, pearson[here], side="left")
            result[here] = (1 + above) / (1 + len(maxima))
        return result

    def table(self, comparison: str) -> pa.Table:
        """The table `match_nulls`: a row for each bin that holds a feature, unknown where the maxima are too few."""
        rows = []
        for number in sorted(self.n_features):
            maxima = self.maxima.get(number, np.zeros(0))
            row = [comparison, 2**number, 2 ** (number + 1) - 1, self.n_features[number], len(maxima)]
            known = len(maxima) > 0
            row += [float(f(maxima)) for f in (np.mean, np.std, np.median)] if known else [None] * 3
            row += [float(np.quantile(maxima, 0.95)), float(maxima[-1])] if known else [None] * 2
            rows.append(row)
        schema = BY_NAME["match_nulls"].arrow
        return pa.table([[row[i] for row in rows] for i in range(len(schema))], schema=schema)


def best_match_null(
    a: Moments,
    b: Moments,
    left: Columns,
    right: Rows,
    order: np.ndarray,
    passage: np.ndarray,
    device: str = "cpu",
    advance: Callable[[int], None] = lambda _: None,
    part: Part | None = None,
) -> BestMatchNull | None:
    """Shift B by whole passages against A, `ROUNDS` times, and search again; None with fewer than two passages.

    `order` is int64 of shape (unit,): the units in the order of both layouts. `passage` is int64 of shape (unit,),
    ascending. The shift is circular, so every unit keeps its neighbours and both sides keep their moments.
    `a` are the moments of all of A, `left` the activations of this rank's `part` of it (None: all); every rank gets
    the whole null.
    Holds a copy of B.
    """
    part = part or Part.of(a, ALONE)
    starts = np.flatnonzero(np.append(True, np.diff(passage) > 0))
    if len(starts) < 2:
        return None
    bins = np.where(a.n_active > 0, np.floor(np.log2(np.maximum(a.n_active, 1))).astype(np.int64), -1)
    alive = a.sd > 0
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    pooled: dict[int, list[np.ndarray]] = {}
    rng = np.random.default_rng(0)
    for shift in rng.choice(np.arange(1, len(starts)), min(ROUNDS, len(starts) - 1), replace=False):
        shifted = right.permuted(place[(order + starts[shift]) % len(order)])
        maxima = part.whole(_maxima(a.only(part.features), b, left, shifted, device, advance))
        for number in np.unique(bins[alive]):
            pooled.setdefault(int(number), []).append(maxima[alive & (bins == number)])
    own = {number: np.concatenate(parts) for number, parts in pooled.items()}
    widened = {number: _with_neighbours(own, number) for number in own}
    enough = {number: maxima for number, maxima in widened.items() if len(maxima) >= FEWEST}
    return BestMatchNull(bins, enough, {number: int((alive & (bins == number)).sum()) for number in own})


def _maxima(
    a: Moments, b: Moments, left: Columns, right: Rows, device: str, advance: Callable[[int], None]
) -> np.ndarray:
    """float64 of shape (feature of A,): each one's largest pearson."""
    if not a.n_features:
        return np.zeros(0)
    if device == "cpu":
        return tiles.best(a, b, left, right, advance)
    return dense.best(a, b, left, right, device, advance)


def _with_neighbours(own: dict[int, np.ndarray], number: int) -> np.ndarray:
    """The maxima of a bin, and of the nearest bins on both sides until there are `FEWEST`, ascending."""
    for reach in range(max(own) - min(own) + 1):
        maxima = np.concatenate([own[n] for n in own if abs(n - number) <= reach])
        if len(maxima) >= FEWEST:
            break
    return np.sort(maxima)


def q_values(p: np.ndarray, is_best: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg (1995) over the best match of each feature of A; other candidates take the q of their p.

    `p` and `is_best` have shape (pair,). The q of a candidate is the smallest false discovery rate at which a best
    match with its p would be called real.
    """
    best = np.sort(p[is_best & ~np.isnan(p)])
    if not len(best):
        return np.full(len(p), np.nan)
    adjusted = false_discovery_control(best)
    place = np.searchsorted(best, p, side="left")
    q = np.where(place < len(best), adjusted[np.minimum(place, len(best) - 1)], 1.0)
    return np.where(np.isnan(p), np.nan, q)

"""All pairs of two spaces on a processor, by tiles of A's features against all of B's, from the sparse entries.

Where a feature of A fires, B's active features of that unit are added up (Gustavson 1978, "Two fast algorithms for
sparse matrices"). Two sums are kept for each pair,

    S = sum a_t b_t          and          X = sum a_t b_t (1 + 1 / (n_s - 1)) - P,      P = sum_s A_s B_s / (n_s - 1),

P by the same kernel over the sums of strata in which few features fire, and by a dense product for the few strata
(` the`, `,`) in which most do. Then, with D = T sd_a sd_b and N1 the units whose token occurs once,

    pearson = (S - T ma mb) / D          pearson_context = (X - N1 ma mb) / D.

F_A x F_B is never held: only one tile of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numba
import numpy as np
import torch

from ingest.matching import kernels
from ingest.matching.layout import Columns, Rows
from ingest.matching.moments import Moments, Strata
from ingest.matching.shortlist import Shortlist
from ingest.matching.sums import StratumLists, StratumSums

TILE = 8_000_000
"""Pairs in a tile."""
DENSE = 0.07
"""A stratum goes the dense way when more than this share (geometric mean of both sides) of the features fires in it:
there the dense product of a stratum costs as much as the sparse one."""
ROWS = 8
"""Features of A that a thread takes at a time: they differ much in how often they fire."""
SPAN = 1024
"""Features of A between two steps of the progress bar, where no tile sets them."""
DENSE_BYTES = 512 * 1024**2
"""Bound on the dense part of B's stratum sums."""


@dataclass(frozen=True)
class Tiles:
    """Two sides laid out for all-pairs products.

    `strata` follow each other in the order of the units. Holds the layouts, B's stratum lists (12 bytes an entry) and,
    while it searches, a tile of `TILE` pairs three times.
    """

    a: Moments
    b: Moments
    left: Columns
    right: Rows
    strata: Strata
    sums: StratumSums
    """A's sums within the strata."""
    lists: StratumLists
    """B's."""

    def only_a(self, features: np.ndarray) -> "Tiles":
        """These features of A against all of B."""
        return replace(self, a=self.a.only(features), left=self.left.only(features), sums=self.sums.only(features))

    def only_b(self, features: np.ndarray) -> "Tiles":
        """All of A against these features of B."""
        right = self.right.only(features)
        return replace(self, b=self.b.only(features), right=right, lists=StratumLists.of(right, self.strata))

    def search(
        self, k: int, advance: Callable[[int], None] = lambda _: None, kind: type[np.floating] = np.float32
    ) -> tuple[Shortlist, Shortlist]:
        """The `k` best partners of A's features, and of B's; sums are held in `kind`.

        Only pairs that fire together and have pearson above 0, both up to rounding. `advance` is called with the
        number of A's features done.
        """
        n_a, n_b = self.left.n_features, self.right.n_features
        of_a, of_b = Shortlist.empty(n_a, k, np.dtype(kind)), Shortlist.empty(n_b, k, np.dtype(kind))
        weight = self.strata.weight
        heavy = self._heavy() if kind is np.float32 else np.zeros(0, np.int64)
        light = np.where(np.isin(np.arange(len(weight)), heavy), 0, weight).astype(kind)
        dense_b = self._dense(heavy)
        units = (
            *(self.left.indptr, self.left.place, self.left.value, weight[self.strata.of_unit].astype(kind)),
            *(self.right.indptr, self.right.entries, self.right.entries.view(np.float32)),
        )
        of_sums = self.sums.indptr, self.sums.stratum, self.sums.total
        strata = (*of_sums, light, self.lists.indptr, self.lists.feature, self.lists.total.astype(kind))
        size = min(n_a, max(32, TILE // max(1, n_b)))
        out, extra = np.empty((size, n_b, 2), kind), np.zeros((size, n_b), np.float32)
        order = self.left.similar() if kind is np.float32 else np.arange(n_a)
        for visited in np.split(order, range(size, n_a, size)):
            tile, more = out[: len(visited)], extra[: len(visited)]
            if len(heavy):
                dense_a = np.zeros((len(tile), len(heavy)), np.float32)
                kernels.scatter(visited, *of_sums, -weight, heavy, dense_a)
                torch.mm(torch.from_numpy(dense_a), dense_b, out=torch.from_numpy(more))
            with numba.parallel_chunksize(ROWS):
                kernels.fill(visited, units, strata, more, self._moments(kind), tile, of_a.bound, of_a.partner)
            kernels.by_column(visited, tile, of_b.bound, of_b.partner)
            advance(len(visited))
        return of_a, of_b

    def _heavy(self) -> np.ndarray:
        """int64: the strata that go the dense way, ascending."""
        n_strata = len(self.strata.size)
        fired = np.bincount(self.sums.stratum, minlength=n_strata) / max(1, self.left.n_features)
        density = np.sqrt(fired * np.diff(self.lists.indptr) / max(1, self.right.n_features))
        density[self.strata.size < 2] = 0
        cap = DENSE_BYTES // (4 * max(1, self.right.n_features))
        heavy = np.sort(np.argsort(-density, kind="stable")[:cap])
        return heavy[density[heavy] > DENSE]

    def _dense(self, heavy: np.ndarray) -> torch.Tensor:
        """float32 of shape (heavy stratum, feature of B): B's sums."""
        dense = np.zeros((len(heavy), self.right.n_features), np.float32)
        for row, s in enumerate(heavy):
            here = slice(self.lists.indptr[s], self.lists.indptr[s + 1])
            dense[row, self.lists.feature[here]] = self.lists.total[here]
        return torch.from_numpy(dense)

    def _moments(self, kind: type[np.floating]) -> tuple[object, ...]:
        a, b = self.a, self.b
        scalars = kind(a.n_units), kind(self.strata.n_single)
        parts = a.mean, a.inverse_sd / max(1, a.n_units), rounding_of(kind, a.n_active), b.mean, b.inverse_sd
        return *scalars, *(part.astype(kind) for part in parts)


def rounding_of(kind: type[np.floating], n_active: np.ndarray) -> np.ndarray:
    """float64 of shape (feature of A,): relative rounding error of a sum of `n_active` products held in `kind`.

    4 sqrt(n) u with near certainty, u the unit roundoff (Higham and Mary 2019, "A new approach to probabilistic
    rounding error analysis"), and a few u for the products themselves.
    """
    unit = float(np.finfo(kind).eps) / 2
    return (4 * np.sqrt(n_active) + 8) * unit


def best(
    a: Moments, b: Moments, left: Columns, right: Rows, advance: Callable[[int], None] = lambda _: None
) -> np.ndarray:
    """float64 of shape (feature of A,): the largest pearson with any feature of B, 0 where none fires together with it.

    Holds a row of pairs a thread.
    """
    result = np.zeros(a.n_features)
    sums = np.empty((numba.get_num_threads(), b.n_features), np.float32)
    units = left.indptr, left.place, left.value, right.indptr, right.entries, right.entries.view(np.float32)
    moments = a.mean * a.n_units, b.mean.astype(np.float32), b.inverse_sd.astype(np.float32)
    for visited in np.split(left.similar(), range(SPAN, a.n_features, SPAN)):
        with numba.parallel_chunksize(ROWS):
            kernels.best(visited, units, moments, sums, result)
        advance(len(visited))
    return np.where(a.sd > 0, np.maximum(result, 0) * a.inverse_sd / max(1, a.n_units), 0)

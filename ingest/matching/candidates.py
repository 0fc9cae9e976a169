"""Which pairs are worth keeping: the best by pearson and by pearson_context, from both sides, from the same tiles.

For a tile of A's features the products with all of B come from the sparse entries (Gustavson 1978, "Two fast algorithms
for sparse matrices"): unit by unit where A fires, B's active features are added up. Two sums are kept,

    S = sum a_t b_t          and          S + S' = sum a_t b_t (1 + 1 / (n_s - 1)),

and the product of the stratum sums, P = sum_s A_s B_s / (n_s - 1), is added: by the same kernel for strata in which few
features fire, by a dense product for the few strata (` the`, `,`) in which most do. Then, with D = T sd_a sd_b,

    pearson = (S - T ma mb) / D          pearson_context = (S + S' - P - N1 ma mb) / D

where N1 counts the units whose token occurs once. F_A x F_B is never held: only one tile of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
import torch
from scipy.sparse import csr_array

from ingest.matching.moments import Side, Strata

TILE = 4_000_000
"""Entries of a tile: rows of A times features of B."""
SLACK = 6
"""Candidates kept beyond k while sums are float32; exact rescoring then decides."""
DENSE = 0.05
"""A stratum goes the dense way when more than this share (geometric mean of both sides) of the features fires in it."""
DENSE_BYTES = 512 * 1024**2
"""Bound on the dense part of B's stratum sums."""


@numba.njit(parallel=True, cache=True, nogil=True)
def _products(indptr, unit, value, weight, b_indptr, b_feature, b_value, plain, weighted):  # type: ignore[no-untyped-def]
    """Add A's rows times B into `plain`, and times (1 + weight) into `weighted`, both (row, feature of B)."""
    for row in numba.prange(len(indptr) - 1):
        for k in range(indptr[row], indptr[row + 1]):
            t = unit[k]
            v = value[k]
            w = v * (np.float32(1.0) + weight[t])
            for j in range(b_indptr[t], b_indptr[t + 1]):
                plain[row, b_feature[j]] += v * b_value[j]
                weighted[row, b_feature[j]] += w * b_value[j]


@numba.njit(parallel=True, cache=True, nogil=True)
def _product(indptr, inner, value, b_indptr, b_feature, b_value, out):  # type: ignore[no-untyped-def]
    """Add A's rows times B into `out`, (row, feature of B); the inner index is a unit, or a stratum."""
    for row in numba.prange(len(indptr) - 1):
        for k in range(indptr[row], indptr[row + 1]):
            t = inner[k]
            v = value[k]
            for j in range(b_indptr[t], b_indptr[t + 1]):
                out[row, b_feature[j]] += v * b_value[j]


@dataclass(frozen=True)
class StratumProduct:
    """The two ways to -P: strata with few active features, and strata with many. A's sums carry -1 / (n_s - 1)."""

    a_light: csr_array
    b_light: csr_array
    a_heavy: csr_array
    b_heavy: torch.Tensor

    @staticmethod
    def of(a: Side, b: Side, strata: Strata) -> "StratumProduct":
        sums = [_stratum_matrix(side, strata) for side in (a, b)]
        fired = [np.diff(m.tocsc().indptr) / max(1, m.shape[0]) for m in sums]
        density = np.sqrt(fired[0] * fired[1])
        cap = DENSE_BYTES // (4 * max(1, b.n_features))
        heavy = np.sort(np.argsort(-density, kind="stable")[:cap])
        heavy = heavy[density[heavy] > DENSE]
        light = np.setdiff1d(np.flatnonzero((density > 0) & (strata.size > 1)), heavy)
        heavy = heavy[strata.size[heavy] > 1]
        scaled = csr_array(sums[0] * -strata.weight[None, :]).astype(np.float32)
        b_heavy = torch.from_numpy(sums[1][:, heavy].T.toarray().astype(np.float32))
        b_light = csr_array(sums[1][:, light].T.astype(np.float32))
        return StratumProduct(csr_array(scaled[:, light]), b_light, csr_array(scaled[:, heavy]), b_heavy)


def _stratum_matrix(side: Side, strata: Strata) -> csr_array:
    sums = side.within(strata)
    return csr_array((sums.total, sums.stratum, sums.indptr), shape=(side.n_features, len(strata.size)))


class _Best:
    """The k best of each row while columns come in tiles."""

    def __init__(self, rows: int, k: int) -> None:
        self.k = k
        self.value = torch.full((rows, k), -torch.inf)
        self.index = torch.full((rows, k), -1, dtype=torch.int64)

    def add(self, tile: torch.Tensor, first: int) -> None:
        value, index = torch.topk(tile, min(self.k, tile.shape[1]), dim=1)
        value, index = torch.cat([self.value, value], 1), torch.cat([self.index, index + first], 1)
        self.value, place = torch.topk(value, self.k, dim=1)
        self.index = index.gather(1, place)

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        row, place = torch.nonzero(torch.isfinite(self.value), as_tuple=True)
        return row.numpy(), self.index[row, place].numpy()


def search(a: Side, b: Side, strata: Strata, k: int, advance: Callable[[int], None]) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (feature_a, feature_b), sorted: the union of the k + 6 best by pearson and by pearson_context of each side.

    Only pairs that fire together and have pearson above 0. Holds one tile twice, both sides' sparse entries and the
    stratum sums. `advance` is called with the number of A's features done.
    """
    product = StratumProduct.of(a, b, strata)
    weight = strata.weight[strata.of_unit].astype(np.float32)
    alive_b = torch.from_numpy(b.sd > 0)
    columns = [torch.from_numpy(x.astype(np.float32)) for x in (b.mean, np.where(b.sd > 0, b.sd, np.inf))]
    best_b = [_Best(b.n_features, k + SLACK) for _ in range(2)]
    found = []
    size = max(32, TILE // max(1, b.n_features))
    by_feature = a.by_feature
    for first in range(0, a.n_features, size):
        last = min(first + size, a.n_features)
        plain = np.zeros((last - first, b.n_features), np.float32)
        context = np.zeros_like(plain)
        begin, end = by_feature.indptr[first], by_feature.indptr[last]
        rows = (by_feature.indptr[first : last + 1] - begin, by_feature.indices[begin:end], by_feature.data[begin:end])
        _products(*rows, weight, b.by_unit.indptr, b.by_unit.indices, b.by_unit.data, plain, context)
        _add_strata(product, slice(first, last), context)
        tiles = _correlations(plain, context, a, slice(first, last), columns, alive_b, strata.n_single)
        for tile, best in zip(tiles, best_b, strict=True):
            row_best = _Best(last - first, k + SLACK)
            row_best.add(tile, 0)
            row, column = row_best.pairs()
            found.append((row + first, column))
            best.add(tile.T.contiguous(), first)
        advance(last - first)
    for best in best_b:
        column, row = best.pairs()
        found.append((row, column))
    pairs = np.unique(np.concatenate([row * np.int64(b.n_features) + column for row, column in found]))
    return pairs // b.n_features, pairs % b.n_features


def best(a: Side, b: Side) -> np.ndarray:
    """float64 of shape (feature of A,): the largest pearson with any feature of B, 0 where none fires together with it.

    Holds one tile.
    """
    result = np.zeros(a.n_features)
    mean, scale = b.mean.astype(np.float32), np.where(b.sd > 0, 1 / np.where(b.sd > 0, b.sd, 1), 0).astype(np.float32)
    size = max(32, TILE // max(1, b.n_features))
    by_feature = a.by_feature
    for first in range(0, a.n_features, size):
        last = min(first + size, a.n_features)
        tile = np.zeros((last - first, b.n_features), np.float32)
        begin, end = by_feature.indptr[first], by_feature.indptr[last]
        rows = (by_feature.indptr[first : last + 1] - begin, by_feature.indices[begin:end], by_feature.data[begin:end])
        _product(*rows, b.by_unit.indptr, b.by_unit.indices, b.by_unit.data, tile)
        scores = torch.from_numpy(tile)
        chance = torch.from_numpy(a.mean[first:last].astype(np.float32))[:, None] * torch.from_numpy(mean)
        scores.sub_(chance, alpha=a.n_units).mul_(torch.from_numpy(scale))
        sd = np.where(a.sd[first:last] > 0, a.sd[first:last], np.inf)
        result[first:last] = np.maximum(scores.max(1).values.numpy() / (a.n_units * sd), 0)
    return result


def _add_strata(product: StratumProduct, rows: slice, weighted: np.ndarray) -> None:
    light, other = product.a_light[rows], product.b_light
    _product(light.indptr, light.indices, light.data, other.indptr, other.indices, other.data, weighted)
    if product.b_heavy.shape[0]:
        heavy = torch.from_numpy(product.a_heavy[rows].toarray())
        torch.from_numpy(weighted).addmm_(heavy, product.b_heavy)


def _correlations(
    plain: np.ndarray,
    context: np.ndarray,
    a: Side,
    rows: slice,
    columns: list[torch.Tensor],
    alive_b: torch.Tensor,
    n_single: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """pearson and pearson_context of a tile, -inf where a pair is no candidate; both in place."""
    mean_b, sd_b = columns
    sd = torch.from_numpy(np.where(a.sd[rows] > 0, a.sd[rows], np.inf).astype(np.float32))
    mean = torch.from_numpy(a.mean[rows].astype(np.float32))
    scale = 1 / (a.n_units * sd[:, None] * sd_b[None, :])
    chance = mean[:, None] * mean_b[None, :]
    r, c = torch.from_numpy(plain), torch.from_numpy(context)
    together = r > 0
    r.sub_(chance, alpha=a.n_units).mul_(scale)
    c.sub_(chance, alpha=n_single).mul_(scale)
    no = ~(together & (r > 0) & alive_b & (torch.from_numpy(a.sd[rows] > 0)[:, None]))
    return r.masked_fill_(no, -torch.inf), c.masked_fill_(no, -torch.inf)

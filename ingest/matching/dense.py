"""All pairs of two spaces on a GPU: the sums of `tiles`, by dense products of blocks of units in full float32."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ingest.matching.layout import Columns, Rows
from ingest.matching.moments import Moments
from ingest.matching.shortlist import ORDERS, Shortlist
from ingest.matching.sums import StratumSums
from ingest.matching.tiles import Tiles, rounding_of

TILE = 200_000_000
"""Pairs in a tile, of which about six matrices of float32 are held at once."""
BLOCK = 200_000_000
"""Entries of a dense block of B's units."""


@dataclass(frozen=True)
class Blocks:
    """A side on the device as a compressed matrix (inner index, feature); the inner index is a unit or a stratum."""

    indptr: np.ndarray
    """int64 of shape (inner + 1,)."""
    feature: torch.Tensor
    value: torch.Tensor
    n_features: int

    @staticmethod
    def of(indptr: np.ndarray, feature: np.ndarray, value: np.ndarray, n_features: int, device: str) -> "Blocks":
        index = torch.from_numpy(np.ascontiguousarray(feature)).to(device)
        return Blocks(indptr, index, _on(device, value), n_features)

    @staticmethod
    def turned(outer: np.ndarray, inner: np.ndarray, value: np.ndarray, n_inner: int, device: str) -> "Blocks":
        """From the rows `outer` (int64 of shape (feature + 1,)) of a matrix (feature, inner index)."""
        order = np.argsort(inner, kind="stable")
        feature = np.repeat(np.arange(len(outer) - 1, dtype=np.int32), np.diff(outer))[order]
        indptr = np.searchsorted(inner[order], np.arange(n_inner + 1))
        return Blocks.of(indptr, feature, value[order], len(outer) - 1, device)

    def dense(self, first: int, last: int) -> torch.Tensor:
        """float32 of shape (last - first, feature)."""
        begin, end = int(self.indptr[first]), int(self.indptr[last])
        size = torch.from_numpy(np.diff(self.indptr[first : last + 1])).to(self.feature.device)
        row = torch.repeat_interleave(torch.arange(last - first, device=size.device), size)
        out = torch.zeros(last - first, self.n_features, device=size.device)
        out[row, self.feature[begin:end].long()] = self.value[begin:end]
        return out


class DenseTiles:
    """The search of `tiles.Tiles` on a torch device: B's activations and stratum sums stay there, A comes by tiles."""

    def __init__(self, tiles: Tiles, device: str) -> None:
        self.tiles, self.device = tiles, device
        self.units = Blocks.of(*_rows(tiles.right), tiles.right.n_features, device)
        lists = tiles.lists
        self.strata = Blocks.of(lists.indptr, lists.feature, lists.total, tiles.right.n_features, device)

    @torch.inference_mode()
    def search(self, k: int, advance: Callable[[int], None] = lambda _: None) -> tuple[Shortlist, Shortlist]:
        """The `k` best partners of A's features, and of B's, as `tiles.Tiles.search` lists them."""
        t = self.tiles
        weight = torch.from_numpy(t.strata.weight.astype(np.float32)).to(self.device)
        of_unit = weight[torch.from_numpy(t.strata.of_unit).to(self.device)]
        of_a, of_b = [], _Best(t.b.n_features, k, self.device)
        for first, last in _spans(t.a.n_features, TILE // max(1, t.b.n_features)):
            units = Blocks.turned(*_part(t.left, t.left.place, t.left.value, first, last), t.a.n_units, self.device)
            sums = _part(t.sums, t.sums.stratum, t.sums.total, first, last)
            strata = Blocks.turned(*sums, len(weight), self.device)
            s = torch.zeros(last - first, t.b.n_features, device=self.device)
            x = torch.zeros_like(s)
            for a, b, here in _chunks(units, self.units):
                s.addmm_(a.T, b)
                x.addmm_((a * (1 + of_unit[here, None])).T, b)
            for a, b, here in _chunks(strata, self.strata):
                x.addmm_((a * weight[here, None]).T, b, alpha=-1)
            tile = self._judge(s, x, first, last)
            rows = _Best(last - first, k, self.device)
            rows.add(tile, 0)
            of_a.append(rows.lists())
            of_b.add(tile.transpose(1, 2), first)
            advance(last - first)
        bound, partner = (np.concatenate(parts, 1) for parts in zip(*of_a, strict=True))
        return Shortlist(bound, partner), Shortlist(*of_b.lists())

    def _judge(self, s: torch.Tensor, x: torch.Tensor, first: int, last: int) -> torch.Tensor:
        """Bounds on pearson and pearson_context, float32 of shape (order, row, feature of B); see `tiles._judge`."""
        t = self.tiles
        rounding = _on(self.device, rounding_of(np.float32, t.a.n_active[first:last]))[:, None]
        chance = _on(self.device, t.a.mean[first:last])[:, None] * _on(self.device, t.b.mean)
        scale = _on(self.device, t.a.inverse_sd[first:last] / t.a.n_units)[:, None] * _on(self.device, t.b.inverse_sd)
        units, single = t.a.n_units, t.strata.n_single
        pearson = (s - units * chance + rounding * (s + units * chance)) * scale
        context = (x - single * chance + rounding * (4 * s - x + single * chance)) * scale
        no = (s <= 0) | (pearson <= 0)
        return torch.stack([pearson, context]).masked_fill_(no, -torch.inf)


class _Best:
    """The k best of each row, by either order, while columns come in tiles."""

    def __init__(self, rows: int, k: int, device: str) -> None:
        self.k = k
        self.bound = torch.full((ORDERS, rows, k), -torch.inf, device=device)
        self.partner = torch.full((ORDERS, rows, k), -1, dtype=torch.int64, device=device)

    def add(self, tile: torch.Tensor, first: int) -> None:
        bound, partner = torch.topk(tile, min(self.k, tile.shape[2]), dim=2)
        bound, partner = torch.cat([self.bound, bound], 2), torch.cat([self.partner, partner + first], 2)
        self.bound, place = torch.topk(bound, self.k, dim=2)
        self.partner = partner.gather(2, place)

    def lists(self) -> tuple[np.ndarray, np.ndarray]:
        partner = torch.where(torch.isfinite(self.bound), self.partner, -1)
        return self.bound.cpu().numpy(), partner.to(torch.int32).cpu().numpy()


@torch.inference_mode()
def best(a: Moments, b: Moments, left: Columns, right: Rows, device: str, advance: Callable[[int], None]) -> np.ndarray:
    """float64 of shape (feature of A,): the largest pearson with any feature of B, as `tiles.best` finds it."""
    against = Blocks.of(*_rows(right), b.n_features, device)
    mean, scale = _on(device, b.mean), _on(device, b.inverse_sd)
    found = []
    for first, last in _spans(a.n_features, TILE // max(1, b.n_features)):
        units = Blocks.turned(*_part(left, left.place, left.value, first, last), a.n_units, device)
        s = torch.zeros(last - first, b.n_features, device=device)
        for x, y, _ in _chunks(units, against):
            s.addmm_(x.T, y)
        s.sub_(_on(device, a.mean[first:last])[:, None] * mean, alpha=a.n_units).mul_(scale)
        found.append(s.max(1).values.cpu().numpy())
        advance(last - first)
    return np.where(a.sd > 0, np.maximum(np.concatenate(found), 0) * a.inverse_sd / max(1, a.n_units), 0)


def _on(device: str, values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(device)


def _rows(right: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return right.indptr, right.feature, right.value


def _part(
    side: Columns | StratumSums, inner: np.ndarray, value: np.ndarray, first: int, last: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    begin, end = side.indptr[first], side.indptr[last]
    return side.indptr[first : last + 1] - begin, inner[begin:end], value[begin:end]


def _spans(n: int, size: int) -> Iterator[tuple[int, int]]:
    size = max(32, size)
    for first in range(0, n, size):
        yield first, min(first + size, n)


def _chunks(a: Blocks, b: Blocks) -> Iterator[tuple[torch.Tensor, torch.Tensor, slice]]:
    """Both sides dense, a block of the inner index at a time."""
    for first, last in _spans(len(a.indptr) - 1, BLOCK // max(1, b.n_features)):
        yield a.dense(first, last), b.dense(first, last), slice(first, last)

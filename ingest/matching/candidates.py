"""Which pairs are worth keeping: the best by pearson and by pearson_context, from both sides, exactly.

A fast search in float32, on a processor (`tiles`) or a GPU (`dense`), lists a few more partners than are kept, with
bounds on their correlations that allow for its rounding. The listed pairs are measured in float64. Where a partner that
was not listed could still beat the last one kept (ties, near ties), that feature is searched again in float64. What is
kept therefore depends on neither the device nor the order of sums, and not on how A is divided among ranks: each
searches and measures its part of A against all of B, the lists of B's features are merged, and the measured pairs are
put together before the last are chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numba
import numpy as np

from ingest.matching import evidence
from ingest.matching.dense import DenseTiles
from ingest.matching.evidence import Evidence, Witness
from ingest.matching.layout import Rows
from ingest.matching.moments import Strata
from ingest.matching.part import Part
from ingest.matching.shortlist import Shortlist
from ingest.matching.sums import StratumLists
from ingest.matching.tiles import Tiles

SLACK = 2
"""Partners listed beyond those kept, so that few features need the second search."""


@dataclass(frozen=True)
class Pairs:
    """Measured pairs, sorted by A and then B."""

    feature_a: np.ndarray
    feature_b: np.ndarray
    found: Evidence

    @staticmethod
    def joined(parts: "list[Pairs]") -> "Pairs":
        a, b = (np.concatenate([getattr(part, f) for part in parts]) for f in ("feature_a", "feature_b"))
        order = np.lexsort((b, a))
        return Pairs(a[order], b[order], Evidence.joined([part.found for part in parts]).take(order))

    def take(self, index: np.ndarray) -> "Pairs":
        return Pairs(self.feature_a[index], self.feature_b[index], self.found.take(index))


def places(group: np.ndarray, value: np.ndarray) -> np.ndarray:
    """int64 of shape (pair,): place from 1 within each group, largest value first, ties in the order of the pairs."""
    order = np.argsort(group, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(group))]).astype(np.int64)
    rank = np.empty(len(group), np.int64)
    _rank(starts, order, -value, rank)
    return rank


@numba.njit(parallel=True, cache=True, nogil=True)
def _rank(starts, order, value, rank):  # type: ignore[no-untyped-def]
    for g in numba.prange(len(starts) - 1):
        members = order[starts[g] : starts[g + 1]]
        best_first = np.argsort(value[members], kind="mergesort")
        for place in range(len(members)):
            rank[members[best_first[place]]] = place + 1


def search(
    a: Witness,
    b: Witness,
    rows: Rows,
    token: Strata,
    position: Strata,
    k: int,
    device: str,
    part: Part,
    advance: Callable[[int], None] = lambda _: None,
) -> Pairs:
    """Exactly the union of the `k` best by pearson and by pearson_context of every feature of either side.

    Only pairs that fire together and have pearson above 0. `a` is this rank's part of A, `b` all of B, `rows` B by
    unit; every rank gets all pairs. `device` is "cpu" or a torch device.
    """
    lists = StratumLists.of(rows, token)
    tiles = Tiles(a.moments, b.moments, a.columns, rows, token, a.by_token, lists)
    of_a, of_b = _listed(tiles, k, device, advance)
    of_b = part.best(of_b)

    def measured(feature_a: np.ndarray, feature_b: np.ndarray) -> Pairs:
        found = evidence.measure(a, b, feature_a, feature_b, token, position)
        return Pairs(feature_a, feature_b, found).take(found.pearson > 0)

    def whole(pairs: Pairs) -> Pairs:
        return Pairs.joined(part.ranks.gather(replace(pairs, feature_a=part.features[pairs.feature_a])))

    own = measured(*_union(b.moments.n_features, of_a.pairs(), _mine(part, of_b)))
    pairs = whole(own)
    again_a = of_a.surpassed(_kth(own, own.feature_a, a.moments.n_features, k))
    again_b = of_b.surpassed(_kth(pairs, pairs.feature_b, b.moments.n_features, k))
    more = _union(b.moments.n_features, *_again(tiles, again_a, again_b, k))
    known = np.isin(_key(b.moments.n_features, *more), _key(b.moments.n_features, own.feature_a, own.feature_b))
    pairs = Pairs.joined([pairs, whole(measured(*(feature[~known] for feature in more)))])
    return pairs.take(_kept(pairs, k))


def _listed(tiles: Tiles, k: int, device: str, advance: Callable[[int], None]) -> tuple[Shortlist, Shortlist]:
    """The fast search; a part may be empty, where there are more ranks than features."""
    if not tiles.a.n_features:
        of_a, of_b = (Shortlist.empty(n, k + SLACK, np.dtype(np.float32)) for n in (0, tiles.b.n_features))
        return of_a, of_b
    return (tiles if device == "cpu" else DenseTiles(tiles, device)).search(k + SLACK, advance)


def _mine(part: Part, of_b: Shortlist) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of B's lists whose feature of A is in this part."""
    feature_b, feature_a = of_b.pairs()
    here, own = part.own(feature_a)
    return own, feature_b[here]


def _key(width: int, feature_a: np.ndarray, feature_b: np.ndarray) -> np.ndarray:
    return feature_a * np.int64(width) + feature_b


def _union(width: int, *parts: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    keys = np.sort(np.concatenate([_key(width, *part) for part in parts]))
    keys = keys[np.append(True, keys[1:] > keys[:-1])[: len(keys)]]
    return keys // width, keys % width


def _kth(pairs: Pairs, group: np.ndarray, n: int, k: int) -> np.ndarray:
    """float64 of shape (order, feature): the exact k-th best value of each feature, -inf where there are fewer."""
    result = np.full((2, n), -np.inf)
    for order, value in enumerate((pairs.found.pearson, pairs.found.pearson_context)):
        last = places(group, value) == k
        result[order, group[last]] = value[last]
    return result


def _kept(pairs: Pairs, k: int) -> np.ndarray:
    kept = np.zeros(len(pairs.feature_a), bool)
    for value in (pairs.found.pearson, pairs.found.pearson_context):
        kept |= places(pairs.feature_a, value) <= k
        kept |= places(pairs.feature_b, value) <= k
    return kept


def _again(tiles: Tiles, again_a: np.ndarray, again_b: np.ndarray, k: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The lists of these features of A, and of these features of B, from sums held in float64.

    Those of B are not merged among ranks: each has the best of all that are in its part.
    """
    found = []
    if len(again_a):
        of_a, _ = tiles.only_a(again_a).search(k + SLACK, kind=np.float64)
        feature, partner = of_a.pairs()
        found.append((again_a[feature], partner))
    if len(again_b) and tiles.a.n_features:
        _, of_b = tiles.only_b(again_b).search(k + SLACK, kind=np.float64)
        feature, partner = of_b.pairs()
        found.append((partner, again_b[feature]))
    return found or [(np.zeros(0, np.int64), np.zeros(0, np.int64))]

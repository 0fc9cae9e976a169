"""Exact evidence of the pairs that are kept, in float64, from the sparse columns of the two features.

The units where both fire give S and the counts; the strata where both fire give

    C        = sum_{n_s >= 2} (A_s B_s - S_s) / (n_s - 1) + N1 ma mb          (what the stratum alone explains)
    E, Var   = sum_s A_s B_s / n_s,   sum_s SSa_s SSb_s / (n_s - 1)           (S when b is permuted within strata)

E and Var are the moments of a sum under random permutations (Hoeffding 1951, "A combinatorial central limit theorem"),
added over independent strata: no sampling.
"""

from dataclasses import dataclass, fields

import numba
import numpy as np

from ingest.matching.layout import Columns
from ingest.matching.moments import Moments, Strata
from ingest.matching.sums import StratumSums


@dataclass(frozen=True)
class Evidence:
    """Arrays of shape (pair,)."""

    pearson: np.ndarray
    pearson_token: np.ndarray
    pearson_position: np.ndarray
    z_context: np.ndarray
    """NaN where permuting within tokens changes nothing."""
    cosine: np.ndarray
    n_both: np.ndarray

    @property
    def pearson_context(self) -> np.ndarray:
        return self.pearson - self.pearson_token

    def take(self, index: np.ndarray) -> "Evidence":
        """These pairs alone; `index` is int64 or bool."""
        return Evidence(*(getattr(self, f.name)[index] for f in fields(self)))

    @staticmethod
    def joined(parts: "list[Evidence]") -> "Evidence":
        """The pairs of each after those of the one before."""
        return Evidence(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Evidence)))


@dataclass(frozen=True)
class Witness:
    """One side as the evidence needs it: moments, columns, and the sums within tokens and within positions."""

    moments: Moments
    columns: Columns
    by_token: StratumSums
    by_position: StratumSums

    @staticmethod
    def of(moments: Moments, columns: Columns, token: Strata, position: Strata) -> "Witness":
        return Witness(moments, columns, StratumSums.of(columns, token), StratumSums.of(columns, position))


def measure(
    a: Witness, b: Witness, feature_a: np.ndarray, feature_b: np.ndarray, token: Strata, position: Strata
) -> Evidence:
    """Evidence of the pairs (feature_a[p], feature_b[p]), int64 of shape (pair,). All have variance.

    Of each pair the shorter list of units is walked, and the other looked up.
    """
    left, right = a.moments, b.moments
    units, mean = left.n_units, left.mean[feature_a] * right.mean[feature_b]
    scale = units * left.sd[feature_a] * right.sd[feature_b]
    squares = left.squares[feature_a] * right.squares[feature_b]
    b_is_shorter = left.n_active[feature_a] >= right.n_active[feature_b]
    n_both, sums = np.zeros(len(feature_a), np.int64), np.zeros((9, len(feature_a)))
    for chosen, held, walked, of_held, of_walked in (
        (b_is_shorter, a, b, feature_a, feature_b),
        (~b_is_shorter, b, a, feature_b, feature_a),
    ):
        pairs = np.flatnonzero(chosen)
        pairs = pairs[np.argsort(of_held[pairs], kind="stable")]
        n_both[pairs], sums[:, pairs] = _together(held, walked, of_held[pairs], of_walked[pairs], token, position)
    plain, paired, (by_token, expected, variance), by_position = sums[0], sums[1:3], sums[3:6], sums[6]
    explained = [
        within - own + strata.n_single * mean
        for within, own, strata in zip((by_token, by_position), paired, (token, position), strict=True)
    ]
    spread = np.sqrt(variance)
    moves = spread > 1e-9 * np.sqrt(squares)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(moves, (plain - expected) / spread, np.nan)
    return Evidence(
        pearson=np.clip((plain - units * mean) / scale, -1, 1),
        pearson_token=(explained[0] - units * mean) / scale,
        pearson_position=(explained[1] - units * mean) / scale,
        z_context=z,
        cosine=np.clip(plain / np.sqrt(squares), 0, 1),
        n_both=n_both,
    )


def _together(
    held: Witness, walked: Witness, held_feature: np.ndarray, feature: np.ndarray, token: Strata, position: Strata
) -> tuple[np.ndarray, np.ndarray]:
    """n_both and nine sums of each pair: S, S with the weights of either strata, then `_strata` of both."""
    groups = np.searchsorted(held_feature, np.arange(held.moments.n_features + 1))
    n_both, sums = np.zeros(len(feature), np.int64), np.zeros((9, len(feature)))
    n_threads, n_units = numba.get_num_threads(), held.moments.n_units
    lists = [(c.indptr, c.place, c.value) for c in (held.columns, walked.columns)]
    weights = [strata.weight[strata.of_unit] for strata in (token, position)]
    scratch = (
        np.zeros((n_threads, n_units), np.int32),
        np.zeros((n_threads, n_units // 64 + 1), np.uint64),
        np.empty((n_threads, int(held.moments.n_active.max(initial=1)), 3)),
        np.empty((n_threads, int(walked.moments.n_active.max(initial=0)) + 1), np.int64),
    )
    with numba.parallel_chunksize(8):
        _units(groups, feature, lists[0], lists[1], weights[0], weights[1], scratch, n_both, sums[:3])
    for strata, x, y, out in (
        (token, held.by_token, walked.by_token, sums[3:6]),
        (position, held.by_position, walked.by_position, sums[6:9]),
    ):
        where = np.full((n_threads, len(strata.size)), -1, np.int64)
        parts = [(side.indptr, side.stratum, side.total, side.spread) for side in (x, y)]
        _strata(groups, feature, parts[0], parts[1], 1 / strata.size, strata.weight, where, out)
    return n_both, sums


@numba.njit(parallel=True, cache=True, nogil=True)
def _units(groups, feature, held, walked, token, position, scratch, n_both, sums):  # type: ignore[no-untyped-def]
    """n_both and S, and S with the weights of either strata.

    The entries of the held feature are looked up by their unit: first one bit, which stays in the cache, then where
    they are, then the activation beside the unit's two weights.
    """
    indptr, place, value = held
    w_indptr, w_place, w_value = walked
    one, six, low = np.uint64(1), np.uint64(6), np.uint64(63)
    for f in numba.prange(len(groups) - 1):
        if groups[f] == groups[f + 1]:
            continue
        thread = numba.get_thread_id()
        at, bits, mine, hit = scratch[0][thread], scratch[1][thread], scratch[2][thread], scratch[3][thread]
        for i in range(indptr[f], indptr[f + 1]):
            u, k = np.uint64(place[i]), i - indptr[f]
            at[u] = k
            bits[u >> six] |= one << (u & low)
            mine[k, 0], mine[k, 1], mine[k, 2] = value[i], token[u], position[u]
        for p in range(groups[f], groups[f + 1]):
            n, plain, by_token, by_position = np.uint64(0), 0.0, 0.0, 0.0
            for j in range(w_indptr[feature[p]], w_indptr[feature[p] + 1]):
                u = np.uint64(w_place[j])
                hit[n] = j  # overwritten by the next unless this one hits: no branch that could be guessed wrong
                n += (bits[u >> six] >> (u & low)) & one
            for j in hit[:n]:
                k = np.uint64(at[np.uint64(w_place[j])])
                product = mine[k, 0] * np.float64(w_value[j])
                plain += product
                by_token += product * mine[k, 1]
                by_position += product * mine[k, 2]
            n_both[p], sums[0, p], sums[1, p], sums[2, p] = n, plain, by_token, by_position
        for i in range(indptr[f], indptr[f + 1]):
            bits[np.uint64(place[i]) >> six] = 0


@numba.njit(parallel=True, cache=True, nogil=True)
def _strata(groups, feature, held, walked, inverse, weight, where, out):  # type: ignore[no-untyped-def]
    """out[0] = sum A_s B_s / (n_s - 1), out[1] = E, out[2] = Var."""
    indptr, stratum, total, spread = held
    w_indptr, w_stratum, w_total, w_spread = walked
    for f in numba.prange(len(groups) - 1):
        mine = where[numba.get_thread_id()]
        if groups[f] == groups[f + 1]:
            continue
        for i in range(indptr[f], indptr[f + 1]):
            mine[stratum[i]] = i
        for p in range(groups[f], groups[f + 1]):
            explained, expected, variance = 0.0, 0.0, 0.0
            for j in range(w_indptr[feature[p]], w_indptr[feature[p] + 1]):
                s = w_stratum[j]
                i = mine[s]
                if i >= 0:
                    product = total[i] * w_total[j]
                    explained += product * weight[s]
                    expected += product * inverse[s]
                    variance += spread[i] * w_spread[j] * weight[s]
            out[0, p], out[1, p], out[2, p] = explained, expected, variance
        for i in range(indptr[f], indptr[f + 1]):
            mine[stratum[i]] = -1

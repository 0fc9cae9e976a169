"""Exact evidence of the pairs that are kept, in float64, from the sparse columns of the two features.

One walk over the two sorted lists of units gives S and the counts; one walk over the two lists of strata gives

    C        = sum_{n_s >= 2} (A_s B_s - S_s) / (n_s - 1) + N1 ma mb          (what the stratum alone explains)
    E, Var   = sum_s A_s B_s / n_s,   sum_s SSa_s SSb_s / (n_s - 1)           (S when b is permuted within strata)

E and Var are the moments of a sum under random permutations (Hoeffding 1951, "A combinatorial central limit theorem"),
added over independent strata: no sampling.
"""

from dataclasses import dataclass

import numba
import numpy as np

from ingest.matching.moments import Side, Strata, StratumSums


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


@numba.njit(parallel=True, cache=True, nogil=True)
def _together(fa, fb, a_indptr, a_unit, a_value, b_indptr, b_unit, b_value, weights, n_both, sums):  # type: ignore[no-untyped-def]
    """n_both, and sums[0] = S, sums[1 + i] = sum a b weights[i, unit]."""
    for p in numba.prange(len(fa)):
        i, i_end = a_indptr[fa[p]], a_indptr[fa[p] + 1]
        j, j_end = b_indptr[fb[p]], b_indptr[fb[p] + 1]
        while i < i_end and j < j_end:
            if a_unit[i] < b_unit[j]:
                i += 1
            elif a_unit[i] > b_unit[j]:
                j += 1
            else:
                product = np.float64(a_value[i]) * np.float64(b_value[j])
                n_both[p] += 1
                sums[0, p] += product
                for w in range(len(weights)):
                    sums[1 + w, p] += product * weights[w, a_unit[i]]
                i += 1
                j += 1


@numba.njit(parallel=True, cache=True, nogil=True)
def _strata(fa, fb, a_indptr, a_s, a_sum, a_spread, b_indptr, b_s, b_sum, b_spread, size, weight, out):  # type: ignore[no-untyped-def]
    """out[0] = sum A_s B_s / (n_s - 1), out[1] = E, out[2] = Var."""
    for p in numba.prange(len(fa)):
        i, i_end = a_indptr[fa[p]], a_indptr[fa[p] + 1]
        j, j_end = b_indptr[fb[p]], b_indptr[fb[p] + 1]
        while i < i_end and j < j_end:
            if a_s[i] < b_s[j]:
                i += 1
            elif a_s[i] > b_s[j]:
                j += 1
            else:
                s = a_s[i]
                product = a_sum[i] * b_sum[j]
                out[0, p] += product * weight[s]
                out[1, p] += product / size[s]
                out[2, p] += a_spread[i] * b_spread[j] * weight[s]
                i += 1
                j += 1


def measure(
    a: Side, b: Side, feature_a: np.ndarray, feature_b: np.ndarray, token: Strata, position: Strata
) -> Evidence:
    """Evidence of the pairs (feature_a[p], feature_b[p]), int64 of shape (pair,). All have variance."""
    units, mean = a.n_units, a.mean[feature_a] * b.mean[feature_b]
    scale = units * a.sd[feature_a] * b.sd[feature_b]
    weights = np.stack([strata.weight[strata.of_unit] for strata in (token, position)])
    n_both, sums = np.zeros(len(feature_a), np.int64), np.zeros((3, len(feature_a)))
    left, right = a.by_feature, b.by_feature
    _together(
        feature_a,
        feature_b,
        left.indptr,
        left.indices,
        left.data,
        right.indptr,
        right.indices,
        right.data,
        weights,
        n_both,
        sums,
    )
    by_token = _within(a.within(token), b.within(token), feature_a, feature_b, token)
    by_position = _within(a.within(position), b.within(position), feature_a, feature_b, position)
    explained = [
        within[0] - paired + strata.n_single * mean
        for within, paired, strata in ((by_token, sums[1], token), (by_position, sums[2], position))
    ]
    spread = np.sqrt(by_token[2])
    moves = spread > 1e-9 * np.sqrt(a.squares[feature_a] * b.squares[feature_b])
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(moves, (sums[0] - by_token[1]) / spread, np.nan)
    return Evidence(
        pearson=np.clip((sums[0] - units * mean) / scale, -1, 1),
        pearson_token=(explained[0] - units * mean) / scale,
        pearson_position=(explained[1] - units * mean) / scale,
        z_context=z,
        cosine=np.clip(sums[0] / np.sqrt(a.squares[feature_a] * b.squares[feature_b]), 0, 1),
        n_both=n_both,
    )


def _within(a: StratumSums, b: StratumSums, feature_a: np.ndarray, feature_b: np.ndarray, strata: Strata) -> np.ndarray:
    out = np.zeros((3, len(feature_a)))
    sides = (a.indptr, a.stratum, a.total, a.spread, b.indptr, b.stratum, b.total, b.spread)
    _strata(feature_a, feature_b, *sides, strata.size.astype(np.float64), strata.weight, out)
    return out

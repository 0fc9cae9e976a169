"""The compiled loops of `tiles`. Arguments come in tuples, in the order in which `tiles` makes them; `visited` are the
features of A that stand in the rows of a tile.
"""

import numba
import numpy as np

from ingest.matching.intrinsics import add_two, prefetch

AHEAD = 4
"""Units that are fetched before they are needed."""


@numba.njit(parallel=True, cache=True, nogil=True)
def fill(visited, units, strata, extra, moments, out, bound, partner):  # type: ignore[no-untyped-def]
    """Bounds on pearson and pearson_context of a tile, `out` of shape (row, feature of B, order), -inf for none.

    Every row is finished while it is in the cache, and its best are listed.
    """
    n_units, n_single, mean_a, scale_a, rounding, mean_b, scale_b = moments
    for r in numba.prange(len(out)):
        a, tile = visited[r], out[r]
        tile[:] = 0
        _add_units(a, units, tile)
        _add_strata(a, strata, tile)
        _judge(tile, extra[r], n_units, n_single, mean_a[a], scale_a[a], rounding[a], mean_b, scale_b)
        plain, context = bound[0, a], bound[1, a]
        least_plain, least_context = plain[-1], context[-1]
        for j in range(len(tile)):
            if tile[j, 0] > least_plain:
                _insert(plain, partner[0, a], tile[j, 0], j)
                least_plain = plain[-1]
            if tile[j, 1] > least_context:
                _insert(context, partner[1, a], tile[j, 1], j)
                least_context = context[-1]


@numba.njit(cache=True, nogil=True)
def _add_units(a, units, tile):  # type: ignore[no-untyped-def]
    """S, and S + S' with the weights of the units."""
    indptr, place, value, weight, b_indptr, b_feature, b_value = units
    one, end = tile.dtype.type(1), indptr[a + 1]
    for k in range(indptr[a], end):
        _fetch(b_feature, b_indptr[place[min(k + AHEAD, end - 1)]])
        p = place[k]
        v = one * value[k]
        w = v * (one + weight[p])
        for j in range(b_indptr[p], b_indptr[p + 1]):
            f = np.uint64(b_feature[2 * j])
            add_two(tile, f, v, w, one * b_value[2 * j + 1])  # type: ignore[call-arg]


@numba.njit(cache=True, nogil=True)
def _add_strata(a, strata, tile):  # type: ignore[no-untyped-def]
    """-P, of the strata that have a weight here."""
    indptr, stratum, total, weight, b_indptr, b_feature, b_total = strata
    one = tile.dtype.type(1)
    for k in range(indptr[a], indptr[a + 1]):
        s = stratum[k]
        if weight[s] > 0:
            scaled = one * -(total[k] * weight[s])
            for j in range(b_indptr[s], b_indptr[s + 1]):
                tile[np.uint64(b_feature[j]), 1] += scaled * b_total[j]


@numba.njit(cache=True, nogil=True)
def _judge(tile, extra, units, single, mean, scale, rounding, mean_b, scale_b):  # type: ignore[no-untyped-def]
    """S and X -> what pearson and pearson_context are at most. No branch: several pairs are taken at once."""
    never = tile.dtype.type(-np.inf)
    for j in range(len(mean_b)):
        s = tile[j, 0]
        x = tile[j, 1] + extra[j]
        chance, unit = mean * mean_b[j], scale * scale_b[j]
        pearson = (s - units * chance + rounding * (s + units * chance)) * unit
        # the terms of X are at most 4 S - X: S + S' <= 2 S, and P = S + S' - X
        context = (x - single * chance + rounding * (s + s + s + s - x + single * chance)) * unit
        tile[j, 0] = pearson if pearson > 0 else never
        tile[j, 1] = context if pearson > 0 else never


@numba.njit(cache=True, nogil=True)
def _insert(bound, partner, x, j):  # type: ignore[no-untyped-def]
    place = len(bound) - 1
    while place > 0 and bound[place - 1] < x:
        bound[place] = bound[place - 1]
        partner[place] = partner[place - 1]
        place -= 1
    bound[place] = x
    partner[place] = j


@numba.njit(cache=True, nogil=True, inline="always")
def _fetch(entries, row):  # type: ignore[no-untyped-def]
    """Units are met in leaps, which no processor foresees: fetch the first entries of one that comes soon."""
    for line in range(8):
        prefetch(entries, 2 * row + 16 * line)  # type: ignore[call-arg]


@numba.njit(parallel=True, cache=True, nogil=True)
def by_column(visited, out, bound, partner):  # type: ignore[no-untyped-def]
    """List the best of each column of a tile; blocks of columns, so that a block's lists stay in the cache."""
    block = 512
    for c in numba.prange((out.shape[1] + block - 1) // block):
        columns = slice(c * block, min((c + 1) * block, out.shape[1]))
        for order in range(2):
            listed, named = bound[order, columns], partner[order, columns]
            least = listed[:, -1].copy()
            for r in range(len(out)):
                tile = out[r, columns]
                for j in range(len(least)):
                    if tile[j, order] > least[j]:
                        _insert(listed[j], named[j], tile[j, order], visited[r])
                        least[j] = listed[j, -1]


@numba.njit(parallel=True, cache=True, nogil=True)
def scatter(visited, indptr, stratum, total, weight, chosen, out):  # type: ignore[no-untyped-def]
    """Weighted sums of a tile's rows in the chosen strata (ascending), `out` of shape (row, chosen stratum)."""
    for r in numba.prange(len(out)):
        column = 0
        for k in range(indptr[visited[r]], indptr[visited[r] + 1]):
            while column < len(chosen) and chosen[column] < stratum[k]:
                column += 1
            if column < len(chosen) and chosen[column] == stratum[k]:
                out[r, column] = total[k] * weight[stratum[k]]


@numba.njit(parallel=True, cache=True, nogil=True)
def best(visited, units, moments, sums, out):  # type: ignore[no-untyped-def]
    """The largest (S - T ma mb) / sd_b of each row; `sums` is a row of pairs for each thread."""
    indptr, place, value, b_indptr, b_feature, b_value = units
    expected, mean_b, scale_b = moments
    for r in numba.prange(len(visited)):
        a, mine = visited[r], sums[numba.get_thread_id()]
        mine[:] = 0
        end = indptr[a + 1]
        for k in range(indptr[a], end):
            _fetch(b_feature, b_indptr[place[min(k + AHEAD, end - 1)]])
            p, v = place[k], value[k]
            for j in range(b_indptr[p], b_indptr[p + 1]):
                mine[np.uint64(b_feature[2 * j])] += v * b_value[2 * j + 1]
        chance, largest = np.float32(expected[a]), np.float32(0)
        for j in range(len(mine)):
            largest = max(largest, (mine[j] - chance * mean_b[j]) * scale_b[j])
        out[a] = largest

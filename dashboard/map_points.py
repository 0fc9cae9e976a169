"""Two linked maps as arrays: which points a region holds, where their matches lie, and what chance would give.

No streamlit inside. A point is a place in the arrays of its side, in the order of its features.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dashboard.map_links import Region

NONE, AWAY = -1, -2
"""Instead of the place of a match: there is none; it is not on the other map."""
DRAWS = 999
FEWEST = 5
"""Matches of which it means something to lie together."""


@dataclass(frozen=True)
class Side:
    """One space's map with each feature's best match in the other space; all arrays of shape (point,)."""

    feature: np.ndarray
    """int64, ascending."""
    x: np.ndarray
    """float64."""
    y: np.ndarray
    """float64."""
    cluster: np.ndarray
    """int64, `NONE` for features in none."""
    rate: np.ndarray
    """float64, fraction of tokens."""
    token: list[str | None]
    """Top token of each."""
    match: np.ndarray
    """int64: the best match's place on the other side, `NONE` or `AWAY`."""
    partner: np.ndarray
    """int64: the best match's feature, `NONE` where there is none."""
    pearson: np.ndarray
    """float64, NaN where there is no match; so are `context` and `overlap`."""
    context: np.ndarray
    overlap: np.ndarray
    mutual: np.ndarray
    """bool."""


def sides(points: tuple[pa.Table, pa.Table], matches: tuple[pa.Table, pa.Table]) -> tuple[Side, Side]:
    """A and B from their `map_points` and the `map_links` of each."""
    features = [np.asarray(one["feature"].to_numpy(), np.int64) for one in points]
    return (
        _side(points[0], matches[0], features[0], features[1], ("feature_a", "feature_b")),
        _side(points[1], matches[1], features[1], features[0], ("feature_b", "feature_a")),
    )


def _side(points: pa.Table, matches: pa.Table, feature: np.ndarray, other: np.ndarray, names: tuple[str, str]) -> Side:
    own, there = (np.asarray(matches[name].to_numpy(), np.int64) for name in names)
    row, known = _places(feature, own)

    def carried(values: np.ndarray, nothing: float) -> np.ndarray:
        return np.where(known, values[row], nothing) if len(own) else np.full(len(feature), nothing)

    partner = carried(there, NONE).astype(np.int64)
    place, shown = _places(partner, other)
    return Side(
        feature=feature,
        x=_floats(points, "x"),
        y=_floats(points, "y"),
        cluster=np.asarray(points["cluster"].fill_null(NONE).to_numpy(), np.int64),
        rate=_floats(points, "firing_rate"),
        token=points["top_token"].to_pylist(),
        match=np.where(shown, place, np.where(known, AWAY, NONE)),
        partner=partner,
        pearson=carried(_floats(matches, "pearson"), np.nan),
        context=carried(_floats(matches, "pearson_context"), np.nan),
        overlap=carried(_floats(matches, "neighbour_overlap"), np.nan),
        mutual=carried(matches["mutual_best"].to_numpy(), False).astype(bool),
    )


def _places(wanted: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each of `wanted` stands in `among` (ascending), and whether it does; the place is 0 where it does not."""
    if not len(among):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
    place = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    found = among[place] == wanted
    return np.where(found, place, 0), found


def _floats(table: pa.Table, name: str) -> np.ndarray:
    """A column as float64, unknown values NaN."""
    return np.asarray(table[name].cast(pa.float64()).to_numpy(), np.float64)


def inside(side: Side, region: Region) -> np.ndarray:
    """bool of shape (point,): whether each point lies in the region, which is on this side; its border counts."""
    return (side.x >= region.x0) & (side.x <= region.x1) & (side.y >= region.y0) & (side.y <= region.y1)


def matched(side: Side, least: float) -> np.ndarray:
    """bool of shape (point,): whether the best match reaches this r."""
    return np.nan_to_num(side.pearson, nan=-2.0) >= least


def strongest(side: Side, chosen: np.ndarray) -> np.ndarray:
    """The places that `chosen` (bool) holds, largest r first, ties by the feature."""
    place = np.flatnonzero(chosen)
    return place[np.lexsort((side.feature[place], -side.pearson[place]))]


@dataclass(frozen=True)
class Together:
    """How many of a selection's matches lie in one cluster of the other map, and how many of a random selection's."""

    n: int
    """Mutual best matches of the selection that reach the limit and are on both maps."""
    of: int
    """All such matches of the two maps, from which random selections are drawn."""
    cluster: int | None
    """The cluster that holds most of them; None where there are too few, or no cluster."""
    share: float | None
    """Fraction of the `n` that it holds."""
    mean: float | None
    """Of as many drawn at random, the share in whichever cluster holds most: mean over `DRAWS` selections."""
    q95: float | None
    """Once in twenty of them reach this."""
    p: float | None
    """(1 + selections that reach `share`) / (1 + `DRAWS`)."""


@dataclass(frozen=True)
class Reading:
    """What a region holds."""

    n: int
    """Points in it."""
    n_matched: int
    """Those with a best match that reaches the limit."""
    n_map: int
    """Points on the whole map."""
    n_map_matched: int
    together: Together


def reading(both: tuple[Side, Side], region: Region, least: float) -> Reading:
    """The region of one side, and its matches on the other."""
    own, other = both if region.side == "a" else both[::-1]
    here, good = inside(own, region), matched(own, least)
    paired = good & own.mutual & (own.match >= 0)
    cluster = other.cluster[own.match[paired]]
    return Reading(
        int(here.sum()), int((here & good).sum()), len(here), int(good.sum()), together(cluster, here[paired])
    )


def together(cluster: np.ndarray, chosen: np.ndarray) -> Together:
    """`cluster`: of each match on the other map, int64, `NONE` for none; `chosen`: bool, those that are selected.

    Each draw takes as many of all matches without replacement and looks for its own fullest cluster, so that a region
    gets no credit for having looked. Matches in no cluster count among the selected, and make no cluster.
    """
    n, sizes = int(chosen.sum()), np.bincount(cluster + 1)
    if n < FEWEST or len(sizes) < 2:
        return Together(n, len(cluster), None, None, None, None, None)
    found = np.bincount(cluster[chosen] + 1, minlength=len(sizes))[1:]
    draws = np.random.default_rng(0).multivariate_hypergeometric(sizes, n, DRAWS, method="marginals")[:, 1:].max(1)
    reached = int((draws >= found.max()).sum())
    return Together(
        n,
        len(cluster),
        int(found.argmax()) if found.max() else None,
        float(found.max() / n),
        float(draws.mean() / n),
        float(np.quantile(draws, 0.95, method="higher") / n),
        (1 + reached) / (1 + DRAWS),
    )

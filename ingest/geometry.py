"""Where a feature lies among the features of its own space: nearest neighbours, two maps, clusters.

A feature that never fires takes part in nothing here: its decoder row is what training happened to leave. Neighbours
are similar, not merely least unlike: a correlation or cosine of 0 or less makes none, so a list may be short or empty.
"""

import warnings
from dataclasses import dataclass

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from sklearn.cluster import HDBSCAN

from ingest.activations import Activations, Space
from ingest.matching.layout import Columns, Rows
from ingest.matching.moments import Moments, Side
from store.schema import BY_NAME

NEIGHBOURS = 50
"""Neighbours kept of each feature, by each measure."""
ABOVE_ZERO = 1e-6
"""Correlations and cosines up to this are 0 but for rounding (rows of a neuron's basis are exactly orthogonal)."""
ROUNDING = 1e-4
"""More than a cosine of unit rows can lose in float32, on a GPU too."""
TILE = 32_000_000
"""Cosines held at once, as float32."""
EXACT = 16_000_000
"""Products held at once while cosines are measured in float64."""
UMAP_NEIGHBOURS, UMAP_MIN_DIST, UMAP_SEED = 15, 0.05, 42
CLUSTER, CLUSTER_NEAR = 15, 5
"""Fewest features of a cluster, and how many must be near one another for a place to count as dense."""
FEWEST = 50
"""Features that a UMAP needs: neighbourhoods of 15 say nothing about fewer."""


@dataclass(frozen=True)
class Nearest:
    """Neighbours of each feature, nearest first, ties by the lower feature."""

    neighbour: np.ndarray
    """int32 of shape (feature, k); -1 where there are fewer."""
    value: np.ndarray
    """float64 of shape (feature, k): correlation or cosine, 0 where there are fewer."""

    @staticmethod
    def empty(n_features: int, k: int) -> "Nearest":
        return Nearest(np.full((n_features, k), -1, np.int32), np.zeros((n_features, k)))

    @staticmethod
    def of(table: pa.Table, by: str, n_features: int) -> "Nearest":
        """Read back from rows of the table `neighbours`."""
        table = table.filter(pc.equal(table["by"], by))
        nearest = Nearest.empty(n_features, NEIGHBOURS)
        place = table["feature"].to_numpy(), table["rank"].to_numpy() - 1
        nearest.neighbour[place] = table["neighbour"].to_numpy()
        nearest.value[place] = table["value"].to_numpy()
        return nearest


def arrange(space: Space, activations: Activations, ordinary: np.ndarray) -> dict[str, pa.Table]:
    """The tables `neighbours`, `maps` and `clusters` of a space; the last two are empty without decoder rows.

    `ordinary` is bool of shape (token,): the tokens that are not special. Holds 24 bytes an activation, then a tile.
    """
    side = Side(activations.matrix[np.flatnonzero(ordinary)])
    alive = side.moments.n_active > 0
    near = {"activation": by_activation(side, NEIGHBOURS)}
    side.forget()
    maps: dict[str, np.ndarray] = {}
    shown, cluster = np.zeros((2, 0), np.int64)
    if space.decoder is not None:
        rows = _unit_rows(space.decoder)
        shown = np.flatnonzero(alive & np.isfinite(rows).all(1))
        near["decoder_cosine"] = by_decoder(rows, shown, NEIGHBOURS)
        # Rows that are all orthogonal, as those of neurons are, lie equally far apart: a map would mean nothing.
        if (near["decoder_cosine"].neighbour >= 0).any():
            maps, cluster = _maps(rows[shown])
    return {
        "neighbours": _neighbour_rows(space.name, near),
        "maps": _map_rows(space.name, shown, maps),
        "clusters": _cluster_rows(space.name, shown, cluster),
    }


def by_activation(side: Side, k: int) -> Nearest:
    """The `k` features whose activations correlate most with each one's, over all units of `side`; exact, in float64.

    Pairs that never fire together have no correlation above 0 and are not looked at. Holds the activations by feature
    and by unit (16 bytes each) and a row of pairs a thread.
    """
    order = np.arange(side.moments.n_units)
    columns, rows = side.columns(order), side.rows(order)
    return _correlated(side.moments, columns, rows, k)


def _correlated(moments: Moments, columns: Columns, rows: Rows, k: int) -> Nearest:
    nearest = Nearest.empty(moments.n_features, k)
    sums = np.zeros((numba.get_num_threads(), moments.n_features))
    units = columns.indptr, columns.place, columns.value, rows.indptr, rows.entries, rows.entries.view(np.float32)
    scales = max(1, moments.n_units), moments.mean, moments.inverse_sd
    with numba.parallel_chunksize(8):
        _correlate(columns.similar(), units, scales, sums, nearest.neighbour, nearest.value)
    return nearest


@numba.njit(parallel=True, cache=True, nogil=True)
def _correlate(visited, units, scales, sums, neighbour, value):  # type: ignore[no-untyped-def]
    indptr, place, activation, b_indptr, b_feature, b_value = units
    n_units, mean, inverse_sd = scales
    for at in numba.prange(len(visited)):
        a, mine = visited[at], sums[numba.get_thread_id()]
        mine[:] = 0
        for i in range(indptr[a], indptr[a + 1]):
            v = np.float64(activation[i])
            for j in range(b_indptr[place[i]], b_indptr[place[i] + 1]):
                mine[np.uint64(b_feature[2 * j])] += v * b_value[2 * j + 1]
        mine[a] = 0
        for b in range(len(mine)):
            if mine[b] > 0:
                # Written so that r(a, b) and r(b, a) are the same number to the last bit.
                r = (mine[b] / n_units - mean[a] * mean[b]) * (inverse_sd[a] * inverse_sd[b])
                if r > max(ABOVE_ZERO, value[a, -1]):
                    _insert(value[a], neighbour[a], min(r, 1.0), b)


@numba.njit(cache=True, nogil=True)
def _insert(value, neighbour, r, b):  # type: ignore[no-untyped-def]
    place = len(value) - 1
    while place > 0 and value[place - 1] < r:
        value[place], neighbour[place] = value[place - 1], neighbour[place - 1]
        place -= 1
    value[place], neighbour[place] = r, b


def by_decoder(rows: np.ndarray, among: np.ndarray, k: int) -> Nearest:
    """The `k` features with the largest cosine of decoder rows, of and among the features `among` (int64, ascending).

    `rows` is float64 of shape (feature, dimension), of length 1. A float32 product (on a GPU if there is one) finds all
    that can be among the best, with room for its rounding; their cosines are then measured in float64.
    Holds one tile of cosines.
    """
    nearest = Nearest.empty(len(rows), k)
    if len(among) < 2:
        return nearest
    exact = np.ascontiguousarray(rows[among])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    fast = torch.from_numpy(exact.astype(np.float32)).to(device)
    size = max(1, TILE // len(among))
    for first in range(0, len(among), size):
        tile = fast[first : first + size] @ fast.T
        own = torch.arange(len(tile), device=device)
        tile[own, own + first] = -torch.inf
        least = torch.topk(tile, min(k, len(among) - 1), dim=1).values[:, -1:]
        # Never below ABOVE_ZERO by more than rounding could explain for a value that counts.
        hits = torch.nonzero(tile >= (least - ROUNDING).clamp(min=ABOVE_ZERO / 2)).cpu().numpy()
        _keep_best(nearest, among, hits[:, 0] + first, hits[:, 1], exact)
    return nearest


def _keep_best(nearest: Nearest, among: np.ndarray, row: np.ndarray, column: np.ndarray, exact: np.ndarray) -> None:
    """Measure the listed pairs (places in `among`) and enter each row's best."""
    cosine = np.empty(len(row))
    size = max(1, EXACT // exact.shape[1])
    for first in range(0, len(row), size):
        part = slice(first, first + size)
        cosine[part] = np.einsum("pd,pd->p", exact[row[part]], exact[column[part]])
    order = np.lexsort((column, -cosine, row))
    order = order[cosine[order] > ABOVE_ZERO]
    row, column, cosine = row[order], column[order], np.minimum(cosine[order], 1.0)
    place = np.arange(len(row)) - np.searchsorted(row, row)
    kept = place < nearest.value.shape[1]
    at = among[row[kept]], place[kept]
    nearest.neighbour[at], nearest.value[at] = among[column[kept]], cosine[kept]


def _unit_rows(decoder: np.ndarray) -> np.ndarray:
    """float64 of the decoder's shape, rows of length 1; NaN where a row has no direction."""
    rows = decoder.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _maps(rows: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Coordinates of unit rows by each method that they are enough for, and clusters of the UMAP (-1: in none)."""
    maps = {"pca": pca(rows)} if len(rows) > 2 else {}
    if len(rows) < FEWEST:
        return maps, np.zeros(0, np.int64)
    maps["umap"] = umap(rows)
    return maps, clusters(maps["umap"])


def pca(rows: np.ndarray) -> np.ndarray:
    """float64 of shape (row, 2): scores on the first two principal components of the standardised columns.

    Every column has mean 0 and variance 1 (a constant one stays 0). A component's sign is free: its largest loading is
    made positive. Holds a copy of the rows.
    """
    x = rows - rows.mean(0)
    sd = x.std(0)
    x /= np.where(sd > 1e-12, sd, np.inf)
    _, vectors = np.linalg.eigh(x.T @ x)
    first = vectors[:, ::-1][:, :2]
    first = first * np.sign(first[np.abs(first).argmax(0), np.arange(first.shape[1])])
    return np.pad(x @ first, ((0, 0), (0, 2 - first.shape[1])))


def umap(rows: np.ndarray) -> np.ndarray:
    """float64 of shape (row, 2): UMAP (McInnes, Healy and Melville 2018) by cosine; the same on every run.

    One thread and a fixed seed: with more threads the optimiser's steps race, and no two pictures are alike. Rows that
    it cannot place are NaN.
    """
    threads = numba.get_num_threads()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of TensorFlow, which is not needed, and of rows that stand apart
            from umap import UMAP  # takes seconds, which a run without decoders need not wait for

            found = UMAP(
                n_neighbors=UMAP_NEIGHBOURS,
                min_dist=UMAP_MIN_DIST,
                metric="cosine",
                random_state=UMAP_SEED,
                n_jobs=1,
            ).fit_transform(rows.astype(np.float32))
    finally:
        numba.set_num_threads(threads)
    return np.asarray(found, np.float64)


def clusters(points: np.ndarray) -> np.ndarray:
    """int64 of shape (point,): HDBSCAN (Campello, Moulavi and Sander 2013) on the UMAP, -1 for points in no cluster.

    On the map and not on the decoder rows: in their many dimensions densities are too alike to cut, and nearly every
    feature would belong to none. So clusters name the islands of the picture, and prove no more than it does. The
    leaves of the tree are taken: its most lasting branch is one continent of nearly all features, which says nothing.
    Numbered by size, the largest first.
    """
    found = np.full(len(points), -1)
    placed = np.isfinite(points).all(1)
    found[placed] = HDBSCAN(
        min_cluster_size=CLUSTER, min_samples=CLUSTER_NEAR, cluster_selection_method="leaf", copy=True
    ).fit_predict(points[placed])
    number, size = np.unique(found[found >= 0], return_counts=True)
    rank = np.full(len(number) + 1, -1)
    rank[number[np.lexsort((number, -size))]] = np.arange(len(number))
    return rank[found]


def _table(name: str, columns: dict[str, object]) -> pa.Table:
    schema = BY_NAME[name].arrow
    arrays = [c if isinstance(c := columns[f.name], pa.Array) else pa.array(c) for f in schema]
    return pa.table([array.cast(f.type) for array, f in zip(arrays, schema, strict=True)], schema=schema)


def _names(name: str, n: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), [name]).cast(pa.string())


def _neighbour_rows(space: str, near: dict[str, Nearest]) -> pa.Table:
    parts = []
    for by in sorted(near):
        feature, place = np.nonzero(near[by].neighbour >= 0)
        listed = near[by].neighbour[feature, place], near[by].value[feature, place]
        columns = {"space": _names(space, len(feature)), "feature": feature, "by": _names(by, len(feature))}
        columns |= {"rank": place + 1, "neighbour": listed[0], "value": listed[1]}
        parts.append(_table("neighbours", columns))
    return pa.concat_tables(parts).sort_by([(c, "ascending") for c in BY_NAME["neighbours"].order])


def _map_rows(space: str, shown: np.ndarray, maps: dict[str, np.ndarray]) -> pa.Table:
    parts = [BY_NAME["maps"].arrow.empty_table()]
    for method in sorted(maps):
        placed = np.isfinite(maps[method]).all(1)
        x, y = maps[method][placed].T
        named = {"space": _names(space, len(x)), "method": _names(method, len(x))}
        parts.append(_table("maps", {**named, "feature": shown[placed], "x": x, "y": y}))
    return pa.concat_tables(parts)


def _cluster_rows(space: str, shown: np.ndarray, cluster: np.ndarray) -> pa.Table:
    features = shown[: len(cluster)]
    number = pa.array(cluster, mask=cluster < 0)
    return _table("clusters", {"space": _names(space, len(features)), "feature": features, "cluster": number})

"""Neighbours, maps and their agreement: planted geometry, slow obvious loops, and the tiny run, which has no decoder."""

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.spatial import procrustes as scipy_procrustes

from ingest import agreement, geometry
from ingest.activations import Activations
from ingest.geometry import ABOVE_ZERO, Nearest
from ingest.matching.moments import Side
from store.schema import BY_NAME


def lists(nearest: Nearest) -> list[list[int]]:
    return [[int(n) for n in row if n >= 0] for row in nearest.neighbour]


def best_first(values: np.ndarray, k: int) -> list[int]:
    """Places of the k largest values above 0, ties by the lower place."""
    return [i for i in sorted(range(len(values)), key=lambda i: (-values[i], i)) if values[i] > ABOVE_ZERO][:k]


# Neighbours by activation ------------------------------------------------------------------------------------------


def sparse(seed: int, n_units: int = 60, n_features: int = 12) -> np.ndarray:
    """Quarters, so that sums are exact; one dead feature, one that is always 1, two that are the same."""
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 5, (n_units, n_features)) / 4 * (rng.random((n_units, n_features)) < 0.3)
    dense[:, 3], dense[:, 5], dense[:, 8] = 0, 1, dense[:, 7]
    return dense.astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [1, 4, 50])
def test_neighbours_by_activation_are_those_of_the_correlation_matrix(seed: int, k: int) -> None:
    dense = sparse(seed)
    nearest = geometry.by_activation(Side(csr_array(dense)), k)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.corrcoef(dense.astype(np.float64).T)
    np.fill_diagonal(r, 0)
    r = np.nan_to_num(r)
    r = np.round(r, 12)  # equal columns: equal to the last digit by our sums, not by NumPy's
    assert lists(nearest) == [best_first(row, k) for row in r]
    for feature, row in enumerate(lists(nearest)):
        assert nearest.value[feature, : len(row)] == pytest.approx(r[feature, row], abs=1e-9)
    assert lists(nearest)[3] == lists(nearest)[5] == []  # dead, and without variance


def test_ties_go_to_the_lower_feature_and_no_one_is_their_own_neighbour() -> None:
    dense = np.zeros((8, 4), np.float32)
    dense[2] = 2
    assert lists(geometry.by_activation(Side(csr_array(dense)), 2)) == [[1, 2], [0, 2], [0, 1], [0, 1]]


# Neighbours by decoder ---------------------------------------------------------------------------------------------


def cosines(rows: np.ndarray) -> np.ndarray:
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = np.round(unit @ unit.T, 12)
    np.fill_diagonal(found, 0)
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), k=st.integers(1, 30), tile=st.sampled_from([1, 100, 10**6]))
def test_neighbours_by_decoder_are_those_of_the_cosine_matrix(seed: int, k: int, tile: int) -> None:
    rng = np.random.default_rng(seed)
    decoder = rng.normal(size=(25, 4)).astype(np.float32)
    decoder[9:12] = decoder[2]  # four equal rows: ties
    among = np.flatnonzero(rng.random(25) < 0.8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "TILE", tile)
        nearest = geometry.by_decoder(geometry._unit_rows(decoder), among, k)
    expected = [[] for _ in decoder]
    inside = cosines(decoder[among].astype(np.float64))
    for row, feature in zip(inside, among, strict=True):
        expected[feature] = [int(among[i]) for i in best_first(row, k)]
    assert lists(nearest) == expected
    assert nearest.value.min() >= 0
    assert nearest.value.max() <= 1


def test_orthogonal_rows_have_no_neighbours_and_no_map() -> None:
    found = arranged(np.eye(60, dtype=np.float32))
    assert [found[name].num_rows for name in ("maps", "clusters")] == [0, 0]
    assert set(found["neighbours"]["by"].to_pylist()) == {"activation"}


# Maps --------------------------------------------------------------------------------------------------------------


def arranged(decoder: np.ndarray | None, n_features: int = 60) -> dict[str, pa.Table]:
    """The tables of a space in which the last feature never fires, and the others in pairs of equal activations."""
    rng = np.random.default_rng(0)
    dense = np.repeat(rng.random((300, n_features // 2)) < 0.1, 2, axis=1).astype(np.float32)
    dense[:, -1] = 0
    dense[0] = 1  # a special token, on which all fire
    space = SimpleNamespace(name="s", decoder=decoder)
    return geometry.arrange(space, Activations(csr_array(dense), None), np.arange(300) > 0)  # type: ignore[arg-type]


def blobs(seed: int = 1) -> np.ndarray:
    """60 decoder rows around three directions, 20 each."""
    rng = np.random.default_rng(seed)
    return (np.repeat(np.eye(3, 8) * 4, 20, axis=0) + rng.normal(size=(60, 8)) * 0.3).astype(np.float32)


@pytest.fixture(scope="module")
def planted() -> dict[str, pa.Table]:
    return arranged(blobs())


def test_planted_groups_are_islands_and_clusters(planted: dict[str, pa.Table]) -> None:
    clusters = planted["clusters"].to_pylist()
    assert [row["feature"] for row in clusters] == list(range(59))  # the dead one is on no map
    groups = [{row["cluster"] for row in clusters if row["feature"] // 20 == group} for group in range(3)]
    assert sorted(map(tuple, groups)) == [(0,), (1,), (2,)]
    rows = planted["maps"].to_pylist()
    assert [row["method"] for row in rows] == ["pca"] * 59 + ["umap"] * 59
    same = np.equal.outer(np.arange(59) // 20, np.arange(59) // 20)
    pca, umap = (np.array([[row["x"], row["y"]] for row in part]) for part in (rows[:59], rows[59:]))
    pca_distance, umap_distance = (np.linalg.norm(xy[:, None] - xy[None], axis=2) for xy in (pca, umap))
    assert umap_distance[same].max() < umap_distance[~same].min()
    assert pca_distance[same].mean() < 0.7 * pca_distance[~same].mean()


def test_neighbours_say_by_what_and_leave_out_the_dead(planted: dict[str, pa.Table]) -> None:
    rows = planted["neighbours"].to_pylist()
    assert [tuple(row[c] for c in BY_NAME["neighbours"].order) for row in rows] == sorted(
        tuple(row[c] for c in BY_NAME["neighbours"].order) for row in rows
    )
    assert not [row for row in rows if 59 in (row["feature"], row["neighbour"])]
    first = {(r["feature"], r["by"]): r["neighbour"] for r in rows if r["rank"] == 1}
    assert all(first[f, "activation"] == f ^ 1 for f in range(58))  # fired in pairs; special tokens do not count
    assert all(first[f, "decoder_cosine"] // 20 == f // 20 for f in range(59))


def test_a_second_arrangement_is_the_same_to_the_last_bit(planted: dict[str, pa.Table]) -> None:
    again = arranged(blobs())
    assert all(again[name].equals(planted[name]) for name in again)


def test_no_decoder_no_map() -> None:
    found = arranged(None)
    assert {name: table.num_rows > 0 for name, table in found.items()} == {
        "neighbours": True, "maps": False, "clusters": False,
    }  # fmt: skip


def test_few_features_have_a_pca_alone() -> None:
    found = arranged(blobs()[:10], 10)
    assert found["maps"]["method"].to_pylist() == ["pca"] * 9
    assert found["clusters"].num_rows == 0


def test_pca_is_that_of_the_correlation_matrix_with_its_sign_fixed() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 5)) * [1, 2, 3, 4, 5]
    x[:, 1] += x[:, 0]
    x = np.column_stack([x, np.ones(200)])  # a constant column changes nothing
    scores = geometry.pca(x)
    values, vectors = np.linalg.eigh(np.corrcoef(x[:, :5].T))
    assert scores.var(0) == pytest.approx(values[::-1][:2])
    z = (x[:, :5] - x[:, :5].mean(0)) / x[:, :5].std(0)
    for column in range(2):
        loading = vectors[:, -1 - column]
        loading = loading * np.sign(loading[np.abs(loading).argmax()])
        assert scores[:, column] == pytest.approx(z @ loading)


# Kept neighbours ---------------------------------------------------------------------------------------------------


def nearest_of(rows: list[list[int]], k: int = 50) -> Nearest:
    nearest = Nearest.empty(len(rows), k)
    for feature, row in enumerate(rows):
        nearest.neighbour[feature, : len(row)] = row
        nearest.value[feature, : len(row)] = np.linspace(1, 0.5, len(row))
    return nearest


def slow_overlap(mine: list[int], theirs: list[int], best: list[int]) -> float | None:
    carried, near = {best[n] for n in mine[:10]} - {-1}, set(theirs[:10])
    return len(carried & near) / len(carried | near) if carried and near else None


def slow_rbo(mine: list[int], theirs: list[int], best: list[int]) -> float | None:
    """Equation 32 of Webber et al., as it is printed: S the shorter list, L the longer one."""
    carried = [n for n in dict.fromkeys(best[n] for n in mine) if n >= 0]
    if not carried or not theirs:
        return None
    shorter, longer = sorted((carried, theirs), key=len)
    s, n, p = len(shorter), len(longer), 0.9
    x = [len(set(shorter[:d]) & set(longer[:d])) for d in range(n + 1)]
    first = sum(x[d] / d * p**d for d in range(1, n + 1))
    second = sum(x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, n + 1))
    return (1 - p) / p * (first + second) + ((x[n] - x[s]) / n + x[s] / s) * p**n


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_kept_company_is_that_of_the_slow_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_a, n_b = 30, 25
    rows_a = [list(rng.permutation(n_a)[: rng.integers(0, 20)]) for _ in range(n_a)]
    rows_b = [list(rng.permutation(n_b)[: rng.integers(0, 20)]) for _ in range(n_b)]
    best = rng.integers(-1, n_b, n_a)
    a, b = rng.integers(0, n_a, 80), rng.integers(0, n_b, 80)
    overlap, rbo = agreement.kept(nearest_of(rows_a), nearest_of(rows_b), best, a, b)
    for pair in range(80):
        mine, theirs = rows_a[a[pair]], rows_b[b[pair]]
        for found, slow in ((overlap[pair], slow_overlap), (rbo[pair], slow_rbo)):
            expected = slow(mine, theirs, list(best))
            assert (None if np.isnan(found) else found) == (None if expected is None else pytest.approx(expected))


def test_company_that_is_kept_wholly_and_not_at_all() -> None:
    rows = [[1, 2], [0, 2], [0, 1], []]
    best = np.array([3, 2, 1, 0])
    mirrored = [[], [2, 3], [1, 3], [2, 1]]
    overlap, rbo = agreement.kept(
        nearest_of(rows), nearest_of(mirrored), best, np.array([0, 0, 3]), np.array([3, 1, 0])
    )
    assert overlap.tolist()[:2] == [1.0, 1 / 3]
    assert rbo[0] == pytest.approx(1)
    assert np.isnan([overlap[2], rbo[2]]).all()


def test_rbo_falls_when_the_nearest_change_places() -> None:
    best = np.arange(20)
    straight = nearest_of([list(range(1, 20))] * 20)
    top = nearest_of([[2, 1, *range(3, 20)]] * 20)
    tail = nearest_of([[*range(1, 18), 19, 18]] * 20)
    values = [
        float(agreement.kept(straight, other, best, *np.zeros((2, 1), np.int64))[1][0])
        for other in (straight, tail, top)
    ]
    assert values[0] == pytest.approx(1)
    assert all(one > other for one, other in pairwise(values))


# Agreement of maps -------------------------------------------------------------------------------------------------


def planes(seed: int, n: int = 40, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    y = x @ [[0, -3], [3, 0]] + rng.normal(size=(n, 2)) * noise + 7
    return x, y, np.stack([np.arange(n), *(rng.permutation(n) for _ in range(5))])


@pytest.mark.parametrize("seed", range(4))
def test_scores_of_maps_are_those_of_slow_loops(seed: int) -> None:
    x, y, pairings = planes(seed)
    scores = {name: score(x, y, pairings) for name, (score, _) in agreement.MEASURES.items()}
    for p, pairing in enumerate(pairings):
        paired = y[pairing]
        assert scores["procrustes_disparity"][p] == pytest.approx(scipy_procrustes(x, paired)[2])
        distances = [np.linalg.norm(side[:, None] - side[None], axis=2) for side in (x, paired)]
        near = [
            [set(sorted((j for j in range(40) if j != i), key=lambda j, d=d, i=i: d[i, j])[:10]) for i in range(40)]
            for d in distances
        ]
        assert scores["knn_consistency"][p] == pytest.approx(
            np.mean([len(a & b) / 10 for a, b in zip(*near, strict=True)])
        )
        a, b = (d - d.mean(0)[None] - d.mean(1)[:, None] + d.mean() for d in distances)
        expected = np.sqrt((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))
        assert scores["distance_correlation"][p] == pytest.approx(expected)


def test_a_turned_shifted_and_scaled_map_agrees_wholly() -> None:
    x, y, pairings = planes(0, noise=0)
    found = {name: score(x, y, pairings)[0] for name, (score, _) in agreement.MEASURES.items()}
    assert found == pytest.approx(
        {"procrustes_disparity": 0, "knn_consistency": 1, "distance_correlation": 1}, abs=1e-9
    )


def test_a_map_of_one_point_is_unknown() -> None:
    x, _, pairings = planes(0)
    nowhere = np.zeros_like(x)
    assert agreement.procrustes(x, nowhere, pairings) is None
    assert agreement.distance_correlation(nowhere, x, pairings) is None


def mapped(points: np.ndarray) -> pa.Table:
    x, y = points.T
    columns = [["s"] * len(x), ["umap"] * len(x), range(len(x)), x, y]
    schema = BY_NAME["maps"].arrow
    return pa.table([pa.array(c).cast(f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def matched(feature_b: np.ndarray) -> pa.Table:
    n = len(feature_b)
    columns = {
        "feature_a": np.arange(n),
        "feature_b": feature_b,
        "rank_ab": np.ones(n, np.int32),
        "mutual_best": np.ones(n, bool),
    }
    return pa.table(columns)


def agreements(x: np.ndarray, y: np.ndarray, feature_b: np.ndarray) -> dict[tuple[str, str], dict[str, object]]:
    nobody = nearest_of([[] for _ in x])
    found = agreement.agree("a~b", matched(feature_b), (nobody, nobody), (mapped(x), mapped(y)))
    return {(row["method"], row["measure"]): row for row in found.to_pylist()}


def test_matched_maps_agree_and_unmatched_ones_do_not() -> None:
    x, y, pairings = planes(2, n=60)
    other = np.argsort(pairings[1])
    found = agreements(x, y[other], pairings[1])  # B numbers its features in another order; the matches know it
    for measure in agreement.MEASURES:
        row = found["umap", measure]
        assert row["p_value"] == 0.001
        assert (row["n_rows"], row["higher_is_similar"]) == (60, measure != "procrustes_disparity")
        ordered = [row["value"], row["null_q95"], row["null_mean"]]
        assert ordered == sorted(ordered, reverse=bool(row["higher_is_similar"]))
    rng = np.random.default_rng(0)
    chance = agreements(x, rng.normal(size=(60, 2)), np.arange(60))
    assert all(chance["umap", measure]["p_value"] > 0.01 for measure in agreement.MEASURES)
    assert found["neighbours", "overlap"]["value"] is None


def test_too_few_matches_are_unknown_and_say_how_many() -> None:
    x, y, _ = planes(2, n=19)
    found = agreements(x, y, np.arange(19))
    row = found["umap", "knn_consistency"]
    assert (row["n_rows"], row["value"], row["null_mean"], row["p_value"]) == (19, None, None, None)


def test_a_large_comparison_is_sampled_the_same_way_every_time() -> None:
    pair = np.tile(np.arange(5000), (2, 1))
    one = agreement._sample(pair)
    assert one.shape == (2, 2000)
    assert np.array_equal(one, agreement._sample(pair))
    assert len(np.unique(one[0])) == 2000


def test_neighbours_that_matches_keep_are_beyond_chance() -> None:
    """Both sides are a ring, and the matches turn it by three: everyone keeps all their neighbours."""
    n = 40
    ring = [[(i + step) % n for step in (1, -1, 2, -2)] for i in range(n)]
    found = agreement.agree(
        "a~b", matched((np.arange(n) + 3) % n), (nearest_of(ring), nearest_of(ring)), (mapped(np.zeros((0, 2))),) * 2
    ).to_pylist()
    assert [(row["method"], row["measure"], row["value"], row["p_value"], row["n_rows"]) for row in found] == [
        ("neighbours", "overlap", 1.0, 0.001, n)
    ]
    assert found[0]["null_mean"] < 0.2


# The run on paper --------------------------------------------------------------------------------------------------


def test_the_tiny_run(tiny_store: Path) -> None:
    """`right:4` fires on every " sat", 40 of the 60 times that `right:0` fires: r = 105 / 165. No one else meets."""
    with duckdb.connect(tiny_store / "homolog.duckdb", read_only=True) as database:
        rows = database.execute('SELECT space, feature, "by", rank, neighbour, value FROM neighbours').fetchall()
        r = np.float32(105 / 165)
        assert rows == [("right", 0, "activation", 1, 4, r), ("right", 4, "activation", 1, 0, r)]
        assert database.execute("SELECT count(*) FROM maps").fetchall() == [(0,)]
        assert database.execute("SELECT count(*) FROM clusters").fetchall() == [(0,)]
        unknown = "neighbour_overlap IS NULL AND neighbour_rbo IS NULL"
        assert database.execute(f"SELECT DISTINCT {unknown} FROM matches").fetchall() == [(True,)]
        assert database.execute("SELECT * FROM map_agreement").fetchall() == [
            ("left~right", "neighbours", "overlap", None, None, None, None, None, 0, True)
        ]

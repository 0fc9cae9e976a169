"""The engine against the obvious implementation: every pair, dense, in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from ingest.errors import IngestError
from ingest.matching import candidates, match, tiles
from ingest.matching.assignment import assign
from ingest.matching.moments import Side, Strata

settings.register_profile("engine", deadline=None, max_examples=25)
settings.load_profile("engine")


def world(
    seed: int, units: int = 300, features: int = 40, texts: int = 25
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Dense activations of two related spaces with dead, constant, rare and token-bound features; texts and positions."""
    rng = np.random.default_rng(seed)
    text = rng.zipf(1.5, units) % texts
    position = np.arange(units) % 12
    a = np.maximum(rng.standard_normal((units, features)) - rng.uniform(0.5, 2.5, features), 0)
    b = np.maximum(a[:, rng.permutation(features)] + 0.5 * rng.standard_normal((units, features)) - 0.8, 0)
    a[:, 0], b[:, 1] = 0, 0
    a[:, 2], b[:, 3] = 1.5, 2.5
    a[:, 4], b[:, 5] = text == 0, 2.0 * (text == 0)
    a[:, 6] = 0
    a[7, 6], b[7, 7] = 3.0, 1.0
    return a.astype(np.float32), b.astype(np.float32), text, position


def explained(a: np.ndarray, b: np.ndarray, strata: np.ndarray) -> float:
    """sum over units of a_t times the mean of b over the *other* units of the stratum; the overall mean where there are none."""
    total = 0.0
    for t in range(len(a)):
        others = (strata == strata[t]) & (np.arange(len(a)) != t)
        total += float(a[t]) * float(b[others].mean()) if others.any() else float(a.mean() * b.mean())
    return (total - len(a) * a.mean() * b.mean()) / (len(a) * a.std() * b.std())


def obvious(a: np.ndarray, b: np.ndarray, text: np.ndarray) -> dict[tuple[int, int], float]:
    """pearson of every pair that fires together and correlates."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return {
        (i, j): float(np.corrcoef(a[:, i], b[:, j])[0, 1])
        for i in range(a.shape[1])
        for j in range(b.shape[1])
        if a[:, i].std() > 0
        and b[:, j].std() > 0
        and (a[:, i] * b[:, j]).sum() > 0
        and np.corrcoef(a[:, i], b[:, j])[0, 1] > 1e-9
    }


def run(a, b, text, position, **kwargs):
    return match("a~b", Side(csr_array(a)), Side(csr_array(b)), text, position, np.zeros(len(text)), None, **kwargs)[
        "matches"
    ].to_pylist()


@given(st.integers(0, 10_000))
def test_the_best_of_each_feature_are_those_of_the_full_matrix(seed):
    a, b, text, position = world(seed)
    truth = obvious(a, b, text)
    rows = {(r["feature_a"], r["feature_b"]): r for r in run(a, b, text, position)}
    for (i, j), row in rows.items():
        assert row["pearson"] == pytest.approx(truth[i, j], abs=1e-9)
    for side, rank in ((0, "rank_ab"), (1, "rank_ba")):
        for feature in {pair[side] for pair in truth}:
            best = sorted((p for p in truth if p[side] == feature), key=lambda p: (-round(truth[p], 10), p[1 - side]))[
                :10
            ]
            found = sorted(
                (p for p in rows if p[side] == feature and rows[p][rank] is not None), key=lambda p: rows[p][rank]
            )
            assert [round(truth[p], 8) for p in found] == [round(truth[p], 8) for p in best]


@given(st.integers(0, 10_000))
def test_the_best_by_context_are_kept_too(seed):
    a, b, text, position = world(seed, units=150, features=14, texts=8)
    truth = obvious(a, b, text)
    context = {p: truth[p] - explained(a[:, p[0]].astype(float), b[:, p[1]].astype(float), text) for p in truth}
    kept = {(r["feature_a"], r["feature_b"]) for r in run(a, b, text, position)}
    for feature in {p[0] for p in truth}:
        ordered = sorted((context[p] for p in truth if p[0] == feature), reverse=True)
        floor = ordered[min(10, len(ordered)) - 1] + 1e-9
        assert {p for p in truth if p[0] == feature and context[p] > floor} <= kept


@given(st.integers(0, 10_000))
def test_evidence_is_what_the_definitions_say(seed):
    a, b, text, position = world(seed, units=120, features=8, texts=10)
    for row in run(a, b, text, position)[::5]:
        x, y = a[:, row["feature_a"]].astype(float), b[:, row["feature_b"]].astype(float)
        assert row["pearson_token"] == pytest.approx(explained(x, y, text), abs=1e-9)
        assert row["pearson_position"] == pytest.approx(explained(x, y, position), abs=1e-9)
        assert row["pearson_context"] == pytest.approx(row["pearson"] - row["pearson_token"], abs=1e-12)
        assert row["cosine"] == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y), abs=1e-12)
        both, either = ((x > 0) & (y > 0)).sum(), ((x > 0) | (y > 0)).sum()
        assert (row["n_both"], row["n_a_only"], row["n_b_only"]) == (both, (x > 0).sum() - both, (y > 0).sum() - both)
        assert row["jaccard"] == pytest.approx(both / either)


def test_z_context_agrees_with_permutations():
    """The closed form against 4,000 shuffles of b among units of the same text."""
    a, b, text, position = world(3, units=200, features=8, texts=6)
    row = max((r for r in run(a, b, text, position) if r["z_context"]), key=lambda r: r["n_both"])
    x, y = a[:, row["feature_a"]].astype(float), b[:, row["feature_b"]].astype(float)
    rng, sums = np.random.default_rng(0), []
    for _ in range(4000):
        shuffled = y.copy()
        for s in np.unique(text):
            shuffled[text == s] = rng.permutation(y[text == s])
        sums.append(x @ shuffled)
    assert row["z_context"] == pytest.approx((x @ y - np.mean(sums)) / np.std(sums), rel=0.05, abs=0.1)


def test_many_tiles_and_both_ways_to_the_stratum_product_agree(monkeypatch):
    a, b, text, position = world(5)
    whole = run(a, b, text, position)
    monkeypatch.setattr(tiles, "TILE", 1)
    assert run(a, b, text, position) == whole
    for density in (0.0, 2.0):
        monkeypatch.setattr(tiles, "DENSE", density)
        assert run(a, b, text, position) == whole


@given(st.integers(0, 10_000))
def test_dense_products_of_a_device_keep_the_same_matches(seed):
    """The way that a GPU goes, on the processor: torch's `cpu:0` is a device like any other."""
    assert run(*world(seed), device="cpu:0") == run(*world(seed), device="cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("seed", range(5))
def test_a_gpu_keeps_the_same_matches(seed):
    a, b, text, position = world(seed, units=5000, features=700, texts=300)
    assert run(a, b, text, position, device="cuda") == run(a, b, text, position, device="cpu")


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_ties_and_near_ties_are_settled_in_float64(device):
    """Thirty copies of a feature, rescaled and in turn a hair better: float32 cannot tell them apart, the ten best can."""
    a, b, text, position = world(11)
    copies = np.repeat(a[:, 9:10], 30, axis=1) * np.linspace(1, 7, 30, dtype=np.float32)
    better = np.random.default_rng(0).permutation(30)
    copies[0] += (1e-5 * better).astype(np.float32)
    rows = run(a, np.hstack([b, copies]), text, position, device=device)
    x = a[:, 9].astype(float)
    r = [np.corrcoef(x, copies[:, j].astype(float))[0, 1] for j in range(30)]
    expected = {40 + j for j in sorted(range(30), key=lambda j: (-r[j], j))[:10]}
    assert {row["feature_b"] for row in rows if row["feature_a"] == 9 and row["rank_ab"]} == expected


def test_equal_partners_are_kept_in_order():
    a, b, text, position = world(12)
    rows = run(a, np.hstack([b, np.repeat(a[:, 9:10], 30, axis=1)]), text, position)
    best = sorted((r["rank_ab"], r["feature_b"]) for r in rows if r["feature_a"] == 9 and r["rank_ab"])
    assert best == [(i + 1, 40 + i) for i in range(10)]


def test_what_rounding_hides_is_searched_again(monkeypatch):
    """With bounds far too wide for any list to be sure, every feature is searched again, and nothing changes."""
    a, b, text, position = world(6, units=500, features=60)
    calm = run(a, b, text, position)
    searched = []
    again = candidates._again
    monkeypatch.setattr(candidates, "_again", lambda *asked: searched.append(asked[1:3]) or again(*asked))
    monkeypatch.setattr(tiles, "rounding_of", lambda kind, n: np.full(len(n), 0.5 if kind is np.float32 else 1e-15))
    assert run(a, b, text, position) == calm
    assert all(len(features) > 50 for features in searched[0])


def test_only_features_with_variance_have_matches():
    a, b, text, position = world(8)
    rows = run(a, b, text, position)
    assert not {0, 2} & {r["feature_a"] for r in rows}
    assert not {1, 3} & {r["feature_b"] for r in rows}
    assert all(np.isfinite(v) for r in rows for v in r.values() if isinstance(v, float))


@given(st.integers(0, 10_000))
def test_the_assignment_has_the_largest_sum(seed):
    rng = np.random.default_rng(seed)
    full = rng.uniform(0.01, 1, (7, 9)) * (rng.uniform(size=(7, 9)) < 0.4)
    i, j = np.nonzero(full)
    chosen = assign(i, j, full[i, j])
    best = full[linear_sum_assignment(full, maximize=True)].sum()
    assert full[i[chosen], j[chosen]].sum() == pytest.approx(best)
    assert len(set(i[chosen])) == len(set(j[chosen])) == chosen.sum()


def test_ranks_margins_hubs():
    """b0 is the best of a0 and a1; a1's runner-up is b1."""
    t = np.arange(12)
    a = np.stack([t < 4, t < 5], 1).astype(np.float32)
    b = np.stack([t < 4, (t > 2) & (t < 6)], 1).astype(np.float32)
    rows = {(r["feature_a"], r["feature_b"]): r for r in run(a, b, t, t)}
    r = {p: np.corrcoef(a[:, p[0]], b[:, p[1]])[0, 1] for p in rows}
    assert (rows[0, 0]["rank_ab"], rows[0, 0]["rank_ba"], rows[0, 0]["mutual_best"], rows[0, 0]["hub_size"]) == (
        1,
        1,
        True,
        2,
    )
    assert (rows[1, 0]["rank_ab"], rows[1, 0]["rank_ba"], rows[1, 0]["mutual_best"]) == (1, 2, False)
    assert rows[1, 0]["margin"] == pytest.approx(r[1, 0] - r[1, 1])
    assert rows[1, 1]["margin"] == pytest.approx(r[1, 1] - r[1, 0])
    assert rows[1, 1]["assigned"]


def test_decoder_cosine():
    a, b, text, position = world(2, features=8)
    decoders = tuple(np.random.default_rng(s).standard_normal((8, 3)) for s in (0, 1))
    table = match("a~b", Side(csr_array(a)), Side(csr_array(b)), text, position, np.zeros(300), decoders)[
        "matches"
    ].to_pylist()
    for row in table:
        x, y = decoders[0][row["feature_a"]], decoders[1][row["feature_b"]]
        assert row["decoder_cosine"] == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def test_sides_that_do_not_line_up_are_refused():
    a, b, text, position = world(1)
    with pytest.raises(IngestError, match="300 and 299 units"):
        match("a~b", Side(csr_array(a)), Side(csr_array(b[:-1])), text, position, np.zeros(300), None)
    with pytest.raises(IngestError, match="no feature of 'b' fires"):
        match("a~b", Side(csr_array(a)), Side(csr_array(b * 0)), text, position, np.zeros(300), None)


def test_reference_vectors_of_correlation():
    """Best partner and exact r on a small seeded matrix; values of numpy.corrcoef and of the published batched code."""
    a = np.maximum(np.random.default_rng(10).standard_normal((400, 8)) - 1.0, 0)
    b = np.maximum(
        a[:, [3, 1, 0, 7, 5, 2, 6, 4]] * 1.5 - 0.2 + 0.4 * np.random.default_rng(11).standard_normal((400, 8)), 0
    )
    rows = run(a, b, np.arange(400), np.arange(400) % 20)
    best_a = {r["feature_b"]: r for r in rows if r["rank_ba"] == 1}
    assert [best_a[j]["feature_a"] for j in range(8)] == [3, 1, 0, 7, 5, 2, 6, 4]
    assert [r["feature_b"] for r in sorted((r for r in rows if r["rank_ab"] == 1), key=lambda r: r["feature_a"])] == [
        2,
        1,
        5,
        0,
        7,
        4,
        6,
        3,
    ]
    assert [best_a[j]["pearson"] for j in range(4)] == pytest.approx(
        [0.7908966282901191, 0.8831277791919072, 0.8845192432522465, 0.8206133339620133], abs=1e-6
    )


def test_strata_weights():
    strata = Strata(np.array([0, 0, 0, 1, 2, 2]))
    assert strata.size.tolist() == [3, 1, 2]
    assert strata.weight.tolist() == [0.5, 0.0, 1.0]
    assert strata.n_single == 1

"""The best-match null: what the largest of many correlations looks like when there is nothing to find."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from ingest.matching import match, nulls
from ingest.matching.moments import Side
from ingest.matching.nulls import BestMatchNull, best_match_null, q_values


def noise(seed: int, units: int, features: int, rate: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random((units, features)) < rate, rng.exponential(1, (units, features)), 0).astype(np.float32)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_the_null_is_the_search_repeated_on_shifted_passages(device):
    """Both layouts are in the order of the tokens, the shift is in that of the text."""
    a, b, passage = noise(0, 240, 60, 0.1), noise(1, 240, 50, 0.1), np.arange(240) // 12
    order = np.random.default_rng(2).permutation(240)
    left, right = Side(csr_array(a)), Side(csr_array(b))
    layouts = left.columns(order), right.rows(order)
    found = best_match_null(left.moments, right.moments, *layouts, order, passage, device)
    assert found is not None
    expected = []
    for shift in np.random.default_rng(0).choice(np.arange(1, 20), nulls.ROUNDS, replace=False):
        shifted = np.roll(b, -12 * shift, axis=0).astype(float)
        r = np.nan_to_num(np.corrcoef(a.T.astype(float), shifted.T)[:60, 60:])
        r[(a.astype(float).T @ shifted) == 0] = 0
        expected.append(np.maximum(r.max(1), 0))
    n = len(np.concatenate(expected))
    assert n == 300
    widest = max(found.maxima.values(), key=len)
    pooled = np.concatenate(expected)
    assert np.isin(np.round(widest, 4), np.round(pooled, 4)).mean() > 0.99
    assert widest.max() == pytest.approx(pooled.max(), abs=1e-5)


def test_the_table_of_null_floors():
    """Features that fire 8 to 15 times have 200 maxima, 0 to .995 in equal steps; those that fire more have too few."""
    null = BestMatchNull(np.array([3, 3, 4]), {3: np.arange(200) / 200}, {3: 2, 4: 1})
    few, many = null.table("a~b").to_pylist()
    assert (few["n_active_low"], few["n_active_high"], few["n_features"], few["n_maxima"]) == (8, 15, 2, 200)
    assert few["mean"] == few["median"] == pytest.approx(0.4975)
    assert (few["q95"], few["maximum"]) == (pytest.approx(0.95 * 0.995), 0.995)
    assert few["sd"] == pytest.approx(np.sqrt((200**2 - 1) / 12) / 200)
    assert (many["n_active_low"], many["n_features"], many["n_maxima"]) == (16, 1, 0)
    assert [many[name] for name in ("mean", "sd", "median", "q95", "maximum")] == [None] * 5


def test_p_values_by_hand():
    """Four of nine null maxima are at least .5: p = (1 + 4) / (1 + 9)."""
    null = BestMatchNull(
        np.array([3, 3, 4]), {3: np.array([0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8])}, {3: 2, 4: 1}
    )
    p = null.p_values(np.array([0, 1, 2]), np.array([0.5, 0.9, 0.5]))
    assert p[:2].tolist() == [0.5, 0.1]
    assert np.isnan(p[2])


def test_q_values_are_benjamini_hochberg_over_the_best_matches():
    p = np.array([0.01, 0.02, 0.5, 0.015, np.nan])
    q = q_values(p, np.array([True, True, True, False, False]))
    assert q[:4] == pytest.approx([0.03, 0.03, 0.5, 0.03])
    assert np.isnan(q[4])


def test_noise_is_chance_and_a_planted_homologue_is_not():
    a, b = noise(2, 3000, 100, 0.01), noise(3, 3000, 100, 0.01)
    b[:, 7] = 2 * a[:, 3]
    units = np.arange(3000)
    rows = match("a~b", Side(csr_array(a)), Side(csr_array(b)), units, units % 30, units // 30, None)[
        "matches"
    ].to_pylist()
    best = [r for r in rows if r["rank_ab"] == 1]
    planted = next(r for r in best if (r["feature_a"], r["feature_b"]) == (3, 7))
    assert planted["q_value"] < 0.3
    assert planted["p_value"] == min(r["p_value"] for r in rows)
    others = [r["p_value"] for r in best if r is not planted]
    assert 0.35 < np.mean(others) < 0.65, "p-values of noise are uniform"


def test_features_of_noise_make_no_hub():
    """Ninety features of A have no partner; by luck many have the busiest feature of B as their best match."""
    a, b = noise(4, 3000, 100, 0.01), noise(5, 3000, 40, 0.01)
    b[:, 7] = noise(6, 3000, 1, 0.3)[:, 0]
    a[:, :5] = b[:, 7:8] * (np.random.default_rng(7).random((3000, 5)) < 0.8)
    units = np.arange(3000)
    rows = match("a~b", Side(csr_array(a)), Side(csr_array(b)), units, units % 30, units // 30, None)[
        "matches"
    ].to_pylist()
    best = [r for r in rows if r["feature_b"] == 7 and r["rank_ab"] == 1]
    assert len(best) > 5
    assert {r["hub_size"] for r in best} == {sum(r["q_value"] <= 0.05 for r in best)} == {5}


def test_too_little_to_speak_of_chance_is_unknown():
    a, b = noise(2, 300, 10, 0.1), noise(3, 300, 10, 0.1)
    units = np.arange(300)
    for passage in (units // 30, units * 0):
        rows = match("a~b", Side(csr_array(a)), Side(csr_array(b)), units, units % 30, passage, None)[
            "matches"
        ].to_pylist()
        assert {r["p_value"] for r in rows} == {r["q_value"] for r in rows} == {None}

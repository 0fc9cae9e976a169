"""Nulls: the values of permuted pairs exactly, and the draws of those metrics that no permutation changes."""

from dataclasses import replace

import numpy as np
import pytest

from ingest import similarity
from ingest.similarity import REGISTRY
from ingest.similarity.families.shape import gaussian_spectrum
from tests.ingest.similarity.cases import VARIANTS, normal, related

PAIRED = [(name, parameters) for name, parameters in VARIANTS if REGISTRY[name].paired]
UNPAIRED = sorted(name for name, metric in REGISTRY.items() if not metric.paired)
paired = pytest.mark.parametrize(("name", "parameters"), PAIRED, ids=[f"{n}-{p}" for n, p in PAIRED])


@paired
@pytest.mark.parametrize("shape", [(40, 5), (40, 30), (11, 14)])
def test_the_null_is_the_loop_over_permuted_rows(name, parameters, shape):
    x, y = normal(1, *shape) + 0.3, normal(2, shape[0], shape[1] - 1)
    if name in {"cca", "svcca", "pwcca"} and similarity.measure(name, x, y, **parameters).value is None:
        shape = (40, 12)
        x, y = normal(1, *shape), normal(2, *shape)
    orders = similarity.permutations(shape[0], 7, seed=3)
    expected = [similarity.measure(name, x, y[order], **parameters).value for order in orders]
    assert similarity.null(name, x, y, orders, **parameters) == pytest.approx(expected, abs=1e-10)


@paired
def test_the_identity_is_the_value_and_as_similar_as_itself(name, parameters):
    x, y = related(4, 30, 5)
    identity = np.arange(30)[None]
    score = similarity.tested(name, x, y, identity, **parameters)
    assert score.null.draws == pytest.approx([score.value], abs=1e-12)
    assert score.p_value == 1.0


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_related_pair_beats_its_null_and_an_unrelated_one_does_not(name):
    parameters = dict(next(p for n, p in VARIANTS if n == name))
    x, y = related(5, 60, 6, noise=0.05)
    if not REGISTRY[name].paired or name in {"hard_match", "soft_match"} or name == "rsa":
        y = x + 0.05 * normal(9, 60, 6)
    orders = similarity.permutations(60, 99)
    near = similarity.tested(name, x, y, orders, **parameters)
    assert near.p_value == 0.01
    sign = 1 if near.higher_is_similar else -1
    assert sign * near.value > sign * near.null_q95 > sign * near.null_mean
    far = similarity.tested(name, normal(6, 60, 6), normal(8, 60, 6), orders, **parameters)
    assert far.p_value > 0.03
    assert near.null_kind == REGISTRY[name].null
    assert (near.n_permutations, len(near.null_sample)) == (99, 99)


def test_the_numbers_of_a_null_by_hand():
    draws = np.arange(1, 10) / 10
    similar, distance = similarity.Null("drawn", draws, True), similarity.Null("drawn", draws, False)
    assert [similar.p_value(v) for v in (0.95, 0.7, 0.0)] == [0.1, 0.4, 1.0]
    assert [distance.p_value(v) for v in (0.05, 0.3, 1.0)] == [0.1, 0.4, 1.0]
    assert (similar.q95, distance.q95) == (pytest.approx(0.86), pytest.approx(0.14))
    score = similarity.Score("cka", {}, 0.7, None, True, 5, null=similar)
    assert (score.p_value, score.null_mean, score.n_permutations) == (0.4, pytest.approx(0.5), 9)
    assert score.null_sd == pytest.approx(np.sqrt(60 / 9) / 10)
    assert similarity.Null("drawn", np.arange(250.0), True).sample == list(range(100))


@pytest.mark.parametrize("name", UNPAIRED)
def test_the_null_of_an_unpaired_metric_is_drawn(name):
    x, y = related(5, 20, 4)
    orders = similarity.permutations(20, 50)
    draws = similarity.null(name, x, y, orders)
    assert len(np.unique(draws)) == 50
    assert draws.tolist() == similarity.null(name, x, y, orders).tolist(), "the same permutations, the same draws"
    assert draws.tolist() != similarity.null(name, x, y, similarity.permutations(20, 50, seed=1)).tolist()


@pytest.mark.parametrize("name", ["mmcs", "hungarian_cosine"])
def test_random_rows_are_random_directions(name):
    """Mean and spread of the draws are those of Gaussian matrices put through the metric itself."""
    x = normal(1, 25, 5)
    draws = similarity.null(name, x, x, similarity.permutations(25, 400))
    direct = np.array([similarity.measure(name, x, normal(1000 + i, 25, 5)).value for i in range(400)])
    assert draws.mean() == pytest.approx(direct.mean(), abs=4 * direct.std() / np.sqrt(200))
    assert draws.std() == pytest.approx(direct.std(), rel=0.2)


@pytest.mark.parametrize("shape", [(30, 6), (6, 30), (7, 7), (5, 1)])
def test_the_spectrum_of_a_gaussian_matrix_is_drawn_from_its_law(shape):
    """Each singular value's mean, beside that of Gaussian matrices decomposed."""
    rng = np.random.default_rng(3)
    ours = np.array([gaussian_spectrum(*shape, rng) for _ in range(1500)])
    direct = np.array([np.linalg.svd(rng.standard_normal(shape), compute_uv=False) for _ in range(1500)])
    direct /= np.linalg.norm(direct, axis=1, keepdims=True)
    error = np.sqrt((ours.var(axis=0) + direct.var(axis=0)) / 1500)
    assert (np.abs(ours.mean(axis=0) - direct.mean(axis=0)) <= 4.5 * error + 1e-12).all()
    assert ours.std(axis=0) == pytest.approx(direct.std(axis=0), rel=0.15, abs=1e-9)


def test_permutations_are_permutations_and_the_same_again():
    orders = similarity.permutations(12, 50, seed=4)
    assert (np.sort(orders, axis=1) == np.arange(12)).all()
    assert (orders == similarity.permutations(12, 50, seed=4)).all()
    assert (orders != similarity.permutations(12, 50, seed=5)).any()
    assert len(np.unique(orders, axis=0)) == 50


def test_more_rows_than_the_limit_are_sub_sampled(monkeypatch):
    """The kept rows are partners of each other; the pairing is permuted among them, in the order of their images."""
    x, y = related(6, 40, 4)
    whole = similarity.measure("rsa", x, y)
    monkeypatch.setitem(REGISTRY, "rsa", replace(REGISTRY["rsa"], row_limit=15))
    kept = np.sort(np.random.default_rng(0).choice(40, 15, replace=False))
    orders = similarity.permutations(40, 5)
    score = similarity.tested("rsa", x, y, orders)
    assert (score.n_rows, score.note) == (15, "15 of 40 rows, drawn with a fixed seed")
    assert whole.note is None
    inside = [sorted(range(15), key=lambda i, o=o: o[kept[i]]) for o in orders]
    ranks = [np.argsort(order) for order in inside]
    monkeypatch.undo()
    assert score.value == similarity.measure("rsa", x[kept], y[kept]).value != whole.value
    expected = [similarity.measure("rsa", x[kept], y[kept][rank]).value for rank in ranks]
    assert score.null.draws == pytest.approx(expected, abs=1e-10)


def test_sub_sampled_unpaired_sides_keep_their_partners(monkeypatch):
    x = normal(1, 60, 8)
    monkeypatch.setitem(REGISTRY, "hungarian_cosine", replace(REGISTRY["hungarian_cosine"], row_limit=20))
    score = similarity.measure("hungarian_cosine", x, x + 1e-9)
    assert (score.value, score.n_rows) == (pytest.approx(1), 20)
    longer = similarity.measure("hungarian_cosine", x, np.concatenate([x, x]))
    assert longer.note == "20 of 120 rows, drawn with a fixed seed"


def test_progress_is_told_once_for_each_value():
    seen = []
    similarity.null("cka", *related(1, 9, 3), similarity.permutations(9, 11), seen.append)
    assert seen == [1] * 11


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        (np.zeros((2, 5), int), "permutations are of 5 rows, X has 9"),
        (np.zeros((0, 9), int), r"shape \(K, rows\), K > 0; got int64 \(0, 9\)"),
        (np.zeros((2, 9)), "must be integers"),
    ],
)
def test_permutations_that_do_not_fit(orders, words):
    with pytest.raises(ValueError, match=words):
        similarity.null("cka", *related(1, 9, 3), orders)

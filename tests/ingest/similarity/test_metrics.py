"""Every metric against its obvious implementation, its table of invariances, and what a new one must bring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import similarity
from ingest.similarity import REGISTRY, TRANSFORMS
from ingest.similarity.families.neighbours import rbo
from tests.ingest.similarity import slow
from tests.ingest.similarity.cases import VARIANTS, normal, related

NAMES = [
    "cca", "cka", "cka_debiased", "distance_correlation", "distance_correlation_debiased", "hard_match", "hungarian_cosine",
    "knn_jaccard", "mmcs", "mutual_knn", "pc1_correlation", "procrustes", "pwcca", "rank_biased_overlap", "rank_similarity",
    "rsa", "singular_value_l2", "soft_match", "svcca",
]  # fmt: skip
BY_RANK = [
    (name, p)
    for name, p in VARIANTS
    if name in {"rsa", "knn_jaccard", "mutual_knn", "rank_biased_overlap", "rank_similarity"}
]
variants = pytest.mark.parametrize(("name", "parameters"), VARIANTS, ids=[f"{n}-{p}" for n, p in VARIANTS])
CHANGES = {
    "rotation": lambda m: m @ np.linalg.qr(normal(90, m.shape[1], m.shape[1]))[0],
    "scale": lambda m: 3.7 * m,
    "shift": lambda m: m + np.array([2.5, -4, 1, 3]),
    "columns": lambda m: m[:, [2, 0, 3, 1]],
    "pairing": lambda m: m[np.random.default_rng(91).permutation(len(m))],
}


def test_the_metrics_are_those_of_the_store():
    assert sorted(REGISTRY) == NAMES, "a metric was added or renamed: put its name here"


def test_a_new_metric_is_complete():
    for name, metric in REGISTRY.items():
        doc = metric.prepare.__doc__
        assert name in slow.SLOW, f"write an obvious implementation of {name} in tests/ingest/similarity/slow.py"
        assert name in {n for n, _ in VARIANTS}, (
            f"add {name}, with parameters fit for nine rows, to tests/ingest/similarity/cases.py"
        )
        assert "Source:" in doc, f"the docstring of {name} does not say where it comes from: Source:"
        assert "Pitfalls:" in doc, f"the docstring of {name} does not say what misleads in it: Pitfalls:"
        assert () in metric.unchanged_by, f"{name}: unchanged_by needs an entry for any parameters"
        for names in metric.unchanged_by.values():
            assert names <= set(TRANSFORMS), f"{name}: unchanged_by names {sorted(names - set(TRANSFORMS))}"
        assert metric.paired == (metric.null == similarity.PERMUTED), f"{name} is unpaired: say what its null draws"


def test_the_docstring_holds_the_facts_of_the_registry():
    doc = REGISTRY["mmcs"].prepare.__doc__
    assert "Range: -1 to 1, more is similar." in doc
    assert (
        "Unchanged by: one positive factor on all of one side; the same permutation of both sides' rows; a permutation of one side's rows alone."
        in doc
    )
    assert "Null: Y replaced by as many random unit rows." in doc


@variants
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(10, 12), noise=st.floats(0.1, 3))
def test_the_fast_value_is_the_obvious_one(name, parameters, seed, rows, noise):
    x, y = related(seed, rows, 4, noise)
    score = similarity.measure(name, x, y, **parameters)
    assert score.value == pytest.approx(slow.SLOW[name](x, y, **parameters), abs=2e-7)
    assert score.reason is None


@pytest.mark.parametrize(("name", "parameters"), BY_RANK, ids=[f"{n}-{p}" for n, p in BY_RANK])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_ties_and_duplicates(name, parameters, seed):
    """Small whole numbers: many rows are equal, and so are many cosines and distances."""
    x, y = (np.random.default_rng(s).integers(-1, 2, (10, 3)).astype(float) for s in (seed, seed + 1))
    for m in (x, y):
        m[np.ptp(m, axis=1) == 0, 0] += 1
    assert similarity.measure(name, x, y, **parameters).value == pytest.approx(
        slow.SLOW[name](x, y, **parameters), abs=1e-9
    )


@variants
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), widths=st.sampled_from([(2, 5), (5, 2), (3, 4)]))
def test_sides_of_different_width(name, parameters, seed, widths):
    x, y = normal(seed, 11, widths[0]) + 0.3, normal(seed + 1, 11, widths[1]) + 0.2
    score = similarity.measure(name, x, y, **parameters)
    if name in {"mmcs", "hungarian_cosine", "singular_value_l2"}:
        assert score.value is None
        assert str(widths[0]) in score.reason
        assert str(widths[1]) in score.reason
    else:
        assert score.value == pytest.approx(slow.SLOW[name](x, y, **parameters), abs=2e-7)


@pytest.mark.parametrize("transform", TRANSFORMS)
@variants
def test_what_a_metric_is_blind_to(name, parameters, transform):
    """The registry's table, both ways: the value stays where it says so, and moves where it does not."""
    x, y = related(7, 16, 4)
    before = similarity.measure(name, x, y, **parameters).value
    order = np.random.default_rng(92).permutation(16)
    if transform == "rows":
        changed = [(x[order], y[order])]
    else:
        changed = [(CHANGES[transform](x), y), (x, CHANGES[transform](y))]
    after = [similarity.measure(name, *pair, **parameters).value for pair in changed]
    if transform in REGISTRY[name].unchanged(parameters):
        assert after == pytest.approx([before] * len(after), abs=1e-9)
    else:
        assert max(abs(value - before) for value in after) > 1e-3


@variants
def test_a_side_is_like_itself(name, parameters):
    x, _ = related(3, 30, 4)
    score = similarity.measure(name, x, 2 * x, **parameters)
    assert score.value == pytest.approx(1 if score.higher_is_similar else 0, abs=1e-9)


def test_the_unbiased_hsic_is_the_mean_over_quadruples():
    x, y = normal(1, 6, 3), normal(2, 6, 2)
    k, ell = x @ x.T, y @ y.T
    assert slow.hsic(k, ell) == pytest.approx(slow.hsic_of_quadruples(k, ell), abs=1e-9)


def test_a_threshold_keeps_the_fewest_components_that_reach_it():
    """Squared singular values 5, 2.5, 1.5, 1: half, three quarters, nine tenths of the variance."""
    basis = np.linalg.qr(normal(5, 40, 5) - normal(5, 40, 5).mean(axis=0))[0][:, :4]
    x = (basis - basis.mean(axis=0)) * np.sqrt([5, 2.5, 1.5, 1])
    y = normal(6, 40, 6)
    for variance, kept in ((0.4, 1), (0.6, 2), (0.8, 3), (0.99, 4)):
        assert similarity.measure("svcca", x, y[:, :1], variance=variance).value == pytest.approx(
            slow.cca(x[:, :kept], y[:, :1]), abs=1e-9
        )


def test_rbo_of_two_lists():
    assert rbo([5, 7, 9], [7, 5, 8], 0.8) == pytest.approx(slow.rbo([5, 7, 9], [7, 5, 8], 0.8), abs=1e-12)
    with pytest.raises(ValueError, match="one length; got 3 and 2"):
        rbo([1, 2, 3], [1, 2])
    with pytest.raises(similarity.Undefined, match="both lists are empty"):
        rbo([], [])


def test_a_family_file_of_one_metric_is_enough():
    """The example of the package's docstring, registered and taken out again."""

    def mean_product(X, Y, power=1):
        """Mean of (X * Y) ** power.

        Source: made up.
        Pitfalls: all of them.
        """

        def of(order):
            return float(np.mean((X * Y[order]) ** power))

        return similarity.Prepared(lambda: of(np.arange(len(X))), of)

    similarity.metric(unchanged_by=frozenset({"rows"}), range=(-np.inf, np.inf))(mean_product)
    try:
        x, y = related(1, 8, 3)
        assert similarity.measure("mean_product", x, y, power=2).value == pytest.approx(np.mean((x * y) ** 2))
        assert similarity.measure("mean_product", x, y).parameters == {"power": 1}
        order = similarity.permutations(8, 3)
        expected = [np.mean(x * y[o]) for o in order]
        assert similarity.null("mean_product", x, y, order) == pytest.approx(expected)
        with pytest.raises(ValueError, match="two metrics are named mean_product"):
            similarity.metric(unchanged_by=frozenset())(mean_product)
    finally:
        del REGISTRY["mean_product"]

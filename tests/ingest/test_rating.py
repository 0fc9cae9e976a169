"""The scores of a comparison: which are taken, of which rows, and what several comparisons make of them."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_array
from scipy.stats import false_discovery_control

from ingest import scores, similarity
from ingest.scores import Matched
from store.schema import BY_NAME


def world(seed: int, n_pairs: int = 40) -> tuple[Matched, tuple[np.ndarray, np.ndarray], tuple[csr_array, csr_array]]:
    """Pairs whose sides are related, with decoders of 6 and 5 dimensions and activations of 300 units."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(60)
    a = rng.standard_normal((60, 6))
    b = (a @ rng.standard_normal((6, 5)))[order] + rng.standard_normal((60, 5))
    x = np.maximum(rng.standard_normal((300, 60)) - 0.5, 0)
    feature_b = np.arange(60)[:n_pairs]
    pairs = Matched(order[:n_pairs], feature_b, rng.random(n_pairs) < 0.7)
    return pairs, (a, b), (csr_array(x.astype(np.float32)), csr_array(x[:, order].astype(np.float32)))


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return scores.score("a~b", *world(0), permutations=39)


def test_every_metric_is_taken_at_every_level_that_it_has(table):
    rows = table.to_pylist()
    taken = {(row["metric"], row["subset"], row["level"]) for row in rows}
    for name, metric in similarity.REGISTRY.items():
        for subset in ("all", "kept"):
            assert (name, subset, "decoder") in taken
            assert ((name, subset, "activations") in taken) == metric.paired
    assert {row["parameters"] for row in rows if row["metric"] == "rsa"} == {"inner=correlation", "inner=euclidean"}
    assert {"k=5", "k=10", "k=20"} <= {row["parameters"] for row in rows if row["metric"] == "mutual_knn"}
    assert len({tuple(row[name] for name in BY_NAME["scores"].key) for row in rows}) == len(rows)


def test_a_score_is_the_metric_of_the_rows_that_it_names(table):
    pairs, (a, b), (x, y) = world(0)
    rows = {(row["metric"], row["parameters"], row["subset"], row["level"]): row for row in table.to_pylist()}
    chosen = a[pairs.feature_a], b[pairs.feature_b]
    kept = a[pairs.feature_a[pairs.kept]], b[pairs.feature_b[pairs.kept]]
    units = x[:, pairs.feature_a].toarray(), y[:, pairs.feature_b].toarray()
    for subset, level, sides in (("all", "decoder", chosen), ("kept", "decoder", kept), ("all", "activations", units)):
        row = rows["cka", "", subset, level]
        assert row["value"] == pytest.approx(similarity.measure("cka", *sides).value)
        assert (row["n_rows"], row["n_columns_a"], row["n_columns_b"]) == (
            len(sides[0]),
            sides[0].shape[1],
            sides[1].shape[1],
        )
        assert row["n_permutations"] == len(row["null"]) == 39
        assert row["p_value"] == (1 + sum(value >= row["value"] for value in row["null"])) / 40


def test_what_cannot_be_taken_says_why():
    pairs, decoders, units = world(1, n_pairs=10)
    rows = scores.score("a~b", pairs, (None, decoders[1]), units, permutations=19).to_pylist()
    reasons = {row["reason"] for row in rows if row["level"] == "decoder"}
    assert reasons == {"a space of this comparison has no decoder rows"}
    few = scores.score("a~b", pairs, decoders, units, permutations=19).to_pylist()
    assert {row["reason"] for row in few if (row["subset"], row["level"]) == ("all", "decoder")} == {
        "10 rows are too few to compare; 20 are needed"
    }
    assert all((row["value"] is None) == (row["reason"] is not None) == (row["null"] == []) for row in rows + few)


def test_several_comparisons_together():
    """q over all scores; p_best against the best comparison of each draw; at most a hundred draws for the picture."""
    raw = [scores.score(name, *world(seed), permutations=119) for seed, name in ((2, "a~b"), (3, "a~c"), (4, "d~e"))]
    models = {"a~b": ("one", "two"), "a~c": ("one", "two"), "d~e": ("three", "two")}
    found = scores.together(raw, models)
    rows = found["scores"].to_pylist()
    assert [tuple(row[n] for n in BY_NAME["scores"].key) for row in rows] == sorted(
        tuple(row[n] for n in BY_NAME["scores"].key) for row in rows
    )
    known = [row for row in rows if row["p_value"] is not None]
    assert [row["q_value"] for row in known] == pytest.approx(
        list(false_discovery_control([row["p_value"] for row in known]))
    )
    assert all(row["p_best"] is None for row in rows if row["comparison"] == "d~e")
    draws = {row["comparison"]: row for table in raw for row in table.to_pylist() if row["metric"] == "procrustes"
             and (row["subset"], row["level"]) == ("all", "decoder")}  # fmt: skip
    nearest = np.minimum(draws["a~b"]["null"], draws["a~c"]["null"])
    for row in rows:
        if (row["metric"], row["subset"], row["level"]) == ("procrustes", "all", "decoder") and row["p_best"]:
            assert row["p_best"] == pytest.approx((1 + (nearest <= row["value"]).sum()) / 120)
    nulls = found["score_nulls"].to_pylist()
    assert max(row["draw"] for row in nulls) == scores.DRAWS - 1


def test_a_published_store_holds_them(tiny_store):
    """The run on paper has no decoder: those scores are unknown, and say why."""
    from store.read import Store

    with Store(tiny_store) as store:
        rows = store.scores()
    assert {row.level for row in rows} == {"decoder", "activations"}
    assert all(row.reason for row in rows if row.level == "decoder")
    assert all((row.value is None) == (row.reason is not None) for row in rows)

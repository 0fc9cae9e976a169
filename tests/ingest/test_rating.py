"""The scores of a comparison: which are taken, of which rows, and what several comparisons make of them."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_array
from scipy.stats import false_discovery_control

from ingest import scores, similarity
from ingest.scores import Matched
from store.schema import BY_NAME

AT_UNITS = ("all", "activations")


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


def test_a_metric_of_directions_leaves_out_units_that_have_none():
    """A unit where either side's features are all silent has no cosine; the others keep it."""
    pairs, decoders, (x, y) = world(7)
    silent = x.toarray()
    silent[:120] = 0
    rows = scores.score("a~b", pairs, decoders, (csr_array(silent), y), permutations=19).to_pylist()
    at_units = {(row["metric"], row["parameters"]): row for row in rows if (row["subset"], row["level"]) == AT_UNITS}
    sides = silent[:, pairs.feature_a], y[:, pairs.feature_b].toarray()
    for metric, parameters in (("mutual_knn", {}), ("rsa", {"inner": "correlation"})):
        row = at_units[metric, "inner=correlation" if parameters else "k=10"]
        assert row["n_rows"] == 180
        expected = similarity.measure(metric, *(side[120:] for side in sides), **parameters)
        assert row["value"] == pytest.approx(expected.value)
    assert {row["n_rows"] for (name, of), row in at_units.items() if name == "cka" or of == "inner=euclidean"} == {300}


def test_the_pairs_of_a_concept():
    """Either feature's share decides; too few pairs and words that nobody says have no value, and say why."""
    pairs, decoders, units = world(5)
    shares = [("time", "a", int(f), 0.3) for f in pairs.feature_a[:15]]
    shares += [("time", "b", int(f), 0.9) for f in pairs.feature_b[10:25]]
    shares += [("time", "a", int(pairs.feature_a[30]), 0.29), ("time", "c", int(pairs.feature_a[31]), 1.0)]
    shares += [("rain", "b", int(f), 0.5) for f in pairs.feature_b[:7]]
    names = BY_NAME["concept_features"].names[:4]
    table = pa.table(dict(zip(names, zip(*shares, strict=True), strict=True)))
    keywords = pa.table({"concept": ["rain", "time", "unicorns", "wind"], "n_found": [2, 9, 0, 1]})
    found = scores.of_concepts(pairs, pa.table({"space_a": ["a"], "space_b": ["b"]}), table, keywords)
    assert {name: np.flatnonzero(chosen).tolist() for name, chosen in found.concepts.items()} == {
        "rain": list(range(7)),
        "time": list(range(25)),
        "unicorns": [],
        "wind": [],
    }
    rows = scores.score("a~b", found, decoders, units, permutations=19).to_pylist()
    rows = [row for row in rows if row["subset"].startswith("concept:")]
    assert {row["metric"] for row in rows} == set(scores.OF_CONCEPT)
    by = {(row["subset"], row["level"], row["metric"]): row for row in rows}
    sides = decoders[0][pairs.feature_a[:25]], decoders[1][pairs.feature_b[:25]]
    for metric in scores.OF_CONCEPT:
        row = by["concept:time", "decoder", metric]
        assert (row["value"], row["n_rows"]) == (pytest.approx(similarity.measure(metric, *sides).value), 25)
        assert by["concept:rain", "activations", metric]["n_columns_a"] == 7
        assert by["concept:rain", "activations", metric]["p_value"] is not None
    assert {(row["subset"], row["level"]): row["reason"] for row in rows if row["value"] is None} == {
        ("concept:rain", "decoder"): "7 pairs are too few to compare; 20 are needed",
        ("concept:unicorns", "decoder"): "no passage holds a keyword of unicorns",
        ("concept:unicorns", "activations"): "no passage holds a keyword of unicorns",
        ("concept:wind", "decoder"): "0 pairs are too few to compare; 20 are needed",
        ("concept:wind", "activations"): "0 pairs are too few to compare; 5 are needed",
    }


def test_what_cannot_be_taken_says_why():
    pairs, decoders, units = world(1, n_pairs=10)
    rows = scores.score("a~b", pairs, (None, decoders[1]), units, permutations=19).to_pylist()
    reasons = {row["reason"] for row in rows if row["level"] == "decoder"}
    assert reasons == {"a space of this comparison has no decoder rows"}
    few = scores.score("a~b", pairs, decoders, units, permutations=19).to_pylist()
    assert {row["reason"] for row in few if (row["subset"], row["level"]) == ("all", "decoder")} == {
        "10 pairs are too few to compare; 20 are needed"
    }
    assert all((row["value"] is None) == (row["reason"] is not None) == (row["null"] == []) for row in rows + few)


def test_several_comparisons_together():
    """q over all scores; p_best against the best comparison of each draw; at most a hundred draws for the picture."""
    raw = [
        scores.score(name, *world(seed), permutations=119)
        for seed, name in ((2, "a~b"), (3, "a~c"), (4, "d~e"), (5, "a~r"))
    ]
    models = {"a~b": ("one", "two"), "a~c": ("one", "two"), "d~e": ("three", "two"), "a~r": None}
    found = scores.together(raw, models)
    rows = found["scores"].to_pylist()
    assert [tuple(row[n] for n in BY_NAME["scores"].key) for row in rows] == sorted(
        tuple(row[n] for n in BY_NAME["scores"].key) for row in rows
    )
    known = [row for row in rows if row["p_value"] is not None]
    assert [row["q_value"] for row in known] == pytest.approx(
        list(false_discovery_control([row["p_value"] for row in known]))
    )
    assert all(row["p_best"] is None for row in rows if row["comparison"] in ("d~e", "a~r"))
    draws = {row["comparison"]: row for table in raw for row in table.to_pylist() if row["metric"] == "procrustes"
             and (row["subset"], row["level"]) == ("all", "decoder")}  # fmt: skip
    nearest = np.full(119, -np.inf)
    for name in ("a~b", "a~c"):  # a distance: below its null is above chance
        null = np.array(draws[name]["null"])
        nearest = np.maximum(nearest, (null.mean() - null) / null.std())
    compared = 0
    for row in rows:
        if (row["metric"], row["subset"], row["level"]) == ("procrustes", "all", "decoder") and row["p_best"]:
            above = (row["null_mean"] - row["value"]) / row["null_sd"]
            assert row["p_best"] == pytest.approx((1 + (nearest >= above - 1e-9).sum()) / 120)
            assert row["p_best"] >= row["p_value"]
            compared += 1
    assert compared == 2
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

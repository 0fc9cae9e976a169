"""The scores of a comparison: every similarity metric, on its matched pairs and on those that pass the default filter,
and a few on the pairs of each concept; at the level of decoder rows and of activations, each with its null.

At `decoder` a row is a matched pair and holds two decoder rows. At `activations` a row is a unit and a column a matched
feature. The pairs are the mutual best matches, those with the largest pearson first; `first:<n>` are the first n.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array
from scipy.stats import false_discovery_control

from ingest import similarity
from ingest.similarity.score import TIE, Score
from store.concepts import SHARE
from store.schema import BY_NAME, TABLES, macros

SEED = 0
UNITS = 500
"""Units at the level of activations: a fixed sample of those where any matched feature fires."""
COLUMNS = 50
"""Matched features at the level of activations: those with the largest pearson."""
FEWEST = 20
"""Rows that a score needs: pairs, or units at the level of activations."""
FEWEST_COLUMNS = 5
"""Pairs that a score needs at the level of activations, where they are its columns."""
DRAWS = 100
"""Draws of each null that are stored for the picture."""
SLOW = {"hungarian_cosine": 49, "mmcs": 199}
"""Metrics of which fewer draws are taken: each is an assignment, or the cosines, of all rows with fresh random ones."""
NEIGHBOURS = (5, 20, 50, 100)
"""Sweep over k, beside the metrics' own k = 10."""
PAIRS = (50, 100, 200, 500, 1000, 2000, 5000)
"""Sweep over the number of pairs."""
VARIANTS = {"rsa": ({"inner": "correlation"}, {"inner": "euclidean"})}
"""Metrics that are taken with other parameters than their own, too."""
SWEPT = ("knn_jaccard", "mutual_knn", "rank_similarity")
"""The metrics that have neighbours, and a k."""
DIRECTED = (*SWEPT, "rank_biased_overlap")
"""The metrics that compare rows by their cosine, beside rsa by their correlation; at units a row may be zero."""
OF_CONCEPT = ("cka_debiased", "distance_correlation_debiased", "mutual_knn", "rsa")
"""The metrics of a concept's few pairs: unbiased, or of ranks and neighbours, and defined for `FEWEST` rows."""

KEY = BY_NAME["scores"].key
RAW = pa.schema(
    [
        *(field for field in BY_NAME["scores"].arrow if field.name not in ("q_value", "p_best")),
        pa.field("null", pa.list_(pa.float64()), nullable=False),
    ]
)
"""Working rows of one comparison: a score and all draws of its null."""


@dataclass(frozen=True)
class Matched:
    """The mutual best matches of a comparison, largest pearson first."""

    feature_a: np.ndarray
    feature_b: np.ndarray
    kept: np.ndarray
    """bool: passes the default filter."""
    concepts: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Concept -> bool: either feature belongs to it."""
    unspoken: frozenset[str] = frozenset()
    """Concepts whose keywords no passage holds."""


@dataclass(frozen=True)
class Asked:
    """One score to take."""

    metric: str
    parameters: dict[str, object]
    subset: str
    level: str


def matched(matches: pa.Table, comparison: pa.Table, features: pa.Table) -> Matched:
    """The pairs to score, judged by the store's own macros from the tables of one comparison."""
    with duckdb.connect() as memory:
        for statement in (*(table.ddl for table in TABLES), *macros()):
            memory.execute(statement)
        for name, rows in (("comparisons", comparison), ("features", features), ("matches", matches)):
            memory.register("part", rows)
            memory.execute(BY_NAME[name].insert)
            memory.unregister("part")
        found = memory.execute(
            "SELECT feature_a, feature_b, reason_bits = 0 AS kept FROM matches WHERE mutual_best "
            "ORDER BY pearson DESC, feature_a"
        ).fetchnumpy()
    return Matched(found["feature_a"], found["feature_b"], np.asarray(found["kept"], dtype=bool))


def of_concepts(pairs: Matched, comparison: pa.Table, shares: pa.Table, keywords: pa.Table) -> Matched:
    """The pairs with those of each concept: either feature has `SHARE` of its activation on the concept's words.

    `shares` are rows of `concept_features`, of both spaces of the comparison at least; `keywords` those of `concepts`.
    """
    strong = shares.filter(pc.greater_equal(shares["mass_share"], SHARE))
    member = {}
    for concept in sorted(set(keywords["concept"].to_pylist())):
        own = strong.filter(pc.equal(strong["concept"], concept))
        member[concept] = np.zeros(len(pairs.kept), bool)
        for space, feature in (("space_a", pairs.feature_a), ("space_b", pairs.feature_b)):
            here = own.filter(pc.equal(own["space"], comparison[space][0]))["feature"]
            member[concept] |= np.isin(feature, here.to_numpy())
    spoken = keywords.filter(pc.greater(keywords["n_found"], 0))["concept"].to_pylist()
    return replace(pairs, concepts=member, unspoken=frozenset(member) - set(spoken))


def score(
    name: str,
    pairs: Matched,
    decoders: tuple[np.ndarray | None, np.ndarray | None],
    units: tuple[csr_array, csr_array],
    permutations: int,
    advance: Callable[[int], None] = lambda _: None,
) -> pa.Table:
    """The scores of one comparison with every draw of their nulls, as `RAW`.

    `decoders` are float of shape (feature, dimension), None where unknown; `units` are the activations (unit, feature).
    Holds the sampled units of the matched features as dense matrices. `advance` is called after each score.
    """
    rows = []
    for (level, subset), group in groupby(plan(pairs), key=lambda asked: (asked.level, asked.subset)):
        x, y, why = _sides(level, subset, pairs, decoders, units)
        for asked in group:
            found = _tested(asked, x, y, permutations) if why is None else _unknown(asked, why)
            rows.append(_row(name, asked, found, x.shape[1], y.shape[1]))
            advance(1)
    return pa.Table.from_pylist(rows, schema=RAW)


def together(raw: list[pa.Table], contests: dict[str, tuple[str, str] | None]) -> dict[str, pa.Table]:
    """The tables `scores` and `score_nulls` of all comparisons.

    q by Benjamini and Hochberg (1995) over every score that has a p. `contests` are the two models whose comparisons a
    comparison competes with, None for one that is only a reference: whoever names the best layer pair of two models has
    looked at all of them, and `p_best` accounts for that.
    """
    rows = sorted((row for table in raw for row in table.to_pylist()), key=lambda row: [row[c] for c in KEY])
    known = [row for row in rows if row["p_value"] is not None]
    for row, q in zip(known, false_discovery_control([row["p_value"] for row in known]) if known else [], strict=True):
        row["q_value"] = float(q)
    alike: dict[tuple[object, ...], list[dict[str, Any]]] = {}
    for row in known:
        if contest := contests[row["comparison"]]:
            same = contest, row["metric"], row["parameters"], row["subset"], row["level"]
            alike.setdefault(same, []).append(row)
    for group in alike.values():
        if len(group) > 1 and all(row["null_sd"] > TIE for row in group):
            for row, p in zip(group, _against_the_best(group), strict=True):
                row["p_best"] = p
    sample = [
        {name: row[name] for name in KEY} | {"draw": draw, "value": value}
        for row in rows
        for draw, value in enumerate(row["null"][:DRAWS])
    ]
    return {
        "scores": pa.Table.from_pylist(rows, schema=BY_NAME["scores"].arrow),
        "score_nulls": pa.Table.from_pylist(sample, schema=BY_NAME["score_nulls"].arrow),
    }


def _against_the_best(group: list[dict[str, Any]]) -> list[float]:
    """p of each score against the best of the group under the same draws.

    The max-statistic of Westfall and Young (1993), on scores in standard deviations above their own null: comparisons
    differ in their number of pairs, and a metric that few pairs raise would else let the smallest win each draw.
    """
    sign = 1 if group[0]["higher_is_similar"] else -1
    n_draws = min(len(row["null"]) for row in group)
    above = [sign * (np.array([row["value"], *row["null"]]) - row["null_mean"]) / row["null_sd"] for row in group]
    best = np.max([one[1 : 1 + n_draws] for one in above], axis=0)
    return [float((1 + (best >= one[0] - TIE).sum()) / (1 + n_draws)) for one in above]


def plan(pairs: Matched) -> list[Asked]:
    """The scores to take; those of the same rows stand together.

    Every metric by itself on all and on the kept pairs, at both levels (an unpaired metric compares directions, so at
    `decoder` alone); the sweeps of the neighbour metrics; and a few metrics on the pairs of each concept.
    """
    asked = []
    for level in ("decoder", "activations"):
        metrics = [name for name, one in sorted(similarity.REGISTRY.items()) if level == "decoder" or one.paired]
        for subset in ("all", "kept"):
            asked += [Asked(name, dict(of), subset, level) for name in metrics for of in VARIANTS.get(name, ({},))]
            if (level, subset) == ("decoder", "all"):
                asked += [Asked(metric, {"k": k}, subset, level) for metric in SWEPT for k in NEIGHBOURS]
        asked += [Asked(name, {}, f"concept:{one}", level) for one in sorted(pairs.concepts) for name in OF_CONCEPT]
    sizes = [n for n in PAIRS if n < len(pairs.kept)]
    return asked + [Asked(metric, {"k": 10}, f"first:{n}", "decoder") for n in sizes for metric in SWEPT]


def _chosen(subset: str, pairs: Matched) -> np.ndarray:
    """bool of shape (pair,): those of a subset."""
    kind, _, which = subset.partition(":")
    if kind == "concept":
        return pairs.concepts[which]
    if kind == "first":
        return np.arange(len(pairs.kept)) < int(which)
    return pairs.kept if kind == "kept" else np.ones(len(pairs.kept), bool)


def _sides(
    level: str,
    subset: str,
    pairs: Matched,
    decoders: tuple[np.ndarray | None, np.ndarray | None],
    units: tuple[csr_array, csr_array],
) -> tuple[np.ndarray, np.ndarray, str | None]:
    """Both sides of a score, or the reason why there are none."""
    chosen = _chosen(subset, pairs)
    features = [side[chosen] for side in (pairs.feature_a, pairs.feature_b)]
    if why := _lacking(level, subset, pairs, len(features[0]), decoders):
        return np.zeros((0, 0)), np.zeros((0, 0)), why
    if level == "decoder":
        x, y = (side[feature] for side, feature in zip(decoders, features, strict=True) if side is not None)
        return x, y, None
    x, y = (side[:, feature[:COLUMNS]] for side, feature in zip(units, features, strict=True))
    fires = np.flatnonzero((np.diff(x.indptr) > 0) | (np.diff(y.indptr) > 0))
    rows = np.sort(np.random.default_rng(SEED).permutation(fires)[:UNITS])
    return x[rows].toarray(), y[rows].toarray(), None


def _lacking(
    level: str, subset: str, pairs: Matched, n_pairs: int, decoders: tuple[np.ndarray | None, np.ndarray | None]
) -> str | None:
    """Why there is nothing to compare, in words."""
    concept = subset.removeprefix("concept:") if subset.startswith("concept:") else None
    if concept in pairs.unspoken:
        return f"no passage holds a keyword of {concept}"
    if level == "decoder" and (decoders[0] is None or decoders[1] is None):
        return "a space of this comparison has no decoder rows"
    fewest = FEWEST if level == "decoder" else FEWEST_COLUMNS
    if n_pairs < fewest:
        said = "1 pair is" if n_pairs == 1 else f"{n_pairs} pairs are"
        return f"{said} too few to compare; {fewest} are needed"
    return None


def _tested(asked: Asked, x: np.ndarray, y: np.ndarray, permutations: int) -> Score:
    """The score and its null, at units on those that have a direction where the metric asks for one."""
    if asked.level == "activations" and _directed(asked):
        both = similarity.with_direction(x, y)
        x, y = x[both], y[both]
    if len(x) < FEWEST:
        said = "unit is" if len(x) == 1 else "units are"
        return _unknown(asked, f"{len(x)} {said} too few to compare; {FEWEST} are needed")
    orders = _orders(len(x), min(permutations, SLOW.get(asked.metric, permutations)))
    return similarity.tested(asked.metric, x, y, orders, **asked.parameters)  # type: ignore[arg-type]


def _directed(asked: Asked) -> bool:
    return asked.metric in DIRECTED or (asked.metric == "rsa" and asked.parameters.get("inner") != "euclidean")


@lru_cache(maxsize=2)
def _orders(rows: int, k: int) -> np.ndarray:
    return similarity.permutations(rows, k, SEED)


def _unknown(asked: Asked, why: str) -> Score:
    metric = similarity.REGISTRY[asked.metric]
    return Score(asked.metric, metric.settled(asked.parameters), None, why, metric.higher_is_similar, 0)


def _row(name: str, asked: Asked, found: Score, n_columns_a: int, n_columns_b: int) -> dict[str, object]:
    return {
        "comparison": name,
        "metric": asked.metric,
        "parameters": ", ".join(f"{key}={value}" for key, value in sorted(found.parameters.items())),
        "subset": asked.subset,
        "level": asked.level,
        "value": found.value,
        "reason": found.reason,
        "null_kind": found.null_kind,
        "null_mean": found.null_mean,
        "null_sd": found.null_sd,
        "null_q95": found.null_q95,
        "p_value": found.p_value,
        "n_permutations": found.n_permutations,
        "n_rows": found.n_rows,
        "n_columns_a": n_columns_a,
        "n_columns_b": n_columns_b,
        "higher_is_similar": found.higher_is_similar,
        "null": [] if found.null is None else found.null.draws.tolist(),
    }

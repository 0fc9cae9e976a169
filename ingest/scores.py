"""The scores of a comparison: every similarity metric, on its matched pairs and on those that pass the default filter,
at the level of decoder rows and of activations, each with its null.

At `decoder` a row is a matched pair and holds two decoder rows. At `activations` a row is a unit and a column a matched
feature. The pairs are the mutual best matches, those with the largest pearson first; `first:<n>` are the first n.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array
from scipy.stats import false_discovery_control

from ingest import similarity
from ingest.similarity.score import TIE, Score
from store.schema import BY_NAME, macros

SEED = 0
UNITS = 500
"""Units at the level of activations: a fixed sample of those where any matched feature fires."""
COLUMNS = 50
"""Matched features at the level of activations: those with the largest pearson."""
FEWEST = 20
"""Pairs or units that a score needs."""
DRAWS = 100
"""Draws of each null that are stored for the picture."""
SLOW = {"hungarian_cosine": 49}
"""Metrics of which fewer draws are taken: each draw is an assignment of all rows."""
NEIGHBOURS = (5, 20, 50, 100)
"""Sweep over k, beside the metrics' own k = 10."""
PAIRS = (50, 100, 200, 500, 1000, 2000, 5000)
"""Sweep over the number of pairs."""
VARIANTS = {"rsa": ({"inner": "correlation"}, {"inner": "euclidean"})}
"""Metrics that are taken with other parameters than their own, too."""
SWEPT = ("knn_jaccard", "mutual_knn", "rank_similarity")
"""The metrics that have neighbours, and a k."""

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
        for name, table in (("matches", matches), ("comparisons", comparison), ("features", features)):
            memory.register(f"{name}_rows", table)
            memory.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_rows")
        for macro in macros():
            memory.execute(macro)
        rows = memory.execute(
            "SELECT feature_a, feature_b, len(reasons) = 0 AS kept FROM judged_matches() WHERE mutual_best "
            "ORDER BY pearson DESC, feature_a"
        ).fetchnumpy()
    return Matched(rows["feature_a"], rows["feature_b"], np.asarray(rows["kept"], dtype=bool))


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
    for asked in plan(len(pairs.feature_a)):
        x, y, why = _sides(asked, pairs, decoders, units)
        found = _tested(asked, x, y, permutations) if why is None else _unknown(asked, why)
        rows.append(_row(name, asked, found, x.shape[1], y.shape[1]))
        advance(1)
    return pa.Table.from_pylist(rows, schema=RAW)


def together(raw: list[pa.Table], models: dict[str, tuple[str, str]]) -> dict[str, pa.Table]:
    """The tables `scores` and `score_nulls` of all comparisons; `models` are the two models of each comparison.

    q by Benjamini and Hochberg (1995) over every score that has a p. `p_best` holds a score against the best of all
    comparisons of its two models under the same draws (the max-statistic of Westfall and Young 1993).
    """
    rows = sorted((row for table in raw for row in table.to_pylist()), key=lambda row: [row[c] for c in KEY])
    known = [row for row in rows if row["p_value"] is not None]
    for row, q in zip(known, false_discovery_control([row["p_value"] for row in known]) if known else [], strict=True):
        row["q_value"] = float(q)
    alike: dict[tuple[object, ...], list[dict[str, Any]]] = {}
    for row in known:
        same = models[row["comparison"]], row["metric"], row["parameters"], row["subset"], row["level"]
        alike.setdefault(same, []).append(row)
    for group in alike.values():
        if len(group) > 1:
            sign = 1 if group[0]["higher_is_similar"] else -1
            draws = min(len(row["null"]) for row in group)
            best = np.max([sign * np.array(row["null"][:draws]) for row in group], axis=0)
            for row in group:
                row["p_best"] = float((1 + (best >= sign * row["value"] - TIE).sum()) / (1 + len(best)))
    sample = [
        {name: row[name] for name in KEY} | {"draw": draw, "value": value}
        for row in rows
        for draw, value in enumerate(row["null"][:DRAWS])
    ]
    return {
        "scores": pa.Table.from_pylist(rows, schema=BY_NAME["scores"].arrow),
        "score_nulls": pa.Table.from_pylist(sample, schema=BY_NAME["score_nulls"].arrow),
    }


def plan(n_pairs: int) -> list[Asked]:
    """The scores to take.

    Every metric by itself on all and on the kept pairs, at both levels (an unpaired metric compares directions, so at
    `decoder` alone); then the sweeps of the neighbour metrics.
    """
    asked = [
        Asked(metric, dict(parameters), subset, level)
        for level in ("decoder", "activations")
        for subset in ("all", "kept")
        for metric in sorted(similarity.REGISTRY)
        if level == "decoder" or similarity.REGISTRY[metric].paired
        for parameters in VARIANTS.get(metric, ({},))
    ]
    asked += [Asked(metric, {"k": k}, "all", "decoder") for metric in SWEPT for k in NEIGHBOURS]
    sizes = [n for n in PAIRS if n < n_pairs]
    return asked + [Asked(metric, {"k": 10}, f"first:{n}", "decoder") for metric in SWEPT for n in sizes]


def _sides(
    asked: Asked,
    pairs: Matched,
    decoders: tuple[np.ndarray | None, np.ndarray | None],
    units: tuple[csr_array, csr_array],
) -> tuple[np.ndarray, np.ndarray, str | None]:
    """Both sides of a score, or the reason why there are none."""
    chosen = pairs.kept if asked.subset == "kept" else np.ones(len(pairs.kept), bool)
    features = [side[chosen] for side in (pairs.feature_a, pairs.feature_b)]
    if asked.subset.startswith("first:"):
        features = [side[: int(asked.subset.removeprefix("first:"))] for side in features]
    none = np.zeros((0, 0))
    if asked.level == "decoder":
        if decoders[0] is None or decoders[1] is None:
            return none, none, "a space of this comparison has no decoder rows"
        return decoders[0][features[0]], decoders[1][features[1]], None
    x, y = (side[:, feature[:COLUMNS]] for side, feature in zip(units, features, strict=True))
    fires = np.flatnonzero((np.diff(x.indptr) > 0) | (np.diff(y.indptr) > 0))
    rows = np.sort(np.random.default_rng(SEED).permutation(fires)[:UNITS])
    return x[rows].toarray(), y[rows].toarray(), None


def _tested(asked: Asked, x: np.ndarray, y: np.ndarray, permutations: int) -> Score:
    if len(x) < FEWEST:
        return _unknown(asked, f"{len(x)} rows are too few to compare; {FEWEST} are needed")
    orders = similarity.permutations(len(x), min(permutations, SLOW.get(asked.metric, permutations)), SEED)
    return similarity.tested(asked.metric, x, y, orders, **asked.parameters)  # type: ignore[arg-type]


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

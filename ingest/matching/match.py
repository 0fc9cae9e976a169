"""Matches of one comparison: candidates, evidence, ranks, margins, hubs, assignment."""

import numpy as np
import pyarrow as pa

from ingest.errors import IngestError
from ingest.matching import candidates, evidence, nulls
from ingest.matching.assignment import assign
from ingest.matching.evidence import Evidence
from ingest.matching.moments import Side, Strata
from ingest.matching.nulls import BestMatchNull
from ingest.progress import step
from store.schema import BY_NAME

K = 10
"""Candidates kept of each feature, by each of two orders, from each side."""


def match(
    name: str,
    a: Side,
    b: Side,
    text: np.ndarray,
    position: np.ndarray,
    passage: np.ndarray,
    decoders: tuple[np.ndarray, np.ndarray] | None,
) -> dict[str, pa.Table]:
    """The tables `matches` and `match_nulls` of a comparison.

    `text`, `position` and `passage` are int64 of shape (unit,): a code of each unit's text, its place in its passage,
    and its passage, ascending. `decoders` are both spaces' decoder rows where they share a model and hook, else None.
    Raises `IngestError` when the sides differ in units or one of them never fires.
    """
    if a.n_units != b.n_units:
        raise IngestError(
            f"comparison {name!r}: its spaces have {a.n_units:,} and {b.n_units:,} units; "
            "run both over the same passages"
        )
    for side, space in zip((a, b), name.split("~"), strict=True):
        if not (side.sd > 0).any():
            raise IngestError(
                f"comparison {name!r}: no feature of {space!r} fires on this text; give it more text or another space"
            )
    token, place = Strata(np.unique(text, return_inverse=True)[1]), Strata(np.unique(position, return_inverse=True)[1])
    with step(f"matching {name}", a.n_features, "features") as advance:
        feature_a, feature_b = candidates.search(a, b, token, K, advance)
        found = evidence.measure(a, b, feature_a, feature_b, token, place)
        kept = _kept(feature_a, feature_b, found)
    with step(f"null of {name}", nulls.ROUNDS, "searches") as advance:
        null = nulls.best_match_null(a, b, passage, advance)
    found = Evidence(**{f: getattr(found, f)[kept] for f in found.__dataclass_fields__})
    matches = _table(name, a, b, feature_a[kept], feature_b[kept], found, null, decoders)
    floor = BY_NAME["match_nulls"].arrow.empty_table() if null is None else null.table(name)
    return {"matches": matches, "match_nulls": floor}


def _ranks(group: np.ndarray, value: np.ndarray, tie: np.ndarray) -> np.ndarray:
    """Rank from 1 within each group, largest value first, ties by `tie` ascending."""
    order = np.lexsort((tie, -value, group))
    ordered = group[order]
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered) + 1
    return rank


def _kept(feature_a: np.ndarray, feature_b: np.ndarray, found: Evidence) -> np.ndarray:
    """Exactly the union of the K best by either order from either side."""
    kept = np.zeros(len(feature_a), bool)
    for value in (found.pearson, found.pearson_context):
        kept |= (_ranks(feature_a, value, feature_b) <= K) | (_ranks(feature_b, value, feature_a) <= K)
    return np.flatnonzero(kept & (found.pearson > 0))


def _margin(group: np.ndarray, value: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """`value` minus the best other value of its group; NaN where it is alone."""
    size = int(group.max(initial=-1)) + 1
    first, second = np.full(size, np.nan), np.full(size, np.nan)
    first[group[rank == 1]], second[group[rank == 2]] = value[rank == 1], value[rank == 2]
    return value - np.where(rank == 1, second[group], first[group])


def _table(
    name: str,
    a: Side,
    b: Side,
    feature_a: np.ndarray,
    feature_b: np.ndarray,
    found: Evidence,
    null: BestMatchNull | None,
    decoders: tuple[np.ndarray, np.ndarray] | None,
) -> pa.Table:
    rank_ab = _ranks(feature_a, found.pearson, feature_b)
    rank_ba = _ranks(feature_b, found.pearson, feature_a)
    hubs = np.bincount(feature_b[rank_ab == 1], minlength=b.n_features)
    n_a_only, n_b_only = a.n_active[feature_a] - found.n_both, b.n_active[feature_b] - found.n_both
    unknown = pa.nulls(len(feature_a), pa.float64())
    p = np.full(len(feature_a), np.nan) if null is None else null.p_values(feature_a, found.pearson)
    columns = {
        "comparison": pa.array([name]).take(pa.array(np.zeros(len(feature_a), np.int32))),
        "feature_a": feature_a,
        "feature_b": feature_b,
        "rank_ab": pa.array(rank_ab, mask=rank_ab > K),
        "rank_ba": pa.array(rank_ba, mask=rank_ba > K),
        "mutual_best": (rank_ab == 1) & (rank_ba == 1),
        "assigned": assign(feature_a, feature_b, found.pearson),
        "pearson": found.pearson,
        "pearson_token": found.pearson_token,
        "pearson_position": found.pearson_position,
        "pearson_context": found.pearson_context,
        "z_context": pa.array(found.z_context, from_pandas=True),
        "cosine": found.cosine,
        "jaccard": found.n_both / (found.n_both + n_a_only + n_b_only),
        "n_both": found.n_both,
        "n_a_only": n_a_only,
        "n_b_only": n_b_only,
        "decoder_cosine": unknown if decoders is None else _decoder_cosine(*decoders, feature_a, feature_b),
        "margin": pa.array(_margin(feature_a, found.pearson, rank_ab), from_pandas=True),
        "hub_size": hubs[feature_b],
        "p_value": pa.array(p, from_pandas=True),
        "q_value": pa.array(nulls.q_values(p, rank_ab == 1), from_pandas=True),
        "neighbour_overlap": unknown,
    }
    schema = BY_NAME["matches"].arrow
    arrays = [columns[f.name] if isinstance(columns[f.name], pa.Array) else pa.array(columns[f.name]) for f in schema]
    return pa.table([array.cast(f.type) for array, f in zip(arrays, schema, strict=True)], schema=schema)


def _decoder_cosine(a: np.ndarray, b: np.ndarray, feature_a: np.ndarray, feature_b: np.ndarray) -> pa.Array:
    left, right = (d / np.linalg.norm(d, axis=1, keepdims=True) for d in (a.astype(np.float64), b.astype(np.float64)))
    return pa.array(np.einsum("pd,pd->p", left[feature_a], right[feature_b]), from_pandas=True)

"""Matches of one comparison: candidates, evidence, ranks, margins, hubs, assignment."""

import numpy as np
import pyarrow as pa
import torch

from ingest.errors import IngestError
from ingest.matching import candidates, nulls
from ingest.matching.assignment import assign
from ingest.matching.candidates import Pairs, places
from ingest.matching.evidence import Witness
from ingest.matching.moments import Moments, Side, Strata
from ingest.matching.nulls import BestMatchNull
from ingest.matching.part import Part
from ingest.progress import step
from ingest.ranks import ALONE, Ranks
from store.schema import BY_NAME

K = 10
"""Candidates kept of each feature, by each of two orders, from each side."""
CHANCE = 0.05
"""A best match with a larger q counts for no hub: where many features have no partner at all, their best matches fall
by luck on features that fire often, and would brand true homologues as hubs (the planted tests show it)."""


def match(
    name: str,
    a: Side,
    b: Side,
    text: np.ndarray,
    position: np.ndarray,
    passage: np.ndarray,
    decoders: tuple[np.ndarray, np.ndarray] | None,
    ranks: Ranks = ALONE,
    device: str | None = None,
) -> dict[str, pa.Table]:
    """The tables `matches` and `match_nulls` of a comparison.

    `text`, `position` and `passage` are int64 of shape (unit,): a code of each unit's text, its place in its passage,
    and its passage, ascending. `decoders` are both spaces' decoder rows where they share a model and hook, else None.
    `device` is a torch device; None takes a GPU if there is one. The kept matches are the same on any.
    Several ranks divide A's features; all have to come, with the same sides, and rank 0 gets the tables (the others
    none).

    Both sides let go of their matrices. Holds 24 bytes an activation of B and 16 of A at the most, the stratum sums,
    and one tile of pairs; a rank's part of A alone, once it is laid out.
    Raises `IngestError` when the sides differ in units or one of them never fires.
    """
    left, right = a.moments, b.moments
    _refuse(name, left, right)
    order = np.argsort(text, kind="stable")
    token, place = (Strata(np.unique(codes[order], return_inverse=True)[1]) for codes in (text, position))
    part = Part.of(left, ranks)
    columns = a.columns(order) if part.is_whole else a.columns(order).only(part.features)
    a.forget()
    rows = b.rows(order)
    b.forget()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    with step(f"matching {name}", left.n_features, "features") as advance:
        witness_a = Witness.of(left.only(part.features), columns, token, place)
        witness_b = Witness.of(right, rows.columns(), token, place)
        pairs = candidates.search(witness_a, witness_b, rows, token, place, K, device, part, part.paced(advance))
        del witness_a, witness_b
    with step(f"null of {name}", nulls.ROUNDS * left.n_features, "features") as advance:
        null = nulls.best_match_null(left, right, columns, rows, order, passage, device, part.paced(advance), part)
    if not ranks.first:
        return {}
    matches = _table(name, left, right, pairs, null, decoders)
    floor = BY_NAME["match_nulls"].arrow.empty_table() if null is None else null.table(name)
    return {"matches": matches, "match_nulls": floor}


def _refuse(name: str, a: Moments, b: Moments) -> None:
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


def _margin(group: np.ndarray, value: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """`value` minus the best other value of its group; NaN where it is alone."""
    size = int(group.max(initial=-1)) + 1
    first, second = np.full(size, np.nan), np.full(size, np.nan)
    first[group[rank == 1]], second[group[rank == 2]] = value[rank == 1], value[rank == 2]
    return value - np.where(rank == 1, second[group], first[group])


def _table(
    name: str,
    a: Moments,
    b: Moments,
    pairs: Pairs,
    null: BestMatchNull | None,
    decoders: tuple[np.ndarray, np.ndarray] | None,
) -> pa.Table:
    feature_a, feature_b, found = pairs.feature_a, pairs.feature_b, pairs.found
    rank_ab = places(feature_a, found.pearson)
    rank_ba = places(feature_b, found.pearson)
    n_a_only, n_b_only = a.n_active[feature_a] - found.n_both, b.n_active[feature_b] - found.n_both
    unknown = pa.nulls(len(feature_a), pa.float64())
    p = np.full(len(feature_a), np.nan) if null is None else null.p_values(feature_a, found.pearson)
    q = nulls.q_values(p, rank_ab == 1)
    hubs = np.bincount(feature_b[(rank_ab == 1) & ~(q > CHANCE)], minlength=b.n_features)
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
        "q_value": pa.array(q, from_pandas=True),
        "neighbour_overlap": unknown,
        "neighbour_rbo": unknown,
    }
    schema = BY_NAME["matches"].arrow
    arrays = [columns[f.name] if isinstance(columns[f.name], pa.Array) else pa.array(columns[f.name]) for f in schema]
    return pa.table([array.cast(f.type) for array, f in zip(arrays, schema, strict=True)], schema=schema)


def _decoder_cosine(a: np.ndarray, b: np.ndarray, feature_a: np.ndarray, feature_b: np.ndarray) -> pa.Array:
    left, right = (d / np.linalg.norm(d, axis=1, keepdims=True) for d in (a.astype(np.float64), b.astype(np.float64)))
    return pa.array(np.einsum("pd,pd->p", left[feature_a], right[feature_b]), from_pandas=True)

"""Statistics, examples, histograms, logits and tokens of each feature, all from one sparse matrix.

Special tokens count nowhere but in `special_share`. A feature that never fires has NULLs, no example and no bin.
Every choice is deterministic: ties go to the earlier token, and "random" is a hash of (feature, token_index).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from scipy.sparse import csc_array, csr_array

from ingest import models
from ingest.activations import Activations, Space
from ingest.progress import warn
from store.records import POOR_FIT
from store.schema import BY_NAME

BINS = 50
TOP, INTERVAL, RANDOM = 20, 5, 10
"""Examples of each stratum: passages in `top`, tokens in each of q1 to q5, tokens in `random`."""
TOKENS = 20
"""Token texts kept for each feature."""
LOGITS = 10
"""Promoted, and as many suppressed, output tokens kept for each feature."""
BLOCK = 1024
"""Decoder rows multiplied with the unembedding at once."""


@dataclass(frozen=True)
class Columns:
    """The ordinary activations of a space, feature by feature, each feature's tokens in order."""

    feature: np.ndarray
    """int64 of shape (entry,)."""
    token: np.ndarray
    """int64 of shape (entry,): token_index."""
    value: np.ndarray
    """float32 of shape (entry,), above 0."""
    indptr: np.ndarray
    """int64 of shape (feature + 1,): where each feature's entries begin."""

    @property
    def n_features(self) -> int:
        return len(self.indptr) - 1

    @property
    def n_active(self) -> np.ndarray:
        return np.diff(self.indptr)

    def reduce(self, ufunc: np.ufunc, values: np.ndarray) -> np.ndarray:
        """`ufunc` over the entries of each feature; NaN where there are none."""
        result = np.full(self.n_features, np.nan)
        alive = np.flatnonzero(self.n_active)
        if alive.size:
            result[alive] = ufunc.reduceat(values, self.indptr[alive])
        return result


def columns_of(matrix: csr_array, ordinary: np.ndarray) -> Columns:
    """The columns of a (token, feature) matrix, without the tokens that are not `ordinary`."""
    by_feature: csc_array = matrix.tocsc()
    by_feature.sort_indices()
    keep = ordinary[by_feature.indices]
    feature = np.repeat(np.arange(matrix.shape[1]), np.diff(by_feature.indptr))[keep]
    indptr = np.searchsorted(feature, np.arange(matrix.shape[1] + 1))
    return Columns(feature, by_feature.indices[keep].astype(np.int64), by_feature.data[keep], indptr)


def describe(space: Space, activations: Activations, tokens: pa.Table) -> dict[str, pa.Table]:
    """The tables `spaces`, `features`, `activations`, `examples`, `histograms`, `logits`, `feature_tokens` of a space.

    Holds a few copies of the space's activations.
    """
    ordinary = ~tokens["is_special"].to_numpy(zero_copy_only=False)
    columns = columns_of(activations.matrix, ordinary)
    mass = columns.reduce(np.add, columns.value.astype(np.float64))
    encoded = pc.dictionary_encode(tokens["text"]).combine_chunks()
    by_token = _token_mass(columns, encoded.indices.to_numpy(), len(encoded.dictionary))
    _doubt(space, activations.variance_explained)
    return {
        "spaces": _space_row(space, columns, activations.variance_explained, int(ordinary.sum())),
        "features": _feature_rows(space, columns, mass, by_token, encoded.dictionary, activations.matrix, ordinary),
        "activations": _rows(
            "activations", space, columns.feature, token_index=columns.token, activation=columns.value
        ),
        "examples": _examples(space, columns, tokens["passage_id"].to_numpy()),
        "histograms": _histograms(space, columns),
        "logits": _logits(space),
        "feature_tokens": _feature_tokens(space, by_token, mass, encoded.dictionary),
    }


def _rows(table: str, space: Space, feature: np.ndarray, **columns: object) -> pa.Table:
    schema = BY_NAME[table].arrow
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(feature), np.int32)), [space.name]).cast(pa.string())
    given = {"space": names, "feature": feature, **columns}
    arrays = [given[f.name] if isinstance(given[f.name], pa.Array) else pa.array(given[f.name]) for f in schema]
    return pa.table([array.cast(field.type) for array, field in zip(arrays, schema, strict=True)], schema=schema)


def _nullable(values: np.ndarray) -> pa.Array:
    """NaN means unknown: NULL."""
    return pa.array(values, from_pandas=True)


def _doubt(space: Space, variance_explained: float | None) -> None:
    """Warns of an SAE that does not rebuild what it reads: at another hook, say, or of unscaled activations."""
    if space.kind == "sae" and variance_explained is not None and variance_explained < POOR_FIT:
        warn(
            f"space {space.name!r} explains {variance_explained:.2f} of the variance at {space.hook}; "
            "check hook, model, prepend_bos and normalisation before trusting a feature"
        )


def _space_row(space: Space, columns: Columns, variance_explained: float | None, n_ordinary: int) -> pa.Table:
    row = {
        "space": space.name,
        "model": space.model.name,
        "kind": space.kind,
        "hook": space.hook,
        "d_in": space.d_in,
        "n_features": columns.n_features,
        "source": space.source,
        "n_alive": int((columns.n_active > 0).sum()),
        "l0": len(columns.value) / n_ordinary if n_ordinary else 0.0,
        "variance_explained": variance_explained,
        "neuronpedia_id": space.neuronpedia_id,
    }
    return pa.Table.from_pylist([row], schema=BY_NAME["spaces"].arrow)


@dataclass(frozen=True)
class TokenMass:
    """Activation mass of each (feature, token text) that has any, by feature, largest mass first, ties by first use."""

    feature: np.ndarray
    code: np.ndarray
    mass: np.ndarray
    count: np.ndarray
    rank: np.ndarray
    """From 1 within each feature."""


def _token_mass(columns: Columns, code_of_token: np.ndarray, n_codes: int) -> TokenMass:
    shape = (columns.n_features, n_codes)
    place = (columns.feature, code_of_token[columns.token])
    mass = csr_array((columns.value.astype(np.float64), place), shape=shape).tocoo()
    count = csr_array((np.ones(len(columns.value), np.int64), place), shape=shape).tocoo()
    feature, code = mass.coords
    order = np.lexsort((code, -mass.data, feature))
    feature = feature[order].astype(np.int64)
    first = np.searchsorted(feature, feature)
    return TokenMass(feature, code[order], mass.data[order], count.data[order], np.arange(len(order)) - first + 1)


def _feature_rows(
    space: Space,
    columns: Columns,
    mass: np.ndarray,
    by_token: TokenMass,
    texts: pa.Array,
    matrix: csr_array,
    ordinary: np.ndarray,
) -> pa.Table:
    n, alive = columns.n_features, columns.n_active > 0
    share = by_token.mass / mass[by_token.feature]
    entropy = np.bincount(by_token.feature, -share * np.log2(share), minlength=n)
    top_code, top_share = np.full(n, -1), np.full(n, np.nan)
    best = by_token.rank == 1
    top_code[by_token.feature[best]], top_share[by_token.feature[best]] = by_token.code[best], share[best]
    on_special = matrix[~ordinary]
    special = np.bincount(on_special.indices, on_special.data.astype(np.float64), minlength=n)
    whole = np.where(alive, mass, 0.0) + special
    with np.errstate(invalid="ignore", divide="ignore"):
        special_share = np.where(whole > 0, special / whole, np.nan)
        mean = mass / columns.n_active
    norm = np.full(n, np.nan) if space.decoder is None else np.linalg.norm(space.decoder.astype(np.float64), axis=1)
    return _rows(
        "features",
        space,
        np.arange(n),
        n_active=columns.n_active,
        firing_rate=columns.n_active / max(1, int(ordinary.sum())),
        max_activation=_nullable(columns.reduce(np.maximum, columns.value)),
        mean_activation=_nullable(mean),
        top_token=texts.take(pa.array(top_code, mask=top_code < 0)),
        top_token_share=_nullable(top_share),
        token_entropy_bits=_nullable(np.where(alive, np.maximum(entropy, 0.0), np.nan)),
        special_share=_nullable(special_share),
        decoder_norm=_nullable(norm),
        label=pa.nulls(n, pa.string()),
    )


def _feature_tokens(space: Space, by_token: TokenMass, mass: np.ndarray, texts: pa.Array) -> pa.Table:
    kept = np.flatnonzero(by_token.rank <= TOKENS)
    feature = by_token.feature[kept]
    return _rows(
        "feature_tokens",
        space,
        feature,
        rank=by_token.rank[kept],
        token=texts.take(pa.array(by_token.code[kept])),
        mass_share=by_token.mass[kept] / mass[feature],
        n_active=by_token.count[kept],
    )


def _examples(space: Space, columns: Columns, passage_of_token: np.ndarray) -> pa.Table:
    maximum = columns.reduce(np.maximum, columns.value)
    interval = np.clip(np.ceil(5 * columns.value.astype(np.float64) / maximum[columns.feature]), 1, 5).astype(np.int64)
    chance = _hash(columns.feature, columns.token)
    picks = [("top", *_strongest_of_passages(columns, passage_of_token))]
    picks += [("random", *_first(columns.feature, chance, RANDOM))]
    entry, rank = _first(columns.feature * 5 + interval - 1, chance, INTERVAL)
    picks += [(f"q{q}", entry[interval[entry] == q], rank[interval[entry] == q]) for q in range(1, 6)]
    entry = np.concatenate([e for _, e, _ in picks])
    rank = np.concatenate([r for _, _, r in picks])
    names = np.repeat([name for name, _, _ in picks], [len(e) for _, e, _ in picks])
    order = np.lexsort((rank, names, columns.feature[entry]))
    entry = entry[order]
    return _rows(
        "examples",
        space,
        columns.feature[entry],
        stratum=names[order],
        rank=rank[order],
        token_index=columns.token[entry],
        passage_id=passage_of_token[columns.token[entry]],
        activation=columns.value[entry],
    )


def _strongest_of_passages(columns: Columns, passage_of_token: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Entries of the strongest token of each of the `TOP` strongest passages of each feature, and their ranks."""
    passage = passage_of_token[columns.token]
    begin = np.flatnonzero(np.append(True, (np.diff(columns.feature) > 0) | (np.diff(passage) > 0))[: len(passage)])
    strongest = np.maximum.reduceat(columns.value, begin) if begin.size else columns.value
    stretch = np.repeat(np.arange(len(begin)), np.diff(np.append(begin, len(passage))))
    hits = np.flatnonzero(columns.value == strongest[stretch])
    hits = hits[np.unique(stretch[hits], return_index=True)[1]]
    weakness = np.float32(np.inf).view(np.uint32) - columns.value[hits].view(np.uint32)
    entry, rank = _first(columns.feature[hits], weakness, TOP)
    return hits[entry], rank


def _first(group: np.ndarray, key: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` entries of each group with the smallest 32-bit key, ties by place; and their ranks from 1."""
    order = np.argsort((group.astype(np.uint64) << np.uint64(32)) | key.astype(np.uint64), kind="stable")
    ordered = group[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered) + 1
    return order[rank <= count], rank[rank <= count]


def _hash(feature: np.ndarray, token: np.ndarray) -> np.ndarray:
    """32 well-mixed bits of (feature, token): SplitMix64 (Steele, Lea and Flood 2014)."""
    x = feature.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + token.astype(np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x ^ (x >> np.uint64(31))) >> np.uint64(32)


def _histograms(space: Space, columns: Columns) -> pa.Table:
    maximum = columns.reduce(np.maximum, columns.value)
    scaled = BINS * columns.value.astype(np.float64) / maximum[columns.feature]
    bins = np.clip(np.ceil(scaled).astype(np.int64) - 1, 0, BINS - 1)
    count = np.bincount(columns.feature * BINS + bins, minlength=columns.n_features * BINS).reshape(-1, BINS)
    alive = np.flatnonzero(columns.n_active)
    edges = maximum[alive][:, None] * np.arange(BINS + 1) / BINS
    return _rows(
        "histograms",
        space,
        np.repeat(alive, BINS),
        bin=np.tile(np.arange(BINS), len(alive)),
        lower=edges[:, :-1].ravel(),
        upper=edges[:, 1:].ravel(),
        count=count[alive].ravel(),
    )


def _logits(space: Space) -> pa.Table:
    network = space.model.network
    path = None if network is None else network.direct_path()
    decoder = None if space.dictionary is None else space.dictionary.decoder
    if decoder is None or path is None:
        return BY_NAME["logits"].arrow.empty_table()
    gain, unembedding = path
    spelled = pa.array([space.model.tokenizer.decode([i]) for i in range(unembedding.shape[1])])
    parts = []
    for begin in range(0, len(decoder), BLOCK):
        logits = models.direct_logits(gain, unembedding, decoder[begin : begin + BLOCK])
        for side, largest in (("promoted", True), ("suppressed", False)):
            value, token = torch.topk(logits, LOGITS, dim=1, largest=largest)
            feature = np.repeat(np.arange(begin, begin + len(logits)), LOGITS)
            rank = np.tile(np.arange(1, LOGITS + 1), len(logits))
            texts = spelled.take(pa.array(token.ravel().numpy()))
            names = np.full(len(feature), side)
            parts.append(
                _rows("logits", space, feature, side=names, rank=rank, token=texts, value=value.ravel().numpy())
            )
    return pa.concat_tables(parts).sort_by([(c, "ascending") for c in BY_NAME["logits"].order])

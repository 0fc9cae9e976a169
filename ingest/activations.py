"""Passages -> sparse activations, as Parquet shards of 1,024 passages; one pass of a model serves all its spaces.

A shard holds (token_index, feature, activation) of every activation above zero, special tokens included (only their
share of the mass is ever used), and in its metadata the sums that variance explained is made of.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from scipy.sparse import csr_array

from ingest import baselines, models
from ingest.baselines import Neurons
from ingest.config import ImportedSpec, NeuronsSpec, RandomSaeSpec, SaeSpec, SpaceSpec
from ingest.errors import IngestError
from ingest.models import Dictionary, Model
from ingest.progress import step
from ingest.workspace import Workspace, digest, file_digest

SHARD = 1024
"""Passages in a shard."""
BATCH = 64
"""Passages in a forward pass."""
ROWS = 512
"""Tokens encoded at once: the dense features of more do not fit a processor's cache, and take nearly twice as long."""
SCHEMA = pa.schema([("token_index", pa.int32()), ("feature", pa.int32()), ("activation", pa.float32())])


@dataclass(frozen=True)
class Space:
    """A feature space of the run, loaded."""

    name: str
    kind: str
    model: Model
    hook: str | None
    source: str
    weights: str
    """SHA-256 of the files it was loaded from, and of every choice that its activations depend on."""
    dictionary: Dictionary | Neurons | None
    """None for an imported space."""
    path: Path | None
    """The file of an imported space; None for others."""
    decoder: np.ndarray | None
    """float32 of shape (feature, dimension); None where unknown."""

    @property
    def d_in(self) -> int | None:
        """Width of the activations that it reads; None where unknown."""
        if self.dictionary is not None:
            return self.dictionary.d_in
        return None if self.decoder is None else self.decoder.shape[1]

    @property
    def neuronpedia_id(self) -> str | None:
        """Where Neuronpedia shows its features; None where it does not."""
        return self.dictionary.neuronpedia_id if isinstance(self.dictionary, Dictionary) else None


@dataclass(frozen=True)
class Activations:
    """Everything a space did on the text."""

    matrix: csr_array
    """float32 of shape (token, feature), special tokens included."""
    variance_explained: float | None
    """1 - residual / total variance over ordinary tokens; None when not measured."""


def load_space(spec: SpaceSpec, model: Model) -> Space:
    """The space of a `[[spaces]]` entry. Raises `IngestError` when its files are missing or do not fit."""
    if isinstance(spec, ImportedSpec):
        return _imported_space(spec, model)
    found = _dictionary(spec, model)
    decoder = None if found.decoder is None else found.decoder.numpy()
    return Space(spec.name, spec.kind, model, found.hook, found.source, found.weights, found, None, decoder)


def _dictionary(spec: SaeSpec | NeuronsSpec | RandomSaeSpec, model: Model) -> Dictionary | Neurons:
    match spec:
        case NeuronsSpec():
            return baselines.neurons(spec, model)
        case RandomSaeSpec():
            return baselines.random_sae(spec, model)
    return models.load_sae(spec, model)


def _imported_space(spec: ImportedSpec, model: Model) -> Space:
    files = [f for f in (spec.path, spec.decoder) if f is not None]
    if missing := [f for f in files if not f.is_file()]:
        raise IngestError(f"space {spec.name!r}: there is no file {missing[0]}")
    decoder = None if spec.decoder is None else np.load(spec.decoder).astype(np.float32)
    return Space(spec.name, spec.kind, model, spec.hook, spec.path.name, file_digest(*files), None, spec.path, decoder)


def collect(spaces: list[Space], tokens: pa.Table, text: str, work: Workspace) -> dict[str, list[Path]]:
    """Write what is missing of the shards of one model's spaces; returns every space's shards, in order.

    `text` is the SHA-256 of the passages. Holds one batch of activations and one shard of sparse rows.
    """
    n_passages = tokens["passage_id"][-1].as_py() + 1
    starts = range(0, n_passages, SHARD)
    shards = {}
    for space in spaces:
        key = digest(space.weights, space.model.weights, space.model.vocabulary, space.hook, text)
        shards[space.name] = [work.path("sparse", f"{space.name}-{i:05d}", key) for i in range(len(starts))]
    if spaces[0].model.network is None:
        for space in spaces:
            shards[space.name] = shards[space.name][:1]
            if not shards[space.name][0].exists():
                work.write(shards[space.name][0], _imported(space, tokens))
        return shards
    ends = np.searchsorted(tokens["passage_id"].to_numpy(), np.arange(n_passages + 1))
    todo = []
    for i, start in enumerate(starts):
        if missing := [s for s in spaces if not shards[s.name][i].exists()]:
            todo.append((i, missing, ends[start : min(start + SHARD, n_passages) + 1]))
    if not todo:
        return shards
    with step(
        f"activations {spaces[0].model.name}", sum(int(rows[-1] - rows[0]) for *_, rows in todo), "tokens"
    ) as advance:
        for i, missing, rows in todo:
            for name, table in _read_shard(missing, tokens, rows, advance).items():
                work.write(shards[name][i], table)
    return shards


@torch.inference_mode()
def _read_shard(
    spaces: list[Space], tokens: pa.Table, ends: np.ndarray, advance: Callable[[int], None]
) -> dict[str, pa.Table]:
    """Rows of one shard for each space; `ends` are the token indices where its passages begin, and the last's end."""
    first = int(ends[0])
    ids = torch.from_numpy(tokens["token_id"].slice(first, ends[-1] - first).to_numpy().astype(np.int64))
    ordinary = ~torch.from_numpy(
        tokens["is_special"].slice(first, ends[-1] - first).to_numpy(zero_copy_only=False).astype(bool)
    )
    collectors = {space.name: _Collector(space) for space in spaces}
    hooks = sorted({str(space.hook) for space in spaces})
    network = spaces[0].model.network
    assert network is not None
    lengths = np.diff(ends)
    order = np.argsort(lengths, kind="stable")  # passages of one length share a batch, so that little is padding
    for batch in np.array_split(order, max(1, -(-len(order) // BATCH))):
        width = int(lengths[batch].max())
        offset = torch.from_numpy(ends[batch] - first)[:, None] + torch.arange(width)
        real = torch.arange(width) < torch.from_numpy(lengths[batch])[:, None]
        padded = ids[offset.clamp(max=len(ids) - 1)] * real
        cache = network.read(padded, real, hooks)
        for space in spaces:
            x = cache[str(space.hook)][real]
            collectors[space.name].add(x, offset[real], ordinary[offset[real]])
        advance(int(real.sum()))
    return {name: collector.table(first) for name, collector in collectors.items()}


class _Collector:
    """The sparse rows of one shard of one space, and its sums of squares."""

    def __init__(self, space: Space) -> None:
        assert space.dictionary is not None
        self.sae = space.dictionary
        self.rows: list[tuple[np.ndarray, ...]] = []
        self.n, self.squares, self.residual = 0, 0.0, 0.0
        self.sums = torch.zeros(self.sae.d_in, dtype=torch.float64)

    def add(self, x: torch.Tensor, token: torch.Tensor, ordinary: torch.Tensor) -> None:
        """Encode `x` of shape (token, dimension); `token` are offsets in the shard."""
        for part in zip(x.split(ROWS), token.split(ROWS), ordinary.split(ROWS), strict=True):
            self._add(*part)

    def _add(self, x: torch.Tensor, token: torch.Tensor, ordinary: torch.Tensor) -> None:
        features = self.sae.encode(x)
        row, feature = torch.nonzero(features, as_tuple=True)
        self.rows.append((token[row].numpy(), feature.numpy(), features[row, feature].numpy()))
        kept = x[ordinary].double()
        self.n += len(kept)
        self.sums += kept.sum(0)
        self.squares += float(kept.square().sum())
        self.residual += float((kept - self.sae.decode(features[ordinary], x[ordinary]).double()).square().sum())

    def table(self, first: int) -> pa.Table:
        token, feature, value = (np.concatenate(part) for part in zip(*self.rows, strict=True))
        order = np.argsort(token * self.sae.n_features + feature)
        moments = {"n": self.n, "squares": self.squares, "residual": self.residual, "sums": self.sums.tolist()}
        return _shard(token[order] + first, feature[order], value[order], moments, self.sae.n_features)


def _shard(
    token: np.ndarray, feature: np.ndarray, value: np.ndarray, moments: dict[str, Any] | None, n_features: int
) -> pa.Table:
    columns = [pa.array(c).cast(f.type) for c, f in zip((token, feature, value), SCHEMA, strict=True)]
    facts = json.dumps({"moments": moments, "n_features": n_features})
    return pa.table(columns, schema=SCHEMA.with_metadata({"homolog": facts}))


def load(paths: list[Path], n_tokens: int, work: Workspace) -> Activations:
    """The shards of one space as one sparse matrix. Holds 8 bytes an activation, and one shard."""
    n = sum(work.count(path) for path in paths)
    feature, value = np.empty(n, np.int32), np.empty(n, np.float32)
    indptr, facts, end = np.zeros(n_tokens + 1, np.int64), [], 0
    for path in paths:
        table = work.read(path)
        facts.append(json.loads(table.schema.metadata[b"homolog"]))
        here = slice(end, end + table.num_rows)
        feature[here], value[here] = table["feature"].to_numpy(), table["activation"].to_numpy()
        indptr[1:] += np.bincount(table["token_index"].to_numpy(), minlength=n_tokens)
        end = here.stop
    matrix = csr_array((value, feature, np.cumsum(indptr)), shape=(n_tokens, facts[0]["n_features"]))
    return Activations(matrix, _variance_explained([f["moments"] for f in facts]))


def _variance_explained(moments: list[dict[str, Any] | None]) -> float | None:
    known = [m for m in moments if m is not None]
    n = sum(m["n"] for m in known)
    if not n:
        return None
    sums = np.sum([m["sums"] for m in known], axis=0)
    total = sum(m["squares"] for m in known) - float(sums @ sums) / n
    return 1 - sum(m["residual"] for m in known) / total if total > 0 else None


def _imported(space: Space, tokens: pa.Table) -> pa.Table:
    """The rows of an imported space as a shard. Raises `IngestError` naming the first row that cannot be used."""
    columns = ("feature", "passage", "position", "activation")
    where = f"space {space.name!r}: {space.path}"
    try:
        table = pq.read_table(space.path)
    except (pa.ArrowInvalid, OSError) as error:
        raise IngestError(f"{where} is not readable Parquet: {str(error).splitlines()[0]}") from None
    if missing := [c for c in columns if c not in table.column_names]:
        raise IngestError(f"{where} has no column {missing[0]!r}; it needs {', '.join(columns)}")
    try:
        types = (pa.int64(), pa.int64(), pa.int64(), pa.float32())
        feature, passage, position, value = (
            table[c].cast(t).combine_chunks().to_numpy(zero_copy_only=False)
            for c, t in zip(columns, types, strict=True)
        )
    except pa.ArrowInvalid as error:
        raise IngestError(f"{where}: {str(error).splitlines()[0]}") from None
    if not len(value):
        raise IngestError(f"{where} holds no activation; give it at least one above 0")
    for bad, what in (
        (~np.isfinite(value), "is not a number"),
        (value < 0, "is negative"),
        (feature < 0, "has a feature below 0"),
    ):
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise IngestError(
                f"{where}: row {row} {what} (feature {feature[row]}, activation {value[row]}); "
                "activations are 0 or above"
            )
    token = _token_index(where, passage, position, tokens)
    n_features = int(feature.max()) + 1
    if space.decoder is not None:
        if space.decoder.ndim != 2 or len(space.decoder) < n_features:
            raise IngestError(
                f"{where} has feature {n_features - 1}, but its decoder has shape {space.decoder.shape}; "
                "give a row for each feature"
            )
        n_features = len(space.decoder)
    keep = np.flatnonzero(value > 0)
    order = keep[np.lexsort((feature[keep], token[keep]))]
    token, feature = token[order], feature[order]
    if (twice := np.flatnonzero((np.diff(token) == 0) & (np.diff(feature) == 0))).size:
        row = order[twice[0]]
        raise IngestError(
            f"{where} gives feature {feature[twice[0]]} twice at position {position[row]} of passage {passage[row]}"
        )
    return _shard(token, feature, value[order], None, n_features)


def _token_index(where: str, passage: np.ndarray, position: np.ndarray, tokens: pa.Table) -> np.ndarray:
    known = tokens["passage_id"].to_numpy().astype(np.int64) * 2**32 + tokens["position"].to_numpy()
    asked = passage * 2**32 + position
    index = np.searchsorted(known, asked)
    bad = (index >= len(known)) | (known[np.minimum(index, len(known) - 1)] != asked)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise IngestError(
            f"{where}: row {row} names position {position[row]} of passage {passage[row]}, "
            "which the model's tokens do not have"
        )
    return index

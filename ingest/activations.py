"""Passages -> sparse activations, as shards of 1,024 passages; one pass of a model serves all its spaces."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest import baselines, encoding, models, shards
from ingest.baselines import Neurons
from ingest.config import ImportedSpec, NeuronsSpec, RandomSaeSpec, SaeSpec, SpaceSpec
from ingest.errors import IngestError
from ingest.models import Dictionary, Model
from ingest.progress import step
from ingest.ranks import ALONE, Ranks
from ingest.shards import Activations, Block, blocks, load, summary
from ingest.workspace import Workspace, digest, file_digest

__all__ = ["Activations", "Block", "Space", "blocks", "collect", "load", "load_space", "summary"]

SHARD = 1024
"""Passages in a shard."""
FORMAT = 1
"""Raised when what a shard holds changes, so that no older one is taken for a new one."""
BATCHING = (encoding.TOKENS, encoding.TOKENS_OF_DEVICE, encoding.ROWS, encoding.DENSE)
"""What is computed together rounds together."""


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


def collect(
    spaces: list[Space], tokens: pa.Table, passages: pa.Table, work: Workspace, ranks: Ranks = ALONE
) -> dict[str, list[Path]]:
    """Write what is missing of the shards of one model's spaces; returns every space's shards, in order.

    A shard is named by what it is made of: the weights, and the text and the tokens of its own passages, so that a
    corpus that grows keeps those of the passages it had. Holds one batch of activations and one shard of sparse rows.
    Each rank writes its part of the shards and returns, maybe before the others have written theirs.
    """
    ends = np.searchsorted(tokens["passage_id"].to_numpy(), np.arange(passages.num_rows + 1))
    starts = range(0, passages.num_rows, SHARD)
    spans = [ends[start : start + SHARD + 1] for start in starts]
    texts = [
        _content(passages.slice(start, SHARD), tokens.slice(rows[0], rows[-1] - rows[0]), rows)
        for start, rows in zip(starts, spans, strict=True)
    ]
    shards = {}
    for space in spaces:
        made_of = (FORMAT, *BATCHING, space.weights, space.model.weights, space.model.vocabulary, space.hook)
        keys = [digest(*made_of, text) for text in texts]
        shards[space.name] = [work.path("sparse", f"{space.name}-{i:05d}", key) for i, key in enumerate(keys)]
    if spaces[0].model.network is None:
        for i in ranks.mine(range(len(spaces))):
            _write_imported(spaces[i], tokens, spans, shards[spaces[i].name], work)
        return shards
    todo = []
    for i in ranks.mine(i for i in range(len(spans)) if not all(paths[i].exists() for paths in shards.values())):
        todo.append((i, [space for space in spaces if not shards[space.name][i].exists()], spans[i]))
    if todo:
        n = sum(int(rows[-1] - rows[0]) for *_, rows in todo)
        with step(f"activations {spaces[0].model.name}", n, "tokens") as advance:
            for i, missing, rows in todo:
                _write_shard(
                    missing, tokens, rows, {space.name: shards[space.name][i] for space in missing}, work, advance
                )
    return shards


def _content(passages: pa.Table, tokens: pa.Table, ends: np.ndarray) -> str:
    """SHA-256 of the text of some passages, of their tokens, and of the token indices where they begin and end."""
    whole = hashlib.sha256(digest(passages["text"].to_pylist()).encode())
    whole.update(ends.astype(np.int64).tobytes())
    for name in ("token_id", "char_start", "char_end", "is_special"):
        column = pc.fill_null(tokens[name].cast(pa.int32()), -1)  # an imported model may not know its tokens' ids
        whole.update(column.to_numpy().tobytes())
    return whole.hexdigest()


def _write_shard(
    spaces: list[Space],
    tokens: pa.Table,
    ends: np.ndarray,
    paths: dict[str, Path],
    work: Workspace,
    advance: Callable[[int], None],
) -> None:
    """One shard of each space; `ends` are the token indices where its passages begin, and the last's end."""
    network = spaces[0].model.network
    assert network is not None
    encoders = {space.name: space.dictionary for space in spaces if space.dictionary is not None}
    for name, found in encoding.read(network, encoders, tokens, ends, advance).items():
        n_features = encoders[name].n_features
        shards.write(work, paths[name], found.token, found.feature, found.value, n_features, found.moments)


def _write_imported(
    space: Space, tokens: pa.Table, spans: list[np.ndarray], paths: list[Path], work: Workspace
) -> None:
    """The shards of an imported space, where one is missing. Holds the whole file while it cuts it."""
    if all(path.exists() for path in paths):
        return
    token, feature, value, n_features = _imported(space, tokens)
    for path, rows in zip(paths, spans, strict=True):
        here = slice(*np.searchsorted(token, (rows[0], rows[-1])))
        shards.write(work, path, token[here], feature[here], value[here], n_features)


def _imported(space: Space, tokens: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """An imported space's token_index (ascending), feature and activation of each row above 0; and its features.

    Raises `IngestError` naming the first row that cannot be used.
    """
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
    return token, feature, value[order], n_features


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

"""Each model's own tokens of every passage: the table `tokens`."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.errors import IngestError
from ingest.models import Model
from ingest.progress import log
from ingest.spelling import spelled
from store.schema import BY_NAME

BATCH = 2048
"""Passages tokenised at once."""
IMPORTED = ("passage", "position", "text", "char_start", "char_end", "is_special")


def read(model: Model, passages: pa.Table) -> pa.Table:
    """The table `tokens` of one model, in the order of (passage, position): the model's prefix, the text, its suffix.

    A passage of more tokens than the model's context is read up to there, which is logged. Spans are those of the
    tokenizer (`ingest.spans` says what they mean), and texts those of the vocabulary (`ingest.spelling`). BOS, EOS, PAD
    and the like are special inside the text too. Imported models bring their tokens in a file. Holds the table.
    """
    if model.token_file is not None:
        return _imported(model.name, model.token_file, passages)
    reader = _Reader(model)
    tables, n_tokens = [BY_NAME["tokens"].arrow.empty_table()], 0
    for first in range(0, passages.num_rows, BATCH):
        columns = reader.read(passages.slice(first, BATCH))
        tables.append(_table(model.name, columns, n_tokens))
        n_tokens += tables[-1].num_rows
    if reader.n_cut:
        log.info(
            "tokens %s: %d of %d passages are longer than its context of %d tokens and were read up to there",
            *(model.name, reader.n_cut, passages.num_rows, model.context),
        )
    return pa.concat_tables(tables).combine_chunks()


def rooms(models: Iterable[Model]) -> list[tuple[Any, int]]:
    """Every tokenizer, once, with the most tokens of text that all models that share it can read."""
    found: dict[str, tuple[Any, int]] = {}
    for model in models:
        if model.tokenizer is not None and model.context is not None:
            room = model.context - len(model.prefix) - len(model.suffix)
            found[model.vocabulary] = model.tokenizer, min(room, found.get(model.vocabulary, (None, room))[1])
    return list(found.values())


class _Reader:
    """One model's tokenizer at work."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.special = _special_ids(model.tokenizer)
        self.texts: dict[int, str] = {}
        self.n_cut = 0
        """Passages longer than the context, so far."""

    def read(self, passages: pa.Table) -> dict[str, Any]:
        """Columns of the table `tokens` for some passages."""
        ids, spans, counts = encode(self.model.tokenizer, passages["text"].to_pylist())
        prefix, suffix = self.model.prefix, self.model.suffix
        around = len(prefix) + len(suffix)
        room = counts.max(initial=0) if self.model.context is None else self.model.context - around
        self.n_cut += int((counts > room).sum())
        kept = _places(counts) < np.repeat(np.minimum(counts, room), counts)
        ids, spans = ids[kept], spans[kept]
        counts = np.minimum(counts, room)
        last = np.zeros(len(counts), np.int32)
        np.maximum.at(last, np.repeat(np.arange(len(counts)), counts), spans[:, 1])
        position = _places(counts + around)
        is_prefix = position < len(prefix)
        is_suffix = position >= np.repeat(len(prefix) + counts, counts + around)
        inside = ~(is_prefix | is_suffix)
        token_id, start, end = (np.zeros(len(position), np.int32) for _ in range(3))
        token_id[is_prefix], token_id[is_suffix] = (np.tile(near, len(counts)) for near in (prefix, suffix))
        token_id[inside], start[inside], end[inside] = ids, spans[:, 0], spans[:, 1]
        start[is_suffix] = end[is_suffix] = np.repeat(last, len(suffix))
        return {
            "passage_id": np.repeat(passages["passage_id"].to_numpy(), counts + around),
            "position": position,
            "token_id": token_id,
            "text": self._spelled(token_id),
            "char_start": start,
            "char_end": end,
            "is_special": ~inside | np.isin(token_id, self.special),
        }

    def _spelled(self, ids: np.ndarray) -> pa.Array:
        unique, place = np.unique(ids, return_inverse=True)
        if new := [i for i in unique.tolist() if i not in self.texts]:
            self.texts |= dict(zip(new, spelled(self.model.tokenizer, new), strict=True))
        return pa.array([self.texts[i] for i in unique.tolist()], pa.string()).take(pa.array(place))


def encode(tokenizer: Any, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tokens of some texts one behind the other, without specials around them.

    Returns ids, int32 of shape (token,); spans, int32 of shape (token, 2); and tokens of each text, int64 of (text,).
    """
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False) if texts else {}
    chained = chain.from_iterable
    ids = np.fromiter(chained(encoded.get("input_ids", [])), np.int32)
    spans = np.fromiter(chained(chained(encoded.get("offset_mapping", []))), np.int32).reshape(-1, 2)
    return ids, spans, np.array([len(one) for one in encoded.get("input_ids", [])], np.int64)


def _places(counts: np.ndarray) -> np.ndarray:
    """Place of each token in its passage, from 0."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _special_ids(tokenizer: Any) -> list[int]:
    """Entries that say where a text begins and ends. An unknown token stands for text, also where it serves to pad."""
    around = {getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "cls", "sep")}
    return sorted((around | ({tokenizer.pad_token_id} - {tokenizer.unk_token_id})) - {None})


def _table(model: str, columns: dict[str, Any], first: int = 0) -> pa.Table:
    """Rows of the table `tokens` from their columns; `first` is the index of the first."""
    n = len(columns["position"])
    columns = {
        "model": pa.array([model], pa.string()).take(pa.array(np.zeros(n, np.int32))),
        "token_index": np.arange(first, first + n),
        **columns,
    }
    schema = BY_NAME["tokens"].arrow
    return pa.table([pa.array(columns[f.name]).cast(f.type) for f in schema], schema=schema)


def _imported(model: str, path: Path, passages: pa.Table) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise IngestError(f"model {model!r}: {path} is not readable Parquet: {str(error).splitlines()[0]}") from None
    if missing := [c for c in IMPORTED if c not in table.column_names]:
        raise IngestError(f"model {model!r}: {path} has no column {missing[0]!r}; it needs {', '.join(IMPORTED)}")
    table = table.sort_by([("passage", "ascending"), ("position", "ascending")])
    for column in IMPORTED:
        if table[column].null_count:
            raise IngestError(
                f"model {model!r}: column {column!r} of {path} has {table[column].null_count} empty cells; fill them"
            )
    try:
        columns = {
            "passage_id": table["passage"].cast(pa.int32()).to_numpy(),
            "position": table["position"].cast(pa.int32()).to_numpy(),
        }
        columns |= {c: table[c].cast(pa.int32()).to_numpy() for c in ("char_start", "char_end")}
        columns["is_special"] = table["is_special"].cast(pa.bool_()).to_numpy(zero_copy_only=False)
        columns["text"] = table["text"].cast(pa.string())
    except pa.ArrowInvalid as error:
        raise IngestError(f"model {model!r}: {path}: {str(error).splitlines()[0]}") from None
    _check(model, path, columns, passages)
    has_ids = "token_id" in table.column_names
    columns["token_id"] = table["token_id"] if has_ids else pa.nulls(table.num_rows, pa.int32())
    columns["text"] = pc.fill_null(columns["text"], "").combine_chunks()
    return _table(model, columns)


def _check(model: str, path: Path, columns: dict[str, Any], passages: pa.Table) -> None:
    """Positions count from 0 without gaps in every passage, and spans lie inside the text."""
    passage, position = columns["passage_id"], columns["position"]
    found, counts = np.unique(passage, return_counts=True)
    if not np.array_equal(found, passages["passage_id"].to_numpy()):
        odd = sorted(set(found.tolist()) ^ set(passages["passage_id"].to_pylist()))[0]
        raise IngestError(
            f"model {model!r}: {path} and the corpus differ in passage {odd}; "
            f"both need the passages 0 to {passages.num_rows - 1}"
        )
    expected = np.arange(len(position)) - np.repeat(np.cumsum(counts) - counts, counts)
    if (wrong := np.flatnonzero(position != expected)).size:
        row = wrong[0]
        raise IngestError(
            f"model {model!r}: passage {passage[row]} of {path} has position {position[row]} "
            f"where {expected[row]} belongs; "
            "positions count from 0, each once"
        )
    lengths = pc.utf8_length(passages["text"]).to_numpy()[passage]
    bad = (columns["char_start"] < 0) | (columns["char_end"] > lengths) | (columns["char_start"] > columns["char_end"])
    if bad.any():
        row = np.flatnonzero(bad)[0]
        raise IngestError(
            f"model {model!r}: token {position[row]} of passage {passage[row]} in {path} spans characters "
            f"{columns['char_start'][row]} to {columns['char_end'][row]} of a text of {lengths[row]}"
        )
    if not (columns["char_start"] < columns["char_end"])[~columns["is_special"]].any():
        raise IngestError(
            f"model {model!r}: no token of {path} covers any text; give each the characters that it stands for, "
            "from char_start to before char_end"
        )

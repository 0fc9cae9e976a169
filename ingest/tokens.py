"""Each model's own tokens of every passage: the table `tokens`."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.errors import IngestError
from ingest.models import Model
from store.schema import BY_NAME

BATCH = 2048
"""Passages tokenised at once."""
IMPORTED = ("passage", "position", "text", "char_start", "char_end", "is_special")


def read(model: Model, passages: pa.Table) -> pa.Table:
    """The table `tokens` of one model, in the order of (passage, position): the model's prefix, the text, its suffix.

    A passage of more tokens than the model's context is cut there. Imported models bring their tokens in a file.
    """
    if model.token_file is not None:
        return _imported(model.name, model.token_file, passages)
    texts = iter(passages["text"].to_pylist())
    prefix, suffix = list(model.prefix), list(model.suffix)
    around = len(prefix) + len(suffix)
    special: list[bool] = []
    ids, starts, ends, lengths = [], [], [], []
    while batch := list(islice(texts, BATCH)):
        encoded = model.tokenizer(batch, add_special_tokens=False, return_offsets_mapping=True)
        for passage, offsets in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
            kept = passage[: (model.context or len(passage) + around) - around]
            last = offsets[len(kept) - 1][1] if kept else 0
            ids += [*prefix, *kept, *suffix]
            starts += [*(0 for _ in prefix), *(s for s, _ in offsets[: len(kept)]), *(last for _ in suffix)]
            ends += [*(0 for _ in prefix), *(e for _, e in offsets[: len(kept)]), *(last for _ in suffix)]
            special += [*(True for _ in prefix), *(False for _ in kept), *(True for _ in suffix)]
            lengths.append(len(kept) + around)
    spelled = {i: model.tokenizer.decode([i]) for i in set(ids)}
    counts = np.array(lengths)
    first = np.cumsum(counts) - counts
    position = np.arange(len(ids)) - np.repeat(first, counts)
    columns = {
        "passage_id": np.repeat(passages["passage_id"].to_numpy(), counts),
        "position": position,
        "token_id": ids,
        "text": [spelled[i] for i in ids],
        "char_start": starts,
        "char_end": ends,
        "is_special": special,
    }
    return _table(model.name, columns)


def _table(model: str, columns: dict[str, Any]) -> pa.Table:
    n = len(columns["position"])
    columns = {
        "model": pa.array([model], pa.string()).take(pa.array(np.zeros(n, np.int32))),
        "token_index": np.arange(n),
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

"""Sources -> passages: stretches of text that every model of a run reads as one context."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import config
from ingest.errors import IngestError
from ingest.progress import step
from ingest.sources import installed_docs, stories
from ingest.sources.document import Document
from store.schema import BY_NAME

SHORTEST = 8
"""Tokens: a shorter rest of a document gives no context and is left out."""
BATCH = 512
"""Documents tokenised at once."""


def documents(corpus: Any) -> Iterator[Document]:
    """The documents of a source, in a fixed order. Raises `IngestError` for a file that cannot be read."""
    match corpus:
        case config.InstalledDocs():
            return installed_docs.read(corpus.packages)
        case config.Stories():
            return stories.read(corpus.seed)
        case config.TextFiles():
            return _rows(corpus)
    raise TypeError(f"unknown corpus {corpus!r}")


def read(corpus: Any, tokenizer: Any) -> pa.Table:
    """Passages of at most `context_tokens` tokens of the first model, until `tokens` are reached.

    Returns the table `passages` (passage_id, source, text). A passage never crosses documents, and is cut between two
    characters. `tokenizer` is None for imported models, whose passages come uncut from a Parquet file.
    Raises `IngestError` when the source holds no text. Holds the passages, not the source.
    """
    if tokenizer is None or _is_uncut(corpus):
        return _uncut(corpus)
    sources, texts, tokens = [], [], 0
    with step("passages", corpus.tokens, "tokens") as advance:
        for source, text, length in _cut(documents(corpus), tokenizer, corpus.context_tokens - 1):
            sources.append(source)
            texts.append(text)
            advance(min(length, corpus.tokens - tokens))
            tokens += length
            if tokens >= corpus.tokens:
                break
    if not texts:
        raise IngestError(
            f"corpus: the source {corpus.source!r} holds no text of {SHORTEST} tokens or more; choose another"
        )
    return _passages(sources, texts)


def _passages(sources: list[str], texts: list[str]) -> pa.Table:
    return pa.table([list(range(len(texts))), sources, texts], schema=BY_NAME["passages"].arrow)


def _cut(documents: Iterable[Document], tokenizer: Any, size: int) -> Iterator[tuple[str, str, int]]:
    """(source, text, tokens) of each passage: runs of `size` tokens of a document."""
    iterator = iter(documents)
    while batch := list(islice(iterator, BATCH)):
        offsets = tokenizer([d.text for d in batch], add_special_tokens=False, return_offsets_mapping=True)[
            "offset_mapping"
        ]
        for document, spans in zip(batch, offsets, strict=True):
            begin = 0
            while len(spans) - begin >= SHORTEST:
                end = min(begin + size, len(spans))
                while end < len(spans) and end > begin + 1 and spans[end][0] < spans[end - 1][1]:
                    end -= 1  # a character that is split between tokens stays whole
                yield document.source, document.text[spans[begin][0] : spans[end - 1][1]], end - begin
                begin = end


def _rows(corpus: config.TextFiles) -> Iterator[Document]:
    name = corpus.path.name
    for number, text in enumerate(_texts(corpus)):
        if not isinstance(text, str):
            raise IngestError(f"corpus: {corpus.path} row {number} has no text in {corpus.field!r}; got {text!r}")
        yield Document(source=f"{name}:{number}", text=text)


def _texts(corpus: config.TextFiles) -> Iterator[Any]:
    try:
        if corpus.source == "text":
            yield corpus.path.read_text(encoding="utf-8")
        elif corpus.source == "jsonl":
            with corpus.path.open(encoding="utf-8") as lines:
                for line in lines:
                    if line.strip():
                        yield json.loads(line).get(corpus.field)
        else:
            file = _parquet(corpus.path, corpus.field)
            for batch in file.iter_batches(columns=[corpus.field]):
                yield from batch.column(0).to_pylist()
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, AttributeError) as error:
        raise IngestError(f"corpus: {corpus.path} cannot be read as {corpus.source}: {error}") from None


def _parquet(path: Path, *columns: str) -> pq.ParquetFile:
    """The Parquet file, after seeing that it has the columns."""
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise IngestError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from None
    missing = [c for c in columns if c not in file.schema_arrow.names]
    if missing:
        raise IngestError(f"{path} has no column {missing[0]!r}; it has {', '.join(file.schema_arrow.names)}")
    return file


def _is_uncut(corpus: Any) -> bool:
    if not isinstance(corpus, config.TextFiles) or corpus.source != "parquet":
        return False
    return "passage" in _parquet(corpus.path).schema_arrow.names


def _uncut(corpus: Any) -> pa.Table:
    """Passages that were cut elsewhere: a Parquet file of `passage, text`, passages numbered from 0."""
    if not _is_uncut(corpus):
        raise IngestError("corpus: imported models need source = 'parquet' with a file of passage, text")
    table = _parquet(corpus.path, "passage", corpus.field).read(columns=["passage", corpus.field]).sort_by("passage")
    ids, texts = table.column(0).to_pylist(), table.column(1).to_pylist()
    if not texts:
        raise IngestError(f"corpus: {corpus.path} holds no passage; give it at least one")
    if ids != list(range(len(ids))):
        raise IngestError(f"corpus: {corpus.path} numbers its passages {ids[:3]}...; they have to be 0, 1, 2, ...")
    if None in texts:
        raise IngestError(f"corpus: passage {texts.index(None)} of {corpus.path} has no text")
    return _passages([f"{corpus.path.name}:{i}" for i in ids], texts)

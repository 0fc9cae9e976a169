"""Sources -> passages: stretches of text that every model of a run reads as one context."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from ingest import config
from ingest.errors import IngestError
from ingest.progress import log, step
from ingest.sources import files, hugging_face, installed_docs, stories
from ingest.sources.document import Document, shown, spoilt
from store.schema import BY_NAME

SHORTEST = 8
"""Tokens: a shorter rest of a document gives no context and is left out."""
BATCH, BATCH_CHARACTERS = 512, 1 << 21
"""Documents tokenised at once, at the most, and their characters, but for the last one's."""


def documents(corpus: Any) -> Iterator[Document]:
    """The documents of a source, in a fixed order. Raises `IngestError` for a file that cannot be read."""
    match corpus:
        case config.InstalledDocs():
            return installed_docs.read(corpus.packages)
        case config.Stories():
            return stories.read(corpus.seed)
        case config.TextFiles():
            return files.read(corpus)
        case config.HuggingFace():
            return hugging_face.read(corpus)
    raise TypeError(f"unknown corpus {corpus!r}")


def read(corpus: Any, tokenizer: Any) -> pa.Table:
    """Passages of at most `context_tokens` tokens of the first model, until `tokens` are reached.

    Returns the table `passages` (passage_id, source, text). A passage never crosses documents, and is cut between two
    characters. `tokenizer` is None for imported models, whose passages come uncut from a Parquet file.
    Raises `IngestError` when the source holds no text, or fewer tokens than the run file says. Holds the passages, not
    the source.
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
    if tokens < corpus.tokens and corpus.demanded:
        raise IngestError(
            f"corpus: {corpus.tokens:,} tokens are asked for, but the source {corpus.source!r} holds {tokens:,} in "
            f"passages of {SHORTEST} or more; write tokens = {tokens:_}, or take the line out to read what there is"
        )
    log.info("corpus: %d passages of %d tokens, of at most %d", len(texts), tokens, corpus.tokens)
    return _passages(sources, texts)


def _passages(sources: list[str], texts: list[str]) -> pa.Table:
    return pa.table([list(range(len(texts))), sources, texts], schema=BY_NAME["passages"].arrow)


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents by the few, as many as may be tokenised at once."""
    batch, characters = [], 0
    for document in documents:
        batch.append(document)
        characters += len(document.text)
        if len(batch) == BATCH or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _cut(documents: Iterable[Document], tokenizer: Any, size: int) -> Iterator[tuple[str, str, int]]:
    """(source, text, tokens) of each passage: runs of `size` tokens of a document."""
    for batch in _batches(documents):
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


def _is_uncut(corpus: Any) -> bool:
    if not isinstance(corpus, config.TextFiles) or corpus.source != "parquet":
        return False
    return "passage" in files.parquet(corpus.path).schema_arrow.names


def _uncut(corpus: Any) -> pa.Table:
    """Passages that were cut elsewhere: a Parquet file of `passage, text`, passages numbered from 0."""
    if not _is_uncut(corpus):
        raise IngestError("corpus: imported models need source = 'parquet' with a file of passage, text")
    file = files.parquet(corpus.path, "passage", corpus.field)
    try:
        table = file.read(columns=["passage", corpus.field]).sort_by("passage")
        ids, texts = table.column(0).to_pylist(), table.column(1).to_pylist()
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise IngestError(f"corpus: {corpus.path} cannot be read as Parquet: {shown(error)}") from None
    if not texts:
        raise IngestError(f"corpus: {corpus.path} holds no passage; give it at least one")
    if ids != list(range(len(ids))):
        raise IngestError(f"corpus: {corpus.path} numbers its passages {ids[:3]}...; they have to be 0, 1, 2, ...")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise IngestError(f"corpus: passage {number} of {corpus.path} has no text; got {shown(text)}")
        if (what := spoilt(text)) is not None:
            raise IngestError(f"corpus: passage {number} of {corpus.path} {what}")
    return _passages([f"{corpus.path.name}:{i}" for i in ids], texts)

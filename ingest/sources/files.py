"""Text files, JSON lines and Parquet: read as streams, a block or a row at a time, and refused by line and byte."""

import codecs
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import IngestError
from ingest.sources.document import Document, shown, spoilt
from ingest.sources.settings import TextFiles

BLOCK = 1 << 20
"""Characters of a document of a text file: a smaller file is one document, a larger one is one a block."""
SEAMS = ("\n\n", "\n", " ")
"""Where a block may end: at the last blank line of its second half, else a line's end, else a space."""
ROWS = 512
"""Rows of a Parquet file that are held at once."""


def read(spec: TextFiles) -> Iterator[Document]:
    """The documents of a file, named `<file>:<number>`. Raises `IngestError` at what is no text: line, byte, row."""
    readers = {"text": _blocks, "jsonl": _lines, "parquet": _rows}
    try:
        for number, text in enumerate(readers[spec.source](spec.path, spec.field)):
            yield Document(source=f"{spec.path.name}:{number}", text=text)
    except OSError as error:
        raise IngestError(f"corpus: {spec.path} cannot be read as {spec.source}: {error}") from None


def parquet(path: Path, *columns: str) -> pq.ParquetFile:
    """The Parquet file, after seeing that it has the columns."""
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise IngestError(f"{path} cannot be read as Parquet: {shown(error)}") from None
    missing = [c for c in columns if c not in file.schema_arrow.names]
    if missing:
        raise IngestError(f"{path} has no column {missing[0]!r}; it has {', '.join(file.schema_arrow.names)}")
    return file


def _blocks(path: Path, _: str) -> Iterator[str]:
    held = ""
    for piece in _decoded(path):
        held += piece
        while len(held) > BLOCK:
            ends = (
                held.rfind(seam, BLOCK // 2, BLOCK) + len(seam) for seam in SEAMS if seam in held[BLOCK // 2 : BLOCK]
            )
            end = next(ends, BLOCK)
            yield held[:end]
            held = held[end:]
    if held:
        yield held


def _decoded(path: Path) -> Iterator[str]:
    """The text of a file by pieces, its line ends as `\\n`."""
    utf8, ends = codecs.getincrementaldecoder("utf-8")(), io.IncrementalNewlineDecoder(None, translate=True)
    n_bytes, n_lines, chunk = 0, 0, b" "
    with path.open("rb") as file:
        while chunk:
            chunk = file.read(BLOCK)
            begin = n_bytes - len(utf8.getstate()[0])  # of a character that the last piece holds only half of
            try:
                text = utf8.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line = n_lines + error.object.count(b"\n", 0, error.start) + 1
                raise _undecodable(path, line, begin + error.start, error) from None
            if (what := spoilt(text)) is not None:
                raise IngestError(f"corpus: {path} line {n_lines + text.count(chr(10), 0, what.start) + 1} {what}")
            n_bytes, n_lines = n_bytes + len(chunk), n_lines + text.count("\n")
            yield ends.decode(text, final=not chunk)


def _undecodable(path: Path, line: int, offset: int, error: UnicodeDecodeError) -> IngestError:
    return IngestError(
        f"corpus: {path} is not UTF-8: byte 0x{error.object[error.start]:02x} at offset {offset:,}, in line {line:,}; "
        "convert the file to UTF-8"
    )


def _lines(path: Path, field: str) -> Iterator[str]:
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _text_of(_object(path, number, line, offset), field, f"{path} line {number}")
            offset += len(line)


def _object(path: Path, number: int, line: bytes, offset: int) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _undecodable(path, number, offset + error.start, error) from None
    except (ValueError, RecursionError) as error:
        raise IngestError(f"corpus: {path} line {number} is not JSON: {shown(error)}; got {shown(line)}") from None


def _text_of(row: Any, field: str, where: str) -> str:
    if not isinstance(row, dict):
        raise IngestError(f"corpus: {where} is not an object with its text in {field!r}; got {shown(row)}")
    if field not in row:
        known = ", ".join(map(repr, row)) or "none"
        raise IngestError(f"corpus: {where} has no text in {field!r}; its keys are {shown(known, quoted=False)}")
    return _plain(row[field], field, where)


def _plain(text: Any, field: str, where: str) -> str:
    if not isinstance(text, str):
        raise IngestError(f"corpus: {where} has no text in {field!r}; got {shown(text)}")
    if (what := spoilt(text)) is not None:
        raise IngestError(f"corpus: {where} {what}")
    return text


def _rows(path: Path, field: str) -> Iterator[str]:
    number, batches = 0, parquet(path, field).iter_batches(batch_size=ROWS, columns=[field])
    try:
        for batch in batches:
            for text in batch.column(0).to_pylist():
                yield _plain(text, field, f"{path} row {number}")
                number += 1
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise IngestError(f"corpus: {path} cannot be read behind row {number}: {shown(error)}") from None

"""Cells of an answer: as JSON values, and written as CSV, JSON or Parquet."""

import csv
import datetime
import decimal
import io
import json
import math
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

from store.records import Table

FORMULA = ("=", "+", "-", "@")
"""A text that begins so is a formula to a spreadsheet, some of which skip white space first."""


def plain(cell: object) -> object:
    """A DuckDB value as a value that JSON holds. NaN and infinities become text: JSON has none."""
    match cell:
        case None | bool() | int() | str():
            return cell
        case float():
            return cell if math.isfinite(cell) else str(cell)
        case decimal.Decimal():
            return int(cell) if cell == cell.to_integral_value() else float(cell)
        case bytes() | bytearray() | memoryview():
            return bytes(cell).hex()
        case datetime.datetime() | datetime.date() | datetime.time():
            return cell.isoformat()
        case datetime.timedelta() | uuid.UUID():
            return str(cell)
        case dict():
            return {str(key): plain(value) for key, value in cell.items()}
        case list() | tuple() | set():
            return [plain(value) for value in cell]
        case _:
            return str(cell)


def size(cell: object) -> int:
    """About how many bytes a plain cell takes as text."""
    match cell:
        case str():
            return len(cell.encode("utf-8", "surrogatepass")) + 2
        case dict():
            return 2 + sum(size(key) + size(value) for key, value in cell.items())
        case list():
            return 2 + sum(size(value) for value in cell)
        case _:
            return 8


def cut(cell: object, limit: int) -> tuple[object, bool]:
    """A plain cell as it is, or the first `limit` characters of its text and how many it had; whether it was cut."""
    if not isinstance(cell, str | list | dict) or size(cell) <= limit:
        return cell, False
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    if len(text) <= limit:
        return cell, False
    return f"{text[:limit]}\N{HORIZONTAL ELLIPSIS} ({len(text):,} characters)", True


def to_csv(table: Table) -> str:
    """UTF-8 CSV with a header; a text that a spreadsheet would run as a formula gets a leading apostrophe."""
    out = io.StringIO()
    # The default line end, CR LF, also makes the writer quote a text that holds a bare CR.
    writer = csv.writer(out)
    writer.writerow([_cell(name) for name in table.columns])
    writer.writerows([_cell(cell) for cell in row] for row in table.rows)
    return out.getvalue()


def to_json(table: Table) -> str:
    """`{"columns", "types", "rows", "truncated"}`: rows as lists, since two columns may share a name."""
    answer = {"columns": table.columns, "types": table.types, "rows": table.rows, "truncated": table.truncated}
    return json.dumps(answer, ensure_ascii=False, allow_nan=False)


def to_parquet(table: Table) -> bytes:
    """Parquet with the answer's columns; names that occur twice get `_2`, `_3`; what has no one type becomes text."""
    arrays = [_array([row[place] for row in table.rows], kind) for place, kind in enumerate(table.types)]
    out = io.BytesIO()
    pq.write_table(pa.table(arrays, names=_distinct(table.columns)), out)
    return out.getvalue()


def to_text(table: Table) -> str:
    """Columns in line, for a terminal; control characters are drawn as escapes."""
    cells = [[_shown(name) for name in table.columns], *([_shown(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(table.columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"


def _cell(cell: object) -> object:
    if isinstance(cell, str):
        is_formula = cell.lstrip().startswith(FORMULA) or cell.startswith(("\t", "\r"))
        return _whole("'" + cell if is_formula else cell)
    return _whole(json.dumps(cell, ensure_ascii=False)) if isinstance(cell, dict | list) else cell


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which token texts may hold and UTF-8 cannot carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _shown(cell: object) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, str):
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cell)
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else str(cell)


_ARROW = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "VARCHAR[]": pa.list_(pa.string()),
}


def _array(cells: list[object], kind: str) -> pa.Array:
    try:
        if kind in ("FLOAT", "DOUBLE"):
            cells = [None if cell is None else float(str(cell)) for cell in cells]
        return pa.array(cells, type=_ARROW.get(kind))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        texts = [c if c is None or isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in cells]
        return pa.array([c if c is None else _whole(c) for c in texts], type=pa.string())


def _distinct(names: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for name in names:
        place, distinct = 2, name
        while distinct in found:
            distinct, place = f"{name}_{place}", place + 1
        found.append(distinct)
    return found

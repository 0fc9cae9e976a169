"""The bounded SQL of visitors: one statement that only reads, within limits of rows, bytes and seconds."""

import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import duckdb

from store.cells import plain, size
from store.connection import one_line
from store.errors import QueryRefused
from store.records import Table

if TYPE_CHECKING:
    from store.read import Store

LONGEST = 100_000
"""Characters of SQL."""

_READS = ("SELECT", "EXPLAIN")
"""DuckDB's kinds of statement that run; DESCRIBE, SUMMARIZE, SHOW, VALUES, TABLE and FROM are SELECT to its parser."""

_SHOWN = {"duckdb_tables", "duckdb_columns", "duckdb_functions", "duckdb_types", "duckdb_keywords", "duckdb_views"}
"""The only `duckdb_...` and `pragma_...` functions and views that run: the others show paths, settings or secrets."""

_HIDDEN = re.compile(r"duckdb_\w*|pragma_(?!table_info|show$|version$|storage_info)\w*")

_REFUSED = {
    "current_setting", "getenv", "getvariable", "which_secret", "query", "query_table", "glob", "sniff_csv",
    "parquet_metadata", "parquet_schema", "parquet_file_metadata", "parquet_kv_metadata", "parquet_bloom_probe",
    "json_execute_serialized_sql", "from_substrait", "nextval", "setseed", "sleep_ms", "write_log",
    "add_parquet_key", "checkpoint", "force_checkpoint", "repeat_row", "test_all_types", "arrow_scan", "pandas_scan",
    "python_map_function",
}  # fmt: skip
"""Functions that read files, run SQL that was not checked, or change something."""

_EFFECTS = re.compile(r"(read|scan|write|copy|enable|disable|truncate)_\w+|\w+_scan(_\w+)?|st_read\w*")


def run(store: "Store", sql: str, max_rows: int = 1000, max_bytes: int = 5_000_000, seconds: float = 3.0) -> Table:
    """The first rows of one reading statement: at most `max_rows`, and about `max_bytes` of cells.

    Cells are JSON values. Raises `QueryRefused`, in one line, for SQL that does not read only, is wrong, or is still
    running after `seconds`.
    """
    begun = time.monotonic()
    with store.cursor() as cursor:
        _allow(cursor, sql)
        alarm = threading.Timer(seconds, cursor.interrupt)
        alarm.start()
        try:
            answer = cursor.execute(sql)
            head = answer.description or []
            _allow_types(head)
            rows, truncated = _take(_rows(answer), max_rows, max_bytes)
        except duckdb.InterruptException:
            raise QueryRefused(
                f"stopped after {seconds:g} s; ask for less: one space, one comparison, a LIMIT on what is joined"
            ) from None
        except duckdb.OutOfMemoryException:
            raise QueryRefused("stopped: it needed more memory than a question may use; filter first") from None
        except (duckdb.Error, RuntimeError, ValueError, OverflowError) as error:
            raise QueryRefused(one_line(error)) from None
        finally:
            alarm.cancel()
    columns, types = tuple(column[0] for column in head), tuple(str(column[1]) for column in head)
    return Table(columns, types, tuple(rows), truncated, time.monotonic() - begun)


def _allow_types(head: Sequence[tuple[Any, ...]]) -> None:
    for name, kind, *_ in head:
        if "WITH TIME ZONE" in str(kind):
            # DuckDB's client makes Python values of these only with a package that is not installed.
            raise QueryRefused(f"column {name} has a time zone, which is not shown here; cast it with ::TIMESTAMP")


def _rows(answer: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := answer.fetchmany(64):
        yield from batch


def _take(rows: Iterator[tuple[Any, ...]], max_rows: int, max_bytes: int) -> tuple[list[tuple[object, ...]], bool]:
    taken: list[tuple[object, ...]] = []
    used = 0
    for row in rows:
        cells = tuple(plain(cell) for cell in row)
        used += sum(size(cell) for cell in cells)
        if len(taken) == max_rows or used > max_bytes:
            return taken, True
        taken.append(cells)
    return taken, False


def _allow(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raises `QueryRefused` unless `sql` is one statement that only reads the store."""
    if "\0" in sql:
        raise QueryRefused("SQL holds a NUL character; remove it")
    if len(sql) > LONGEST:
        raise QueryRefused(f"SQL of {len(sql)} characters is too long; at most {LONGEST}")
    try:
        statements = cursor.extract_statements(sql)
    except (duckdb.Error, UnicodeError) as error:
        raise QueryRefused(one_line(error)) from None
    if len(statements) != 1:
        raise QueryRefused(f"one statement a call; got {len(statements)}: send them one by one")
    kind = statements[0].type.name
    if kind not in _READS:
        said = _said(kind, sql)
        raise QueryRefused(f"{said} is not allowed: the store is read-only; use SELECT, WITH, FROM or DESCRIBE")
    if statements[0].named_parameters:
        raise QueryRefused("nothing is bound to $ or ? here; write the values into the SQL")
    _allow_names(_tree(cursor, _explained(sql) if kind == "EXPLAIN" else sql))


def _said(kind: str, sql: str) -> str:
    """The visitor's own word where there is one: DuckDB's kinds are coarser (to it USE is a SET)."""
    word = re.match(r"\s*([A-Za-z]+)", sql)
    return word[1].upper() if word else kind


def _explained(sql: str) -> str:
    """The statement behind EXPLAIN, which is checked as if it were to run: with ANALYZE it does."""
    prefix = re.match(r"\s*EXPLAIN\s+(?:ANALYZE\s+)?(?:\(\s*FORMAT\s+\w+\s*\)\s*)?", sql, re.IGNORECASE)
    if prefix is None:
        raise QueryRefused("write EXPLAIN or EXPLAIN ANALYZE first and comments after it")
    return sql[prefix.end() :]


def _tree(cursor: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """DuckDB's own syntax tree, so that no comment, quote or case hides a name."""
    row = cursor.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchone()
    try:
        tree = json.loads(row[0]) if row else {"error": True}
    except RecursionError:
        raise QueryRefused("SQL is nested too deeply; split it with WITH") from None
    if tree["error"]:
        raise QueryRefused("only SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN of these run here")
    return tree["statements"]


def _allow_names(node: Any) -> None:
    """Walks the tree; an explicit stack, because SQL can nest deeper than Python recurses."""
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            for key in ("function_name", "table_name"):
                if name := node.get(key):
                    _allow_name(str(name).strip('"').lower(), is_function=key == "function_name")
            stack.extend(value for value in node.values() if isinstance(value, dict | list))


def _allow_name(name: str, is_function: bool) -> None:
    if _HIDDEN.fullmatch(name) and name not in _SHOWN:
        raise QueryRefused(f"`{name}` is not allowed: it shows the machine, not the store; try SHOW TABLES")
    if is_function and (name in _REFUSED or _EFFECTS.fullmatch(name)):
        raise QueryRefused(f"`{name}` is not allowed: a question reads this store's tables and nothing else")

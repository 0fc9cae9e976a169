"""The bounded SQL of visitors: one statement that only reads, within limits of rows, bytes, cells, memory and seconds.

`run` asks in this process, for whoever waits for nobody else (the command line). `store.visitors` runs the same in
processes of their own, for a server.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import duckdb

from store.cells import cut, plain, size
from store.connection import one_line
from store.errors import QueryRefused, QueryStopped
from store.records import Table
from store.statements import allow

if TYPE_CHECKING:
    from store.read import Store

COLUMNS = 200
"""Most columns of an answer: a browser draws no more."""
CELL = 10_000
"""Most characters of one cell."""
TOO_LARGE = "stopped: it needed more memory than a question may use; filter first"


def too_slow(seconds: float) -> str:
    return f"stopped after {seconds:g} s; ask for less: one space, one comparison, a LIMIT on what is joined"


def run(
    store: "Store",
    sql: str,
    max_rows: int = 1000,
    max_bytes: int = 5_000_000,
    seconds: float = 3.0,
    max_cell: int = CELL,
) -> Table:
    """The first rows of one reading statement: at most `max_rows`, and about `max_bytes` of cells.

    Cells are JSON values; one of more than `max_cell` characters is cut. Raises `QueryRefused`, in one line, for SQL
    that does not read only or is wrong, and its child `QueryStopped` for what outgrew memory or `seconds`.
    """
    begun = time.monotonic()
    with store.cursor() as cursor:
        allow(cursor, sql)
        alarm = threading.Timer(seconds, cursor.interrupt)
        alarm.start()
        try:
            answer = cursor.execute(sql)
            head = answer.description or []
            _allow_columns(head)
            rows, truncated, n_cut = _take(_rows(answer), max_rows, max_bytes, max_cell)
        except duckdb.InterruptException:
            raise QueryStopped(too_slow(seconds)) from None
        except (duckdb.OutOfMemoryException, MemoryError):
            raise QueryStopped(TOO_LARGE) from None
        except (duckdb.Error, RuntimeError, ValueError, OverflowError) as error:
            raise QueryRefused(one_line(error)) from None
        finally:
            alarm.cancel()
    columns, types = tuple(column[0] for column in head), tuple(str(column[1]) for column in head)
    return Table(columns, types, tuple(rows), truncated, time.monotonic() - begun, n_cut)


def _allow_columns(head: Sequence[tuple[Any, ...]]) -> None:
    if len(head) > COLUMNS:
        raise QueryRefused(f"the answer has {len(head):,} columns; at most {COLUMNS}: name those that you need")
    for name, kind, *_ in head:
        if "WITH TIME ZONE" in str(kind):
            # DuckDB's client makes Python values of these only with a package that is not installed.
            raise QueryRefused(f"column {name} has a time zone, which is not shown here; cast it with ::TIMESTAMP")


def _rows(answer: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := answer.fetchmany(64):
        yield from batch


def _take(
    rows: Iterator[tuple[Any, ...]], max_rows: int, max_bytes: int, max_cell: int
) -> tuple[list[tuple[object, ...]], bool, int]:
    """(rows, whether there are more, cells that were cut)."""
    taken: list[tuple[object, ...]] = []
    used, n_cut = 0, 0
    for row in rows:
        cells = [cut(plain(cell), max_cell) for cell in row]
        used += sum(size(cell) for cell, _ in cells)
        if len(taken) == max_rows or used > max_bytes:
            return taken, True, n_cut
        taken.append(tuple(cell for cell, _ in cells))
        n_cut += sum(is_cut for _, is_cut in cells)
    return taken, False, n_cut

"""The rules of a healthy database: columns, order and keys, checksums, then store/sql/check_*.sql, a rule a file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from store import sql
from store.connection import one_line
from store.schema import BY_NAME, DATABASE, TABLES, Table

_RULES = tuple(sorted(path.stem for path in (Path(__file__).parent / "sql").glob("check_*.sql")))
_SHOWN = 20


@dataclass(frozen=True)
class Rule:
    """What one rule found."""

    problems: list[str]
    n: int
    """Problems in all; only the first are named."""
    notes: tuple[str, ...] = ()


class Ask:
    """Asks the rules of one database; what DuckDB cannot read becomes a problem and not an exception."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def rows(self, text: str, **values: object) -> list[tuple[object, ...]]:
        return self._cursor.execute(text, values).fetchall()

    def rule(self, where: str, text: str) -> Rule:
        """`text` selects a column `problem`, one row a problem."""
        try:
            rows = self.rows(f"SELECT problem, count(*) OVER () FROM ({text}) ORDER BY problem LIMIT {_SHOWN}")
        except duckdb.Error as error:
            return Rule([f"{where}: {DATABASE} could not be read: {one_line(error)}"], 1)
        return Rule([str(row[0]) for row in rows], int(str(rows[0][1])) if rows else 0)


def tables(ask: Ask) -> Iterator[Rule]:
    """Every rule in turn. The rules on content come last, and only where the tables are those of the schema."""
    shape = ask.rule("columns", _columns_sql())
    yield shape
    if shape.n:
        return
    for table in TABLES:
        ordered = ask.rule(table.name, order_sql(table))
        yield ordered
        if ordered.n:
            # In order means no row twice; out of order says nothing about that.
            yield ask.rule(table.name, _key_sql(table))
    yield from _contents(ask)
    for name in _RULES:
        yield ask.rule(name.removeprefix("check_"), sql.load(name))


def checksum_sql(table: str) -> str:
    """Counts and hashes a table's rows: (n_rows, checksum as text). Publisher and check both use it.

    The sum does not depend on the order of the rows. Hashes hold for one version of DuckDB.
    """
    columns = ", ".join(f'"{name}"' for name in BY_NAME[table].names)
    return f'SELECT count(*), coalesce(sum(hash({columns})), 0)::VARCHAR FROM "{table}"'


def order_sql(table: Table) -> str:
    """Rows that are not after the row before them on disk. `lag` over the bare scan streams: it holds no rows."""
    keys = ", ".join(f'"{name}", lag("{name}") OVER () AS "before_{name}"' for name in table.order)
    is_after = "false"
    for name in reversed(table.order):
        is_after = f'"{name}" > "before_{name}" OR ("{name}" = "before_{name}" AND ({is_after}))'
    first = table.order[0]
    return (
        f"SELECT '{table.name}: row ' || row || ' (' || {_shown(table.order)}"
        " || ') is not after the row before it' AS problem"
        f' FROM (SELECT rowid AS row, {keys} FROM "{table.name}")'
        f' WHERE "before_{first}" IS NOT NULL AND NOT ({is_after})'
    )


def _key_sql(table: Table) -> str:
    keys = ", ".join(f'"{name}"' for name in table.key)
    return (
        f"SELECT '{table.name}: (' || {_shown(table.key)} || ') is there ' || count(*) || ' times' AS problem"
        f' FROM "{table.name}" GROUP BY {keys} HAVING count(*) > 1'
    )


def _shown(names: tuple[str, ...]) -> str:
    return " || ', ' || ".join(f'"{name}"' for name in names)


def _columns_sql() -> str:
    """Differences between the database's columns and the schema's, either way."""
    values = ", ".join(
        f"('{table.name}', '{column.name}', '{column.type}', {str(column.nullable).lower()})"
        for table in TABLES
        for column in table.columns
    )
    return f"""
        WITH wanted(table_name, column_name, data_type, is_nullable) AS (VALUES {values}),
        there AS (
          SELECT table_name, column_name, data_type, is_nullable
          FROM duckdb_columns() WHERE database_name = 'homolog' AND schema_name = 'main'
            AND table_name IN (SELECT table_name FROM wanted)
        )
        SELECT table_name || ': column ' || column_name || ' should be ' || data_type
          || CASE WHEN is_nullable THEN '' ELSE ' NOT NULL' END || ' and is not there so' AS problem
        FROM (FROM wanted EXCEPT FROM there)
        UNION ALL
        SELECT table_name || ': column ' || column_name || ' is not in the schema' AS problem
        FROM there WHERE (table_name, column_name) NOT IN (SELECT (table_name, column_name) FROM wanted)
    """


def _contents(ask: Ask) -> Iterator[Rule]:
    """Compares every table with `contents`; a checksum only under the DuckDB that made it."""
    try:
        rows = ask.rows("SELECT table_name, n_rows, checksum FROM contents ORDER BY table_name")
        writer = json.loads(str(ask.rows("SELECT packages FROM build")[0][0])).get("duckdb")
    except (duckdb.Error, ValueError, AttributeError) as error:
        yield Rule([f"contents: it or `build` could not be read: {one_line(error)}"], 1)
        return
    stored = {str(name): (n, checksum) for name, n, checksum in rows}
    is_same = writer == duckdb.__version__
    if not is_same:
        yield Rule([], 0, (f"checksums skipped: written by DuckDB {writer}, this is {duckdb.__version__}",))
    names = [table.name for table in TABLES if table.name != "contents"]
    odd = [*(f"contents: no row for {n}" for n in names if n not in stored)]
    odd += [f"contents: {n} is no table of the schema" for n in stored if n not in names]
    yield Rule(odd, len(odd))
    for name in names:
        if name not in stored:
            continue
        try:
            n, checksum = ask.rows(checksum_sql(name) if is_same else f'SELECT count(*), NULL FROM "{name}"')[0]
        except duckdb.Error as error:
            yield Rule([f"{name}: {DATABASE} could not be read: {one_line(error)}"], 1)
            continue
        if n != stored[name][0]:
            yield Rule([f"{name} has {n} rows; contents says {stored[name][0]}"], 1)
        elif is_same and checksum != stored[name][1]:
            yield Rule([f"{name}: its rows are not those published (checksum {checksum}, not {stored[name][1]})"], 1)

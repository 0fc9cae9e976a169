"""What a visitor's SQL may be: one statement that reads the store's tables, by functions that are known to do no more.

DuckDB's own settings (read-only, external access off, configuration locked) refuse files, networks, ATTACH and SET by
themselves. This refuses them before, in a line that says which rule, and what those settings allow: temporary tables,
several statements in one call, functions that show paths and settings, or run SQL that nobody looked at.
"""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from store.connection import one_line
from store.errors import QueryRefused

LONGEST = 100_000
"""Characters of SQL."""

_READS = ("SELECT", "EXPLAIN")
"""DuckDB's kinds of statement that run; DESCRIBE, SUMMARIZE, SHOW, VALUES, TABLE and FROM are SELECT to its parser."""

_KNOWN = tomllib.loads(Path(__file__).with_name("functions.toml").read_text(encoding="utf-8"))


def _words(text: str) -> frozenset[str]:
    return frozenset(word.replace("_", " ") if word.isupper() else word.lower() for word in text.split())


FROM, VIEWS, VALUES = (_words(_KNOWN["runs"][kind]) for kind in ("from", "views", "values"))
"""Functions that run after FROM, views, and functions that run anywhere else."""
REFUSED = {name: reason for reason, names in _KNOWN["refused"].items() for name in _words(names)}
"""Functions and views that do not run, and why not."""
COLLATION = re.compile(r"(icu_)?collate_\w+")
"""Functions, one a language, that DuckDB calls for `ORDER BY x COLLATE de`; they run."""


def allow(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raises `QueryRefused`, with the rule in one line, unless `sql` is one statement that only reads the store."""
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
    if kind == "MULTI":
        raise QueryRefused("this stands for several statements (PIVOT without IN does); write PIVOT x ON y IN (...)")
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


def _allow_names(tree: Any) -> None:
    """Walks the tree; an explicit stack, because SQL can nest deeper than Python recurses."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            _allow_node(node)
            children = list(node.values())
            if node.get("type") == "TABLE_FUNCTION":
                # Its own name was looked at as one that stands after FROM; in another place it may mean another.
                children = [node["function"]["arguments"]]
            stack.extend(children)
        elif isinstance(node, list):
            stack.extend(node)


def _allow_node(node: dict[str, Any]) -> None:
    if node.get("type") == "TABLE_FUNCTION":
        _allow_function(str(node["function"]["function_name"]), FROM)
    elif name := node.get("function_name"):
        _allow_function(str(name), VALUES)
    elif name := node.get("table_name"):
        _allow_table(str(name).strip('"'), is_shown=node.get("type") == "SHOW_REF")


def _allow_function(name: str, runs: frozenset[str]) -> None:
    """Names that DuckDB does not know are the store's own macros, or DuckDB will say so, with what it has instead."""
    lower = name.lower()
    if name in runs or lower in runs or COLLATION.fullmatch(lower):
        return
    if lower in REFUSED or lower in _catalogue().functions:
        raise _refused(lower)


def _allow_table(name: str, is_shown: bool) -> None:
    """Tables and names that a visitor gives inside the SQL may be called anything else."""
    lower = name.lower()
    if is_shown and lower in _catalogue().settings:
        raise QueryRefused(f"SHOW {lower} is not allowed: it shows the machine, not the store; try SHOW TABLES")
    is_inner = lower.startswith(("duckdb_", "pragma_")) or lower in _catalogue().views
    if is_inner and lower not in VIEWS:
        raise _refused(lower)


def _refused(name: str) -> QueryRefused:
    reason = REFUSED.get(name, "it is not among those that are known to read the store only")
    return QueryRefused(f"`{name}` is not allowed: {reason}")


class _Catalogue(NamedTuple):
    """Names, in lower case, of what this DuckDB has by itself."""

    functions: frozenset[str]
    views: frozenset[str]
    settings: frozenset[str]


@cache
def _catalogue() -> _Catalogue:
    with duckdb.connect(":memory:") as bare:

        def names(sql: str) -> frozenset[str]:
            return frozenset(name.lower() for (name,) in bare.execute(sql).fetchall())

        return _Catalogue(
            names("SELECT function_name FROM duckdb_functions() WHERE internal"),
            names("SELECT view_name FROM duckdb_views() WHERE internal"),
            names("SELECT name FROM duckdb_settings()"),
        )

"""The list of what runs in a visitor's SQL, held against DuckDB's own catalogue."""

import re

import duckdb
import pytest

from store import console, statements
from store.errors import QueryRefused
from store.read import Store
from store.schema import BY_NAME


def catalogue(sql: str) -> set[str]:
    with duckdb.connect() as bare:
        return {name.lower() for (name,) in bare.execute(sql).fetchall()}


AFTER_FROM = "SELECT function_name FROM duckdb_functions() WHERE internal AND function_type IN ('table', 'table_macro')"
IN_VALUES = "SELECT function_name FROM duckdb_functions() WHERE internal AND function_type NOT IN ('table', 'table_macro', 'pragma')"
INTERNAL_VIEWS = "SELECT view_name FROM duckdb_views() WHERE internal"


def lower(names: frozenset[str]) -> set[str]:
    return {name.lower() for name in names}


@pytest.mark.parametrize(
    ("sql", "runs"),
    [(AFTER_FROM, statements.FROM), (IN_VALUES, statements.VALUES), (INTERNAL_VIEWS, statements.VIEWS)],
    ids=["from", "values", "views"],
)
def test_every_function_and_view_of_this_duckdb_was_looked_at(sql: str, runs: frozenset[str]) -> None:
    known = catalogue(sql)
    unseen = (
        {name for name in known if not statements.COLLATION.fullmatch(name)} - lower(runs) - set(statements.REFUSED)
    )
    assert unseen == set(), "a new DuckDB: decide in store/functions.toml what becomes of these"
    # DuckDB's parser knows it as a value, its catalogue only as what stands after FROM.
    assert lower(runs) - known <= {"unnest"}


def test_one_that_is_on_no_list_does_not_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "VALUES", statements.VALUES - {"sin"})
    with pytest.raises(QueryRefused) as caught:
        console.run(store, "select sin(1)")
    assert str(caught.value) == "`sin` is not allowed: it is not among those that are known to read the store only"


def test_what_runs_has_no_effects() -> None:
    """DuckDB says itself which functions give another answer each time or leave something behind."""
    restless = catalogue(
        "SELECT function_name FROM duckdb_functions() WHERE has_side_effects OR stability = 'VOLATILE'"
    )
    assert restless & lower(statements.VALUES) == {
        "current_connection_id", "current_query", "current_query_id", "current_transaction_id", "error", "gen_random_uuid",
        "random", "uuid", "uuidv4", "uuidv7",
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "runs"), [("macro", statements.VALUES), ("table_macro", statements.FROM)])
def test_no_macro_that_runs_calls_what_does_not(kind: str, runs: frozenset[str]) -> None:
    with duckdb.connect() as bare:
        bodies = bare.execute(
            "SELECT DISTINCT lower(function_name), macro_definition FROM duckdb_functions() WHERE internal AND function_type = ?",
            [kind],
        ).fetchall()
    assert bodies
    calls = {name: {word.lower() for word in re.findall(r'(\w+)"?\(', body)} for name, body in bodies}
    found = {name: inner for name in calls if name in lower(runs) and (inner := calls[name] & set(statements.REFUSED))}
    # It names DuckDB's own types, and does nothing else.
    assert found == ({"format_type": {"format_pg_type"}} if kind == "macro" else {})


def test_no_table_of_a_store_is_named_like_a_setting() -> None:
    """`SHOW x` of a setting's name is refused."""
    assert catalogue("SELECT name FROM duckdb_settings()") & set(BY_NAME) == set()

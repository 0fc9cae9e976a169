import re

import duckdb
import pytest

from store import records, schema


@pytest.mark.parametrize("table", schema.TABLES, ids=lambda table: table.name)
def test_ddl_gives_the_arrow_schema(table: schema.Table) -> None:
    with duckdb.connect() as connection:
        connection.execute(table.ddl)
        described = connection.execute(f'DESCRIBE "{table.name}"').fetchall()
        assert [(name, kind, null) for name, kind, null, *_ in described] == [
            (c.name, c.type, "YES" if c.nullable else "NO") for c in table.columns
        ]
        given = ", ".join(f'"{c.name}"' for c in table.columns if not c.derived)
        assert connection.sql(f'SELECT {given} FROM "{table.name}"').to_arrow_table().schema.types == table.arrow.types


@pytest.mark.parametrize("table", schema.TABLES, ids=lambda table: table.name)
def test_order_ends_in_the_key(table: schema.Table) -> None:
    assert set(table.key) <= set(table.order) <= set(table.names)


def test_dictionary_explains_every_column_once() -> None:
    rows = schema.dictionary()
    assert len({(table, column) for table, column, *_ in rows}) == sum(len(table.columns) for table in schema.TABLES)
    assert [row for row in rows if not row[4].strip()] == []


def test_macros_name_the_reasons_in_the_order_of_records() -> None:
    with duckdb.connect() as connection:
        for table in schema.TABLES:
            connection.execute(table.ddl)
        for statement in schema.macros():
            connection.execute(statement)
        row = connection.execute("SELECT reason_names(2047), reason_names(0), reason_names(5)").fetchone()
    assert row == (list(records.REASONS), [], ["rare", "special"])


def test_macro_defaults_are_those_of_thresholds() -> None:
    text = next(statement for statement in schema.macros() if "MACRO judged_matches" in statement)
    head = text[text.index("(") : text.index("AS TABLE")]
    found = {name: float(value) for name, value in re.findall(r"(\w+) := ([\d.]+)", head)}
    assert found == {name: float(value) for name, value in vars(records.Thresholds()).items()}


@pytest.mark.parametrize("text", [" the", "The", "\n", "``", ".", "", " ", "\u200f", " = ", "—", "\t\t", "Of"])
def test_stop_tokens(text: str) -> None:
    assert _is_stop_token(text) is True


@pytest.mark.parametrize("text", [" x", "1", "the1", "theory", "\U0001f600", " np.", "שלום", "é"])
def test_other_tokens(text: str) -> None:
    assert _is_stop_token(text) is False


def _is_stop_token(text: str) -> bool:
    with duckdb.connect() as connection:
        connection.execute(next(statement for statement in schema.macros() if "MACRO is_stop_token" in statement))
        row = connection.execute("SELECT is_stop_token($text)", {"text": text}).fetchone()
    assert row is not None
    return bool(row[0])

import csv
import io
import json
import math

import pyarrow.parquet as pq
import pytest

from store import cells, console
from store.errors import QueryRefused
from store.read import Store
from store.records import Table

READ_ONLY = " is not allowed: the store is read-only; use SELECT, WITH, FROM or DESCRIBE"
MACHINE = " is not allowed: it shows the machine, not the store; try SHOW TABLES"
FILES = " is not allowed: it reads or writes files"
UNSEEN = " is not allowed: it runs SQL that was not looked at"
CHANGES = " is not allowed: it changes something"
SEVERAL = "this stands for several statements (PIVOT without IN does); write PIVOT x ON y IN (...)"
READS_ONLY = "only SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN of these run here"

HOSTILE = {
    "create table x as select 1": "CREATE" + READ_ONLY,
    "create temp table x as select 1": "CREATE" + READ_ONLY,
    "create or replace macro judged_matches() as table select 1": "CREATE" + READ_ONLY,
    "create secret (type s3)": "CREATE" + READ_ONLY,
    "create table memory.main.x as select 1": "CREATE" + READ_ONLY,
    "insert into build select * from build": "INSERT" + READ_ONLY,
    "update features set n_active = 0": "UPDATE" + READ_ONLY,
    "delete from features": "DELETE" + READ_ONLY,
    "truncate features": "TRUNCATE" + READ_ONLY,
    "merge into features using features f on false when matched then delete": "MERGE" + READ_ONLY,
    "drop table features": "DROP" + READ_ONLY,
    "alter table features add column x int": "ALTER" + READ_ONLY,
    "comment on table features is 'x'": "COMMENT" + READ_ONLY,
    "/* hello */ attach '/tmp/x.db'": "ATTACH" + READ_ONLY,
    "attach '/tmp/x.db'": "ATTACH" + READ_ONLY,
    "detach homolog": "DETACH" + READ_ONLY,
    "copy features to '/tmp/x.csv'": "COPY" + READ_ONLY,
    "copy features from '/tmp/x.csv'": "COPY" + READ_ONLY,
    "export database '/tmp/x'": "EXPORT" + READ_ONLY,
    "import database '/tmp/x'": "IMPORT" + READ_ONLY,
    "install httpfs": "INSTALL" + READ_ONLY,
    "load httpfs": "LOAD" + READ_ONLY,
    "set threads = 64": "SET" + READ_ONLY,
    "set variable x = 1": "SET" + READ_ONLY,
    "reset threads": "RESET" + READ_ONLY,
    "use memory": "USE" + READ_ONLY,
    "pragma database_list": "PRAGMA" + READ_ONLY,
    "call pragma_database_list()": "CALL" + READ_ONLY,
    "begin": "BEGIN" + READ_ONLY,
    "checkpoint": "CHECKPOINT" + READ_ONLY,
    "vacuum": "VACUUM" + READ_ONLY,
    "prepare x as select 1": "PREPARE" + READ_ONLY,
    "execute x": "EXECUTE" + READ_ONLY,
    "from duckdb_settings()": "`duckdb_settings`" + MACHINE,
    "from DuckDB_Databases": "`duckdb_databases`" + MACHINE,
    'select * from "duckdb_secrets"()': "`duckdb_secrets`" + MACHINE,
    "from system.main.duckdb_databases": "`duckdb_databases`" + MACHINE,
    "from pragma_database_list": "`pragma_database_list`" + MACHINE,
    "with x as (from pragma_database_list()) from x": "`pragma_database_list`" + MACHINE,
    "select * from (describe duckdb_extensions)": "`duckdb_extensions`" + MACHINE,
    "summarize duckdb_settings": "`duckdb_settings`" + MACHINE,
    "explain analyze select (select value from duckdb_settings() limit 1)": "`duckdb_settings`" + MACHINE,
    "explain /* a */ from duckdb_logs()": "`duckdb_logs`" + MACHINE,
    "select current_setting('temp_directory')": "`current_setting`" + MACHINE,
    "select 'threads'.current_setting()": "`current_setting`" + MACHINE,
    "select getenv('HOME')": "`getenv`" + MACHINE,
    "from query('from duckdb_settings()')": "`query`" + UNSEEN,
    "from query_table('duckdb_databases')": "`query_table`" + UNSEEN,
    "from json_execute_serialized_sql(json_serialize_sql('select 1'))": "`json_execute_serialized_sql`" + UNSEEN,
    "from read_text('/etc/passwd')": "`read_text`" + FILES,
    "from read_csv('/etc/passwd')": "`read_csv`" + FILES,
    "from read_parquet('https://example.org/x.parquet')": "`read_parquet`" + FILES,
    "from glob('/*')": "`glob`" + FILES,
    "from sniff_csv('/etc/passwd')": "`sniff_csv`" + FILES,
    "from parquet_metadata('/tmp/x')": "`parquet_metadata`" + FILES,
    "from which_secret('s3://x', 's3')": "`which_secret`" + MACHINE,
    "from truncate_duckdb_logs()": "`truncate_duckdb_logs`" + CHANGES,
    "from enable_profiling()": "`enable_profiling`" + CHANGES,
    "from histogram_values('duckdb_databases', path)": "`histogram_values`" + UNSEEN,
    "from histogram('duckdb_databases', path)": "`histogram`" + UNSEEN,
    "select json_serialize_plan('select 1')": "`json_serialize_plan`" + UNSEEN,
    "select count(*) from range(3) where nextval('x') > 1": "`nextval`" + CHANGES,
    "select write_log('x')": "`write_log`" + CHANGES,
    "from create_external_resource('x')": "`create_external_resource`" + CHANGES,
    "select pg_sleep(60)": "`pg_sleep` is not allowed: it only waits",
    "select sleep_ms(60000)": "`sleep_ms` is not allowed: it only waits",
    "select __internal_decompress_string(1)": "`__internal_decompress_string` is not allowed: it is DuckDB's own machinery",
    "from pg_catalog.pg_settings": "`pg_settings`" + MACHINE,
    "show temp_directory": "SHOW temp_directory" + MACHINE,
    "from (show threads)": "SHOW threads" + MACHINE,
    "from test_all_types()": "`test_all_types` is not allowed: it is DuckDB's own machinery",
    "pivot features on space using count(*)": SEVERAL,
    "explain analyze create temp table x as select 1": READS_ONLY,
    "explain copy features to '/tmp/x.csv'": READS_ONLY,
    "/* a */ explain select 1": "write EXPLAIN or EXPLAIN ANALYZE first and comments after it",
    "select 1; drop table features": "one statement a call; got 2: send them one by one",
    "": "one statement a call; got 0: send them one by one",
    "-- only a comment": "one statement a call; got 0: send them one by one",
    "select $1": "nothing is bound to $ or ? here; write the values into the SQL",
    "select\0 1": "SQL holds a NUL character; remove it",
    "select '" + "x" * 100_000 + "'": "SQL of 100009 characters is too long; at most 100000",
    "select now() as t": "column t has a time zone, which is not shown here; cast it with ::TIMESTAMP",
    "selec 1": 'Parser Error: syntax error at or near "selec"',
    "select 1 / 'a'": "Conversion Error: Could not convert string 'a' to DOUBLE",
}


@pytest.mark.parametrize("sql", HOSTILE, ids=lambda sql: sql[:40].replace("\0", "NUL"))
def test_refused(store: Store, sql: str) -> None:
    with pytest.raises(QueryRefused) as caught:
        console.run(store, sql)
    assert str(caught.value) == HOSTILE[sql]


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/hostname.csv", "https://example.org/x.parquet"])
def test_files_are_not_tables(store: Store, path: str) -> None:
    with pytest.raises(QueryRefused, match=r"disabled by configuration|does not exist"):
        console.run(store, f"from '{path}'")


def test_python_variables_are_not_tables(store: Store) -> None:
    secret = pq.read_table(io.BytesIO(cells.to_parquet(Table(("a",), ("INTEGER",), ((1,),), False, 0.0))))
    with pytest.raises(QueryRefused, match="Table with name secret does not exist"):
        console.run(store, "from secret")
    assert secret.num_rows == 1


def test_deep_nesting_is_refused(store: Store) -> None:
    for sql in ("select " + "(" * 4000 + "1" + ")" * 4000, "select " + "[" * 900 + "1" + "]" * 900):
        with pytest.raises(QueryRefused) as caught:
            console.run(store, sql)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(range) from range(100000000000)",
        "select count(*) from range(10000000) a, range(10000000) b",
        "with recursive r as (select 1 x union all select x + 1 from r) select max(x) from r",
        "select md5(string_agg(range::varchar, '')) from range(10000000000)",
        "select range from range(100000000000) where range < 0",
    ],
)
def test_endless_questions_are_stopped(store: Store, sql: str) -> None:
    with pytest.raises(QueryRefused, match=r"^stopped"):
        console.run(store, sql, seconds=0.3)
    assert console.run(store, "select 1").rows == ((1,),)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select space, count(*) from activations group by all order by all", (("a", 4), ("b", 5), ("c", 5))),
        ("from activations where space = 'a' and feature = 1", (("a", 1, 8, 3.0),)),
        ("with x as (select 1 as y) from x", ((1,),)),
        ("values (1), (2)", ((1,), (2,))),
        ("select comparison from judged_matches(rare := 0) where len(reasons) = 99", ()),
        ("select table_name from duckdb_tables() where table_name = 'units'", (("units",),)),
        ("describe contents", (("table_name", "VARCHAR", "NO", None, None, None),)),
        ("select 'current_setting' as duckdb_settings", (("current_setting",),)),
        ("with query as (select 1 as stats), histogram as (from query) select stats from histogram", ((1,),)),
        ("select histogram(x) from (values (1), (1)) t(x)", (({"1": 2},),)),
        ("from (pivot features on space in ('a') using count(*)) where a = 99", ()),
        ("select list_sum(list_transform([1, 2], lambda x: x + 1))", ((5,),)),
        ("select x from (values ('b'), ('a')) t(x) order by x collate de", (("a",), ("b",))),
    ],
)
def test_allowed(store: Store, sql: str, rows: tuple[object, ...]) -> None:
    assert console.run(store, sql).rows[: max(1, len(rows))] == rows


@pytest.mark.parametrize("sql", ["summarize features", "show tables", "explain select 1", "explain analyze select 1"])
def test_descriptions_are_allowed(store: Store, sql: str) -> None:
    assert len(console.run(store, sql).rows) > 0


def test_limits_of_rows_and_bytes(store: Store) -> None:
    table = console.run(store, "from range(1000000000000)", max_rows=3)
    assert (table.columns, table.types, table.truncated) == (("range",), ("BIGINT",), True)
    assert table.rows == ((0,), (1,), (2,))
    assert console.run(store, "from range(3)", max_rows=3).truncated is False
    wide = console.run(store, "select repeat('x', 98) from range(100)", max_bytes=1000)
    assert (len(wide.rows), wide.truncated) == (10, True)
    assert console.run(store, "select repeat('x', 5000)", max_bytes=1000).rows == ()


def test_a_cell_past_its_limit_is_cut_and_says_how_long_it_was(store: Store) -> None:
    table = console.run(store, "select repeat('x', 5000000) as x, range(4000) as y, 'short' as z, null as n")
    text, numbers, *rest = table.rows[0]
    assert text == "x" * 10_000 + "… (5,000,000 characters)"
    assert isinstance(numbers, str)
    assert numbers.startswith("[0, 1, 2, 3")
    assert numbers.endswith("… (22,890 characters)")
    assert (rest, table.n_cut, table.truncated) == (["short", None], 2, False)
    whole = console.run(store, "select repeat('é', 10000) as x")
    assert (whole.rows, whole.n_cut) == ((("é" * 10_000,),), 0)
    assert pq.read_table(io.BytesIO(cells.to_parquet(table))).column_names == ["x", "y", "z", "n"]


def test_too_many_columns_are_refused(store: Store) -> None:
    names = ", ".join(f"{i} as c{i}" for i in range(201))
    with pytest.raises(QueryRefused, match=r"^the answer has 201 columns; at most 200: name those that you need$"):
        console.run(store, f"select {names}")


def test_cells_are_json_values(store: Store) -> None:
    sql = """select {'a': [1, 2]}, 'x'::blob, date '2020-01-02', 'nan'::double,
        170141183460469231731687303715884105727, map {1: 2}, null, interval 1 day, 1.50::decimal(4, 2),
        'a'::enum('a', 'b'), 0.5::float, true"""
    row = console.run(store, sql).rows[0]
    assert row == (
        {"a": [1, 2]}, "78", "2020-01-02", "nan", 170141183460469231731687303715884105727, {"1": 2}, None,
        "1 day, 0:00:00", 1.5, "a", 0.5, True,
    )  # fmt: skip


TABLE = Table(
    ("name", "n", "n", "x", "list"),
    ("VARCHAR", "INTEGER", "INTEGER", "DOUBLE", "INTEGER[]"),
    (("=1+1", 1, -1, 0.5, [1, 2]), ("-a", None, 2, "nan", None), ('b,"c"\n', 3, 4, None, [])),
    True,
    0.1,
)


def test_csv_defuses_formulas() -> None:
    assert list(csv.reader(io.StringIO(cells.to_csv(TABLE)))) == [
        ["name", "n", "n", "x", "list"],
        ["'=1+1", "1", "-1", "0.5", "[1, 2]"],
        ["'-a", "", "2", "nan", ""],
        ['b,"c"\n', "3", "4", "", "[]"],
    ]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\ra", " =1", "\n+1", "\u3000@a"])
def test_each_formula_start(text: str) -> None:
    written = cells.to_csv(Table(("a",), ("VARCHAR",), ((text,),), False, 0.0))
    assert list(csv.reader(io.StringIO(written, newline="")))[1] == ["'" + text]


@pytest.mark.parametrize("text", ["a=b", "", " ", "1-2"])
def test_other_texts_stay(text: str) -> None:
    written = cells.to_csv(Table(("a", "b"), ("VARCHAR", "DOUBLE"), ((text, -0.5),), False, 0.0))
    assert list(csv.reader(io.StringIO(written, newline="")))[1] == [text, "-0.5"]


def test_halves_of_surrogate_pairs_leave_as_question_marks() -> None:
    table = Table(("a", "b"), ("VARCHAR", "VARCHAR[]"), (("x\ud83d", ["\ud83d"]),), False, 0.0)
    assert cells.to_csv(table).encode() == b'a,b\r\nx?,"[""?""]"\r\n'
    assert pq.read_table(io.BytesIO(cells.to_parquet(table))).column("a").to_pylist() == ["x?"]


def test_a_column_of_empty_lists_keeps_its_type() -> None:
    table = Table(("a",), ("VARCHAR[]",), (([],), (None,)), False, 0.0)
    assert str(pq.read_table(io.BytesIO(cells.to_parquet(table))).schema.types[0]) == "list<element: string>"


def test_json_is_the_table() -> None:
    assert json.loads(cells.to_json(TABLE)) == {
        "columns": list(TABLE.columns),
        "types": list(TABLE.types),
        "rows": [list(row) for row in TABLE.rows],
        "truncated": True,
    }


def test_parquet_keeps_types_and_tells_equal_names_apart() -> None:
    found = pq.read_table(io.BytesIO(cells.to_parquet(TABLE)))
    assert [str(kind) for kind in found.schema.types] == ["string", "int32", "int32", "double", "list<element: int64>"]
    columns = found.to_pydict()
    assert list(columns) == ["name", "n", "n_2", "x", "list"]
    assert columns["n"] == [1, None, 3]
    assert columns["x"][0] == 0.5
    assert math.isnan(columns["x"][1])


def test_text_draws_control_characters() -> None:
    assert cells.to_text(Table(("a", "b"), ("VARCHAR", "INTEGER"), (("x\n\x1b[0m", None),), False, 0.0)) == (
        "a           b\n----------  ----\nx\\n\\x1b[0m  NULL\n"
    )

"""Opening a store's database: read-only, with nothing outside it in reach, and free to be replaced at any time."""

import os
from pathlib import Path

import duckdb

from store.errors import NotAStore, WrongSchema
from store.schema import DATABASE, SCHEMA_VERSION

MEMORY = "2GB"
"""Most memory that all questions of one store hold together."""
_HEADERS = 3 * 4096
"""Bytes before the first block of a DuckDB file."""
THREADS = min(4, os.cpu_count() or 1)
"""Threads that all questions of one store share."""


def connect(folder: Path, memory: str = MEMORY, threads: int = THREADS) -> duckdb.DuckDBPyConnection:
    """A locked, read-only connection to the database in `folder`, with a DuckDB instance of its own.

    DuckDB shares one instance among all connections to one path (links are resolved first), so after the file was
    replaced a second `connect(path)` would still answer from the old file. An in-memory instance is never shared: each
    store has its own, attaches the file read-only, and keeps the file that it opened for as long as it lives.

    Raises `NotAStore` or `WrongSchema`.
    """
    path = folder / DATABASE
    if not folder.is_dir():
        raise NotAStore(f"{folder} is no folder; give the folder that `python -m ingest run` published (--out)")
    if not path.is_file():
        raise NotAStore(f"{folder} has no {DATABASE}; publish one with `python -m ingest run RUN.toml --out {folder}`")
    before = path.stat()
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": memory,
            "threads": str(threads),
            # Without a folder for it, a question that outgrows its memory fails instead of filling a disk.
            "temp_directory": "",
            # Otherwise a table name in a visitor's SQL could resolve to a data frame of this process.
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    try:
        # ATTACH takes no bound values; a quote in a path is doubled.
        connection.execute("ATTACH '{}' AS homolog (READ_ONLY)".format(str(path).replace("'", "''")))
        connection.execute("USE homolog")
        _require_whole(connection, path, before)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        _require_schema(connection, folder)
    except duckdb.Error as error:
        connection.close()
        raise NotAStore(f"{path} is damaged or no store: {one_line(error)}; publish it again") from error
    except WrongSchema:
        connection.close()
        raise
    return connection


def cursor(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A cursor whose unqualified names are those of the store."""
    own = connection.cursor()
    own.execute("USE homolog")
    return own


def one_line(error: BaseException) -> str:
    """What DuckDB said, without its hints and its drawing of the SQL."""
    text = str(error).strip().split("\n\n")[0]
    for drawing in ("\nLINE ", "Traceback "):
        text = text.split(drawing)[0]
    return " ".join(text.split())


def _require_whole(connection: duckdb.DuckDBPyConnection, path: Path, before: os.stat_result) -> None:
    """A file that was cut short opens without complaint, and fails on the first block that is not there.

    Free blocks at the end need not be in the file, so it is the used ones that must fit.
    """
    row = connection.execute(
        "SELECT block_size * used_blocks FROM pragma_database_size() WHERE database_name = 'homolog'"
    ).fetchone()
    wanted = _HEADERS + int(row[0]) if row else 0
    is_replaced = path.stat().st_ino != before.st_ino
    if before.st_size < wanted and not is_replaced:
        raise duckdb.IOException(f"it has {before.st_size} bytes and should have at least {wanted}")


def _require_schema(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    row = connection.execute("SELECT schema_version, homolog_version FROM build").fetchone()
    if row is None:
        raise duckdb.InvalidInputException("its table `build` is empty")
    version, writer = row
    if version == SCHEMA_VERSION:
        return
    remedy = f"install Homolog {writer} or newer" if version > SCHEMA_VERSION else "publish it again with this version"
    raise WrongSchema(
        f"{folder} has schema {version}, written by Homolog {writer}; "
        f"this version reads schema {SCHEMA_VERSION}: {remedy}"
    )

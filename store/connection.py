"""Opening a store's database: read-only, with nothing outside it in reach, and free to be replaced at any time."""

import os
import re
import stat
from pathlib import Path

import duckdb

from store.errors import NotAStore, StoreLocked, WrongSchema
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

    Raises `NotAStore`, `StoreLocked` or `WrongSchema`.
    """
    path = folder / DATABASE
    before = _stat(folder, path)
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
    except (duckdb.Error, OSError) as error:
        connection.close()
        raise _unreadable(path, error) from error
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


def _stat(folder: Path, path: Path) -> os.stat_result:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        found = None
    except OSError as error:
        raise _unreadable(path, error) from error
    if found is not None and stat.S_ISREG(found.st_mode):
        return found
    if not folder.is_dir():
        raise NotAStore(f"{folder} is no folder; give the folder that `python -m ingest run` published (--out)")
    raise NotAStore(f"{folder} has no {DATABASE}; publish one with `python -m ingest run RUN.toml --out {folder}`")


def _unreadable(path: Path, error: Exception) -> NotAStore | WrongSchema:
    """What is wrong with a file that DuckDB or the system did not open, and what to do about it."""
    said = str(error.strerror) if isinstance(error, OSError) else one_line(error)
    if "Could not set lock" in said:
        holder = re.search(r"held in (\S+) \(PID (\d+)\)", said)
        program = f"{Path(holder[1]).name}, process {holder[2]}" if holder else "another program"
        return StoreLocked(f"{path} is open for writing ({program}); close it there, or let it open the file read-only")
    if "Permission denied" in said:
        return NotAStore(f"{path} may not be read by the user that this runs as; let that user read file and folder")
    if "WAL" in said:
        return NotAStore(f"{path}.wal was left by a program that wrote here and does not fit; delete that file")
    if "version number" in said and "can only read" in said:
        return WrongSchema(f"{path} was written by a newer DuckDB than {duckdb.__version__}; install that one here")
    return NotAStore(f"{path} is damaged or no store: {said}; publish it again")


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

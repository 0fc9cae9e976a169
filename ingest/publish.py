"""The only writer of a store: a new database beside the old one, flushed and renamed over it; the checksums last."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest.errors import IngestError
from ingest.models import Model
from ingest.progress import step
from ingest.workspace import UNFINISHED, Workspace, settle
from store import schema
from store.check_tables import checksum_sql

PACKAGES = (
    *("duckdb", "numba", "numpy", "pyarrow", "sae-lens", "scikit-learn", "scipy", "torch", "transformer-lens"),
    *("transformers", "umap-learn"),
)
"""Packages whose versions the numbers depend on."""
FULL = (duckdb.IOException, duckdb.TransactionException, duckdb.OutOfMemoryException, duckdb.FatalException)
"""What DuckDB raises where it cannot write: at once, at the end of a transaction, while it spills, or from then on."""


def build_row(fingerprint: str, run_file: str) -> pa.Table:
    """The one row of `build`."""
    row = {
        "fingerprint": fingerprint,
        "schema_version": schema.SCHEMA_VERSION,
        "created_at": datetime.now(UTC).replace(tzinfo=None),
        "homolog_version": version("homolog"),
        "run_file": run_file,
        "packages": json.dumps({name: version(name) for name in PACKAGES}),
    }
    return pa.Table.from_pylist([row], schema=schema.BY_NAME["build"].arrow)


def model_rows(models: Iterable[Model]) -> pa.Table:
    """The rows of `models`."""
    ordered = sorted(models, key=lambda model: model.name)
    rows = [
        {"model": m.name, "load": m.load, **m.facts, "dtype": m.dtype, "device": m.device, "tokenizer": m.vocabulary}
        for m in ordered
    ]
    return pa.Table.from_pylist(rows, schema=schema.BY_NAME["models"].arrow)


def write(work: Workspace, tables: Mapping[str, Iterable[pa.Table]]) -> Path:
    """Publish the tables as `homolog.duckdb`; each iterable yields a table's parts in their final order.

    Raises `IngestError` when the disk is full or a working file damaged; the store that was there before stays as it
    was.
    """
    target = work.folder / schema.DATABASE
    beside = work.folder / UNFINISHED
    _clear(work)
    try:
        with duckdb.connect(beside) as database:
            _fill(database, tables)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        # What a program that wrote into the old file has left would keep the new one from opening.
        target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
        beside.replace(target)
        settle(work.folder)
    except (*FULL, OSError) as error:
        raise _unwritable(target, error) from None
    finally:
        _clear(work)
    return target


def _unwritable(path: Path, error: Exception) -> IngestError:
    line = (getattr(error, "strerror", None) or str(error)).splitlines()[0]
    return IngestError(
        f"{path} could not be written: {line}; the finished steps are kept, make room and run the same command again"
    )


def _clear(work: Workspace) -> None:
    """Remove what a publication that did not end has left."""
    for leftover in work.folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _fill(database: duckdb.DuckDBPyConnection, tables: Mapping[str, Iterable[pa.Table]]) -> None:
    # A filter pushed down from a join that spills loses rows (DuckDB 2.0.0, duckdb/duckdb#25702).
    database.execute("SET disabled_optimizers = 'join_filter_pushdown'")
    for statement in (*(table.ddl for table in schema.TABLES), *schema.macros(), *schema.comments()):
        database.execute(statement)
    with step("publishing", len(schema.TABLES), "tables") as advance:
        for table in schema.TABLES:
            if table.derived:
                database.execute(table.insert)
            for part in tables.get(table.name, ()):
                if part.num_rows:
                    database.register("part", part)
                    database.execute(table.insert)
                    database.unregister("part")
            advance(1)
    for name in sorted(schema.BY_NAME):
        if name != "contents":
            count, checksum = database.execute(checksum_sql(name)).fetchone() or (0, "0")
            database.execute("INSERT INTO contents VALUES (?, ?, ?)", [name, count, checksum])
    database.execute("CHECKPOINT")


def seal(work: Workspace) -> None:
    """Write `SHA256SUMS` (the format of sha256sum) over every other file of the store; nothing is written after it.

    Raises `IngestError` when the disk is full.
    """
    path = work.folder / schema.CHECKSUMS
    files = {f.relative_to(work.folder).as_posix(): f for f in work.folder.rglob("*") if f.is_file() and f != path}
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("w", encoding="utf-8") as sums:
            for name in sorted(files):
                with files[name].open("rb") as content:
                    sums.write(f"{hashlib.file_digest(content, 'sha256').hexdigest()}  {name}\n")
            sums.flush()
            os.fsync(sums.fileno())
        beside.replace(path)
        settle(work.folder)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _unwritable(path, error) from None

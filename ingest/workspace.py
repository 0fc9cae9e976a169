"""The resumable working set under `DIR/shards`: a file that is there is finished, and its name holds the hash of
everything that it was made from. So a changed input is never served from an old file, and a rerun goes on where it
stopped.
"""

import fcntl
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import IngestError
from store.schema import CHECKSUMS, DATABASE

UNFINISHED = f"{DATABASE}.part"
"""Where a database is written before it is renamed; DuckDB puts its log and its spilled rows beside it."""
LOG = "run.log"
ROWS = 1 << 20
"""Rows of a working table in memory at once, while it is published."""
FACTS, SEAL = b"homolog", b"homolog_seal"
"""What a file holds beside its rows, as JSON; and a checksum over that, the columns and the number of rows."""


def digest(*parts: object) -> str:
    """SHA-256 of the canonical JSON of the parts, in hex."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def file_digest(*paths: Path) -> str:
    """SHA-256 of the files' contents, in the order given, in hex."""
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def settle(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a rename in it outlives the machine."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Workspace:
    """A store's folder. Raises `IngestError` when it holds something that is not a store's."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise IngestError(f"{folder} is a file; --out wants a folder for the store")
        known = {"shards", LOG, DATABASE, f"{DATABASE}.wal", CHECKSUMS, f"{CHECKSUMS}.part"}
        others = sorted(p.name for p in folder.iterdir() if p.name not in known) if folder.exists() else []
        others = [name for name in others if not name.startswith(UNFINISHED)]
        if others:
            raise IngestError(
                f"{folder} is not a store: it holds {others[0]!r}; "
                "choose an empty folder or one that an earlier run made"
            )
        self.folder = folder
        self.shards = folder / "shards"

    @contextmanager
    def claimed(self) -> Iterator[Callable[[], None]]:
        """Keep every other run out of this folder while inside. Raises `IngestError` when another run is in it.

        Yields a function to call before anything is written: a folder that is not there yet is made and claimed then,
        so that a run whose input is refused writes nothing. The kernel holds the claim, on the log, and lets go of it
        when the process ends, however it ends. Where a file system knows no locks there is no claim.
        """
        held: list[int] = []

        def claim() -> None:
            if held:
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            held.append(os.open(self.folder / LOG, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666))
            try:
                fcntl.flock(held[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise IngestError(
                    f"another run is writing {self.folder}; let it end, or give this one another folder"
                ) from None
            except OSError:
                pass

        try:
            if (self.folder / LOG).exists():
                claim()
            yield claim
        finally:
            for handle in held:
                os.close(handle)

    def path(self, kind: str, name: str, key: str) -> Path:
        """Where a step's table lies: `shards/<kind>/<name>-<first 16 of key>.parquet`."""
        return self.shards / kind / f"{name}-{key[:16]}.parquet"

    def write(self, path: Path, table: pa.Table, facts: object = None, **layout: Any) -> None:
        """Write beside, flush to disk, rename: the file is whole or not there. Raises `IngestError` on a full disk.

        `facts` are kept with the table, as JSON; `layout` is for the Parquet writer.
        """
        self.write_parts({"": path}, [{"": table}], facts, **layout)

    def write_parts(
        self,
        paths: Mapping[str, Path],
        parts: Iterable[Mapping[str, pa.Table]],
        facts: object = None,
        **layout: Any,
    ) -> None:
        """Write several tables at once, each from its parts in their order, as `write` does. Holds one part of each.

        No file is there before all are written.
        """
        with ExitStack() as stack:
            files = {name: stack.enter_context(_Beside(path, facts, layout)) for name, path in paths.items()}
            for part in parts:
                for name, table in part.items():
                    files[name].write(table)
            for file in files.values():
                file.finish()
            for file in files.values():
                file.rename()

    @contextmanager
    def open(self, path: Path) -> Iterator[pq.ParquetFile]:
        """A finished file, whose pages are checked as they are read.

        Whatever goes wrong inside is put down to the file: raises `IngestError`, naming it.
        """
        with damaged(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
            said = file.metadata.metadata or {}
            found = _seal(file.schema_arrow, file.metadata.num_rows, said.get(FACTS, b""))
            if found != said.get(SEAL):
                raise ValueError("its end is not what was written")
            yield file

    def read(self, path: Path) -> pa.Table:
        """A finished table. Raises `IngestError` when the file is damaged, naming it."""
        with self.open(path) as file:
            return file.read()

    def parts(self, path: Path) -> Iterator[pa.Table]:
        """A finished table, `ROWS` rows at a time. Raises `IngestError` when the file is damaged, naming it."""
        with self.open(path) as file:
            for batch in file.iter_batches(ROWS):
                yield pa.Table.from_batches([batch])

    def facts(self, path: Path) -> tuple[int, Any]:
        """Rows of a finished table, and what was written with it."""
        with self.open(path) as file:
            return int(file.metadata.num_rows), json.loads(file.metadata.metadata[FACTS])

    def prune(self, used: Iterable[Path]) -> None:
        """Delete working files that this run neither made nor read, and what an interrupted write left behind.

        Only a run that has published may do it: what another run file needs again is kept until then.
        """
        keep = set(used)
        for path in [*self.shards.rglob("*.parquet"), *self.folder.rglob("*.part")]:
            if path not in keep:
                path.unlink()
        for folder in sorted((p for p in self.shards.rglob("*") if p.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()


class _Beside:
    """A table that is written beside its place. Left before it is renamed, it is removed."""

    def __init__(self, path: Path, facts: object, layout: Mapping[str, Any]) -> None:
        self.path, self.facts = path, json.dumps(facts).encode()
        self.layout = {"compression": "zstd", "write_page_checksum": True, **layout}
        self.rows_together = self.layout.pop("row_group_size", ROWS)
        self.beside = path.with_name(path.name + ".part")
        self.writer: pq.ParquetWriter | None = None
        self.n_rows = 0

    def __enter__(self) -> "_Beside":
        with self._on_disk():
            made = [folder for folder in (self.path.parent, *self.path.parent.parents) if not folder.exists()]
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for folder in made:
                settle(folder.parent)
            self.file = self.beside.open("wb")
        return self

    def write(self, table: pa.Table) -> None:
        with self._on_disk():
            if self.writer is None:
                self.writer = pq.ParquetWriter(self.file, table.schema, **self.layout)
            self.writer.write_table(table, self.rows_together)
        self.n_rows += table.num_rows

    def finish(self) -> None:
        """Everything is on disk, under the name that says it is unfinished."""
        assert self.writer is not None
        with self._on_disk():
            seal = _seal(self.writer.schema, self.n_rows, self.facts)
            self.writer.add_key_value_metadata({FACTS: self.facts, SEAL: seal})
            self.writer.close()
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()

    def rename(self) -> None:
        with self._on_disk():
            self.beside.replace(self.path)
            settle(self.path.parent)

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            if self.writer is not None:
                self.writer.close()
        with suppress(OSError):
            self.file.close()
        self.beside.unlink(missing_ok=True)

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise IngestError(
                f"{self.path} could not be written: {error.strerror or error}; "
                "the finished steps are kept, make room and run the same command again"
            ) from None


def _seal(schema: pa.Schema, n_rows: int, facts: bytes) -> bytes:
    """Pages have checksums of their own; the end of a file, which says where they lie, has none."""
    columns = [(field.name, pa.types.is_nested(field.type) or str(field.type)) for field in schema]
    return str(zlib.crc32(facts + f"{n_rows} {columns}".encode())).encode()


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Turn what reading a broken file raises into an `IngestError` that names it."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, OverflowError, MemoryError) as error:
        line = (str(error) or type(error).__name__).splitlines()[0]
        raise IngestError(f"{path} is damaged ({line}); delete that file and run the same command again") from None

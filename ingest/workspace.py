"""The resumable working set under `DIR/shards`: a file that is there is finished, and its name holds the hash of
everything that it was made from. So a changed input is never served from an old file, and a rerun goes on where it
stopped.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import IngestError
from store.schema import CHECKSUMS, DATABASE

UNFINISHED = f"{DATABASE}.part"
"""Where a database is written before it is renamed; DuckDB puts its log and its spilled rows beside it."""


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


class Workspace:
    """A store's folder. Raises `IngestError` when it holds something that is not a store's."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise IngestError(f"{folder} is a file; --out wants a folder for the store")
        known = {"shards", "run.log", DATABASE, CHECKSUMS, f"{CHECKSUMS}.part"}
        others = sorted(p.name for p in folder.iterdir() if p.name not in known) if folder.exists() else []
        others = [name for name in others if not name.startswith(UNFINISHED)]
        if others:
            raise IngestError(
                f"{folder} is not a store: it holds {others[0]!r}; "
                "choose an empty folder or one that an earlier run made"
            )
        self.folder = folder
        self.shards = folder / "shards"

    def path(self, kind: str, name: str, key: str) -> Path:
        """Where a step's table lies: `shards/<kind>/<name>-<first 16 of key>.parquet`."""
        return self.shards / kind / f"{name}-{key[:16]}.parquet"

    def write(self, path: Path, table: pa.Table) -> None:
        """Write beside, flush to disk, rename: the file is whole or not there. Raises `IngestError` on a full disk."""
        beside = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                pq.write_table(table, file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise IngestError(
                f"{path} could not be written: {error.strerror}; make room and run the same command again"
            ) from None

    def read(self, path: Path) -> pa.Table:
        """A finished table. Raises `IngestError` when the file is damaged, naming it."""
        with _damaged(path):
            return pq.read_table(path)

    def count(self, path: Path) -> int:
        """Rows of a finished table, from its end alone. Raises `IngestError` when the file is damaged."""
        with _damaged(path):
            return int(pq.read_metadata(path).num_rows)

    def prune(self, used: Iterable[Path]) -> None:
        """Delete working files that this run neither made nor read, and what an interrupted write left behind."""
        keep = set(used)
        for path in [*self.shards.rglob("*.parquet"), *self.folder.rglob("*.part")]:
            if path not in keep:
                path.unlink()
        for folder in sorted((p for p in self.shards.rglob("*") if p.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        line = str(error).splitlines()[0]
        raise IngestError(f"{path} is damaged ({line}); delete that file and run the same command again") from None

"""Sparse activations on disk: Parquet shards sorted by (feature, token_index), so that a block of features is one
stretch of every shard. Integers are packed by their differences and floats split by byte, which leaves 4.3 bytes an
activation of the demo: nearly all of it is the floats' own bits.

A shard holds every activation above zero, special tokens included (only their share of the mass is ever used), and in
its metadata the sums that variance explained is made of.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csc_array, csr_array

from ingest.workspace import Workspace

SCHEMA = pa.schema([("token_index", pa.int32()), ("feature", pa.int32()), ("activation", pa.float32())])
LAYOUT = {
    "row_group_size": 1 << 16,
    "use_dictionary": False,
    "write_statistics": ["feature"],
    "column_encoding": {
        "token_index": "DELTA_BINARY_PACKED",
        "feature": "DELTA_BINARY_PACKED",
        "activation": "BYTE_STREAM_SPLIT",
    },
}
"""How a shard is written. A block of features reads the row groups that it touches: smaller ones waste less of what is
read at a block's two ends, and 16,384 rows each would take no fewer bytes."""
BLOCK, FEATURES = 2_000_000, 8_192
"""Activations in a block of features, unless one feature alone has more; and features, which have tables of their own.
"""


@dataclass(frozen=True)
class Activations:
    """Everything a space did on the text."""

    matrix: csr_array
    """float32 of shape (token, feature), special tokens included."""
    variance_explained: float | None
    """1 - residual / total variance over ordinary tokens; None when not measured."""


@dataclass(frozen=True)
class Block:
    """Every activation of some consecutive features, feature by feature, each feature's tokens in order."""

    first: int
    """Its first feature."""
    indptr: np.ndarray
    """int64 of shape (feature + 1,): where the entries of each of its features begin."""
    token: np.ndarray
    """int32 of shape (entry,): token_index, special tokens included."""
    value: np.ndarray
    """float32 of shape (entry,), above 0."""

    @property
    def n_features(self) -> int:
        return len(self.indptr) - 1

    @property
    def feature(self) -> np.ndarray:
        """int64 of shape (entry,), counted from `first`."""
        return np.repeat(np.arange(self.n_features), np.diff(self.indptr))

    def on(self, kept: np.ndarray) -> "Block":
        """What it did on the tokens where `kept`, bool of shape (token,), is true."""
        here = kept[self.token]
        indptr = np.append(0, np.cumsum(here))[self.indptr]
        return Block(self.first, indptr, self.token[here], self.value[here])


def write(
    work: Workspace,
    path: Path,
    token: np.ndarray,
    feature: np.ndarray,
    value: np.ndarray,
    n_features: int,
    moments: dict[str, Any] | None = None,
) -> None:
    """Write the activations above 0 of a shard's tokens, given in any order, each feature once a token."""
    first, last = (int(token.min()), int(token.max())) if len(token) else (0, 0)
    # By token, then by feature: two counting sorts, where sorting by both takes five times as long.
    by_token = csr_array((value, (token - first, feature)), shape=(last - first + 1, n_features))
    by_feature = by_token.tocsc()
    of = np.repeat(np.arange(n_features, dtype=np.int32), np.diff(by_feature.indptr))
    columns = [by_feature.indices.astype(np.int32) + np.int32(first), of, by_feature.data]
    work.write(path, pa.table(columns, schema=SCHEMA), {"n_features": n_features, "moments": moments}, **LAYOUT)


def load(paths: list[Path], n_tokens: int, work: Workspace) -> Activations:
    """The shards of one space as one sparse matrix. Holds 8 bytes an activation, and one shard."""
    n_features, variance_explained = summary(paths, work)
    n = sum(work.facts(path)[0] for path in paths)
    feature, value = np.empty(n, np.int32), np.empty(n, np.float32)
    indptr, end = np.zeros(n_tokens + 1, np.int64), 0
    for path in paths:
        rows = work.read(path)
        if not rows.num_rows:
            continue
        token, by_feature = rows["token_index"].to_numpy(), np.zeros(n_features + 1, np.int64)
        np.cumsum(np.bincount(rows["feature"].to_numpy(), minlength=n_features), out=by_feature[1:])
        first, last = int(token.min()), int(token.max())
        shape = (last - first + 1, n_features)
        by_token: csr_array = csc_array((rows["activation"].to_numpy(), token - first, by_feature), shape=shape).tocsr()
        here = slice(end, end + rows.num_rows)
        feature[here], value[here] = by_token.indices, by_token.data
        indptr[first + 1 : last + 2] = end + by_token.indptr[1:]
        end = here.stop
    # Tokens on which nothing fired, between two shards or behind the last.
    np.maximum.accumulate(indptr, out=indptr)
    return Activations(csr_array((value, feature, indptr), shape=(n_tokens, n_features)), variance_explained)


def blocks(paths: list[Path], work: Workspace, limit: int = BLOCK) -> Iterator[Block]:
    """Every feature's activations, in blocks of at most `limit` or of one feature.

    Holds one block, one stretch of a shard, and 8 bytes a feature and shard's row group.
    """
    n_features, _ = summary(paths, work)
    counts = np.zeros(n_features, np.int64)
    shards = [_Shard(path, work, counts) for path in paths]
    total, first = np.append(0, np.cumsum(counts)), 0
    while first < n_features:
        last = max(first + 1, int(np.searchsorted(total, total[first] + limit, "right")) - 1)
        last = min(last, first + FEATURES)
        indptr = total[first : last + 1] - total[first]
        token, value = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
        free = indptr[:-1].copy()
        for shard in shards:
            shard.place(first, free, token, value)
        yield Block(first, indptr, token, value)
        first = last


class _Shard:
    """One file, of which the features of each row group are known; adds its activations of each feature to `counts`."""

    def __init__(self, path: Path, work: Workspace, counts: np.ndarray) -> None:
        self.path, self.work = path, work
        ends = []
        with work.open(path) as file:
            for group in range(file.num_row_groups):
                feature = file.read_row_group(group, ["feature"]).column(0).to_numpy()
                counts += np.bincount(feature, minlength=len(counts))
                ends.append((feature[0], feature[-1]) if len(feature) else (len(counts), -1))
        self.lowest, self.highest = np.array(ends, np.int64).reshape(-1, 2).T

    def place(self, first: int, free: np.ndarray, token: np.ndarray, value: np.ndarray) -> None:
        """Put the activations of the `len(free)` features from `first` on where `free` says, and move that on."""
        last = first + len(free)
        groups = np.flatnonzero((self.highest >= first) & (self.lowest < last))
        if not groups.size:
            return
        with self.work.open(self.path) as file:
            rows = file.read_row_groups(groups.tolist()).combine_chunks()
            feature = rows["feature"].to_numpy()
            here = slice(*np.searchsorted(feature, (first, last)))
            feature = feature[here] - first
            count = np.bincount(feature, minlength=len(free))
            to = np.repeat(free - (np.cumsum(count) - count), count) + np.arange(len(feature))
            token[to], value[to] = rows["token_index"].to_numpy()[here], rows["activation"].to_numpy()[here]
        free += count


def summary(paths: list[Path], work: Workspace) -> tuple[int, float | None]:
    """Features of a space, and its variance explained; None when not measured."""
    facts = [work.facts(path)[1] for path in paths]
    return facts[0]["n_features"], _variance_explained([f["moments"] for f in facts])


def _variance_explained(moments: list[dict[str, Any] | None]) -> float | None:
    known = [m for m in moments if m is not None]
    n = sum(m["n"] for m in known)
    if not n:
        return None
    sums = np.sum([m["sums"] for m in known], axis=0)
    total = sum(m["squares"] for m in known) - float(sums @ sums) / n
    # Further digits depend on where in memory a processor found its operands, and so differ from run to run.
    return round(1 - sum(m["residual"] for m in known) / total, 4) if total > 0 else None

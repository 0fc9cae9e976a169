"""The ingest read beside the bare forward pass and encode of the same tokens: no sparsity, no sums, nothing written.

The bare loop gets batches that are made before the clock runs, of passages sorted by length within each 1,024 as the
read's own are. It is given several sizes of batches, and of stretches to encode at once, and keeps the fastest.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ingest import activations, reading
from ingest.reading import Read
from tests.bench import ingest_inputs

SIZES = (32, 64, 128, 256)
"""Passages in a forward pass of the bare loop."""
ROWS = (512, 256, 2048)
"""Tokens that it encodes at once; the sizes of batches are tried with the first."""
TRIED = 256
"""Passages that the sizes are tried on."""
ROUNDS = 5
"""Times that each side runs, by turns."""

Batch = tuple[torch.Tensor, torch.Tensor]
"""Token ids and which of them are real, both of shape (passage, position)."""


@dataclass(frozen=True)
class Compared:
    tokens: int
    read: float
    """Seconds, median."""
    bare: float
    """Seconds, median."""
    share: float
    """Median over the rounds of bare / read seconds: tokens/s of the read as a share of the bare loop's."""
    size: int
    rows: int


def compare(whole: Read, spaces: tuple[str, ...], rounds: int = ROUNDS, sizes: tuple[int, ...] = SIZES) -> Compared:
    """Both sides by turns in this process, after each ran once."""
    size, rows = fastest(whole, spaces, sizes)
    made = batches(whole, size)
    bare(whole, spaces, made, rows)
    read(whole, spaces)
    pairs = [(read(whole, spaces), bare(whole, spaces, made, rows)) for _ in range(rounds)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    share = statistics.median(loop / own for own, loop in pairs)
    return Compared(sum(int(real.sum()) for _, real in made), ours, theirs, share, size, rows)


def fastest(whole: Read, spaces: tuple[str, ...], sizes: tuple[int, ...]) -> tuple[int, int]:
    """Passages and rows that make the bare loop fastest, tried on the longest passages of the first shard."""

    def seconds(size: int, rows: int) -> float:
        shard = batches(whole, size)[: max(1, activations.SHARD // size)]
        made = shard[-max(1, TRIED // size) :]
        return min(bare(whole, spaces, made, rows) for _ in range(2)) / sum(int(real.sum()) for _, real in made)

    size = min(sizes, key=lambda size: seconds(size, ROWS[0]))
    return size, min(ROWS, key=lambda rows: seconds(size, rows))


def batches(whole: Read, size: int) -> list[Batch]:
    """The passages as the read takes them: shard by shard, by length, about `size` at once."""
    table = whole.tokens[ingest_inputs.MODEL]
    ids = torch.from_numpy(table["token_id"].to_numpy().astype(np.int64))
    length = np.bincount(table["passage_id"].to_numpy())
    begin, made = np.cumsum(length) - length, []
    for first in range(0, len(length), activations.SHARD):
        order = first + np.argsort(length[first : first + activations.SHARD], kind="stable")
        for batch in np.array_split(order, max(1, -(-len(order) // size))):
            real = torch.arange(int(length[batch].max())) < torch.from_numpy(length[batch])[:, None]
            place = torch.from_numpy(begin[batch])[:, None] + torch.arange(real.shape[1])
            made.append((ids[place.clamp(max=len(ids) - 1)] * real, real))
    return made


@torch.inference_mode()
def bare(whole: Read, spaces: tuple[str, ...], made: list[Batch], rows: int) -> float:
    """Seconds of the model and of its SAEs' encoders, and of nothing else."""
    kept = [whole.spaces[name] for name in spaces]
    hooks = sorted({str(space.hook) for space in kept})
    network = kept[0].model.network
    assert network is not None
    with clock() as seconds:
        for ids, real in made:
            cache = network.read(ids, real, hooks)
            for space in kept:
                assert space.dictionary is not None
                for part in cache[str(space.hook)][real].split(rows):
                    space.dictionary.encode(part)
    return seconds()


def read(whole: Read, spaces: tuple[str, ...]) -> float:
    """Seconds of the ingest read, shards written."""
    with tempfile.TemporaryDirectory() as folder:
        job = ingest_inputs.only(whole, spaces, Path(folder) / "store")
        with clock() as seconds:
            reading.collect(job)
        return seconds()


@contextmanager
def clock() -> Iterator[Callable[[], float]]:
    """Seconds spent inside, what a GPU still has to do included."""
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    wait()
    began = time.perf_counter()
    taken: list[float] = []
    yield lambda: taken[0]
    wait()
    taken.append(time.perf_counter() - began)

"""The tokens that an SAE is trained and measured on, and batches of shuffled activations at them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ingest import tokens
from ingest.models import Model, Network

SLICE = 8192
"""Passages tokenised at once: their table of tokens takes 100 times the room of what is kept of it."""
BATCH = 64
"""Passages in a forward pass."""


@dataclass(frozen=True)
class Text:
    """A model's tokens of every passage. Holds 5 bytes a token."""

    ids: np.ndarray
    """int32 of shape (token,)."""
    ordinary: np.ndarray
    """bool of shape (token,): neither BOS nor another special token."""
    ends: np.ndarray
    """int64 of shape (passage + 1,): where each passage begins, and the last one's end."""
    held_out: np.ndarray
    """bool of shape (passage,)."""

    @property
    def counts(self) -> np.ndarray:
        """int64 of shape (passage,): ordinary tokens of each."""
        before = np.concatenate([[0], np.cumsum(self.ordinary)])
        return before[self.ends[1:]] - before[self.ends[:-1]]

    @property
    def longest(self) -> int:
        """Tokens of the longest passage, special ones included."""
        return int(np.diff(self.ends).max())

    def batches(
        self, passages: np.ndarray, size: int = BATCH
    ) -> Iterator[
        tuple[Int[Tensor, "passage position"], Bool[Tensor, "passage position"], Bool[Tensor, "passage position"]]
    ]:
        """Ids, which of them are real, and which are ordinary; passages of like length share a batch."""
        lengths = np.diff(self.ends)[passages]
        order = passages[np.argsort(lengths, kind="stable")]
        for batch in np.array_split(order, max(1, -(-len(order) // size))):
            size_of = self.ends[batch + 1] - self.ends[batch]
            position = np.arange(size_of.max())
            real = position < size_of[:, None]
            where = np.minimum(self.ends[batch][:, None] + position, len(self.ids) - 1)
            ids = np.where(real, self.ids[where], 0).astype(np.int64)
            yield torch.from_numpy(ids), torch.from_numpy(real), torch.from_numpy(real & self.ordinary[where])


def read(model: Model, passages: pa.Table, held_out: float) -> Text:
    """The model's tokens of the passages, of which a share is held out.

    A passage is held out by the SHA-256 of its text: the same one whatever stands around it, and two of the same text
    are never on both sides.
    """
    ids, ordinary, lengths = [], [], []
    for start in range(0, passages.num_rows, SLICE):
        table = tokens.read(model, passages.slice(start, SLICE))
        ids.append(table["token_id"].to_numpy().astype(np.int32))
        ordinary.append(~table["is_special"].to_numpy(zero_copy_only=False))
        n = min(SLICE, passages.num_rows - start)
        lengths.append(np.bincount(table["passage_id"].to_numpy() - start, minlength=n))
    hashes = (hashlib.sha256(text.encode()).digest() for text in passages["text"].to_pylist())
    chosen = np.array([int.from_bytes(h[:8], "big") / 2**64 < held_out for h in hashes])
    ends = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return Text(np.concatenate(ids), np.concatenate(ordinary), ends, chosen)


@dataclass(frozen=True)
class Stream:
    """Endless batches of a hook's activations at the ordinary tokens that are trained on.

    Passages come in a new random order at every reading of the text. As many as fill the buffer are read, and their
    activations shuffled. Batch n is a function of the seed and of n alone, so that a training can go on at any of them
    without what came before being read again. Holds one buffer.
    """

    network: Network
    hook: str
    text: Text
    batch: int
    buffer: int
    seed: int

    def __call__(self, first: int) -> Iterator[Float[Tensor, "sample d"]]:
        """The batches from number `first` on, float32 of shape (batch, d)."""
        trained_on = np.flatnonzero(~self.text.held_out)
        held = max(1, min(self.buffer, int(self.text.counts[trained_on].sum())) // self.batch)
        for number, passages in enumerate(self._fillings(trained_on, held * self.batch)):
            if (number + 1) * held <= first:
                continue
            x = self._read(passages)
            order = torch.randperm(len(x), generator=torch.Generator().manual_seed(self.seed * 1_000_003 + number))
            for i in range(max(0, first - number * held), held):
                yield x[order[i * self.batch : (i + 1) * self.batch].to(x.device)]

    def _fillings(self, passages: np.ndarray, size: int) -> Iterator[np.ndarray]:
        """Endless groups of passages that have `size` ordinary tokens, and no passage more than that takes."""
        counts, random = self.text.counts, np.random.default_rng(self.seed)
        taken: list[int] = []
        n = 0
        while True:
            for passage in random.permutation(passages).tolist():
                taken.append(passage)
                n += counts[passage]
                if n >= size:
                    yield np.array(taken)
                    taken, n = [], 0

    def _read(self, passages: np.ndarray) -> Float[Tensor, "sample d"]:
        parts = []
        for ids, real, ordinary in self.text.batches(passages):
            x = self.network.read(ids, real, [self.hook])[self.hook]
            parts.append(x[ordinary.to(x.device)].float())
        return torch.cat(parts)

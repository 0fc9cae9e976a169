"""The read: passages through a model's network once, and what stands at its hooks through every dictionary there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float
from torch import Tensor

from ingest.models import Network

BATCH = 64
"""Passages in a forward pass."""
ROWS = 512
"""Tokens encoded at once: the dense features of more do not fit a processor's cache, and take nearly twice as long."""


class Encoder(Protocol):
    """A dictionary of features, or whatever can be read like one."""

    @property
    def hook(self) -> str: ...

    @property
    def n_features(self) -> int: ...

    @property
    def d_in(self) -> int: ...

    def encode(self, x: Float[Tensor, "token d"]) -> Float[Tensor, "token feature"]: ...

    def decode(self, features: Float[Tensor, "token feature"], x: Float[Tensor, "token d"]) -> Float[Tensor, "token d"]:
        """`x` is what `features` are of: a dictionary that normalises each token needs its mean and norm back."""


@dataclass(frozen=True)
class Sparse:
    """What one dictionary did on some tokens; shapes (entry,), in no order."""

    token: np.ndarray
    """int64: token_index."""
    feature: np.ndarray
    """int64."""
    value: np.ndarray
    """float32, above 0."""
    moments: dict[str, Any]
    """Sums over the ordinary tokens, of which variance explained is made: n, squares, residual, sums."""


@torch.inference_mode()
def read(
    network: Network,
    encoders: Mapping[str, Encoder],
    tokens: pa.Table,
    ends: np.ndarray,
    advance: Callable[[int], None],
) -> dict[str, Sparse]:
    """What each dictionary does on the passages that begin and end at the token indices `ends`.

    Holds one batch of the network's activations, and the sparse rows of all these passages.
    """
    first = int(ends[0])
    ids = torch.from_numpy(tokens["token_id"].slice(first, ends[-1] - first).to_numpy().astype(np.int64))
    ordinary = ~torch.from_numpy(
        tokens["is_special"].slice(first, ends[-1] - first).to_numpy(zero_copy_only=False).astype(bool)
    )
    collectors = {name: _Collector(encoder) for name, encoder in encoders.items()}
    hooks = sorted({encoder.hook for encoder in encoders.values()})
    lengths = np.diff(ends)
    order = np.argsort(lengths, kind="stable")  # passages of one length share a batch, so that little is padding
    for batch in np.array_split(order, max(1, -(-len(order) // BATCH))):
        width = int(lengths[batch].max())
        offset = torch.from_numpy(ends[batch] - first)[:, None] + torch.arange(width)
        real = torch.arange(width) < torch.from_numpy(lengths[batch])[:, None]
        padded = ids[offset.clamp(max=len(ids) - 1)] * real
        cache = network.read(padded, real, hooks)
        for name, encoder in encoders.items():
            collectors[name].add(cache[encoder.hook][real], offset[real], ordinary[offset[real]])
        advance(int(real.sum()))
    return {name: collector.sparse(first) for name, collector in collectors.items()}


class _Collector:
    """The sparse rows of one dictionary, and its sums of squares."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.rows: list[tuple[np.ndarray, ...]] = []
        self.n, self.squares, self.residual = 0, 0.0, 0.0
        self.sums = torch.zeros(encoder.d_in, dtype=torch.float64)

    def add(self, x: Tensor, token: Tensor, ordinary: Tensor) -> None:
        """Encode `x` of shape (token, dimension); `token` are offsets from the first."""
        for part in zip(x.split(ROWS), token.split(ROWS), ordinary.split(ROWS), strict=True):
            self._add(*part)

    def _add(self, x: Tensor, token: Tensor, ordinary: Tensor) -> None:
        features = self.encoder.encode(x)
        row, feature = torch.nonzero(features, as_tuple=True)
        self.rows.append((token[row].numpy(), feature.numpy(), features[row, feature].numpy()))
        kept = x[ordinary].double()
        self.n += len(kept)
        self.sums += kept.sum(0)
        self.squares += float(kept.square().sum())
        self.residual += float((kept - self.encoder.decode(features[ordinary], x[ordinary]).double()).square().sum())

    def sparse(self, first: int) -> Sparse:
        token, feature, value = (np.concatenate(part) for part in zip(*self.rows, strict=True))
        moments = {"n": self.n, "squares": self.squares, "residual": self.residual, "sums": self.sums.tolist()}
        return Sparse(token + first, feature, value, moments)

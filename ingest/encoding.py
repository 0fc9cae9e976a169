"""The read: passages through a model's network once, and what stands at its hooks through every dictionary there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float
from torch import Tensor

from ingest.errors import IngestError
from ingest.models import Network

TOKENS, TOKENS_OF_DEVICE = 4_096, 16_384
"""Tokens in a forward pass, padding included: on a processor, where more fall out of its cache; on any other device."""
ROWS, DENSE = 512, 1 << 26
"""Tokens encoded at once on a processor: the dense features of more do not fit its cache, and take nearly twice as
long. Dense features, tokens times width, encoded at once on any other device, unless so many tokens make more."""
ROUNDING = 1e-2
"""Of a reconstruction's norm: more than bfloat16 can lose, and less than a decoder that does something else."""


WIDE = {"mps": torch.float32}
"""Where chunks' sums are not added up in float64."""


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
    """int32: token_index."""
    feature: np.ndarray
    """int32."""
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

    Holds one batch of the network's activations, and the sparse rows of all these passages. Raises `IngestError` where
    activations are not finite numbers.
    """
    first = int(ends[0])
    ids = torch.from_numpy(tokens["token_id"].slice(first, ends[-1] - first).to_numpy().astype(np.int64))
    ordinary = ~torch.from_numpy(
        tokens["is_special"].slice(first, ends[-1] - first).to_numpy(zero_copy_only=False).astype(bool)
    )
    collectors = {name: _Collector(name, encoder) for name, encoder in encoders.items()}
    hooks = sorted({encoder.hook for encoder in encoders.values()})
    lengths = np.diff(ends)
    for batch in batches(lengths, TOKENS if network.device == "cpu" else TOKENS_OF_DEVICE):
        width = int(lengths[batch].max())
        offset = torch.from_numpy(ends[batch] - first)[:, None] + torch.arange(width)
        real = torch.arange(width) < torch.from_numpy(lengths[batch])[:, None]
        padded = ids[offset.clamp(max=len(ids) - 1)] * real
        there = _sent(real, network.device)
        cache = network.read(_sent(padded, network.device), there, hooks)
        for name, encoder in encoders.items():
            collectors[name].add(cache[encoder.hook][there], offset[real], ordinary[offset[real]])
        advance(int(real.sum()))
    return {name: collector.sparse(first) for name, collector in collectors.items()}


def _sent(part: Tensor, device: str) -> Tensor:
    """On the device; to a GPU from pinned memory, while it still computes."""
    return part.pin_memory().to(device, non_blocking=True) if device.startswith("cuda") else part.to(device)


def batches(lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Passages that are read together, padded to the longest: at most `budget` tokens, unless one alone has more.

    Neighbours in length share a batch, so that little is padding, and the longest come first: what does not fit a
    device's memory fails at once.
    """
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    begin = 0
    while begin < len(order):
        end = begin + max(1, budget // int(lengths[order[begin]]))
        yield order[begin:end]
        begin = end


class _Collector:
    """The sparse rows of one dictionary, and its sums of squares. Only the entries above 0 leave the device."""

    def __init__(self, name: str, encoder: Encoder) -> None:
        self.name, self.encoder = name, encoder
        self.rows = _Rows()
        self.coming: list[tuple[Tensor, ...]] = []
        self.n = 0
        self.sums: Tensor | float = 0.0
        self.takes_sparse: bool | None = None

    def add(self, x: Tensor, token: Tensor, ordinary: Tensor) -> None:
        """Encode `x` of shape (token, dimension); `token` are offsets from the first."""
        self.n += int(ordinary.sum())
        rows = ROWS if x.device.type == "cpu" else max(ROWS, DENSE // self.encoder.n_features)
        for part in zip(x.split(rows), token.int().split(rows), ordinary.split(rows), strict=True):
            self._add(*part)

    def _add(self, x: Tensor, token: Tensor, ordinary: Tensor) -> None:
        features = self.encoder.encode(x)
        x, token, ordinary = (part.to(features.device, non_blocking=True) for part in (x, token, ordinary))
        row, feature, value = above_zero(features)
        entries = (token[row], feature.int(), value.float())
        if features.device.type == "cpu":
            self.rows.add(*entries)
        else:
            self.coming.append(tuple(part.to("cpu", non_blocking=True) for part in entries))
        kept, residual = ordinary.to(x.dtype), x - self._decoded(features, row, feature, value, x)
        squares = [(rows.square().sum(1) @ kept)[None] for rows in (residual, x)]
        self.sums = self.sums + torch.cat([*squares, kept @ x]).to(WIDE.get(x.device.type, torch.float64))

    def _decoded(self, features: Tensor, row: Tensor, feature: Tensor, value: Tensor, x: Tensor) -> Tensor:
        """What the dictionary makes of its features. Its own decoder takes them sparse where it can: with 1 % of them
        above 0 that is 20 to 70 times as fast. The first chunk is decoded both ways to see."""
        if self.takes_sparse is False:
            return self.encoder.decode(features, x)
        sparse = torch.sparse_coo_tensor(
            torch.stack([row, feature]), value, features.shape, is_coalesced=True, check_invariants=False
        )
        if self.takes_sparse:
            return self.encoder.decode(sparse, x)
        dense = self.encoder.decode(features, x)
        try:
            again = self.encoder.decode(sparse, x)
            self.takes_sparse = bool((again - dense).norm() <= ROUNDING * dense.norm())
        except (RuntimeError, TypeError, ValueError):
            self.takes_sparse = False
        return dense

    def sparse(self, first: int) -> Sparse:
        """Everything that was added, once it has arrived."""
        residual, squares, *sums = self.sums.tolist() if isinstance(self.sums, Tensor) else (0.0, 0.0)
        if not np.isfinite([residual, squares]).all():
            raise IngestError(
                f"space {self.name!r}: activations at {self.encoder.hook} are not finite numbers; "
                "give its model, or it, dtype = 'float32'"
            )
        for entries in self.coming:
            self.rows.add(*entries)
        token, feature, value = self.rows.columns
        moments = {"n": self.n, "squares": squares, "residual": residual, "sums": sums}
        return Sparse(token + np.int32(first), feature, value, moments)


class _Rows:
    """Token, feature and value of each entry, in arrays that double when they are full.

    As thousands of small tensors they would lie in the holes that dense features leave, and take ten times the room.
    """

    def __init__(self) -> None:
        self.n = 0
        self.held = [np.empty(1 << 16, kind) for kind in (np.int32, np.int32, np.float32)]

    def add(self, *entries: Tensor) -> None:
        end = self.n + len(entries[0])
        if end > len(self.held[0]):
            self.held = [np.resize(held, max(end, 2 * len(held))) for held in self.held]
        for held, part in zip(self.held, entries, strict=True):
            held[self.n : end] = part.numpy()
        self.n = end

    @property
    def columns(self) -> tuple[np.ndarray, ...]:
        return tuple(held[: self.n] for held in self.held)


def above_zero(features: Float[Tensor, "token feature"]) -> tuple[Tensor, Tensor, Tensor]:
    """Row, feature and value of the entries above 0, row by row."""
    if features.device.type != "cpu" or features.dtype != torch.float32:
        row, feature = torch.nonzero(features > 0, as_tuple=True)
        return row, feature, features[row, feature]
    # A fifth of the time that torch takes on a processor.
    values = features.numpy().reshape(-1)
    place = np.flatnonzero(values > 0)
    where = np.divmod(place, features.shape[1])
    return torch.from_numpy(where[0]), torch.from_numpy(where[1]), torch.from_numpy(values[place])

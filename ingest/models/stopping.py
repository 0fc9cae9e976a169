"""Reading a network at some places of its forward pass, and nothing behind them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

PROBE = torch.arange(1, 14)[None]
"""Token ids of a short passage, which shows what a network gives where: int of shape (1 passage, 13 positions)."""


class Enough(Exception):
    """Raised in a hook when the last activation that was asked for is there: not an error, but the way out."""


def first_tensor(given: Any) -> Tensor | None:
    """What a module gives: a tensor, or the first of several."""
    if isinstance(given, Mapping):
        given = tuple(given.values())
    if isinstance(given, (tuple, list)):
        given = given[0] if given else None
    return given if isinstance(given, Tensor) else None


def width_of(given: Any) -> int | None:
    """Dimensions of what a place gives for `PROBE`; None where it is not one row of numbers for each position."""
    tensor = first_tensor(given)
    if tensor is None or not tensor.is_floating_point() or tensor.ndim < 3 or tensor.shape[:2] != PROBE.shape:
        return None
    return tensor.shape[2:].numel()


def keep(found: dict[str, Tensor], name: str, given: Any, *, wanted: int) -> None:
    """Note what a place gave; leave the forward pass when `wanted` places are read."""
    tensor = first_tensor(given)
    assert tensor is not None
    found[name] = tensor
    if len(found) == wanted:
        raise Enough

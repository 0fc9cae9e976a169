"""The next-token loss of a network in whose forward pass the activations at one place are replaced."""

from collections.abc import Callable, Mapping
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from ingest.models.stopping import first_tensor

Replace = Callable[[Float[Tensor, "passage position d"]], Float[Tensor, "passage position d"]]
"""Activations of a place, in float32 -> what stands there instead."""


def replaced(given: Any, replace: Replace) -> Any:
    """What a module gives, a tensor or several, with the first tensor replaced; in its own shape and numbers."""
    tensor = first_tensor(given)
    assert tensor is not None
    value = replace(tensor.flatten(2).float()).reshape(tensor.shape).to(tensor.dtype)
    if isinstance(given, Mapping):
        return type(given)(**{**given, next(iter(given)): value})
    return type(given)([value, *given[1:]]) if isinstance(given, (tuple, list)) else value


def next_token_losses(
    logits: Float[Tensor, "passage position vocabulary"], ids: Int[Tensor, "passage position"]
) -> Float[Tensor, "passage position-1"]:
    """Cross-entropy in nats of every token but the first, under the logits at the position before it."""
    return cross_entropy(logits[:, :-1].float().transpose(1, 2), ids[:, 1:].to(logits.device), reduction="none")

"""The direct path from the residual stream to the logits: the final normalisation as a linear map, the unembedding."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Path = tuple[Float[Tensor, " d"], Float[Tensor, "d vocabulary"]]


def centred(gain: Float[Tensor, " d"], unembedding: Float[Tensor, "d vocabulary"]) -> Path:
    """The path through a layer norm: (x - mean x) * gain, then the unembedding. The mean's share is in the matrix."""
    behind = gain[:, None] * unembedding
    return torch.ones_like(gain), behind - behind.mean(0)


def through(normalise: Callable[[Tensor], Tensor], unembedding: Float[Tensor, "d vocabulary"]) -> Path | None:
    """The path through a normalisation whose kind is not known, which is tried out; None where it is neither of two.

    With x' = x / rms(x) (RMSNorm) or x' = (x - mean x) / sd(x) (layer norm), half of f(x) - f(-x) is gain * x' for
    either: the one that gives the same gain for two x is the one. So gains that are stored as 1 + w need no case.
    """
    generator = torch.Generator().manual_seed(0)
    x = 1 + torch.randn(2, len(unembedding), generator=generator)
    odd = (normalise(x) - normalise(-x)) / 2
    layer = (x - x.mean(1, keepdim=True)) / x.std(1, correction=0, keepdim=True)
    root = x / x.square().mean(1, keepdim=True).sqrt()
    for scaled, path in ((layer, centred), (root, lambda gain, matrix: (gain, matrix))):
        first, second = odd / scaled
        known = scaled.abs().amin(0) > 0.1  # elsewhere the quotient is rounding
        if known.any() and torch.allclose(first[known], second[known], rtol=0.05, atol=0.02):
            gain = (odd * scaled).sum(0) / scaled.square().sum(0)
            return path(gain, unembedding)
    return None

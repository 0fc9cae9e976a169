"""The direct path from the residual stream to the logits: the final normalisation as a linear map, the unembedding."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

TRIED = 16
"""Random x of each half: so many that the gain is known better than one number of 16 bits is."""
Path = tuple[Float[Tensor, " d"], Float[Tensor, "d vocabulary"]]


def centred(gain: Float[Tensor, " d"], unembedding: Float[Tensor, "d vocabulary"]) -> Path:
    """The path through a layer norm: (x - mean x) * gain, then the unembedding. The mean's share is in the matrix."""
    behind = gain[:, None] * unembedding
    return torch.ones_like(gain), behind - behind.mean(0)


def through(normalise: Callable[[Tensor], Tensor], unembedding: Float[Tensor, "d vocabulary"]) -> Path | None:
    """The path through a normalisation whose kind is not known, which is tried out; None where it is neither of two.

    With x' = x / rms(x) (RMSNorm) or x' = (x - mean x) / sd(x) (layer norm), half of f(x) - f(-x) is gain * x' for
    either: the one that gives the same gain for other x is the one. So gains that are stored as 1 + w need no case.
    """
    generator = torch.Generator().manual_seed(0)
    x = 1 + torch.randn(2, TRIED, len(unembedding), generator=generator)
    odd = (normalise(x.flatten(0, 1)) - normalise(-x.flatten(0, 1))).view_as(x) / 2
    layer = (x - x.mean(2, keepdim=True)) / x.std(2, correction=0, keepdim=True)
    root = x / x.square().mean(2, keepdim=True).sqrt()
    for scaled, path in ((layer, centred), (root, lambda gain, matrix: (gain, matrix))):
        halves = (odd * scaled).sum(1) / scaled.square().sum(1)  # by least squares, from each half of the x
        if torch.allclose(halves[0], halves[1], rtol=0.02, atol=0.02):
            return path(halves.mean(0), unembedding)
    return None

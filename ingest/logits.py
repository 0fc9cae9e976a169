"""Output tokens that a feature's decoder row raises and lowers most, along the direct path."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float
from torch import Tensor

from ingest import models
from ingest.activations import Space
from ingest.tables import rows
from store.schema import BY_NAME

LOGITS = 10
"""Promoted, and as many suppressed, output tokens kept for each feature."""
BLOCK = 1024
"""Decoder rows multiplied with the unembedding at once."""


@dataclass(frozen=True)
class Direct:
    """The way of a space's features to the logits."""

    gain: Float[Tensor, " d"]
    unembedding: Float[Tensor, "d vocabulary"]
    decoder: Float[Tensor, "feature d"]
    spelled: pa.Array
    """Every output token as text."""

    @staticmethod
    def of(space: Space) -> "Direct | None":
        """None where it is not known what the features add to the residual stream, or the model has no unembedding."""
        network = space.model.network
        path = None if network is None else network.direct_path()
        decoder = _written(space)
        if decoder is None or path is None:
            return None
        spelled = [space.model.tokenizer.decode([i]) for i in range(path[1].shape[1])]
        return Direct(*path, decoder, pa.array(spelled))


def _written(space: Space) -> Float[Tensor, "feature d"] | None:
    """What a unit of each feature adds to the residual stream; None where that is not one direction, as at hook_z."""
    dictionary, network = space.dictionary, space.model.network
    if not isinstance(dictionary, models.Dictionary) or network is None:
        return None if dictionary is None else dictionary.decoder
    adds = network.rows(dictionary.hook)
    if adds is None:
        return None
    is_stream = adds.shape[0] == adds.shape[1] and torch.equal(adds, torch.eye(len(adds)))
    return dictionary.decoder if is_stream else dictionary.decoder @ adds


def of_features(space: str, direct: Direct | None, first: int, last: int) -> pa.Table:
    """The table `logits` of the features from `first` up to `last`; empty without a direct path. Holds one block."""
    parts = [BY_NAME["logits"].arrow.empty_table()]
    if direct is None:
        return parts[0]
    for begin in range(first, last, BLOCK):
        decoder = direct.decoder[begin : min(begin + BLOCK, last)]
        logits = models.direct_logits(direct.gain, direct.unembedding, decoder)
        for side, largest in (("promoted", True), ("suppressed", False)):
            value, token = torch.topk(logits, LOGITS, dim=1, largest=largest)
            feature = np.repeat(np.arange(begin, begin + len(logits)), LOGITS)
            rank = np.tile(np.arange(1, LOGITS + 1), len(logits))
            texts = direct.spelled.take(pa.array(token.ravel().numpy()))
            names = np.full(len(feature), side)
            parts.append(
                rows("logits", space, feature, side=names, rank=rank, token=texts, value=value.ravel().numpy())
            )
    return pa.concat_tables(parts).sort_by([(c, "ascending") for c in BY_NAME["logits"].order])

"""A loaded language model: its tokenizer, and its network, which is read at hooks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

Replace = Callable[[Float[Tensor, "passage position d"]], Float[Tensor, "passage position d"]]


class Network(Protocol):
    """The part of a model that computes. A hook is a named place of its forward pass, `token d` wide."""

    @property
    def hooks(self) -> tuple[str, ...]:
        """Every hook that can be read, in the order of the forward pass."""

    @property
    def context(self) -> int | None:
        """Longest passage it reads, special tokens included, in tokens; None where it has no limit."""

    @property
    def facts(self) -> dict[str, int | None]:
        """Layers, width, vocabulary and parameters: n_layers, d_model, vocab_size, n_parameters; None where unknown."""

    def width(self, hook: str) -> int:
        """Dimensions of the activations at a hook."""

    def read(
        self, ids: Int[Tensor, "passage position"], real: Bool[Tensor, "passage position"], hooks: list[str]
    ) -> dict[str, Float[Tensor, "passage position d"]]:
        """Activations at the hooks, in one pass that stops behind the deepest of them. `real` is False at padding."""

    def losses(
        self,
        ids: Int[Tensor, "passage position"],
        real: Bool[Tensor, "passage position"],
        hook: str,
        replace: Replace | None,
    ) -> Float[Tensor, "passage position-1"] | None:
        """Cross-entropy in nats of every token but the first, given those before it, with the activations at the hook
        replaced by what `replace` makes of them; None for a network that predicts no next token."""

    def direct_path(self) -> tuple[Float[Tensor, " d"], Float[Tensor, "d vocabulary"]] | None:
        """Gain of the final normalisation, and the unembedding; None for a network without one (an encoder)."""


@dataclass(frozen=True)
class Model:
    """A loaded language model, ready to be read.

    `tokenizer` and `network` are None for an imported model, of which only the tokens are known.
    """

    name: str
    load: str
    weights: str
    """SHA-256 of its files, and of every choice that its activations depend on."""
    vocabulary: str
    """SHA-256 of its tokenizer and of the special tokens around a passage: models that agree here share tokens."""
    tokenizer: Any
    network: Network | None
    prefix: tuple[int, ...] = ()
    """Token ids before every passage: BOS, or an encoder's [CLS]."""
    suffix: tuple[int, ...] = ()
    """Token ids behind every passage: an encoder's [SEP]."""
    token_file: Path | None = None
    """Where the tokens of an imported model lie."""

    @property
    def facts(self) -> dict[str, int | None]:
        """Layers, width, vocabulary and parameters; None where unknown."""
        if self.network is None:
            return dict.fromkeys(("n_layers", "d_model", "vocab_size", "n_parameters"))
        return self.network.facts

    @property
    def context(self) -> int | None:
        """Longest passage it reads, special tokens included, in tokens; None where there is no limit."""
        return None if self.network is None else self.network.context


def direct_logits(
    gain: Float[Tensor, " d"], unembedding: Float[Tensor, "d vocabulary"], decoder: Float[Tensor, "feature d"]
) -> Float[Tensor, "feature vocabulary"]:
    """What a unit of each feature adds to the logits along the direct path, each row centred over the vocabulary.

    The gain of the final layer norm is folded in; its division by the norm, which differs from token to token, is not.
    """
    logits = ((decoder - decoder.mean(1, keepdim=True)) * gain) @ unembedding
    return logits - logits.mean(1, keepdim=True)


def next_token_losses(
    logits: Float[Tensor, "passage position vocabulary"], ids: Int[Tensor, "passage position"]
) -> Float[Tensor, "passage position-1"]:
    """Cross-entropy in nats of every token but the first, under the logits at the position before it."""
    return cross_entropy(logits[:, :-1].float().transpose(1, 2), ids[:, 1:].to(logits.device), reduction="none")

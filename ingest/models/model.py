"""A loaded language model: its tokenizer, and its network, which is read at hooks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jaxtyping import Bool, Float, Int
from torch import Tensor

from ingest.models.hub import close_to
from ingest.models.splicing import Replace


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

    @property
    def dtype(self) -> str:
        """The numbers that it computes in: float32, bfloat16 or float16."""

    @property
    def device(self) -> str:
        """Where it computes: cpu, cuda, ..."""

    def width(self, hook: str) -> int:
        """Dimensions of the activations at a hook."""

    def signed(self, hook: str) -> bool:
        """Whether a unit of the hook means as much below 0 as above; False behind a nonlinearity that fires above 0."""

    def rows(self, hook: str) -> Float[Tensor, "unit d_model"] | None:
        """What each unit of the hook adds to the residual stream, on the CPU; None where that is not one direction."""

    def read(
        self, ids: Int[Tensor, "passage position"], real: Bool[Tensor, "passage position"], hooks: list[str]
    ) -> dict[str, Float[Tensor, "passage position d"]]:
        """Activations at the hooks, in one pass that stops behind the deepest of them. `real` is False at padding.

        The ids may lie anywhere. The activations lie on the network's device, in float32.
        """

    def losses(
        self,
        ids: Int[Tensor, "passage position"],
        real: Bool[Tensor, "passage position"],
        hook: str,
        replace: Replace | None,
    ) -> Float[Tensor, "passage position-1"] | None:
        """Cross-entropy in nats of every token but the first, given those before it, with the activations at the hook
        replaced by what `replace` makes of them, float32 there; None for a network that predicts no next token."""

    def direct_path(self) -> tuple[Float[Tensor, " d"], Float[Tensor, "d vocabulary"]] | None:
        """What the final normalisation and the unembedding do to a direction of the residual stream, on the CPU: a
        factor for each dimension, then a matrix; None for a network without them (an encoder).

        Where the normalisation subtracts the mean, that is in the matrix. Its division by the norm, which differs from
        token to token, is left out.
        """


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
    def dtype(self) -> str | None:
        """The numbers that it computes in; None where unknown."""
        return None if self.network is None else self.network.dtype

    @property
    def device(self) -> str | None:
        """Where it computes; None where unknown."""
        return None if self.network is None else self.network.device

    @property
    def context(self) -> int | None:
        """Longest passage it reads, special tokens included, in tokens; None where there is no limit."""
        return None if self.network is None else self.network.context


def no_hook(model: str, hook: str | None, hooks: tuple[str, ...]) -> str:
    """That a model has no such hook, and which it has: those that are spelled most like it, and some more."""
    streams = [name for name in hooks if name.endswith("hook_resid_post")] or list(hooks)
    shown = list(dict.fromkeys([*close_to(hook or "", hooks), streams[0], streams[-1]]))
    return f"model {model!r} has no hook {hook!r}; it has {', '.join(shown)}, ... ({len(hooks)} in all)"


def direct_logits(
    factor: Float[Tensor, " d"], unembedding: Float[Tensor, "d vocabulary"], decoder: Float[Tensor, "feature d"]
) -> Float[Tensor, "feature vocabulary"]:
    """What a unit of each feature adds to the logits along `direct_path`, each row centred over the vocabulary."""
    logits = (decoder * factor) @ unembedding
    return logits - logits.mean(1, keepdim=True)

"""Any network that transformers loads, encoders included, read at its modules.

A hook is the name of a module and means what comes out of it (the first of several tensors). Where the network has one
list of layers, `blocks.N.hook_resid_pre` and `blocks.N.hook_resid_post` stand for the residual stream before and behind
layer N (the latter is `hidden_states[N + 1]` of transformers; behind the last layer, before any final normalisation),
`blocks.N.hook_attn_out` and `blocks.N.hook_mlp_out` for what is added to it.
"""

from contextlib import ExitStack, suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ingest.errors import IngestError
from ingest.models import libraries as libraries
from ingest.models import placement
from ingest.models.architecture import is_causal, is_rectifier
from ingest.models.direct_path import through
from ingest.models.hub import Source, one_line
from ingest.models.lens import STREAM
from ingest.models.splicing import Replace, next_token_losses, replaced
from ingest.models.stopping import Enough, keep
from ingest.models.trace import Event, adding, entering, layer_list, trace


@dataclass(frozen=True)
class HuggingFaceNetwork:
    """A network of transformers."""

    module: Any
    source: Source
    context: int | None
    n_tokens: int
    """Entries of the tokenizer's vocabulary; the network's own may be padded."""
    unread: frozenset[str] = frozenset()
    """Parameters that the checkpoint does not hold: transformers fills them with random numbers."""

    @property
    def hooks(self) -> tuple[str, ...]:
        return tuple(self.places)

    @cached_property
    def places(self) -> dict[str, Event]:
        """Hook -> where it reads, in the order of the forward pass.

        Everything is left out from the first module on that computes with a parameter which the checkpoint lacks.
        """
        layers, n_layers = self._layers, self.source.config.get_text_config().num_hidden_layers
        first = f"{layers}.0"
        events = trace(self.module, lambda name: name == first or name.startswith(f"{first}."))
        added = adding(events, first) if layers else None
        alias = {}
        for n in range(n_layers if layers else 0):
            alias[f"{layers}.{n}", True] = f"blocks.{n}.hook_resid_pre"
            alias[f"{layers}.{n}", False] = f"blocks.{n}.hook_resid_post"
            for name, kind in zip(added or (), ("hook_attn_out", "hook_mlp_out"), strict=False):
                alias[f"{layers}.{n}.{name}", False] = f"blocks.{n}.{kind}"
        random = {name.rpartition(".")[0] for name in self.unread}
        found = {}
        for event in events:
            if event.module in random:
                break
            place = Event(event.module, event.entry, event.width, None)
            if event.width and (event.module, event.entry) in alias:
                found[alias[event.module, event.entry]] = place
            if event.width and not event.entry:
                found[event.module] = place
        return found

    @cached_property
    def _layers(self) -> str | None:
        return layer_list(self.module, self.source.config.get_text_config().num_hidden_layers)

    @property
    def facts(self) -> dict[str, int | None]:
        config = self.source.config.get_text_config()
        known = (parameter for name, parameter in self.module.named_parameters() if name not in self.unread)
        return {
            "n_layers": config.num_hidden_layers,
            "d_model": config.hidden_size,
            "vocab_size": self.n_tokens,
            "n_parameters": sum(parameter.numel() for parameter in known),
        }

    @property
    def _some(self) -> Tensor:
        return next(self.module.parameters())

    @property
    def dtype(self) -> str:
        return placement.name(self._some.dtype)

    @property
    def device(self) -> str:
        return self._some.device.type

    def width(self, hook: str) -> int:
        return self.places[hook].width or 0

    def signed(self, hook: str) -> bool:
        place = self.places[hook]
        return place.entry or not is_rectifier(place.module, self.module.get_submodule(place.module))

    def rows(self, hook: str) -> Float[Tensor, "unit d_model"] | None:
        place = self.places[hook]
        if hook.endswith(STREAM) or place.module.rpartition(".")[0] == self._layers:
            return torch.eye(self.width(hook))
        return None if self.signed(hook) else self._written(place.module)

    def _written(self, activation: str) -> Float[Tensor, "unit d_model"] | None:
        """Rows of the matrix that takes exactly what an activation function gives, if it is as wide as the stream."""
        block = activation.rpartition(".")[0].rpartition(".")[0]
        near = trace(self.module, lambda name: name.startswith(f"{block}."))
        given = next(event.value for event in near if event.module == activation and not event.entry)
        for event in near:
            module = self.module.get_submodule(event.module)
            weight = getattr(module, "weight", None)
            if not event.entry or event.value is None or given is None or weight is None or weight.ndim != 2:
                continue
            if event.value.shape == given.shape and torch.equal(event.value, given):
                rows = weight.T if isinstance(module, torch.nn.Linear) else weight  # GPT-2's Conv1D is transposed
                wide = self.source.config.get_text_config().hidden_size
                return rows.detach().float().cpu() if rows.shape[1] == wide else None
        return None

    @torch.inference_mode()
    def read(
        self, ids: Int[Tensor, "passage position"], real: Bool[Tensor, "passage position"], hooks: list[str]
    ) -> dict[str, Float[Tensor, "passage position d"]]:
        found: dict[str, Tensor] = {}

        def before(name: str) -> Any:
            return lambda module, arguments, named: keep(found, name, entering(arguments, named), wanted=len(hooks))

        def behind(name: str) -> Any:
            return lambda module, arguments, given: keep(found, name, given, wanted=len(hooks))

        device = self._some.device
        # A causal network cannot see the padding behind a passage; from any other it has to be masked.
        mask = None if is_causal(self.source.config) or bool(real.all()) else real.to(device).long()
        with ExitStack() as hooked:
            for hook in hooks:
                place = self.places[hook]
                module = self.module.get_submodule(place.module)
                if place.entry:
                    handle = module.register_forward_pre_hook(before(hook), with_kwargs=True)
                else:
                    handle = module.register_forward_hook(behind(hook))
                hooked.callback(handle.remove)
            with suppress(Enough):
                self.module(ids.to(device), attention_mask=mask)
        return {hook: found[hook].flatten(2).float() for hook in hooks}

    @torch.inference_mode()
    def losses(
        self,
        ids: Int[Tensor, "passage position"],
        real: Bool[Tensor, "passage position"],
        hook: str,
        replace: Replace | None,
    ) -> Float[Tensor, "passage position-1"] | None:
        if not is_causal(self.source.config) or self.unread:
            return None  # no head, or one of random numbers
        place = self.places[hook]
        module = self.module.get_submodule(place.module)
        with ExitStack() as hooked:
            if replace is not None and place.entry:
                hooked.callback(module.register_forward_pre_hook(_entering(replace), with_kwargs=True).remove)
            elif replace is not None:
                handle = module.register_forward_hook(lambda module, arguments, given: replaced(given, replace))
                hooked.callback(handle.remove)
            return next_token_losses(self.module(ids.to(self._some.device)).logits, ids)

    def direct_path(self) -> tuple[Float[Tensor, " d"], Float[Tensor, "d vocabulary"]] | None:
        head = self.module.get_output_embeddings() if is_causal(self.source.config) else None
        name = next((name for name, module in self.module.named_modules() if module is head), None)
        if head is None or name is None:
            return None
        ends = [event.module for event in trace(self.module) if not event.entry and event.width]
        before = ends[: ends.index(name)] if name in ends else []
        final = next(
            (n for n in reversed(before) if "norm" in type(self.module.get_submodule(n)).__name__.lower()), None
        )
        if final is None or (self._layers and final.startswith(f"{self._layers}.")):
            return None
        norm = deepcopy(self.module.get_submodule(final)).cpu().float()

        @torch.inference_mode()
        def normalise(x: Tensor) -> Tensor:
            return norm(x[None])[0]

        return through(normalise, head.weight.detach()[: self.n_tokens].T.float().cpu())


def _entering(replace: Replace) -> Any:
    """A hook that replaces what goes into a module: its first argument, as `trace.entering` finds it."""

    def hook(module: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if arguments:
            return (replaced(arguments[0], replace), *arguments[1:]), named
        return arguments, named | {"hidden_states": replaced(named["hidden_states"], replace)}

    return hook


def load_network(spec: Any, source: Source, context: int | None, n_tokens: int) -> HuggingFaceNetwork:
    """The network of a `[[models]]` entry. Raises `IngestError`."""
    from transformers import AutoModel, AutoModelForCausalLM

    where = placement.device(spec)
    dtype = placement.dtype(spec, source.config.dtype, where)
    kind: Any = AutoModelForCausalLM if is_causal(source.config) else AutoModel
    with one_line(spec, source.said):
        module, report = kind.from_pretrained(source.name, dtype=dtype, output_loading_info=True, **source.arguments)
        module.config.use_cache = False
        module = module.to(where).eval().requires_grad_(False)
        network = HuggingFaceNetwork(module, source, context, n_tokens, frozenset(report["missing_keys"]))
        hooks = network.hooks
    if not hooks:
        raise IngestError(
            f"model {spec.name!r}: {source.said} lacks the first weights of {type(module).__name__}, such as "
            f"{sorted(network.unread)[0]}; give the checkpoint that belongs to its config.json"
        )
    return network

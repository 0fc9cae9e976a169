"""Any network that TransformerLens knows, loaded from the hub or a folder, read at TransformerLens's hooks."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ingest.errors import IngestError
from ingest.models import libraries as libraries
from ingest.models import placement
from ingest.models.architecture import is_causal, n_parameters
from ingest.models.direct_path import through
from ingest.models.hub import Source, close_to, one_line
from ingest.models.lens import NEURONS, STREAM, layer_of
from ingest.models.splicing import Replace, next_token_losses, replaced
from ingest.models.stopping import PROBE, Enough, keep, width_of

PROCESSING = (
    "fold_ln",
    "center_writing_weights",
    "center_unembed",
    "fold_value_biases",
    "refactor_factored_attn_matrices",
)
"""Changes to the weights that keep the logits and move the activations; an SAE says which it was trained on."""


@dataclass(frozen=True)
class BridgeNetwork:
    """A TransformerBridge."""

    bridge: Any
    source: Source
    context: int | None
    n_tokens: int
    """Entries of the tokenizer's vocabulary; the network's own may be padded."""

    @property
    def hooks(self) -> tuple[str, ...]:
        return tuple(self._widths)

    @cached_property
    def _points(self) -> dict[str, Any]:
        """Hook -> TransformerLens's object; several names may stand for one. Without those that a setting closes."""
        every = self.bridge.hook_dict
        return {name: point for name, point in every.items() if self.bridge._gated_hook_reason(name) is None}

    @cached_property
    def _widths(self) -> dict[str, int]:
        """Hook -> its dimensions, in the order of the forward pass: those that have one row for each position."""
        names: dict[int, list[str]] = {}
        for name, point in self._points.items():
            names.setdefault(id(point), []).append(name)
        widths: dict[str, int] = {}

        def note(together: list[str], tensor: Any) -> None:
            if together[0] not in widths and (found := width_of(tensor)):
                widths.update(dict.fromkeys(together, found))

        self._pass(PROBE % self.n_tokens, None, {together[0]: partial(note, together) for together in names.values()})
        return widths

    @torch.inference_mode()
    def _pass(self, ids: Tensor, mask: Tensor | None, watchers: Mapping[str, Callable[[Any], None]]) -> None:
        """One forward pass, in which each hook's watcher sees what is there; `Enough` ends it."""
        with suppress(Enough), self._hooked(watchers):
            self.bridge(ids.to(self._device), attention_mask=mask, return_type=None)

    @contextmanager
    def _hooked(self, functions: Mapping[str, Callable[[Any], Any]]) -> Iterator[None]:
        """Each function sees what is at its hook, and what it gives, if anything, stands there instead."""
        self.bridge.context_level += 1
        level = self.bridge.context_level
        try:
            for name, function in functions.items():
                self._points[name].add_hook(partial(_called, function), level=level)
            yield
        finally:
            for name in functions:
                self._points[name].remove_hooks(level=level)
            self.bridge.context_level -= 1

    @property
    def _device(self) -> torch.device:
        return next(self.bridge.original_model.parameters()).device

    @property
    def facts(self) -> dict[str, int | None]:
        cfg = self.bridge.cfg
        return {
            "n_layers": cfg.n_layers,
            "d_model": cfg.d_model,
            "vocab_size": self.n_tokens,
            "n_parameters": n_parameters(self.source.config, type(self.bridge.original_model)),
        }

    @property
    def dtype(self) -> str:
        return placement.name(next(self.bridge.original_model.parameters()).dtype)

    @property
    def device(self) -> str:
        return self._device.type

    def width(self, hook: str) -> int:
        return self._widths[hook]

    def signed(self, hook: str) -> bool:
        return not hook.endswith(NEURONS) or bool(self.bridge.cfg.gated_mlp)

    def rows(self, hook: str) -> Float[Tensor, "unit d_model"] | None:
        if hook.endswith(STREAM):
            return torch.eye(self.width(hook))
        if (
            hook.endswith(NEURONS)
            and (found := getattr(self.bridge.blocks[layer_of(hook)].mlp, "W_out", None)) is not None
        ):
            return found.detach().float().cpu() if found.shape[0] == self.width(hook) else None
        return None

    def read(
        self, ids: Int[Tensor, "passage position"], real: Bool[Tensor, "passage position"], hooks: list[str]
    ) -> dict[str, Float[Tensor, "passage position d"]]:
        found: dict[str, Tensor] = {}
        # A causal network cannot see the padding behind a passage; from any other it has to be masked.
        mask = None if is_causal(self.source.config) or bool(real.all()) else real.to(self._device).long()
        self._pass(ids, mask, {name: partial(keep, found, name, wanted=len(hooks)) for name in hooks})
        return {name: found[name].flatten(2).float() for name in hooks}

    @torch.inference_mode()
    def losses(
        self,
        ids: Int[Tensor, "passage position"],
        real: Bool[Tensor, "passage position"],
        hook: str,
        replace: Replace | None,
    ) -> Float[Tensor, "passage position-1"] | None:
        if not is_causal(self.source.config):
            return None
        with self._hooked({} if replace is None else {hook: partial(replaced, replace=replace)}):
            return next_token_losses(self.bridge(ids.to(self._device), return_type="logits"), ids)

    def direct_path(self) -> tuple[Float[Tensor, " d"], Float[Tensor, "d vocabulary"]] | None:
        final = getattr(self.bridge, "ln_final", None)
        if final is None or not is_causal(self.source.config):
            return None

        @torch.inference_mode()
        def normalise(x: Tensor) -> Tensor:
            return final(x[None].to(self._device, next(self.bridge.original_model.parameters()).dtype))[0].float().cpu()

        return through(normalise, self.bridge.W_U.detach()[:, : self.n_tokens].float().cpu())


def _called(function: Callable[[Any], Any], tensor: Any, hook: Any) -> Any:
    return function(tensor)


def load_bridge(
    spec: Any, source: Source, wants: Mapping[str, bool], context: int | None, n_tokens: int
) -> BridgeNetwork:
    """The network of a `[[models]]` entry, its weights processed as `wants` says. Raises `IngestError`."""
    from transformer_lens.model_bridge import TransformerBridge

    logging.getLogger().setLevel(logging.WARNING)
    where = placement.device(spec)
    dtype = placement.dtype(spec, source.config.dtype, where)
    with one_line(spec, source.said):
        bridge = TransformerBridge.boot_transformers(source.name, device=where, dtype=dtype, revision=source.revision)
        libraries.quiet()
        if any(wants.values()):
            chosen = {name: bool(wants.get(name, False)) for name in PROCESSING}
            bridge.enable_compatibility_mode(disable_warnings=True, **chosen)
        _check_whole(spec, source, type(bridge.original_model))
        network = BridgeNetwork(bridge.eval().requires_grad_(False), source, context, n_tokens)
        assert network.hooks
    return network


def _check_whole(spec: Any, source: Source, kind: Any) -> None:
    """Raises `IngestError` where the checkpoint lacks weights: TransformerLens does not tell of random ones."""
    _, report = kind.from_pretrained(source.name, device_map="meta", output_loading_info=True, **source.arguments)
    if missing := sorted(report["missing_keys"]):
        raise IngestError(
            f"model {spec.name!r}: {source.said} lacks {len(missing)} weights of {kind.__name__}, such as "
            f"{missing[0]}; load it with huggingface:, which reads up to the first of them"
        )


def official_name(spec: Any, name: str) -> str:
    """The repository that a name of TransformerLens stands for. Raises `IngestError` for a short name that is none."""
    from transformer_lens.supported_models import MODEL_ALIASES, OFFICIAL_MODEL_NAMES

    if "/" in name or name in OFFICIAL_MODEL_NAMES:
        return name
    for official, aliases in MODEL_ALIASES.items():
        if name in aliases:
            return official
    known = [*OFFICIAL_MODEL_NAMES, *(alias for aliases in MODEL_ALIASES.values() for alias in aliases)]
    near = ", ".join(close_to(name, known)) or "gpt2, pythia-70m-deduped"
    raise IngestError(
        f"model {spec.name!r}: {name!r} is no name of TransformerLens; close to it: {near}; or give ORG/NAME of the hub"
    )

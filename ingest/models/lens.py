"""A HookedTransformer, read at its hooks: what the demo ships."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ingest.models import placement
from ingest.models.direct_path import centred
from ingest.models.splicing import Replace, next_token_losses, replaced

NEURONS = "mlp.hook_post"
STREAM = ("hook_resid_pre", "hook_resid_mid", "hook_attn_out", "hook_mlp_out", "hook_resid_post")
"""Hooks of a layer that are as wide as the residual stream and are added to it."""


@dataclass(frozen=True)
class LensNetwork:
    """A HookedTransformer."""

    hooked: Any

    @property
    def hooks(self) -> tuple[str, ...]:
        return tuple(self.hooked.hook_dict)

    @property
    def context(self) -> int | None:
        return int(self.hooked.cfg.n_ctx)

    @property
    def facts(self) -> dict[str, int | None]:
        cfg = self.hooked.cfg
        n_parameters = sum(p.numel() for p in self.hooked.parameters())
        return {
            "n_layers": cfg.n_layers,
            "d_model": cfg.d_model,
            "vocab_size": cfg.d_vocab,
            "n_parameters": n_parameters,
        }

    @property
    def dtype(self) -> str:
        return placement.name(self.hooked.W_E.dtype)

    @property
    def device(self) -> str:
        return self.hooked.W_E.device.type

    def width(self, hook: str) -> int:
        cfg = self.hooked.cfg
        return int(cfg.d_mlp if hook.endswith((NEURONS, "mlp.hook_pre")) else cfg.d_model)

    def signed(self, hook: str) -> bool:
        return not hook.endswith(NEURONS) or self.hooked.cfg.gated_mlp

    def rows(self, hook: str) -> Float[Tensor, "unit d_model"] | None:
        if hook.endswith(NEURONS):
            return self.hooked.blocks[layer_of(hook)].mlp.W_out.detach().float().cpu()
        return torch.eye(self.width(hook)) if hook.endswith(STREAM) else None

    @torch.inference_mode()
    def read(
        self, ids: Int[Tensor, "passage position"], real: Bool[Tensor, "passage position"], hooks: list[str]
    ) -> dict[str, Float[Tensor, "passage position d"]]:
        deepest = max(layer_of(hook) for hook in hooks) + 1
        ids = ids.to(self.hooked.W_E.device)
        _, cache = self.hooked.run_with_cache(ids, names_filter=hooks, stop_at_layer=deepest, return_type=None)
        return {hook: cache[hook].float() for hook in hooks}

    @torch.inference_mode()
    def losses(
        self,
        ids: Int[Tensor, "passage position"],
        real: Bool[Tensor, "passage position"],
        hook: str,
        replace: Replace | None,
    ) -> Float[Tensor, "passage position-1"] | None:
        hooks = [] if replace is None else [(hook, lambda x, hook: replaced(x, replace))]
        return next_token_losses(self.hooked.run_with_hooks(ids.to(self.hooked.W_E.device), fwd_hooks=hooks), ids)

    def direct_path(self) -> tuple[Float[Tensor, " d"], Float[Tensor, "d vocabulary"]] | None:
        gain = getattr(self.hooked.ln_final, "w", torch.ones(self.hooked.cfg.d_model))
        return centred(gain.detach().float().cpu(), self.hooked.W_U.detach().float().cpu())


def layer_of(hook: str) -> int:
    """N of `blocks.N. ...`; 0 for a hook before the blocks."""
    parts = hook.split(".")
    return int(parts[1]) if parts[0] == "blocks" else 0

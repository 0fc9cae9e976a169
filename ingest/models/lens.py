"""Networks of TransformerLens, read at its hooks."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ingest.models.model import Replace, next_token_losses


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

    def width(self, hook: str) -> int:
        cfg = self.hooked.cfg
        return int(cfg.d_mlp if hook.endswith(("mlp.hook_post", "mlp.hook_pre")) else cfg.d_model)

    @torch.inference_mode()
    def read(
        self, ids: Int[Tensor, "passage position"], real: Bool[Tensor, "passage position"], hooks: list[str]
    ) -> dict[str, Float[Tensor, "passage position d"]]:
        deepest = max(_layer(hook) for hook in hooks) + 1
        _, cache = self.hooked.run_with_cache(ids, names_filter=hooks, stop_at_layer=deepest, return_type=None)
        return {hook: cache[hook] for hook in hooks}

    @torch.inference_mode()
    def losses(
        self,
        ids: Int[Tensor, "passage position"],
        real: Bool[Tensor, "passage position"],
        hook: str,
        replace: Replace | None,
    ) -> Float[Tensor, "passage position-1"] | None:
        """Padding stands behind a passage, where a decoder cannot see it."""
        hooks = [] if replace is None else [(hook, lambda x, hook: replace(x))]
        return next_token_losses(self.hooked.run_with_hooks(ids, fwd_hooks=hooks), ids)

    def direct_path(self) -> tuple[Float[Tensor, " d"], Float[Tensor, "d vocabulary"]] | None:
        gain = getattr(self.hooked.ln_final, "w", torch.ones(self.hooked.cfg.d_model))
        return gain.detach().float(), self.hooked.W_U.detach().float()


def _layer(hook: str) -> int:
    parts = hook.split(".")
    return int(parts[1]) if parts[0] == "blocks" else 0

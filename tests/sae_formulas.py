"""The formulas of SAEs written out in float64, and the small parts that tests of SAEs share."""

import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sae_lens
import torch

from ingest import models
from ingest.config import SaeSpec
from ingest.errors import IngestError
from ingest.models import Model
from ingest.models.lens import LensNetwork
from tests.hub_saes import D

HOOK = "blocks.1.hook_resid_post"
TRANSCODER = "it is a transcoder, which reads one place of the model and writes another; give an SAE"
OF_CONTEXT = "it is a temporal SAE, whose features at a token depend on the tokens before it; give another SAE"
Array = np.ndarray[Any, np.dtype[np.float64]]


def switch_off_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a test reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def transformer(d_model: int = D, n_layers: int = 13) -> Model:
    shape = {"n_layers": n_layers, "d_model": d_model, "n_ctx": 16, "d_head": 8, "n_heads": 4, "d_mlp": 8}
    made = models.new_transformer({**shape, "d_vocab": 8, "act_fn": "gelu", "normalization_type": "LN"})
    return Model("m", "demo:m", "w", "v", None, LensNetwork(made), (0,))


def spec(path: Path | None = None, which: tuple[str | None, str | None] = (None, None), **given: Any) -> SaeSpec:
    return SaeSpec(name="s", model="m", kind="sae", path=path, release=which[0], sae_id=which[1], **given)


def made(cls: Any, settings: Any, folder: Path, hook: str | None = HOOK, **metadata: Any) -> dict[str, Array]:
    """Save an SAE with random weights as SAELens does; returns them."""
    settings.metadata = sae_lens.saes.sae.SAEMetadata(hook_name=hook, **({"prepend_bos": True} | metadata))
    sae = cls(settings)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in sae.named_parameters():
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * (0.3 if tensor.ndim == 1 else D**-0.5))
            if name in ("threshold", "topk_threshold"):
                tensor.abs_()
    sae.save_inference_model(folder) if hasattr(sae, "save_inference_model") else sae.save_model(folder)
    return {name: tensor.detach().double().numpy() for name, tensor in sae.state_dict().items()}


def inputs(n: int = 40, d: int = D) -> tuple[torch.Tensor, Array]:
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(1)) * 2 + 0.5
    return x, x.double().numpy()


def relu(values: Array) -> Array:
    return np.maximum(values, 0)


def top(values: Array, k: int) -> Array:
    """The k largest of each row that are above 0."""
    kept = np.zeros_like(values)
    for row, out in zip(values, kept, strict=True):
        for i in np.argsort(-row)[:k]:
            out[i] = max(row[i], 0)
    return kept


def gated(w: dict[str, Array], x: Array) -> Array:
    gate = (x - w["b_dec"]) @ w["W_enc"] + w["b_gate"] > 0
    magnitude = (x - w["b_dec"]) @ (w["W_enc"] * np.exp(w["r_mag"])) + w["b_mag"]
    return gate * relu(magnitude)


def jump(values: Array, threshold: Array) -> Array:
    return np.where(values > threshold, relu(values), 0)


def line_of(*given: Any, **more: Any) -> str:
    """The one line that loading a space is refused with."""
    which = more.pop("model")
    with pytest.raises(IngestError) as refusal:
        models.load_sae(spec(*given, **more), which)
    assert "\n" not in str(refusal.value)
    return str(refusal.value).removeprefix("space 's': ")

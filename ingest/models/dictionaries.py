"""Sparse autoencoders, ready to encode."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ingest.errors import IngestError
from ingest.models import libraries as libraries
from ingest.models.model import Model, no_hook
from ingest.workspace import file_digest


@dataclass(frozen=True)
class Dictionary:
    """A sparse autoencoder, ready to encode."""

    hook: str
    weights: str
    """SHA-256 of its files."""
    source: str
    """What it was loaded from."""
    sae: Any

    @property
    def n_features(self) -> int:
        return int(self.sae.cfg.d_sae)

    @property
    def d_in(self) -> int:
        return int(self.sae.cfg.d_in)

    @property
    def decoder(self) -> Float[Tensor, "feature d"]:
        return self.sae.W_dec.detach().float()

    @torch.inference_mode()
    def encode(self, x: Float[Tensor, "token d"]) -> Float[Tensor, "token feature"]:
        return self.sae.encode(x)

    @torch.inference_mode()
    def decode(self, features: Float[Tensor, "token feature"]) -> Float[Tensor, "token d"]:
        return self.sae.decode(features)


def load_sae(spec: Any, model: Model) -> Dictionary:
    """The SAE of a `[[spaces]]` entry. Raises `IngestError` when it is not there or does not fit the model's hook."""
    files = [spec.path / "cfg.json", spec.path / "sae_weights.safetensors"]
    if missing := [f for f in files if not f.is_file()]:
        raise IngestError(
            f"space {spec.name!r}: {spec.path} has no {missing[0].name}; give a folder in SAELens's format"
        )
    network = model.network
    if network is None:
        raise IngestError(
            f"space {spec.name!r}: model {model.name!r} is only tokens; an SAE needs a model that can be run"
        )
    sae = load_sae_folder(spec.path)
    hook = spec.hook or sae.cfg.metadata.get("hook_name")
    if hook not in network.hooks:
        raise IngestError(f"space {spec.name!r}: {no_hook(model.name, hook, network.hooks)}")
    width = network.width(hook)
    if sae.cfg.d_in != width:
        raise IngestError(
            f"space {spec.name!r}: the SAE reads {sae.cfg.d_in} dimensions, but {hook} of {model.name!r} has {width}; "
            "give the SAE that was trained at this hook"
        )
    return Dictionary(hook, file_digest(*files), f"{spec.path.parent.name}/{spec.path.name}", sae)


def load_sae_folder(folder: Path) -> Any:
    """An SAE in SAELens's own on-disk format, on the CPU, in evaluation mode."""
    from sae_lens import SAE

    return SAE.load_from_disk(folder, device="cpu").eval().requires_grad_(False)

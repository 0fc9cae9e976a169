"""Sparse autoencoders, ready to encode: from a folder, or from a release of SAELens's directory."""

import hashlib
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ingest.errors import IngestError
from ingest.models import libraries as libraries
from ingest.models.fetching import listed, shapes_from_cache, speaking
from ingest.models.model import Model, Network, no_hook
from ingest.models.wanted import Wanted, wanted_of
from ingest.workspace import digest

SCALED = "expected_average_only_in"
"""Activations were multiplied by one number before training (Anthropic, April 2024): it is folded into the weights."""
AT_RUN_TIME = ("layer_norm", "constant_norm_rescale")
"""Normalisations whose statistics are each token's own."""


@dataclass(frozen=True)
class Dictionary:
    """A sparse autoencoder, ready to encode."""

    hook: str
    weights: str
    """SHA-256 of its tensors as they are used, and of the choices that its features depend on."""
    source: str
    """What it was loaded from."""
    sae: Any
    neuronpedia_id: str | None = None
    """`<model>/<sae>`, where Neuronpedia shows its features; None where it does not."""

    @property
    def n_features(self) -> int:
        return int(self.sae.cfg.d_sae)

    @property
    def d_in(self) -> int:
        return int(self.sae.cfg.d_in)

    @property
    def decoder(self) -> Float[Tensor, "feature d"]:
        """What a unit of each feature adds to the reconstruction, float32 on the CPU."""
        rows = self.sae.W_dec.detach().float().cpu()
        # A TopK SAE of this kind measures its features in units of their decoder norms, and divides by them again.
        rescaled = getattr(self.sae.cfg, "rescale_acts_by_decoder_norm", False)
        return rows / rows.norm(dim=1, keepdim=True) if rescaled else rows

    @torch.inference_mode()
    def encode(self, x: Float[Tensor, "token d"]) -> Float[Tensor, "token feature"]:
        """On the SAE's device and in its dtype, wherever `x` is."""
        return self.sae.encode(x.to(self.sae.device))

    @torch.inference_mode()
    def decode(
        self, features: Float[Tensor, "token feature"], x: Float[Tensor, "token d"] | None = None
    ) -> Float[Tensor, "token d"]:
        """The reconstruction, in the units of the hook. An SAE that normalises each token needs the activations `x`
        that it encoded, whose mean and norm it gives back."""
        if self.sae.cfg.normalize_activations in AT_RUN_TIME:
            if x is None:
                raise ValueError("an SAE that normalises each token decodes with the activations that it encoded")
            self.sae.run_time_activation_norm_fn_in(x.to(self.sae.device, self.sae.dtype))
        return self.sae.decode(features)


def load_sae(spec: Any, model: Model) -> Dictionary:
    """The SAE of a `[[spaces]]` entry. Raises `IngestError` when it is not there or does not fit the model's hook."""
    network = model.network
    if network is None:
        raise IngestError(
            f"space {spec.name!r}: model {model.name!r} is only tokens; an SAE needs a model that can be run"
        )
    wanted = wanted_of(spec)
    hook = _fitting(spec, wanted, model, network)
    sae = _loaded(spec, wanted, network)
    _finite(spec, sae)
    found = listed(spec)
    neuronpedia = found.neuronpedia_id if found else sae.cfg.metadata.neuronpedia_id
    source = spec.named if spec.path is None else f"{spec.path.parent.name}/{spec.path.name}"
    return Dictionary(hook, weights_of(sae), source, sae, neuronpedia)


def _fitting(spec: Any, wanted: Wanted, model: Model, network: Network) -> str:
    """The hook that it reads, once it exists there and is as wide as the SAE."""
    if wanted.hook is None:
        raise IngestError(
            f"space {spec.name!r}: {spec.named} does not say which hook it reads; give hook, such as "
            f"{network.hooks[-1]}"
        )
    if wanted.hook not in network.hooks:
        raise IngestError(f"space {spec.name!r}: {no_hook(model.name, wanted.hook, network.hooks)}")
    if wanted.d_in != (width := network.width(wanted.hook)):
        raise IngestError(
            f"space {spec.name!r}: the SAE reads {wanted.d_in} dimensions, but {wanted.hook} of {model.name!r} has "
            f"{width}; give the SAE that was trained at this hook"
        )
    return wanted.hook


def _placed(spec: Any, wanted: Wanted, network: Network) -> tuple[str, str]:
    """Device and dtype: those given; else the model's device, and the wider of the model's and the SAE's own dtype."""
    from sae_lens.util import dtype_to_str, str_to_dtype

    device = spec.device if spec.device != "auto" else network.device
    if spec.dtype != "auto":
        return device, spec.dtype
    wider = torch.promote_types(str_to_dtype(wanted.dtype), str_to_dtype(network.dtype))
    return device, dtype_to_str(wider if wider != torch.float64 else torch.float32)


def _loaded(spec: Any, wanted: Wanted, network: Network) -> Any:
    """The SAE of a space, its scaling folded, in evaluation mode."""
    from sae_lens import SAE

    scale = _scaling(spec, wanted.normalisation)
    device, dtype = _placed(spec, wanted, network)
    with speaking(spec), shapes_from_cache(), warnings.catch_warnings():
        # It asks for the model to be loaded in a certain way: `agreed` sees to that. And scaling is folded here.
        warnings.filterwarnings("ignore", message=r"\s*This SAE has non-empty model_from_pretrained_kwargs")
        warnings.filterwarnings("ignore", message="You are loading an SAE using the HuggingFace repo_id")
        if spec.path is None:
            sae, _, _ = SAE.from_pretrained_with_cfg_and_sparsity(spec.release, spec.sae_id, device, dtype=dtype)
        else:
            sae = SAE.load_from_disk(spec.path, device=device, dtype=dtype)
            if scale is not None:
                sae.fold_activation_norm_scaling_factor(scale)
        sae.turn_off_forward_pass_hook_z_reshaping()  # a network gives every hook as one vector a token
        return sae.eval().requires_grad_(False)


def _scaling(spec: Any, normalisation: str) -> float | None:
    """What activations are multiplied by, for weights that expect it. Raises `IngestError` where nobody says."""
    if normalisation == "covariance_whitening":
        raise IngestError(
            f"space {spec.name!r}: {spec.named} expects whitened activations, and does not hold how they were "
            "whitened; give the SAE that SAELens wrote at the end of training, where this is folded in"
        )
    if normalisation != SCALED:
        return None
    found = listed(spec)
    scale = found.scaling if found else None
    if spec.path is not None and (said := spec.path / "activation_scaler.json").is_file():
        with speaking(spec):
            scale = json.loads(said.read_text())["scaling_factor"]
    if scale is None:
        raise IngestError(
            f"space {spec.name!r}: {spec.named} expects activations scaled to an average norm (normalize_activations "
            f"= {SCALED!r}), and nothing says by how much; give the SAE that SAELens wrote at the end of training"
        )
    return float(scale)


def _finite(spec: Any, sae: Any) -> None:
    if broken := [name for name, tensor in sae.state_dict().items() if not bool(torch.isfinite(tensor).all())]:
        raise IngestError(
            f"space {spec.name!r}: {broken[0]} of {spec.named} holds values that are not numbers; "
            "fetch or copy it again, or give a wider dtype"
        )


def weights_of(sae: Any) -> str:
    """SHA-256 of an SAE's tensors, as they are used: folded, in its dtype; and of what else its features depend on.

    Where it was loaded from does not count: the same SAE from a folder and from the hub is the same.
    """
    whole = hashlib.sha256()
    for name, tensor in sorted(sae.state_dict().items()):
        whole.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        whole.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy())
    kept = {key: value for key, value in sae.cfg.to_dict().items() if key not in ("device", "metadata")}
    return digest(whole.hexdigest(), kept)


def load_sae_folder(folder: Path) -> Any:
    """An SAE in SAELens's own on-disk format, on the CPU, in evaluation mode."""
    from sae_lens import SAE

    return SAE.load_from_disk(folder, device="cpu").eval().requires_grad_(False)

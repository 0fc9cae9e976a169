"""The two spaces that nobody trained: a model's own units (the no-SAE baseline), and a random SAE (the floor).

Both keep, at each token, the strongest k values above 0, so that they are as sparse as the SAEs beside them: every step
that follows holds sparse non-negative features, and a dense space would be 100 times as large.
"""

import re
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from ingest import models
from ingest.config import NeuronsSpec, RandomSaeSpec
from ingest.errors import IngestError
from ingest.models import NEURONS, STREAM, Dictionary, Model, Network, Shape
from ingest.workspace import digest


def strongest(values: Float[Tensor, "token feature"], k: int) -> Float[Tensor, "token feature"]:
    """The `k` largest values above 0 of each row, the rest 0."""
    top, where = values.clamp(min=0).topk(min(k, values.shape[1]), dim=1)
    return torch.zeros_like(values).scatter_(1, where, top)


@dataclass(frozen=True)
class Units:
    """What there is at a hook."""

    width: int
    """Units."""
    signed: bool
    """Whether a unit means as much below 0 as above: then it makes two features, its positive and its negative part."""

    @property
    def n_features(self) -> int:
        return self.width * (2 if self.signed else 1)


def units(spec: NeuronsSpec, shape: Shape | Network | None) -> Units:
    """The units at a hook of a model of this shape. Raises `IngestError` for another hook or a model of tokens alone.

    Behind the nonlinearity of an MLP a unit fires above 0; what GELU or SiLU leaves below 0 (2 to 5 % of the sum of
    squares in the demo's models) is clipped. A gated MLP multiplies by a signed number there, and the residual stream
    and what is added to it are coordinates without a preferred sign: both make two features a unit, and so does every
    other place. A network, which may lack its weights, is asked itself.
    """
    if shape is None:
        raise IngestError(
            f"space {spec.name!r}: model {spec.model!r} is only tokens; its units need one that can be run"
        )
    if not isinstance(shape, Shape):
        if spec.hook not in shape.hooks:
            raise IngestError(f"space {spec.name!r}: {models.no_hook(spec.model, spec.hook, shape.hooks)}")
        return Units(shape.width(spec.hook), shape.signed(spec.hook))
    found = re.fullmatch(r"blocks\.(\d+)\.(.+)", spec.hook)
    layer, part = (int(found[1]), found[2]) if found else (-1, "")
    if not 0 <= layer < shape.n_layers or part not in (NEURONS, *STREAM):
        known = ", ".join(f"blocks.N.{part}" for part in (NEURONS, *STREAM))
        raise IngestError(
            f"space {spec.name!r}: no units can be read at hook {spec.hook!r} of model {spec.model!r}; "
            f"the hooks are {known}, with N from 0 to {shape.n_layers - 1}"
        )
    if part == NEURONS:
        return Units(shape.d_mlp, shape.gated_mlp)
    return Units(shape.d_model, True)


@dataclass(frozen=True)
class Neurons:
    """A model's own units at a hook, ready to be read like a dictionary."""

    hook: str
    weights: str
    """SHA-256 of what makes it differ from other units of the same model."""
    active: int
    """Most features that are kept at a token."""
    units: Units
    decoder: Float[Tensor, "feature d_model"] | None
    """What each feature adds to the residual stream: rows of W_out, or one coordinate; negative parts with -1. None
    where that is not one direction (a key of attention, say) or not known."""

    @property
    def n_features(self) -> int:
        return self.units.n_features

    @property
    def d_in(self) -> int:
        return self.units.width

    @property
    def source(self) -> str:
        part = "positive and negative parts" if self.units.signed else "values above 0"
        return f"units at {self.hook}: {part}, the strongest {self.active} a token"

    @torch.inference_mode()
    def encode(self, x: Float[Tensor, "token d"]) -> Float[Tensor, "token feature"]:
        return strongest(torch.cat([x, -x], dim=1) if self.units.signed else x, self.active)

    @torch.inference_mode()
    def decode(
        self, features: Float[Tensor, "token feature"], x: Float[Tensor, "token d"] | None = None
    ) -> Float[Tensor, "token d"]:
        """The hook's activations as far as the kept units hold them."""
        return features[:, : self.d_in] - features[:, self.d_in :] if self.units.signed else features


def neurons(spec: NeuronsSpec, model: Model) -> Neurons:
    """The units of a `[[spaces]]` entry. Raises `IngestError` for a hook that has none."""
    network = model.network
    found = units(spec, None if network is None else models.shape_of(network))
    assert network is not None
    if spec.hook not in network.hooks:
        raise IngestError(f"space {spec.name!r}: {models.no_hook(model.name, spec.hook, network.hooks)}")
    rows = network.rows(spec.hook)
    decoder = torch.cat([rows, -rows]) if rows is not None and found.signed else rows
    return Neurons(spec.hook, digest("neurons", spec.hook, spec.active), spec.active, found, decoder)


@dataclass(frozen=True)
class RandomSAE(Dictionary):
    """An SAE whose directions are random: `sae` is the one it mimics, with its weights replaced.

    Normalisation and decoder bias stay: they say where the activations lie and how large they are, not what is in them.
    """

    k: int = field(kw_only=True)
    """Features that are active at a token."""

    @torch.inference_mode()
    def encode(self, x: Float[Tensor, "token d"]) -> Float[Tensor, "token feature"]:
        return strongest(self.sae.process_sae_in(x.to(self.sae.device)) @ self.sae.W_enc, self.k)


def random_sae(spec: RandomSaeSpec, model: Model) -> RandomSAE:
    """The floor of a `[[spaces]]` entry. Raises `IngestError` when the SAE it mimics is not there or does not fit.

    Decoder rows are uniform on the unit sphere, the encoder is the decoder's transpose, and a token keeps as many
    features as that SAE has active on average.
    """
    mimicked = models.load_sae(spec, model)
    sae, k = mimicked.sae, mimicked_active(spec, models.wanted_of(spec).active)
    generator = torch.Generator().manual_seed(spec.seed)
    rows = normalize(torch.randn(sae.cfg.d_sae, sae.cfg.d_in, generator=generator), dim=1).to(sae.W_dec)
    sae.W_dec.data, sae.W_enc.data = rows, rows.T.contiguous()
    weights = digest("random_sae", mimicked.weights, k, spec.seed)
    source = f"random directions (seed {spec.seed}) in place of those of {mimicked.source}, the strongest {k} a token"
    return RandomSAE(mimicked.hook, weights, source, sae, k=k)


def mimicked_active(spec: RandomSaeSpec, said: float | None) -> int:
    """Features that a random SAE keeps at a token; `said` by the SAE it mimics. Raises `IngestError` if nobody says."""
    active = spec.active or said
    if active is None:
        raise IngestError(
            f"space {spec.name!r}: {spec.named} does not say how many of its features are active at a token; "
            "give active = that number"
        )
    return max(1, round(active))

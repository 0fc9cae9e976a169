"""What is known of a model before its weights are read: from its configuration alone."""

import json
from dataclasses import dataclass
from typing import Any

from ingest.models.architecture import is_causal
from ingest.models.bridge import BridgeNetwork, official_name
from ingest.models.demo import demo_folder
from ingest.models.hub import Source, find, one_line
from ingest.models.hugging_face import HuggingFaceNetwork
from ingest.models.lens import LensNetwork
from ingest.models.model import Network


@dataclass(frozen=True)
class Shape:
    """The sizes that the hooks of TransformerLens have."""

    n_layers: int
    d_model: int
    d_mlp: int
    gated_mlp: bool


def planned_shape(spec: Any) -> Shape | Network | None:
    """What the units of a `[[models]]` entry are counted from, without its weights: sizes for a model that is read at
    TransformerLens's hooks; for `huggingface:` the network itself with nothing in it. None for tokens alone."""
    kind, _, name = spec.load.partition(":")
    if kind == "tokens":
        return None
    if kind == "demo":
        config = json.loads((demo_folder(spec) / "config.json").read_text())
        return Shape(config["n_layers"], config["d_model"], config["d_mlp"], config.get("gated_mlp", False))
    if kind == "transformer-lens":
        return _sizes(_lens_config(spec, find(spec, official_name(spec, name))))
    source = find(spec, name)
    return HuggingFaceNetwork(empty(spec, source), source, None, 1)


def shape_of(network: Network) -> Shape | Network:
    """What the units of a loaded network are counted from."""
    if isinstance(network, LensNetwork):
        return _sizes(network.hooked.cfg)
    if isinstance(network, BridgeNetwork):
        return _sizes(network.bridge.cfg)
    return network


def _sizes(cfg: Any) -> Shape:
    return Shape(cfg.n_layers, cfg.d_model, cfg.d_mlp, bool(cfg.gated_mlp))


def _lens_config(spec: Any, source: Source) -> Any:
    """TransformerLens's configuration of a model, as its adapter for the architecture completes it."""
    import torch
    from transformer_lens.factories.architecture_adapter_factory import ArchitectureAdapterFactory
    from transformer_lens.model_bridge.sources import transformers as sources
    from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_config_from_hf

    with one_line(spec, source.said):
        architecture = sources.determine_architecture_from_hf_config(source.config)
        config = build_bridge_config_from_hf(source.config, architecture, source.name, torch.float32)
        return ArchitectureAdapterFactory.select_architecture_adapter(config).cfg


def empty(spec: Any, source: Source) -> Any:
    """The network of a configuration, with no memory behind its weights."""
    import torch
    from transformers import AutoModel, AutoModelForCausalLM

    kind = AutoModelForCausalLM if is_causal(source.config) else AutoModel
    with one_line(spec, source.said), torch.device("meta"):
        return kind.from_config(source.config, trust_remote_code=False).eval()

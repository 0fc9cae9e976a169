"""Models and sparse autoencoders: loading them, reading activations, training SAEs.

The only importer of transformer_lens, sae_lens and transformers, so that a change in any of them is mended here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingest.errors import IngestError
from ingest.models import placement
from ingest.models.architecture import is_causal
from ingest.models.bridge import PROCESSING, load_bridge, official_name
from ingest.models.demo import (
    DEMO,
    demo_config,
    demo_folder,
    load_tokenizer,
    load_transformer,
    new_transformer,
    save_tokenizer,
    save_transformer,
)
from ingest.models.dictionaries import Dictionary, load_sae, load_sae_folder
from ingest.models.expected import Expected, expected, weights_size
from ingest.models.framing import context, frame, read_tokenizer, vocabulary
from ingest.models.hub import find
from ingest.models.hugging_face import load_network
from ingest.models.lens import NEURONS, STREAM, LensNetwork
from ingest.models.model import Model, Network, direct_logits, no_hook
from ingest.models.reach import hub_or_cache
from ingest.models.shape import Shape, planned_shape, shape_of
from ingest.models.shapes import NetworkShape, network_shape
from ingest.models.training import SAETraining, new_trainer, train_sae
from ingest.models.wanted import Wanted, agreed, check_context, same_model, wanted_of
from ingest.workspace import digest, file_digest

__all__ = [
    "DEMO",
    "NEURONS",
    "PROCESSING",
    "STREAM",
    "Dictionary",
    "Expected",
    "Model",
    "Network",
    "NetworkShape",
    "SAETraining",
    "Shape",
    "Wanted",
    "agreed",
    "check_context",
    "demo_config",
    "demo_folder",
    "direct_logits",
    "expected",
    "hub_or_cache",
    "load",
    "load_sae",
    "load_sae_folder",
    "load_tokenizer",
    "load_transformer",
    "network_shape",
    "new_trainer",
    "new_transformer",
    "no_hook",
    "planned_shape",
    "same_model",
    "save_tokenizer",
    "save_transformer",
    "shape_of",
    "train_sae",
    "wanted_of",
    "weights_size",
]


def load(spec: Any, wants: Mapping[str, bool] | None = None) -> Model:
    """The model of a run file's `[[models]]` entry. Raises `IngestError` for what does not exist or cannot be used.

    `wants` is what the SAEs that read the model were trained on, where they say: `prepend_bos`, which the entry's own
    overrules, and the names of `PROCESSING`, which only `transformer-lens:` can do.
    """
    kind, _, name = spec.load.partition(":")
    wants = dict(wants or {})
    if spec.prepend_bos is not None:
        wants["prepend_bos"] = spec.prepend_bos
    if kind == "tokens":
        return _imported(spec.name, Path(name))
    processed = sorted(key for key in PROCESSING if wants.get(key))
    if processed and kind != "transformer-lens":
        raise IngestError(
            f"model {spec.name!r}: an SAE wants its weights processed ({', '.join(processed)}); "
            f'only load = "transformer-lens:..." does that'
        )
    return _demo(spec, wants) if kind == "demo" else _from_files(spec, kind, name, wants)


def _demo(spec: Any, wants: Mapping[str, bool]) -> Model:
    folder = demo_folder(spec)
    tokenizer, where = load_tokenizer(DEMO / "tokenizer"), placement.device(spec)
    dtype = placement.dtype(spec, None, where)  # stored in 16 bits to be small; trained and read in float32
    hooked = load_transformer(folder).to(dtype, print_details=False).to(where, print_details=False)
    network = LensNetwork(hooked)
    prefix, suffix = frame(spec, tokenizer, True, wants.get("prepend_bos"))
    weights = digest("demo", network.dtype, file_digest(folder / "config.json", folder / "model.safetensors"))
    return Model(
        spec.name, spec.load, weights, vocabulary(tokenizer, prefix, suffix), tokenizer, network, prefix, suffix
    )


def _from_files(spec: Any, kind: str, name: str, wants: Mapping[str, bool]) -> Model:
    lens = kind == "transformer-lens"
    source = find(spec, official_name(spec, name) if lens else name)
    if getattr(source.config, "is_encoder_decoder", False):
        raise IngestError(
            f"model {spec.name!r}: {source.said} is an encoder-decoder, which reads two texts; give one or the other"
        )
    tokenizer = read_tokenizer(spec, source)
    longest, n_tokens = context(source.config, tokenizer), len(tokenizer)
    # TransformerLens lets EOS stand in for a BOS that there is none of, and SAEs were trained that way.
    stand_in = tokenizer.eos_token_id if lens else None
    prefix, suffix = frame(spec, tokenizer, is_causal(source.config), wants.get("prepend_bos"), stand_in)
    network: Network
    if lens:
        network = load_bridge(spec, source, wants, longest, n_tokens)
    else:
        network = load_network(spec, source, longest, n_tokens)
    processed = sorted(key for key in PROCESSING if wants.get(key))
    weights = digest(kind, network.dtype, processed, source.weights)
    words = vocabulary(tokenizer, prefix, suffix)
    return Model(spec.name, f"{kind}:{source.said}", weights, words, tokenizer, network, prefix, suffix)


def _imported(name: str, path: Path) -> Model:
    if not path.is_file():
        raise IngestError(f"model {name!r}: there is no token file {path}; write passage, position, text, ... there")
    digest = file_digest(path)
    return Model(name, f"tokens:{path.name}", digest, digest, None, None, token_file=path)

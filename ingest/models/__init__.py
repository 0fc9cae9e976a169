"""Models and sparse autoencoders: loading them, reading activations, training SAEs.

The only importer of transformer_lens, sae_lens and transformers, so that a change in any of them is mended here.
"""

from pathlib import Path
from typing import Any

from ingest.errors import IngestError
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
from ingest.models.lens import LensNetwork
from ingest.models.model import Model, Network, direct_logits
from ingest.models.training import SAETraining, new_trainer, train_sae
from ingest.workspace import file_digest

__all__ = [
    "DEMO",
    "Dictionary",
    "Model",
    "Network",
    "SAETraining",
    "demo_config",
    "demo_folder",
    "direct_logits",
    "load",
    "load_sae",
    "load_sae_folder",
    "load_tokenizer",
    "load_transformer",
    "new_trainer",
    "new_transformer",
    "save_tokenizer",
    "save_transformer",
    "train_sae",
]


def load(spec: Any) -> Model:
    """The model of a run file's `[[models]]` entry. Raises `IngestError` for a name that does not exist."""
    kind, _, name = spec.load.partition(":")
    if kind == "tokens":
        return _imported(spec.name, Path(name))
    folder = demo_folder(spec)
    vocabulary = file_digest(DEMO / "tokenizer" / "tokenizer.json")
    weights = file_digest(folder / "config.json", folder / "model.safetensors")
    tokenizer, network = load_tokenizer(DEMO / "tokenizer"), LensNetwork(load_transformer(folder))
    return Model(spec.name, spec.load, weights, vocabulary, tokenizer, network, (tokenizer.bos_token_id,))


def _imported(name: str, path: Path) -> Model:
    if not path.is_file():
        raise IngestError(f"model {name!r}: there is no token file {path}; write passage, position, text, ... there")
    digest = file_digest(path)
    return Model(name, f"tokens:{path.name}", digest, digest, None, None, token_file=path)

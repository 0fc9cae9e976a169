"""Models and sparse autoencoders: loading them, reading activations, training SAEs.

The only importer of transformer_lens, sae_lens and transformers, so that a change in any of them is mended here.
"""

import json
import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
os.environ.setdefault("WANDB_MODE", "disabled")
warnings.filterwarnings("ignore", message=".*HookedTransformer.*", category=DeprecationWarning)

import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file, save_file
from torch import Tensor

from ingest.errors import IngestError

DEMO = Path(__file__).parent / "demo" / "checkpoints"
BUFFERS = ("mask", "IGNORE")


def demo_config(n_layers: int, vocab_size: int, d_model: int = 128, n_ctx: int = 128) -> dict[str, Any]:
    """The demo's architecture: a pre-norm decoder with learned positions, GELU, and untied embeddings."""
    return {
        "n_layers": n_layers,
        "d_model": d_model,
        "n_ctx": n_ctx,
        "d_head": 32,
        "n_heads": d_model // 32,
        "d_mlp": 4 * d_model,
        "act_fn": "gelu",
        "d_vocab": vocab_size,
        "normalization_type": "LN",
        "seed": 0,
    }


def new_transformer(config: dict[str, Any]) -> Any:
    """A HookedTransformer with fresh weights, on the CPU."""
    from transformer_lens import HookedTransformer, HookedTransformerConfig

    logging.getLogger().setLevel(logging.WARNING)
    return HookedTransformer(HookedTransformerConfig(**config, device="cpu"))


def save_transformer(model: Any, config: dict[str, Any], folder: Path) -> None:
    """Write `config.json` and `model.safetensors` (float16: half the size, the loader widens it to float32)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    state = {
        key: value.detach().half().contiguous()
        for key, value in model.state_dict().items()
        if not key.endswith(BUFFERS)
    }
    save_file(state, folder / "model.safetensors")


def load_transformer(folder: Path) -> Any:
    """The HookedTransformer of `save_transformer`, in float32 and in evaluation mode."""
    config = json.loads((folder / "config.json").read_text())
    model = new_transformer(config)
    state = {key: value.float() for key, value in load_file(folder / "model.safetensors").items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [key for key in missing if not key.endswith(BUFFERS)]
    if missing or unexpected:
        raise IngestError(f"{folder} is not a checkpoint of this project: missing {missing}, unexpected {unexpected}")
    return model.eval().requires_grad_(False)


def load_tokenizer(folder: Path) -> Any:
    """A fast tokenizer from a folder (a HookedTransformer reads `name_or_path`, so it must have come from one)."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def save_tokenizer(tokenizer: Any, bos: str, folder: Path, context: int) -> None:
    """Write a `tokenizers` tokenizer in Hugging Face's folder format."""
    from transformers import PreTrainedTokenizerFast

    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=bos, eos_token=bos, model_max_length=context)
    fast.save_pretrained(folder)

"""The models that ship with Homolog: small HookedTransformers, written and read as a folder of two files."""

import json
import logging
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from ingest.errors import IngestError
from ingest.models import libraries as libraries

DEMO = Path(__file__).parent.parent / "demo" / "checkpoints"
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

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = True  # we cut them
    return tokenizer


def save_tokenizer(tokenizer: Any, bos: str, folder: Path, context: int) -> None:
    """Write a `tokenizers` tokenizer in Hugging Face's folder format."""
    from transformers import PreTrainedTokenizerFast

    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=bos, eos_token=bos, model_max_length=context)
    fast.save_pretrained(folder)


def demo_folder(spec: Any) -> Path:
    """Where the demo model of a `[[models]]` entry lies. Raises `IngestError` for a name that does not exist."""
    name = spec.load.removeprefix("demo:")
    if not (DEMO / name / "config.json").is_file():
        known = sorted(p.parent.name for p in DEMO.glob("*/config.json"))
        raise IngestError(
            f"model {spec.name!r}: there is no demo model {name!r}; demo models: {', '.join(known) or 'none'}"
        )
    return DEMO / name

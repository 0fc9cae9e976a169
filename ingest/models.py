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
from ingest.workspace import file_digest

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

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = True  # we cut them
    return tokenizer


def save_tokenizer(tokenizer: Any, bos: str, folder: Path, context: int) -> None:
    """Write a `tokenizers` tokenizer in Hugging Face's folder format."""
    from transformers import PreTrainedTokenizerFast

    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=bos, eos_token=bos, model_max_length=context)
    fast.save_pretrained(folder)


@dataclass(frozen=True)
class Model:
    """A loaded language model, ready to be read.

    `tokenizer` and `hooked` are None for an imported model, of which only the tokens are known.
    """

    name: str
    load: str
    weights: str
    """SHA-256 of its files."""
    vocabulary: str
    """SHA-256 of its tokenizer: models that agree here share their tokens."""
    tokenizer: Any
    hooked: Any
    token_file: Path | None = None
    """Where the tokens of an imported model lie."""

    @property
    def facts(self) -> dict[str, int | None]:
        """Layers, width, vocabulary and parameters; None where unknown."""
        if self.hooked is None:
            return dict.fromkeys(("n_layers", "d_model", "vocab_size", "n_parameters"))
        cfg = self.hooked.cfg
        n_parameters = sum(p.numel() for p in self.hooked.parameters())
        return {
            "n_layers": cfg.n_layers,
            "d_model": cfg.d_model,
            "vocab_size": cfg.d_vocab,
            "n_parameters": n_parameters,
        }

    @property
    def context(self) -> int | None:
        """Longest passage it reads, BOS included, in tokens; None for an imported model."""
        return None if self.hooked is None else int(self.hooked.cfg.n_ctx)


def load(spec: Any) -> Model:
    """The model of a run file's `[[models]]` entry. Raises `IngestError` for a name that does not exist."""
    kind, _, name = spec.load.partition(":")
    if kind == "tokens":
        path = Path(name)
        if not path.is_file():
            raise IngestError(
                f"model {spec.name!r}: there is no token file {path}; write passage, position, text, ... there"
            )
        digest = file_digest(path)
        return Model(spec.name, f"tokens:{path.name}", digest, digest, None, None, path)
    folder = demo_folder(spec)
    vocabulary = file_digest(DEMO / "tokenizer" / "tokenizer.json")
    weights = file_digest(folder / "config.json", folder / "model.safetensors")
    return Model(
        spec.name, spec.load, weights, vocabulary, load_tokenizer(DEMO / "tokenizer"), load_transformer(folder)
    )


def demo_folder(spec: Any) -> Path:
    """Where the demo model of a `[[models]]` entry lies. Raises `IngestError` for a name that does not exist."""
    name = spec.load.removeprefix("demo:")
    if not (DEMO / name / "config.json").is_file():
        known = sorted(p.parent.name for p in DEMO.glob("*/config.json"))
        raise IngestError(
            f"model {spec.name!r}: there is no demo model {name!r}; demo models: {', '.join(known) or 'none'}"
        )
    return DEMO / name


@torch.inference_mode()
def read_activations(
    model: Model, ids: Int[Tensor, "passage position"], hooks: list[str]
) -> dict[str, Float[Tensor, "passage position d"]]:
    """Activations at the hooks, in one pass that stops behind the deepest of them."""
    deepest = max(_layer(hook) for hook in hooks) + 1
    _, cache = model.hooked.run_with_cache(ids, names_filter=hooks, stop_at_layer=deepest, return_type=None)
    return {hook: cache[hook] for hook in hooks}


def _layer(hook: str) -> int:
    parts = hook.split(".")
    return int(parts[1]) if parts[0] == "blocks" else 0


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
    if model.hooked is None:
        raise IngestError(
            f"space {spec.name!r}: model {model.name!r} is only tokens; an SAE needs a model that can be run"
        )
    sae = load_sae_folder(spec.path)
    hook = spec.hook or sae.cfg.metadata.get("hook_name")
    hooks = [name for name in model.hooked.hook_dict if name.endswith("hook_resid_post")]
    if hook not in model.hooked.hook_dict:
        raise IngestError(
            f"space {spec.name!r}: model {model.name!r} has no hook {hook!r}; it has {', '.join(hooks)}, ..."
        )
    width = model.hooked.cfg.d_model
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


@dataclass(frozen=True)
class SAETraining:
    """How an SAE is trained: BatchTopK (Bussmann et al. 2024), which SAELens saves as JumpReLU."""

    hook: str
    model: str
    d_sae: int
    k: float
    """Active features a token, on average over a batch."""
    samples: int
    """Activations seen."""
    batch: int = 1024
    lr: float = 1e-3
    seed: int = 0


def train_sae(training: SAETraining, batches: Iterator[Float[Tensor, "sample d"]], folder: Path) -> None:
    """Train with SAELens's own trainer on endless batches of activations; write its inference format to `folder`."""
    from sae_lens import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, SAETrainer
    from sae_lens.config import SAETrainerConfig

    torch.manual_seed(training.seed)
    first = next(batches)
    config = BatchTopKTrainingSAEConfig(
        d_in=first.shape[1], d_sae=training.d_sae, k=training.k, normalize_activations="expected_average_only_in"
    )
    config.metadata.hook_name, config.metadata.model_name = training.hook, training.model
    config.metadata.prepend_bos = True
    steps = training.samples // training.batch
    trainer = SAETrainerConfig(
        total_training_samples=training.samples,
        train_batch_size_samples=training.batch,
        lr=training.lr,
        lr_end=training.lr / 20,
        lr_warm_up_steps=steps // 20,
        lr_decay_steps=steps // 3,
        n_batches_for_norm_estimate=20,
        dead_feature_window=200,
    )
    sae = SAETrainer(trainer, BatchTopKTrainingSAE(config), batches).fit()
    sae.save_inference_model(folder)


def direct_logits(model: Model, decoder: Float[Tensor, "feature d"]) -> Float[Tensor, "feature vocabulary"]:
    """What a unit of each feature adds to the logits along the direct path, each row centred over the vocabulary.

    The gain of the final layer norm is folded in; its division by the norm, which differs from token to token, is not.
    """
    gain = getattr(model.hooked.ln_final, "w", torch.ones(decoder.shape[1]))
    logits = ((decoder - decoder.mean(1, keepdim=True)) * gain) @ model.hooked.W_U
    return logits - logits.mean(1, keepdim=True)

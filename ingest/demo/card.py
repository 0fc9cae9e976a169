"""Measures the demo's models and SAEs on held-out text and writes the model card beside them."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ingest import models
from ingest.demo import train

TOKENS = 200_000
"""Held-out tokens that everything is measured on."""


RECOVERED = 400
"""Contexts of it on which three cross-entropies of each SAE are taken: three whole forward passes."""


def write() -> None:
    """Write `MODEL_CARD.md` beside the checkpoints. Takes a few minutes on two cores."""
    tokens = train.stream("held-out")[:TOKENS]
    training = json.loads((train.CHECKPOINTS / "training.json").read_text())
    unigram, bigram = baselines(train.stream("train"), tokens)
    windows = batches(tokens)
    losses = {name: cross_entropy(models.load_transformer(train.CHECKPOINTS / name), windows) for name in train.MODELS}
    rows = {name: measure_sae(name, windows, losses) for name in train.SAES}
    text = render(unigram, bigram, losses, rows, training)
    (train.CHECKPOINTS / "MODEL_CARD.md").write_text(text, encoding="utf-8")


def batches(tokens: Tensor) -> Tensor:
    """BOS + 127 tokens in each row: int64 of shape (window, CONTEXT)."""
    width = train.CONTEXT - 1
    whole = tokens[: len(tokens) // width * width].reshape(-1, width)
    return torch.cat([torch.zeros(len(whole), 1, dtype=whole.dtype), whole], dim=1)


def baselines(seen: Tensor, held_out: Tensor) -> tuple[float, float]:
    """Cross-entropy in nats of a unigram (add-one) and of a bigram on the held-out tokens.

    The bigram is interpolated with the unigram by absolute discounting (Ney, Essen and Kneser 1994, discount 0.75).
    """
    size = train.VOCABULARY
    counts = np.bincount(seen.numpy(), minlength=size) + 1.0
    unigram = counts / counts.sum()
    pairs = np.bincount(seen[:-1].numpy() * size + seen[1:].numpy(), minlength=size * size).reshape(size, size)
    left, right = held_out[:-1].numpy(), held_out[1:].numpy()
    total, kinds = pairs.sum(1), (pairs > 0).sum(1)
    discounted = np.maximum(pairs[left, right] - 0.75, 0) / np.maximum(total[left], 1)
    rest = np.where(total[left] > 0, 0.75 * kinds[left] / np.maximum(total[left], 1), 1.0)
    return float(-np.log(unigram[right]).mean()), float(-np.log(discounted + rest * unigram[right]).mean())


@torch.inference_mode()
def cross_entropy(model: object, windows: Tensor, hooks: list | None = None) -> float:
    """Mean next-token cross-entropy in nats; `hooks` are TransformerLens forward hooks."""
    total, count = 0.0, 0
    for batch in windows.split(32):
        logits = model.run_with_hooks(batch, fwd_hooks=hooks or [])  # type: ignore[attr-defined]
        loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch[:, 1:].flatten(), reduction="sum")
        total, count = total + loss.item(), count + batch[:, 1:].numel()
    return total / count


@torch.inference_mode()
def measure_sae(name: str, windows: Tensor, losses: dict[str, float]) -> dict[str, float]:
    """Width, L0, variance explained, dead features, and the share of the cross-entropy recovered:

    (loss with the hook's activations ablated to zero - loss with the reconstruction) / (that loss - the model's own),
    BOS positions left as they are.
    """
    model_name, layer, _ = train.SAES[name]
    model = models.load_transformer(train.CHECKPOINTS / model_name)
    hook = f"blocks.{layer}.hook_resid_post"
    sae = models.load_sae_folder(train.CHECKPOINTS / "saes" / name)
    fired = torch.zeros(sae.cfg.d_sae, dtype=torch.bool)
    n, l0, squares, residual, sums = 0, 0.0, 0.0, 0.0, torch.zeros(sae.cfg.d_in, dtype=torch.float64)
    for batch in windows.split(64):
        _, cache = model.run_with_cache(batch, names_filter=[hook], stop_at_layer=layer + 1, return_type=None)
        x = cache[hook][:, 1:][batch[:, 1:] != 0]
        features = sae.encode(x)
        fired |= (features > 0).any(0)
        n, l0 = n + len(x), l0 + float((features > 0).sum())
        squares, sums = squares + float(x.double().square().sum()), sums + x.double().sum(0)
        residual += float((x - sae.decode(features)).double().square().sum())

    def rebuilt(x: Tensor, hook: object) -> Tensor:
        return torch.cat([x[:, :1], sae.decode(sae.encode(x[:, 1:]))], dim=1)

    def ablated(x: Tensor, hook: object) -> Tensor:
        return torch.cat([x[:, :1], torch.zeros_like(x[:, 1:])], dim=1)

    part = windows[:RECOVERED]
    clean, with_sae, without = (cross_entropy(model, part, h) for h in (None, [(hook, rebuilt)], [(hook, ablated)]))
    return {
        "width": sae.cfg.d_sae,
        "l0": l0 / n,
        "variance_explained": 1 - residual / (squares - float(sums @ sums) / n),
        "recovered": (without - with_sae) / (without - clean),
        "loss": losses[model_name] + with_sae - clean,
        "dead": int((~fired).sum()),
    }


def render(
    unigram: float, bigram: float, losses: dict[str, float], saes: dict[str, dict[str, float]], training: dict
) -> str:
    """The card, as Markdown."""
    size = sum(f.stat().st_size for f in Path(train.CHECKPOINTS).rglob("*") if f.is_file()) / 1e6
    lines = [
        "# The demo's models",
        "",
        "Two decoder-only transformers of one and two layers (128 dimensions, 4 heads, context 128, a byte-level BPE of 4,096",
        "tokens), trained from scratch on the docstrings of numpy, scipy, scikit-learn, pandas, networkx and torch, and sparse",
        "autoencoders (BatchTopK, trained with SAELens, saved as JumpReLU) of their residual streams. They are made for showing",
        f"what Homolog does, and good for nothing else. Together {size:.1f} MB; weights are float16 (models) and float32 (SAEs).",
        "",
        "The first eighth of the documents, in the order of their SHA-256, was never trained on. Everything below is measured",
        f"on {TOKENS:,} tokens of it. Cross-entropies are in nats a token.",
        "",
        "| model | layers | tokens seen | minutes on one core | cross-entropy |",
        "| --- | ---: | ---: | ---: | ---: |",
        f"| unigram | | | | {unigram:.3f} |",
        f"| bigram (absolute discounting) | | | | {bigram:.3f} |",
    ]
    for name, layers in train.MODELS.items():
        facts = training[name]
        lines.append(
            f"| `{name}` | {layers} | {facts['tokens_seen']:,} | {facts['minutes']:.0f} | **{losses[name]:.3f}** |"
        )
    lines += [
        "",
        "| SAE | hook | width | samples | L0 | variance explained | cross-entropy recovered | cross-entropy with it | dead features |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in saes.items():
        model, layer, seed = train.SAES[name]
        hook = f"`{model}` after layer {layer}, seed {seed}"
        lines.append(
            f"| `{name}` | {hook} | {row['width']:,} | {training[name]['samples']:,} | {row['l0']:.1f} | {row['variance_explained']:.3f} "
            f"| {row['recovered']:.3f} | {row['loss']:.3f} | {row['dead']} |"
        )
    lines += [
        "",
        "Recovered: (loss with the hook set to zero - loss with the reconstruction) / (loss with the hook set to zero - loss of the model).",
        f"This and the cross-entropy with the SAE are taken on the first {RECOVERED * (train.CONTEXT - 1):,} of those tokens.",
        "",
        "To train them again (the installed versions of the libraries are the training text, so use `requirements.lock`):",
        "",
        "```",
        "python -m ingest.demo.train tokenizer",
        *(f"python -m ingest.demo.train model {name} --steps {training[name]['steps']}" for name in train.MODELS),
        *(f"python -m ingest.demo.train sae {name} --samples {training[name]['samples']}" for name in train.SAES),
        "python -m ingest.demo.train card",
        "```",
    ]
    return "\n".join(lines) + "\n"

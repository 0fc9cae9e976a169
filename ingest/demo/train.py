"""Retrain the demo's models: `python -m ingest.demo.train tokenizer|model NAME|sae NAME|card`.

Two decoder-only transformers of one and two layers read the documentation of the installed scientific libraries, and
SAELens trains sparse autoencoders at the residual stream after each of their layers. The first eighth of the documents
(in the order of their SHA-256) is never trained on: the card measures on it, and the demo store is made of it.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ingest import models
from ingest.sources import installed_docs

CHECKPOINTS = models.DEMO
VOCABULARY = 4096
CONTEXT = 128
HELD_OUT = 1 / 8
"""Share of the documents, the first ones, that no weight has seen."""
SAE_TOKENS = 2_000_000
"""Tokens of the training text whose activations the SAEs are trained on, again and again in random order."""
MODELS = {"tiny-1l": 1, "tiny-2l": 2}
SAES = {
    "tiny-1l.0": ("tiny-1l", 0, 0),
    "tiny-2l.0": ("tiny-2l", 0, 0),
    "tiny-2l.1": ("tiny-2l", 1, 0),
    "tiny-2l.1-seed1": ("tiny-2l", 1, 1),
}
"""Name: (model, layer, seed). The last is the ceiling: the same hook, another seed."""


def documents(split: str) -> list[str]:
    """Texts of the documents that are trained on ("train") or never seen ("held-out")."""
    texts = [document.text for document in installed_docs.read()]
    cut = int(len(texts) * HELD_OUT)
    return texts[:cut] if split == "held-out" else texts[cut:]


def train_tokenizer() -> None:
    """A byte-level BPE of 4,096 entries, in Hugging Face's own folder format."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers import models as bpe
    from tokenizers.trainers import BpeTrainer

    tokenizer = Tokenizer(bpe.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(vocab_size=VOCABULARY, special_tokens=["<|bos|>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(documents("train"), trainer)
    models.save_tokenizer(tokenizer, "<|bos|>", CHECKPOINTS / "tokenizer", CONTEXT)


def stream(split: str) -> Tensor:
    """Token ids of a split, one document after the other, each behind a BOS: int64 of shape (token,)."""
    tokenizer = models.load_tokenizer(CHECKPOINTS / "tokenizer")
    ids = tokenizer(documents(split), add_special_tokens=False)["input_ids"]
    return torch.tensor(np.concatenate([[tokenizer.bos_token_id, *document] for document in ids]))


def windows(tokens: Tensor, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless batches of BOS + 127 tokens from random places: int64 of shape (size, CONTEXT)."""
    offsets = torch.arange(CONTEXT - 1)
    while True:
        starts = torch.randint(len(tokens) - CONTEXT, (size, 1), generator=generator)
        batch = tokens[starts + offsets]
        yield torch.cat([torch.zeros(size, 1, dtype=batch.dtype), batch], dim=1)


def train_model(name: str, steps: int, batch: int, peak: float) -> None:
    """AdamW with a warm-up and a cosine, cross-entropy of the next token; writes the checkpoint at the end."""
    config = models.demo_config(MODELS[name], VOCABULARY, n_ctx=CONTEXT)
    torch.manual_seed(0)
    model = models.new_transformer(config)
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98))
    shape = lambda step: min((step + 1) / 300, 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))  # noqa: E731
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, shape)
    batches = windows(stream("train"), batch, torch.Generator().manual_seed(1))
    started, smooth = time.time(), None
    with tqdm(total=steps * batch * CONTEXT, unit="token", unit_scale=True, desc=name, mininterval=20) as bar:
        for step in range(1, steps + 1):
            loss = model(next(batches), return_type="loss")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            smooth = loss.item() if smooth is None else 0.99 * smooth + 0.01 * loss.item()
            bar.set_postfix(loss=f"{smooth:.3f}", refresh=False)
            bar.update(batch * CONTEXT)
            if step % 500 == 0 or step == steps:
                models.save_transformer(model, config, CHECKPOINTS / name)
    log(
        name,
        tokens_seen=steps * batch * CONTEXT,
        steps=steps,
        batch=batch,
        minutes=round((time.time() - started) / 60, 1),
    )


def activations(name: str, layer: int) -> Tensor:
    """The residual stream after a layer at training tokens other than BOS: float16 of shape (token, d_model)."""
    model = models.load_transformer(CHECKPOINTS / name)
    hook = f"blocks.{layer}.hook_resid_post"
    tokens = stream("train")[:SAE_TOKENS]
    whole = tokens[: len(tokens) // (CONTEXT - 1) * (CONTEXT - 1)].reshape(-1, CONTEXT - 1)
    parts = []
    for chunk in tqdm(whole.split(64), desc=f"{name} {hook}", mininterval=20):
        ids = torch.cat([torch.zeros(len(chunk), 1, dtype=chunk.dtype), chunk], dim=1)
        with torch.inference_mode():
            _, cache = model.run_with_cache(ids, names_filter=[hook], stop_at_layer=layer + 1, return_type=None)
        kept = cache[hook][:, 1:][chunk != 0]
        parts.append(kept.half())
    return torch.cat(parts)


def shuffled(x: Tensor, size: int, seed: int) -> Iterator[Tensor]:
    """Endless batches of random rows, float32 of shape (size, d_model)."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield x[torch.randint(len(x), (size,), generator=generator)].float()


def train_sae(name: str, samples: int, k: float, width: int) -> None:
    """SAELens's BatchTopK trainer on the residual stream; writes a folder in SAELens's format."""
    model, layer, seed = SAES[name]
    started = time.time()
    batch = 1024
    steps = samples // batch
    batches = shuffled(activations(model, layer), batch, seed)
    training = models.SAETraining(
        architecture="batchtopk",
        d_in=next(batches).shape[1],
        d_sae=width,
        samples=samples,
        options={"k": k},
        metadata={"hook_name": f"blocks.{layer}.hook_resid_post", "model_name": model, "prepend_bos": True},
        batch=batch,
        warm_up=steps // 20,
        decay=steps // 3,
        seed=seed,
    )
    models.train_sae(training, lambda _: batches, CHECKPOINTS / "saes" / name)
    log(name, samples=samples, k=k, width=width, seed=seed, minutes=round((time.time() - started) / 60, 1))


def log(name: str, **facts: object) -> None:
    """Add facts to `training.json`, which the card is made from."""
    path = CHECKPOINTS / "training.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known.setdefault(name, {}).update(facts)
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ingest.demo.train", description=__doc__)
    parser.add_argument("what", choices=["tokenizer", "model", "sae", "card"])
    parser.add_argument("name", nargs="?")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--peak", type=float, default=3e-3)
    parser.add_argument("--samples", type=int, default=6_000_000)
    parser.add_argument("--k", type=float, default=16)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.what == "tokenizer":
        train_tokenizer()
    elif arguments.what == "sae":
        train_sae(arguments.name, arguments.samples, arguments.k, arguments.width)
    elif arguments.what == "card":
        from ingest.demo import card

        card.write()
    else:
        train_model(arguments.name, arguments.steps, arguments.batch, arguments.peak)


if __name__ == "__main__":
    main()

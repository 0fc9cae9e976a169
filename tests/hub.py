"""A Hugging Face hub cache folder of tiny random checkpoints under real names, in the layout that the hub's own client
writes: `hub/models--ORG--NAME/{blobs, refs/main, snapshots/<revision>}`. So the calls that a lab makes run offline.

    name                             what                             layers  d_model  stored as
    EleutherAI/pythia-70m-deduped    GPT-NeoX, parallel residual           6       32  float16
    EleutherAI/pythia-160m-deduped   the same, and the same tokenizer     12       48  float16
    openai-community/gpt2, gpt2      GPT-2, as both names of it           12       32  float32
    google-bert/bert-base-uncased    BERT with its masked-word head        4       32  float32

The tokenizers are of the real kinds, trained on `SENTENCES`. GPT-NeoX: byte-level BPE, BOS <|endoftext|> is id 0, and the
model's vocabulary is padded beyond the tokenizer's. GPT-2: byte-level BPE, BOS <|endoftext|> is the last id. BERT:
WordPiece in lower case and without accents, [CLS] and [SEP] around a passage.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Tokenizer,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    GPTNeoXTokenizer,
)

PYTHIA_70M, PYTHIA_160M = "EleutherAI/pythia-70m-deduped", "EleutherAI/pythia-160m-deduped"
GPT2, GPT2_OLD, BERT = "openai-community/gpt2", "gpt2", "google-bert/bert-base-uncased"
CONTEXT = 128
"""Longest passage of every model, special tokens included."""
SENTENCES = (
    "The old harbour was quiet when the first boats came back from the northern islands.",
    "On Monday she bought bread, milk and three green apples at the market near the river.",
    "A model reads tokens, and every token is a whole word or a small part of one.",
    "In January the lake froze; by April the children were swimming in it again.",
    "He asked: why do the same features appear in two networks that never met?",
    "Zoë's café in Kraków sells crème brûlée, naïve art and 25 kinds of tea.",
    "Überraschung! Die Straße nach München war gestern gesperrt, aber heute ist sie frei.",
    "Она читала книгу о море, а 猫は静かに眠っていた。 The emoji was 🙂, then 🧪.",
    "def mean(values):\n    return sum(values) / len(values)  # nothing to guard",
    "The mother told her daughter that her brother had never been happy in the city.",
)
END = "<|endoftext|>"


def fill(folder: Path) -> dict[str, Path]:
    """Fill the cache of `HF_HOME=folder`; returns repository name -> its snapshot folder, as the client resolves it."""
    made: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        PYTHIA_70M: (lambda: _neox(n_layers=6, d_model=32), _neox_tokenizer),
        PYTHIA_160M: (lambda: _neox(n_layers=12, d_model=48), _neox_tokenizer),
        GPT2: (_gpt2, _gpt2_tokenizer),
        GPT2_OLD: (_gpt2, _gpt2_tokenizer),
        BERT: (_bert, _bert_tokenizer),
    }
    return {name: publish(folder, name, model(), tokenizer()) for name, (model, tokenizer) in made.items()}


def publish(folder: Path, name: str, *parts: Any) -> Path:
    """What `save_pretrained` writes of the parts, as the revision `main` of repository `name`; its snapshot folder."""
    with tempfile.TemporaryDirectory() as written:
        for part in parts:
            part.save_pretrained(written)
        return add(folder, name, Path(written))


def add(folder: Path, name: str, files: Path) -> Path:
    """Put a folder's files (sub-folders too) into the cache as the revision `main` of repository `name`.

    A file that was there stays, unless the new revision has one of that name. Returns the snapshot folder.
    """
    repository = folder / "hub" / f"models--{name.replace('/', '--')}"
    sources = {path.relative_to(files).as_posix(): path for path in sorted(files.rglob("*")) if path.is_file()}
    hashes = {relative: hashlib.sha256(path.read_bytes()).hexdigest() for relative, path in sources.items()}
    revision = hashlib.sha1(repr([name, hashes]).encode()).hexdigest()
    for relative, path in sources.items():
        blob, link = repository / "blobs" / hashes[relative], repository / "snapshots" / revision / relative
        blob.parent.mkdir(parents=True, exist_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, blob)
        link.unlink(missing_ok=True)
        link.symlink_to(Path("../" * (2 + relative.count("/"))) / "blobs" / hashes[relative])
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(revision)
    return repository / "snapshots" / revision


def _seeded(make: Callable[[], Any], dtype: torch.dtype = torch.float32) -> Any:
    """Random weights that are the same every time. Biases and gains too: they are 0 and 1 at the start of training."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 1:
                    parameter.add_(0.1 * torch.randn_like(parameter))
    return model.to(dtype).eval()


def _neox(n_layers: int, d_model: int) -> Any:
    config = GPTNeoXConfig(
        vocab_size=512,
        hidden_size=d_model,
        num_hidden_layers=n_layers,
        num_attention_heads=4,
        intermediate_size=2 * d_model,
        max_position_embeddings=CONTEXT,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.2,
    )
    return _seeded(lambda: GPTNeoXForCausalLM(config), torch.float16)


def _gpt2() -> Any:
    end = len(_gpt2_tokenizer()) - 1
    config = GPT2Config(
        vocab_size=end + 1,
        n_positions=CONTEXT,
        n_embd=32,
        n_layer=12,
        n_head=4,
        bos_token_id=end,
        eos_token_id=end,
        initializer_range=0.2,
    )
    return _seeded(lambda: GPT2LMHeadModel(config))


def _bert() -> Any:
    config = BertConfig(
        vocab_size=len(_bert_tokenizer()),
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=CONTEXT,
        initializer_range=0.2,
    )
    return _seeded(lambda: BertForMaskedLM(config))


def _byte_level(first: list[str], size: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of a byte-level BPE, the special tokens `first` at ids 0, 1, ..."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=first, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return trained(tokenizer)


def trained(tokenizer: Tokenizer) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary, in the order of its ids, and merges of a trained BPE."""
    model = json.loads(tokenizer.to_str())["model"]
    vocabulary = sorted(model["vocab"].items(), key=lambda entry: entry[1])
    return dict(vocabulary), [tuple(merge) for merge in model["merges"]]


def _neox_tokenizer() -> Any:
    vocabulary, merges = _byte_level([END, "<|padding|>"], size=480)
    return GPTNeoXTokenizer(vocab=vocabulary, merges=merges, model_max_length=CONTEXT)


def _gpt2_tokenizer() -> Any:
    vocabulary, merges = _byte_level([], size=420)
    return GPT2Tokenizer(vocab=vocabulary | {END: len(vocabulary)}, merges=merges, model_max_length=CONTEXT)


def _bert_tokenizer() -> Any:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    vocabulary = dict(sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1]))
    return BertTokenizer(vocab=vocabulary, model_max_length=CONTEXT)

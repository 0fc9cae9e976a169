"""Small fast tokenizers of every convention, as the libraries make them, the same in every process."""

from functools import cache
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from ingest.models import Model

SENTENCES = [
    "The unbelievable cat sat on the mat, and the believer was happy.",
    "An unhappy dog ran down the hill; unable, unbelieving, it came back.",
    "Un café naïf, déjà vu: the naive cafe of the cat and the dog.",
    "the cat sat here again and again, unbelievable and able.",
]


def _fast(tokenizer: Tokenizer, **special: str) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def _byte_level(size: int, prefix: bool = False, trim: bool | None = None, normalizer: Any = None) -> Any:
    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    if trim is not None:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim, add_prefix_space=prefix)
    trainer = trainers.BpeTrainer(
        vocab_size=257 + size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return _fast(tokenizer, bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>")


SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = ["the", "cat", "cafe", "dog", "mat", "sat", "un", "unbeliev", "again", "##able", "##liev", "##ill", "##nd"]


def _wordpiece(lower: bool) -> Any:
    """Not trained: the trainer breaks ties by chance."""
    letters = sorted(set("".join(SENTENCES) + "🙂日本éﬁ") - {" "})
    entries = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters if letter.isalpha()), *PIECES]
    tokenizer = Tokenizer(models.WordPiece({entry: i for i, entry in enumerate(entries)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return _fast(tokenizer, **dict(zip(names, SPECIAL, strict=True)))


def _byte_fallback(normalizer: Any = None, pre_tokenizer: Any = None) -> Any:
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(steps)
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    # Merges within words only, as real vocabularies have them, whatever the convention then reads.
    words = [" ".join(sentence.split()) for sentence in SENTENCES]
    trained = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(vocab_size=380, special_tokens=special, show_progress=False)
    trained.train_from_iterator(words, trainer)
    tokenizer.model = trained.model
    tokenizer.add_special_tokens(["<s>", "</s>"])
    return _fast(tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


def _unigram(pre_tokenizer: Any) -> Any:
    """Not trained either. The likeliest spelling of a word is the one of the fewest entries."""
    letters = sorted(set("".join(SENTENCES)) - set(" ()"))
    words = ["▁the", "▁un", "▁unbeliev", "able", "▁ca", "▁na", "gain", "▁hill"]
    entries = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *((entry, -4.0) for entry in ("▁", *letters, *words))]
    tokenizer = Tokenizer(models.Unigram(entries, unk_id=0))
    steps = [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return _fast(tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


MAKERS: dict[str, Any] = {
    "gpt2": lambda: _byte_level(22),
    "gpt2-prefix": lambda: _byte_level(90, prefix=True, trim=False),
    "neox": lambda: _byte_level(120, trim=True, normalizer=normalizers.NFC()),
    "roberta": lambda: _byte_level(30, prefix=True, trim=True),
    "bert": lambda: _wordpiece(True),
    "bert-cased": lambda: _wordpiece(False),
    "llama": lambda: _byte_fallback(normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])),
    "mistral": lambda: _byte_fallback(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False)),
    "gemma": lambda: _byte_fallback(normalizers.Replace(" ", "▁")),
    "t5": lambda: _unigram(pre_tokenizers.Metaspace(prepend_scheme="always")),
    "xlm-r": lambda: _unigram(
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    ),
}
"""Convention, by a model that has it -> its tokenizer."""


@cache
def tokenizer(name: str) -> Any:
    return MAKERS[name]()


@cache
def model(name: str) -> Model:
    """A model of which nothing but its tokens is known: BOS before a passage, or [CLS] and [SEP] around it."""
    own = tokenizer(name)
    prefix = tuple(i for i in (own.cls_token_id, own.bos_token_id) if i is not None)[:1]
    suffix = () if own.sep_token_id is None else (own.sep_token_id,)
    return Model(name, f"huggingface:{name}", name, name, own, None, prefix, suffix)

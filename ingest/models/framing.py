"""Tokenizers, and the special tokens that stand around a passage."""

import json
from typing import Any

from ingest.errors import IngestError
from ingest.models.hub import Source, one_line
from ingest.workspace import digest

NOWHERE = ("truncation", "padding")
"""Parts of a tokenizer's serialised form that do not touch the tokens of a text that is read whole."""


def read_tokenizer(spec: Any, source: Source) -> Any:
    """The fast tokenizer of a model. Raises `IngestError` where there is none."""
    from transformers import AutoTokenizer

    with one_line(spec, source.said):
        tokenizer = AutoTokenizer.from_pretrained(source.name, **source.arguments)
    if not tokenizer.is_fast:
        raise IngestError(
            f"model {spec.name!r}: the tokenizer of {source.said} ({type(tokenizer).__name__}) is a slow one, which "
            "does not say where in the text its tokens lie; give a model with a fast one (a tokenizer.json)"
        )
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise IngestError(
            f"model {spec.name!r}: {source.said} has no tokenizer; give it its tokenizer.json and tokenizer_config.json"
        )
    tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = True  # we cut them
    return tokenizer


def frame(
    spec: Any, tokenizer: Any, causal: bool, prepend_bos: bool | None, stand_in: int | None = None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The token ids before and behind every passage. Raises `IngestError` for a BOS that the tokenizer does not have.

    A causal network reads a BOS and nothing behind the text; its id may be 0. An encoder reads what its tokenizer puts
    around one text, [CLS] and [SEP] say. `prepend_bos` False leaves the front off; True where the tokenizer has no BOS
    takes `stand_in`.
    """
    front, back = _template(tokenizer)
    begin = next((i for i in (tokenizer.bos_token_id, stand_in if prepend_bos else None) if i is not None), None)
    if not front and begin is not None:
        front = (begin,)
    if not front and prepend_bos:
        raise IngestError(f"model {spec.name!r}: prepend_bos is true, but its tokenizer has no BOS; set it to false")
    return (() if prepend_bos is False else front), (() if causal else back)


def _template(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the tokenizer itself puts before and behind a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    for i in range(len(whole) - len(bare) + 1):
        if whole[i : i + len(bare)] == bare:
            return tuple(whole[:i]), tuple(whole[i + len(bare) :])
    return (), ()


def vocabulary(tokenizer: Any, prefix: tuple[int, ...], suffix: tuple[int, ...]) -> str:
    """SHA-256 of what turns a text into tokens: models that agree here share them."""
    serialised = json.loads(tokenizer.backend_tokenizer.to_str())
    return digest({key: part for key, part in serialised.items() if key not in NOWHERE}, prefix, suffix)


def context(config: Any, tokenizer: Any) -> int | None:
    """Longest passage, special tokens included, in tokens; None where neither network nor tokenizer has a limit.

    The tokenizer's is the smaller one for networks that keep some of their positions for themselves, such as RoBERTa's.
    """
    text = config.get_text_config()
    places = [
        getattr(text, name, None) for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
    ]
    limits = [limit for limit in (*places, tokenizer.model_max_length) if limit and 0 < limit < 10**9]
    return min(limits, default=None)

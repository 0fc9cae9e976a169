"""What a reader sees for an entry of a vocabulary."""

import codecs
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_PRINTED = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_HIDDEN = [byte for byte in range(256) if byte not in _PRINTED]
BYTES = {chr(byte): byte for byte in _PRINTED} | {chr(256 + place): byte for place, byte in enumerate(_HIDDEN)}
"""The characters that byte-level vocabularies (GPT-2's) write for bytes; for one that is not seen, one behind 255."""
_FALLBACK = re.compile("<0x([0-9A-F]{2})>")


def spelled(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """The text of each entry, the same wherever it stands; empty for an entry that the vocabulary does not have.

    Spaces that an entry stands for are part of it: `Ġcat` and `▁cat` are ` cat`. A WordPiece entry stands for no space,
    but begins a word or goes on with one: `##s` is `s` and `cat` is ` cat`, so that a row of tokens can be read and
    lists tell the two apart; what stands alone wherever it occurs (punctuation, CJK) is written as it is. Bytes that
    are no character are written `<0xE2>`. A vocabulary of lower-case entries shows these, not what the passage says.
    """
    added, special = tokenizer.added_tokens_decoder, set(tokenizer.all_special_ids)
    steps = _steps(tokenizer)
    is_bytes = any(step["type"] == "ByteLevel" for step in steps)
    found = []
    for entry, piece in zip(ids, tokenizer.convert_ids_to_tokens(list(ids)), strict=True):
        if piece is None:
            found.append("")
        elif entry in special or (is_bytes and (entry in added or not BYTES.keys() >= set(piece))):
            found.append(piece)
        elif is_bytes:
            found.append(bytes(BYTES[c] for c in piece).decode("utf-8", _SHOWN))
        else:
            found.append(_undone(piece, steps))
    return found


def _steps(tokenizer: Any) -> list[dict[str, Any]]:
    """What the tokenizer's decoder does, in order, as tokenizer.json spells it."""
    decoder = tokenizer.backend_tokenizer.decoder
    if decoder is None:
        return []
    steps = [json.loads(decoder.__getstate__())]
    while any(step["type"] == "Sequence" for step in steps):
        steps = [inner for step in steps for inner in step.get("decoders", [step])]
    return steps


def _undone(piece: str, steps: list[dict[str, Any]]) -> str:
    """The piece, with the marks of its vocabulary replaced by what they stand for."""
    for step in steps:
        match step:
            case {"type": "Metaspace", "replacement": mark}:
                piece = piece.replace(mark, " ")
            case {"type": "Replace", "pattern": {"String": mark}, "content": text}:
                piece = piece.replace(mark, text)
            case {"type": "BPEDecoder", "suffix": mark}:
                piece = piece.replace(mark, " ")
            case {"type": "ByteFallback"} if byte := _FALLBACK.fullmatch(piece):
                piece = bytes.fromhex(byte[1]).decode("utf-8", _SHOWN)
            case {"type": "WordPiece", "prefix": mark}:
                piece = piece.removeprefix(mark) if piece.startswith(mark) and piece != mark else _begun(piece)
    return piece


def _begun(piece: str) -> str:
    """The first piece of a word, behind a space; what stands alone wherever it occurs without one."""
    alone = not piece[:1].isalnum() or unicodedata.east_asian_width(piece[0]) in "WF"
    return piece if alone else f" {piece}"


def _as_numbers(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(f"<0x{byte:02X}>" for byte in error.object[error.start : error.end]), error.end


_SHOWN = "homolog.shown"
codecs.register_error(_SHOWN, _as_numbers)

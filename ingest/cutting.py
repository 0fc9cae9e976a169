"""Documents -> passages: stretches that every model of a run can read as a whole.

Cut where no token of the first model lies on both sides, and not before an accent or another combining mark. The
passages of a document, put together, are its text, but for a rest of a few tokens at its end: white space that a
tokeniser leaves out between two tokens begins the next passage.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingest.sources.document import Document
from ingest.spans import breaks, code_points, is_mark
from ingest.tokens import encode

SHORTEST = 8
"""Tokens: a shorter rest of a document gives no context and is left out."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a document, and where it can be cut."""

    source: str
    text: str
    cuts: np.ndarray
    """int64 of shape (cut, 2), ascending: tokens and characters before each place, its end included."""

    @property
    def n_tokens(self) -> int:
        return int(self.cuts[-1, 0])

    def parts(self, size: int) -> list["Piece"]:
        """Stretches of at most `size` tokens, the rest last; of more where it can be cut in no other place."""
        found, last = [], 0
        while last < len(self.cuts):
            begun = self.cuts[last - 1] if last else np.zeros(2, np.int64)
            end = int(np.searchsorted(self.cuts[:, 0], begun[0] + size, side="right"))
            end = max(end, last + 1)
            text = self.text[begun[1] : self.cuts[end - 1, 1]]
            found.append(Piece(self.source, text, self.cuts[last:end] - begun))
            last = end
        return found


def cut(
    documents: list[Document], tokenizer: Any, size: int, rooms: list[tuple[Any, int]]
) -> Iterator[tuple[str, str, int]]:
    """(source, text, tokens) of each passage: runs of `size` tokens of a document, as `tokenizer` reads it.

    `rooms` are tokenizers with the most tokens that their models can read: what is longer for one of them is cut into
    equal parts. Holds the tokens of the documents.
    """
    pieces = []
    for piece in _read(documents, tokenizer):
        parts = piece.parts(size)
        pieces += parts if parts[-1].n_tokens >= SHORTEST else parts[:-1]
    for piece in _fitting(pieces, rooms):
        yield piece.source, piece.text, piece.n_tokens


def _read(documents: list[Document], tokenizer: Any) -> Iterator[Piece]:
    """The documents that hold a token, each as one piece."""
    _, spans, counts = encode(tokenizer, [document.text for document in documents])
    for document, own in zip(documents, np.split(spans.astype(np.int64), np.cumsum(counts)[:-1]), strict=True):
        if len(own):
            length = np.full(len(own), len(document.text))
            begin = np.zeros(len(own), np.int64)
            text = code_points(document.text)
            before, lower, _ = breaks(own[:, 0], own[:, 1], begin, length, text)
            kept = ~is_mark(text[lower])
            ends = np.append(before[kept], len(own)), np.append(lower[kept], len(document.text))
            yield Piece(document.source, document.text, np.column_stack(ends))


def _fitting(pieces: list[Piece], rooms: list[tuple[Any, int]]) -> list[Piece]:
    """The pieces, those that some model cannot read as a whole in parts.

    A part is read again: at its new beginning the tokens may be others, and more.
    """
    share = np.ones(len(pieces), np.int64)
    for tokenizer, room in rooms:
        counts = encode(tokenizer, [piece.text for piece in pieces])[2]
        share = np.maximum(share, -(-counts // max(room, 1)))
    found = []
    for piece, n_parts in zip(pieces, share.tolist(), strict=True):
        parts = [piece] if n_parts == 1 else piece.parts(-(-piece.n_tokens // n_parts))
        found += parts if len(parts) == 1 else _fitting(parts, rooms)
    return found

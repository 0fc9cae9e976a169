"""Which stretch of the text a token stands for: what tokenisers say in their offsets, read in one way.

They mean different things (seen with `tokenizers` 0.23):

- the space before a word lies inside its token's span (GPT-2, SentencePiece), is trimmed off the span though the token
  stands for it (`trim_offsets`: GPT-NeoX, RoBERTa), or belongs to no token (WordPiece); a trimmed token of white space
  alone is left with an empty span at its end;
- a space that is put before the text is part of the first token, has the span of the first character beside the token
  that really stands for it, or has an empty span;
- the tokens of one character's bytes all have the character's span, and so overlap their neighbours when a byte is
  merged with the characters beside it;
- each of the characters that a normaliser makes of one has its span, and the one that it makes of several has the span
  of the first: the accent it was composed with lies in no span;
- dropped characters (control characters, accents) lie in no span, or inside that of the unknown token around them.

So a token that says it is empty stands for what was left out before it; if nothing was, it stands for nothing. Text
can be cut between two tokens where no token lies on both sides. What was left out there belongs to the token behind it,
but for combining marks, which belong to the character before.
"""

import unicodedata

import numpy as np

FAR = np.iinfo(np.int64).max


def code_points(text: str) -> np.ndarray:
    """The characters of a text: uint32 of shape (character,)."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def breaks(
    start: np.ndarray, end: np.ndarray, begin: np.ndarray, stop: np.ndarray, text: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places between two tokens of a passage where no token lies on both sides, in the order of the text.

    `start` and `end` are the tokens' spans in `text`, the code points of one or more passages that each have a
    character between them; `begin` and `stop` those of the passage of each token: int64 of shape (token,).

    Returns three int64 arrays of shape (break,): the first token behind the break; and the lowest and highest position
    at which the text can be cut there, which differ where it was left out between the tokens. A token that stands for
    nothing is counted to what is behind it.
    """
    reached = np.maximum(np.maximum.accumulate(end), begin)
    before = np.maximum(np.append(0, reached[:-1])[: len(begin)], begin)
    start, trimmed = start.copy(), np.flatnonzero((start == end) & (before < end))
    start[trimmed] = _behind_marks(before[trimmed], end[trimmed], text)
    ahead = np.minimum.accumulate(np.where(start < end, start, FAR)[::-1])[::-1]
    here, ahead = reached[:-1], ahead[1:]
    token = np.flatnonzero((here > begin[:-1]) & (here <= ahead) & (ahead <= stop[:-1]))
    token = token[np.diff(here[token], prepend=-1) > 0]
    return token + 1, _behind_marks(here[token], ahead[token], text), ahead[token]


def is_mark(points: np.ndarray) -> np.ndarray:
    """Which characters are combining marks, such as accents: bool of the shape of `points`, code points."""
    found = points >= 0x300  # none comes before
    found[found] = [unicodedata.category(chr(point)).startswith("M") for point in points[found].tolist()]
    return found


def _behind_marks(lower: np.ndarray, upper: np.ndarray, text: np.ndarray) -> np.ndarray:
    """`lower`, moved behind the combining marks that follow it, up to `upper`."""
    moved = lower.copy()
    left = np.flatnonzero(moved < upper)
    while left.size:
        left = left[is_mark(text[moved[left]])]
        moved[left] += 1
        left = left[moved[left] < upper[left]]
    return moved

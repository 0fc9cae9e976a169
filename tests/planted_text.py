"""The text of a plant (tests/planted.py), and the places in it where a feature with a meaning may fire.

Words are independent draws from Zipf's law (Mandelbrot's form); the most frequent are function words and punctuation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice, product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.tiny import BOS

FREQUENT = (
    ", the . of and to in a ; is that for ( it ) as was with : be by on not he his but at are this have ? from or had "
    "an they which we were her ! she you their all been has will would who more if its no so what my when than - / '"
)
STOPS = tuple(FREQUENT.split())
TYPES = 4000
"""Word types; the first `len(STOPS)`, in order of frequency, are the stops."""
WINDOW = 24
"""Tokens of a stretch, half of which fire."""
AFTER = 0.01
"""Largest firing rate of the rule `after`: above it, the text runs out of words that no other such feature has."""
RULES = ("topic", "after", "sense")


@dataclass(frozen=True, eq=False)
class Text:
    """The tokens, in order; arrays of shape (token,)."""

    passage: np.ndarray
    position: np.ndarray
    word: np.ndarray
    """Word type, 0 the most frequent; -1 for BOS."""

    @property
    def bos(self) -> np.ndarray:
        return np.flatnonzero(self.word < 0)

    @property
    def words(self) -> np.ndarray:
        return np.flatnonzero(self.word >= 0)

    @property
    def content(self) -> np.ndarray:
        return np.flatnonzero(self.word >= len(STOPS))

    def of(self, words: np.ndarray) -> np.ndarray:
        """Tokens of these word types."""
        return np.flatnonzero(np.isin(self.word, words))


def write_text(rng: np.random.Generator, n_tokens: int) -> Text:
    """Passages of 32 to 128 tokens, BOS included, `n_tokens` in all."""
    lengths = rng.integers(32, 129, n_tokens // 32)
    lengths = lengths[: np.searchsorted(np.cumsum(lengths), n_tokens) + 1]
    passage = np.repeat(np.arange(len(lengths)), lengths)
    position = np.arange(len(passage)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    weight = 1 / (np.arange(TYPES) + 2.7)
    word = np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(len(passage)))
    return Text(passage, position, np.where(position == 0, -1, word))


def spellings() -> np.ndarray:
    """The text of each word type: stops, then made-up words of three syllables that are no English function word."""
    syllables = ["".join(s) for s in product("bdgklmnprstvz", "aeiou")]
    made = [" " + "".join(syllables[i * 7919 // 65**d % 65] for d in range(3)) for i in range(TYPES - len(STOPS))]
    return np.array([*(f" {stop}" if stop.isalpha() else stop for stop in STOPS), *made])


@dataclass(frozen=True, eq=False)
class Places:
    """Draws the events of features, token indices in order, by the rules of `tests.planted`."""

    rng: np.random.Generator
    text: Text

    def stretches(self, n: int, is_open: np.ndarray) -> np.ndarray:
        """`n` tokens out of half of the open ones in stretches that begin anywhere."""
        text, size = self.text, len(self.text.word)
        start = self.rng.integers(0, size, n // 2 + 40)
        token = np.minimum(start[:, None] + np.arange(WINDOW), size - 1)
        inside = (text.passage[token] == text.passage[start][:, None]) & is_open[token]
        token = token[inside & (self.rng.random(token.shape) < 0.5)]
        first = np.sort(np.unique(token, return_index=True)[1])
        return np.sort(token[first[:n]])

    def topic(self, n: int) -> np.ndarray:
        return self.stretches(n, self.text.word >= len(STOPS))

    def sense(self, n: int) -> np.ndarray:
        """`n` of the occurrences of words that, one by one, stand at most `n` times and, together, `3 n` times."""
        count = np.bincount(self.text.word[self.text.words], minlength=TYPES)
        words = self.rng.permutation(np.flatnonzero((count > 0) & (count <= n) & (np.arange(TYPES) >= len(STOPS))))
        words = words[: np.searchsorted(np.cumsum(count[words]), 3 * n) + 1]
        return np.sort(self.rng.choice(self.text.of(words), n, replace=False))

    def after(self, counts: np.ndarray, back: int) -> list[np.ndarray]:
        """For each count, ascending, content words that stand `back` tokens behind the feature's own words.

        No two of these features share a word: frequent words go to those that fire often.
        """
        text, token = self.text, self.text.content
        token = token[text.position[token] > back]
        before = text.word[token - back]
        events = np.bincount(before, minlength=TYPES)
        ends = np.searchsorted(np.cumsum(events[len(STOPS) :][::-1]), np.cumsum(counts))
        if len(counts) and ends[-1] >= TYPES - len(STOPS):
            raise ValueError(
                f"{len(counts)} features of the rule `after` need more words than the text has; plant fewer"
            )
        owner = np.searchsorted(ends, np.arange(TYPES))[::-1]
        return [token[owner[before] == i] for i in range(len(counts))]

    def contexts(self, highest: float, n: int, back: int) -> Iterator[tuple[str, np.ndarray]]:
        """(rule, events) of `n` features, the rules of `RULES` in turn, each with its counts log-spaced from 30."""
        per_rule = -(-n // len(RULES))
        size, spaced = len(self.text.word), counts(30, highest * len(self.text.word), per_rule).tolist()
        events = {
            "topic": map(self.topic, spaced),
            "after": iter(self.after(counts(30, min(highest, AFTER) * size, per_rule), back)),
            "sense": map(self.sense, spaced),
        }
        for rule in islice(cycle(RULES), n):
            yield rule, next(events[rule])


def counts(lowest: float, highest: float, n: int) -> np.ndarray:
    """`n` firing counts, log-spaced."""
    return np.geomspace(lowest, highest, n).round().astype(np.int64)


def write_tokens(folder: Path, text: Text) -> None:
    """The tokens and the passages, as the job imports them."""
    spelled = np.append(spellings(), BOS)[text.word]  # BOS is word -1
    length = np.where(text.position == 0, 0, np.char.str_len(spelled))
    end = np.cumsum(length)
    end -= end[text.bos][text.passage]
    names = ("passage", "position", "text", "char_start", "char_end", "is_special")
    rows = (text.passage, text.position, spelled, end - length, end, text.position == 0)
    pq.write_table(pa.table(dict(zip(names, rows, strict=True))), folder / "tokens.parquet")
    passages = ["".join(words[1:]) for words in np.split(spelled, text.bos[1:])]
    pq.write_table(pa.table({"passage": range(len(passages)), "text": passages}), folder / "passages.parquet")

"""Two tokenisations of the same passages -> units: the smallest stretches whose two ends are boundaries for both.

A boundary of a model is a place in the text with none of its tokens on both sides (`ingest.spans`). Where text is left
out between two tokens there are several such places; two models share a boundary when they have one in common, and the
first in common is the end of the unit. The units of a passage, put together, are its text, except what one model reads
as a special token, and what lies behind the end of a model's context.
"""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array, vstack

from ingest.errors import IngestError
from ingest.spans import breaks, code_points
from store.schema import BY_NAME

IDENTICAL = "identical"
BLOCK = 4096
"""Passages aligned at once."""
ROWS = 1 << 16
"""Units whose activations are gathered at once."""


@dataclass(frozen=True)
class Alignment:
    """Units of two models, special tokens left out, in the order of the text."""

    name: str
    """`identical`, or `<model a>~<model b>`."""
    unit_of_a: np.ndarray
    """int64 of shape (token of A's model,): its unit, -1 for a special token and one that B's model has nothing for."""
    unit_of_b: np.ndarray
    """The same for B's model."""
    passage: np.ndarray
    """int64 of shape (unit,): the unit's passage."""
    position: np.ndarray
    """int64 of shape (unit,): place in the passage, from 0: that of its first token of A's model."""
    text: np.ndarray
    """int64 of shape (unit,): a code for the unit's text; equal texts have equal codes.

    The text is that of the passage; of an identical alignment it is that of the token, which is all that either model
    is told: a tokeniser that lower-cases gives one token for `The` and `the`.
    """
    units: pa.Table
    """Rows of the table `units`; none for an identical alignment."""

    @property
    def n_units(self) -> int:
        return len(self.passage)


def align(
    a: pa.Table, b: pa.Table, passages: pa.Table, contexts: tuple[int | None, int | None] = (None, None)
) -> Alignment:
    """The units of two `tokens` tables. Raises `IngestError` when they share no unit.

    `contexts` are the longest passages that the models read, in tokens: of a passage with so many, the text behind
    the last token was not read. Holds the result and `BLOCK` passages.
    """
    columns = ["passage_id", "position", "text", "char_start", "char_end", "is_special"]
    is_same = a.num_rows == b.num_rows and all(a[c].equals(b[c]) for c in columns)
    found = _identical(a) if is_same else _by_boundaries(a, b, passages, contexts)
    if not found.n_units:
        raise IngestError(
            f"models {a['model'][0]} and {b['model'][0]} share no token boundary in any passage; "
            "are they the same passages?"
        )
    return found


def _identical(tokens: pa.Table) -> Alignment:
    ordinary = ~tokens["is_special"].to_numpy(zero_copy_only=False)
    unit = np.where(ordinary, np.cumsum(ordinary) - 1, -1)
    text = pc.dictionary_encode(tokens["text"]).combine_chunks().indices.to_numpy()
    passage, position = (tokens[c].to_numpy()[ordinary].astype(np.int64) for c in ("passage_id", "position"))
    nothing = BY_NAME["units"].arrow.empty_table()
    return Alignment(IDENTICAL, unit, unit, passage, position, text[ordinary].astype(np.int64), nothing)


class _Side:
    """The tokens of one model."""

    def __init__(self, tokens: pa.Table, n_passages: int, context: int | None) -> None:
        self.name = tokens["model"][0].as_py()
        self.position, self.start, self.end = (tokens[c].to_numpy() for c in ("position", "char_start", "char_end"))
        self.passage = tokens["passage_id"].to_numpy()
        self.special = tokens["is_special"].to_numpy(zero_copy_only=False)
        self.bounds = np.searchsorted(self.passage, np.arange(n_passages + 1))
        self.is_full = np.diff(self.bounds) >= (context or np.inf)
        self.unit = np.full(len(self.passage), -1, np.int64)


class _Block:
    """Some passages one behind the other, a character between them."""

    def __init__(self, passages: pa.Table, first: int) -> None:
        texts = passages["text"].slice(first, BLOCK).to_pylist()
        self.first, self.last = first, first + len(texts)
        length = np.array([len(text) for text in texts], np.int64)
        self.begin = np.cumsum(length + 1) - (length + 1)
        self.stop = self.begin + length
        joined = "\n".join([*texts, ""])
        self.text = code_points(joined)
        self.utf8 = joined.encode()

    def strings(self, start: np.ndarray, end: np.ndarray) -> pa.Array:
        """The stretches from `start` to `end`, which follow one another, and between each two what lies between."""
        wide = 1 + sum((self.text >= least).astype(np.int8) for least in (0x80, 0x800, 0x10000))
        at = np.append(0, np.cumsum(wide, dtype=np.int64))
        offsets = at[np.column_stack([start, end]).ravel()]
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.utf8)]
        return pa.Array.from_buffers(pa.large_string(), max(len(offsets) - 1, 0), buffers)


@dataclass(frozen=True)
class _Cuts:
    """Where one model's tokens of a block can be cut apart: int64 of shape (cut,), ascending."""

    tokens: np.ndarray
    """int64 of shape (token,): tokens that stand in the text."""
    before: np.ndarray
    """Which of them is the first behind the cut."""
    lower: np.ndarray
    upper: np.ndarray
    unread: np.ndarray
    """bool of shape (passage,): whether the model's context ended before the text."""


def _by_boundaries(a: pa.Table, b: pa.Table, passages: pa.Table, contexts: tuple[int | None, int | None]) -> Alignment:
    sides = [_Side(t, passages.num_rows, context) for t, context in zip((a, b), contexts, strict=True)]
    found: list[dict[str, Any]] = []
    n_units = 0
    for first in range(0, passages.num_rows, BLOCK):
        found.append(_units(_Block(passages, first), sides, n_units))
        n_units += len(found[-1]["passage"])
    name = f"{sides[0].name}~{sides[1].name}"
    columns = {c: np.concatenate([one[c] for one in found]) for c in found[0] if c != "text"}
    text = pa.chunked_array([one["text"] for one in found]).dictionary_encode()
    code = np.concatenate([np.zeros(0, np.int64), *(chunk.indices.to_numpy()[::2] for chunk in text.chunks)])
    names = pa.array([name]).take(pa.array(np.zeros(n_units, np.int32)))
    schema = BY_NAME["units"].arrow
    rows = {"alignment": names, "unit": np.arange(n_units), "passage_id": columns["passage"], **columns}
    units = pa.table([pa.array(rows[f.name]).cast(f.type) for f in schema], schema=schema)
    position = sides[0].position[columns["token_a"]].astype(np.int64)
    return Alignment(name, sides[0].unit, sides[1].unit, columns["passage"], position, code, units)


def _units(block: _Block, sides: list[_Side], n_before: int) -> dict[str, Any]:
    """Columns of the block's units, of which `n_before` come before; and `text`, with what lies between each two.

    Writes each token's unit into the sides.
    """
    cuts = [_cuts(side, block) for side in sides]
    met = _meet(cuts[0].lower, cuts[0].upper, cuts[1].lower, cuts[1].upper)
    end = np.maximum(*(cut.lower[place] for cut, place in zip(cuts, met, strict=True)))
    passage = np.searchsorted(block.begin, end, side="right") - 1
    is_first = np.append(True, passage[1:] != passage[:-1])
    start = np.where(is_first, block.begin[passage], np.append(0, end[:-1]))
    kept = ~((end == block.stop[passage]) & (cuts[0].unread | cuts[1].unread)[passage])
    ranges = []
    for side, cut, place in zip(sides, cuts, met, strict=True):
        before = cut.before[place]
        special = np.append(0, np.cumsum(side.special[cut.tokens]))
        ranges.append((np.append(0, before[:-1]), before))
        kept &= (ranges[-1][0] < before) & (special[ranges[-1][0]] == special[before])
    unit = np.where(kept, np.cumsum(kept) - 1 + n_before, -1)
    columns: dict[str, Any] = {"passage": passage[kept] + block.first}
    for letter, side, cut, (first, behind) in zip("ab", sides, cuts, ranges, strict=True):
        side.unit[cut.tokens] = unit[np.searchsorted(behind, np.arange(len(cut.tokens)), side="right")]
        columns[f"token_{letter}"] = cut.tokens[first[kept]]
        # Counted through to the last: a special token without text may stand among them.
        columns[f"n_tokens_{letter}"] = cut.tokens[behind[kept] - 1] - cut.tokens[first[kept]] + 1
    return columns | {"text": block.strings(start[kept], end[kept])}


def _cuts(side: _Side, block: _Block) -> _Cuts:
    """Besides the breaks between tokens: the end of every passage, and where a full context ended before it."""
    tokens = np.arange(side.bounds[block.first], side.bounds[block.last])
    tokens = tokens[~side.special[tokens] | (side.start[tokens] < side.end[tokens])]
    passage = side.passage[tokens] - block.first
    begin, stop = block.begin[passage], block.stop[passage]
    before, lower, upper = breaks(begin + side.start[tokens], begin + side.end[tokens], begin, stop, block.text)
    behind = np.searchsorted(passage, np.arange(len(block.begin)), side="right")
    reached = block.begin.copy()
    np.maximum.at(reached, passage, begin + side.end[tokens])
    unread = side.is_full[block.first : block.last] & (reached < block.stop)
    ended = unread & (reached > block.begin)
    before = np.concatenate([before, behind[ended], behind])
    lower, upper = (np.concatenate([ends, reached[ended], block.stop]) for ends in (lower, upper))
    order = np.argsort(lower, kind="stable")
    return _Cuts(tokens, before[order], lower[order], upper[order], unread)


@numba.njit(cache=True, nogil=True)
def _meet(lower_a, upper_a, lower_b, upper_b):  # type: ignore[no-untyped-def]
    """Pairs each cut of A with the first of B that has a place in common with it, each once: two rows of indices.

    Cuts of one side are in order and apart. No other pairing has more pairs: of two cuts that meet, only one can meet
    others further on, and gains nothing by leaving the first.
    """
    pairs = np.empty((2, min(len(lower_a), len(lower_b))), np.int64)
    i = j = n = 0
    while i < len(lower_a) and j < len(lower_b):
        if upper_a[i] < lower_b[j]:
            i += 1
        elif upper_b[j] < lower_a[i]:
            j += 1
        else:
            pairs[0, n], pairs[1, n] = i, j
            i, j, n = i + 1, j + 1, n + 1
    return pairs[:, :n]


def to_units(activations: csr_array, unit: np.ndarray, n_units: int) -> csr_array:
    """Activations (token, feature) -> (unit, feature), the largest among a unit's tokens; others are dropped.

    Every unit has a token, and they stand in order. Holds two copies of the non-zero entries.
    """
    ordinary = np.flatnonzero(unit >= 0)
    rows = unit[ordinary]
    if np.array_equal(rows, np.arange(n_units)):
        return activations[ordinary]
    parts = []
    for first in range(0, n_units, ROWS):
        begin, end = np.searchsorted(rows, (first, first + ROWS))
        parts.append(_largest(activations[ordinary[begin:end]], rows[begin:end] - first))
    return csr_array(vstack(parts, format="csr"))


def _largest(entries: csr_array, unit: np.ndarray) -> csr_array:
    """The largest entry of each unit and feature; `unit` of shape (row,) counts from 0 and leaves none out."""
    found = entries.tocoo()
    key = unit[found.coords[0]] * np.int64(entries.shape[1]) + found.coords[1]
    order = np.argsort(key, kind="stable")
    key, value = key[order], found.data[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    value = np.maximum.reduceat(value, first) if first.size else value
    feature = (key[first] % entries.shape[1]).astype(np.int32)
    indptr = np.searchsorted(key[first] // entries.shape[1], np.arange(unit[-1] + 2))
    return csr_array((value, feature, indptr), shape=(unit[-1] + 1, entries.shape[1]))

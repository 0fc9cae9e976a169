"""Two tokenisations of the same passages -> units: the smallest stretches whose two ends are boundaries for both.

A character that is split between tokens (byte-level fallbacks) ends at the same place for each of its tokens, and a
space that one tokeniser leaves out belongs to the token behind it: so only the ends of tokens are compared.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from ingest.errors import IngestError
from store.schema import BY_NAME

IDENTICAL = "identical"


@dataclass(frozen=True)
class Alignment:
    """Units of two models, special tokens left out, in the order of the text."""

    name: str
    """`identical`, or `<model a>~<model b>`."""
    unit_of_a: np.ndarray
    """int64 of shape (token of A's model,): its unit, -1 for a special token."""
    unit_of_b: np.ndarray
    """The same for B's model."""
    passage: np.ndarray
    """int64 of shape (unit,): the unit's passage."""
    position: np.ndarray
    """int64 of shape (unit,): place in the passage, from 0: that of its first token of A's model."""
    text: np.ndarray
    """int64 of shape (unit,): a code for the unit's text; equal texts have equal codes."""
    units: pa.Table
    """Rows of the table `units`; none for an identical alignment."""

    @property
    def n_units(self) -> int:
        return len(self.passage)


def align(a: pa.Table, b: pa.Table, passages: pa.Table) -> Alignment:
    """The units of two `tokens` tables. Raises `IngestError` when they share no unit."""
    columns = ["passage_id", "position", "text", "char_start", "char_end", "is_special"]
    if a.num_rows == b.num_rows and all(a[c].equals(b[c]) for c in columns):
        return _identical(a)
    return _by_ends(a, b, passages)


def _identical(tokens: pa.Table) -> Alignment:
    ordinary = ~tokens["is_special"].to_numpy(zero_copy_only=False)
    unit = np.where(ordinary, np.cumsum(ordinary) - 1, -1)
    text = pc.dictionary_encode(tokens["text"]).combine_chunks().indices.to_numpy()
    passage, position = (tokens[c].to_numpy()[ordinary].astype(np.int64) for c in ("passage_id", "position"))
    nothing = BY_NAME["units"].arrow.empty_table()
    return Alignment(IDENTICAL, unit, unit, passage, position, text[ordinary].astype(np.int64), nothing)


def _by_ends(a: pa.Table, b: pa.Table, passages: pa.Table) -> Alignment:
    lengths = pc.utf8_length(passages["text"]).to_numpy().astype(np.int64)
    base = np.cumsum(lengths + 1) - (lengths + 1)
    ends_a, ends_b = (_ends(side, base, lengths) for side in (a, b))
    shared = np.intersect1d(ends_a[ends_a >= 0], ends_b[ends_b >= 0])
    if not shared.size:
        raise IngestError(
            f"models {a['model'][0]} and {b['model'][0]} share no token boundary in any passage; "
            "are they the same passages?"
        )
    unit_a, unit_b = (np.where(ends >= 0, np.searchsorted(shared, ends), -1) for ends in (ends_a, ends_b))
    passage = np.searchsorted(base, shared - 1, side="right") - 1
    first_a, count_a = _ranges(unit_a, len(shared))
    first_b, count_b = _ranges(unit_b, len(shared))
    name = f"{a['model'][0]}~{b['model'][0]}"
    names = pa.array([name]).take(pa.array(np.zeros(len(shared), np.int32)))
    columns = [names, np.arange(len(shared)), passage, first_a, count_a, first_b, count_b]
    schema = BY_NAME["units"].arrow
    units = pa.table([pa.array(c).cast(f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
    position = a["position"].to_numpy()[first_a].astype(np.int64)
    return Alignment(name, unit_a, unit_b, passage, position, _text_codes(shared, passage, base, passages), units)


def _ends(tokens: pa.Table, base: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """End of each token counted through all passages, -1 for special ones; the last of a passage ends with its text."""
    passage = tokens["passage_id"].to_numpy()
    ordinary = ~tokens["is_special"].to_numpy(zero_copy_only=False)
    ends = base[passage] + tokens["char_end"].to_numpy()
    index = np.flatnonzero(ordinary)
    last = index[np.append(np.diff(passage[index]) != 0, True)[: len(index)]]
    ends[last] = base[passage[last]] + lengths[passage[last]]
    return np.where(ordinary, ends, -1)


def _ranges(unit: np.ndarray, n_units: int) -> tuple[np.ndarray, np.ndarray]:
    """First token and number of tokens of each unit."""
    tokens = np.flatnonzero(unit >= 0)
    count = np.bincount(unit[tokens], minlength=n_units)
    return tokens[np.cumsum(count) - count], count


def _text_codes(ends: np.ndarray, passage: np.ndarray, base: np.ndarray, passages: pa.Table) -> np.ndarray:
    starts = np.where(np.append(True, passage[1:] != passage[:-1]), base[passage], np.append(0, ends[:-1]))
    texts = passages["text"].to_pylist()
    codes: dict[str, int] = {}
    spans = zip(passage.tolist(), (starts - base[passage]).tolist(), (ends - base[passage]).tolist(), strict=True)
    return np.array([codes.setdefault(texts[p][s:e], len(codes)) for p, s, e in spans], dtype=np.int64)


def to_units(activations: csr_array, unit: np.ndarray, n_units: int) -> csr_array:
    """Activations (token, feature) -> (unit, feature), the largest among a unit's tokens; special tokens are dropped.

    Holds a copy of the non-zero entries.
    """
    ordinary = np.flatnonzero(unit >= 0)
    kept = activations[ordinary]
    rows = unit[ordinary]
    if np.array_equal(rows, np.arange(n_units)):
        return kept
    entries = kept.tocoo()
    key = rows[entries.coords[0]] * np.int64(kept.shape[1]) + entries.coords[1]
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(key[order]) > 0)) if key.size else np.zeros(0, np.int64)
    value = np.maximum.reduceat(entries.data[order], first) if key.size else entries.data
    feature = (key[order][first] % kept.shape[1]).astype(np.int32)
    indptr = np.searchsorted(key[order][first] // kept.shape[1], np.arange(n_units + 1))
    return csr_array((value, feature, indptr), shape=(n_units, kept.shape[1]))

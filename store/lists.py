"""Lists of numbers that belong to passages, as arrays: the texts of a passage's tokens, the units of its tokens.

A page needs a few of these from passages all over the text. DuckDB unpacks two thousand lists for one of them, which
takes longer than all else that a pair's page asks for; from an array it is a lookup.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Lists:
    """The lists of some passages, one after the other in memory, in the smallest integers that hold them.

    Of a table with `passage_id`, in order; its other columns are numbers, or lists of them. NULL in a list is -1 here.
    """

    def __init__(self, table: pa.Table) -> None:
        self._passages: Ints = numbers(table["passage_id"])
        self._firsts: dict[str, Ints] = {}
        self._values: dict[str, np.ndarray[Any, Any]] = {}
        self._offsets: dict[str, Ints] = {}
        for name in table.column_names:
            column = table[name].combine_chunks()
            if pa.types.is_list(column.type):
                flat = column.flatten()
                self._values[name] = _smallest((flat.fill_null(-1) if flat.null_count else flat).to_numpy())
                self._offsets[name] = np.concatenate([[0], np.cumsum(numbers(column.value_lengths()))])
            else:
                self._firsts[name] = numbers(column)

    def __contains__(self, name: str) -> bool:
        return name in self._firsts or name in self._values

    def first(self, name: str, passage: Ints) -> Ints:
        """A column that holds a number for each passage, for some of them."""
        found: Ints = self._firsts[name][self._at(passage)]
        return found

    def of(self, name: str, passage: Ints, place: Ints) -> Ints:
        """The numbers at some places, from 0, of the lists of some passages."""
        return self._values[name][self._offsets[name][self._at(passage)] + place].astype(np.int64)

    def whole(self, name: str, passage: int) -> Ints:
        """The whole list of one passage."""
        at = int(self._at(np.array([passage]))[0])
        first, last = self._offsets[name][at : at + 2]
        return self._values[name][first:last].astype(np.int64)

    def add_places(self, name: str, of: str) -> None:
        """Adds lists `name`: the first place of each number in those of `of`, which hold all from 0 in order."""
        values, offsets = self._values[of], self._offsets[of]
        is_first = values >= 0
        is_start = np.zeros(len(values) + 1, bool)
        is_start[offsets] = True
        is_first[1:] &= (values[1:] != values[:-1]) | is_start[1:-1]
        found = np.flatnonzero(is_first)
        counts = np.concatenate([[0], np.cumsum(is_first)])[offsets]
        self._values[name] = _smallest(found - np.repeat(offsets[:-1], np.diff(counts)))
        self._offsets[name] = counts

    def _at(self, passage: Ints) -> Ints:
        return np.searchsorted(self._passages, passage)


def numbers(column: Any) -> Any:
    """A column of Arrow, or one of numpy with a mask, as int64 or float64, -1 for NULL."""
    if isinstance(column, np.ndarray):
        found = np.ma.filled(column, -1)
    else:
        found = (column.fill_null(-1) if column.null_count else column).to_numpy()
    return found.astype(np.float64 if found.dtype.kind == "f" else np.int64, copy=False)


def _smallest(values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """The same integers in 16 bits where these hold them, else in 32 or 64."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    for kind in (np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            # A copy: no view that keeps the whole answer of a question.
            return values.astype(kind)
    return values.astype(np.int64)

"""Strips: stretches of a passage around a token, with what a feature does there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from store import records as r
from store.lists import Ints, Lists

Rows = list[dict[str, Any]]
Activations = dict[int, float]
"""A feature's activations by token."""


@dataclass(frozen=True)
class Read:
    """What strips are read from: questions of `Store`."""

    texts: Callable[[str, Iterable[int]], dict[int, str]]
    """A model and numbers of its vocabulary -> texts."""
    contexts: Callable[[str, Ints], Lists]
    """A model and passages -> their tokens."""
    unit_lists: Callable[[str, Ints], Lists]
    """An alignment and passages -> their units."""


@dataclass(frozen=True)
class Window:
    """The tokens of a passage that a strip shows."""

    first: int
    texts: list[int]
    """Numbers of their texts; of a special token -1 - its text's."""
    focus: range
    cut_left: bool
    """Whether the passage goes on there."""
    cut_right: bool

    @property
    def tokens(self) -> range:
        return range(self.first, self.first + len(self.texts))


def examples(
    read: Read, page: Rows, model: str, activations: Activations, *, stratum: str, width: int
) -> list[r.Strip]:
    """One strip for each row of `page` (rank, token_index, passage_id, source), in its order."""
    windows = [
        _around(first, texts, range(row["token_index"], row["token_index"] + 1), width)
        for row, (first, texts) in zip(page, _contexts(read, model, page), strict=True)
    ]
    found = _strips(read, page, model, windows, activations)
    return [
        r.Strip(one.passage_id, one.source, one.tokens, one.cut_left, one.cut_right, stratum, row["rank"])
        for row, one in zip(page, found, strict=True)
    ]


def pairs(read: Read, page: Rows, model: str, activations: Sequence[Activations], *, width: int) -> list[r.PairStrip]:
    """One pair of strips for each row of `units.strongest`, where a unit is a token of both models.

    `activations`: of A and of B.
    """
    windows = [
        _around(first, texts, range(row["unit"], row["unit"] + 1), width)
        for row, (first, texts) in zip(page, _contexts(read, model, page), strict=True)
    ]
    return _paired(page, *(_strips(read, page, model, windows, own) for own in activations))


def aligned_pairs(
    read: Read,
    page: Rows,
    c: r.Comparison,
    models: tuple[str, str],
    activations: Sequence[Activations],
    *,
    width: int,
) -> list[r.PairStrip]:
    """The same where a unit is some tokens of A and some of B. Both show the same whole units: one stretch of text."""
    passages = np.array([row["passage_id"] for row in page], np.int64)
    lists = read.unit_lists(c.alignment, passages)
    first_units = lists.first("first_unit", passages).tolist()
    windows = []
    for row, first_unit, *sides in zip(page, first_units, *(_contexts(read, one, page) for one in models), strict=True):
        units_a, units_b = (lists.whole(name, row["passage_id"]) for name in ("units_a", "units_b"))
        windows.append(_beside(sides, (units_a, units_b), row["unit"] - first_unit, width))
    found = [
        _strips(read, page, model, [both[side] for both in windows], activations[side])
        for side, model in enumerate(models)
    ]
    return _paired(page, *found)


def _around(first: int, texts: list[int], focus: range, width: int) -> Window:
    """`width` tokens either side of a focus, as far as the passage goes."""
    lower, upper = max(0, focus.start - first - width), min(len(texts), focus.stop - first + width)
    return Window(first + lower, texts[lower:upper], focus, lower > 0, upper < len(texts))


def _beside(
    sides: Sequence[tuple[int, list[int]]], units: tuple[Ints, Ints], focus: int, width: int
) -> tuple[Window, Window]:
    """A's window around a unit, to the ends of its outermost units, and B's of the same units."""
    ((first_a, texts_a), (first_b, texts_b)), (units_a, units_b) = sides, units
    on_a, on_b = (_stretch(own, focus, focus) for own in units)
    lower, upper = max(0, on_a.start - width), min(len(texts_a), on_a.stop + width)
    shown = units_a[lower:upper]
    least, most = int(shown[shown >= 0].min()), int(shown.max())
    whole = _stretch(units_a, least, most)
    # Special tokens belong to no unit: those at its ends are shown with a passage that is shown to its end.
    lower, upper = min(lower, whole.start), max(upper, whole.stop)
    cut_left, cut_right = lower > 0, upper < len(texts_a)
    beside = _stretch(units_b, least, most)
    start, stop = beside.start if cut_left else 0, beside.stop if cut_right else len(texts_b)
    a = Window(first_a + lower, texts_a[lower:upper], _moved(on_a, first_a), cut_left, cut_right)
    return a, Window(first_b + start, texts_b[start:stop], _moved(on_b, first_b), cut_left, cut_right)


def _stretch(units: Ints, least: int, most: int) -> range:
    """The places of the tokens of some units, one after the other."""
    places = np.flatnonzero((units >= least) & (units <= most))
    return range(int(places[0]), int(places[-1]) + 1)


def _moved(places: range, by: int) -> range:
    return range(places.start + by, places.stop + by)


def _contexts(read: Read, model: str, page: Rows) -> list[tuple[int, list[int]]]:
    """The first token of each row's passage, and the numbers of the texts of all its tokens."""
    passages = np.array([row["passage_id"] for row in page], np.int64)
    contexts = read.contexts(model, passages)
    firsts = contexts.first("first_token", passages).tolist()
    texts = [contexts.whole("text_ids", one).tolist() for one in passages.tolist()]
    return list(zip(firsts, texts, strict=True))


def _strips(read: Read, page: Rows, model: str, windows: Sequence[Window], activations: Activations) -> list[r.Strip]:
    spelled = read.texts(model, (_number(one) for window in windows for one in window.texts))
    return [
        r.Strip(
            row["passage_id"],
            row["source"],
            tuple(
                r.StripToken(token, spelled[_number(one)], activations.get(token), one < 0, token in window.focus)
                for token, one in zip(window.tokens, window.texts, strict=True)
            ),
            window.cut_left,
            window.cut_right,
        )
        for row, window in zip(page, windows, strict=True)
    ]


def _paired(page: Rows, on_a: list[r.Strip], on_b: list[r.Strip]) -> list[r.PairStrip]:
    return [
        r.PairStrip(a, b, row["activation_a"], row["activation_b"]) for row, a, b in zip(page, on_a, on_b, strict=True)
    ]


def _number(number: int) -> int:
    """The number of a text as contexts have it: of a special token -1 - its text's."""
    return number if number >= 0 else -1 - number

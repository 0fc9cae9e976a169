"""Two features unit by unit: where both fire, where one does, and on which texts.

What a page asks of a pair are several questions about the same units. The store is asked for these once, and the rest
is arithmetic on columns, which are kept for the pairs that were asked for last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from store import filters, strips
from store import records as r
from store.connection import MEMORY, THREADS
from store.judged import Judged
from store.lists import Ints, Lists

Floats = npt.NDArray[np.float64]
WHOLE = 50_000_000
"""Tokens of all models up to which all passages' lists are kept, four bytes each; else a question reads its own."""


@dataclass(frozen=True)
class Fired:
    """Every unit where either of two features fires, in order; columns of one length."""

    unit: Ints
    passage: Ints
    a: Floats
    """A's activation, 0 where A does not fire; the largest of the unit's tokens."""
    b: Floats

    def __len__(self) -> int:
        return len(self.unit)

    def of(self, group: str) -> npt.NDArray[np.bool_]:
        """The units of one of `records.GROUPS`."""
        on_a, on_b = self.a > 0, self.b > 0
        return {"both": on_a & on_b, "only_a": ~on_b, "only_b": ~on_a}[group]


@dataclass(frozen=True)
class Spelled:
    """The same units by the numbers of their texts; columns of one length."""

    text: Ints
    """Of the whole unit: of a token where both models cut the text alike."""
    token: Ints
    """A's (first) token of the unit."""
    token_text: Ints
    """In the vocabulary of A's model."""

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class Active:
    """Where one feature fires; columns of one length."""

    unit: Ints
    place: Ints
    """Of the token in its passage, from 0."""
    passage: Ints
    activation: Floats

    def by_unit(self, lists: "Lists", name: str) -> "Active":
        """The same by aligned units: one of several tokens stands here several times, a special token nowhere."""
        own = lists.of(name, self.passage, self.place)
        known = own >= 0
        unit = (own + lists.first("first_unit", self.passage))[known]
        return Active(unit, self.place[known], self.passage[known], self.activation[known])

    def within(self, passages: Sequence[int]) -> dict[int, float]:
        """The activations in some passages, by token; of tokens as they are."""
        # Only these: a feature may fire everywhere.
        here = np.isin(self.passage, passages)
        return dict(zip(self.unit[here].tolist(), self.activation[here].tolist(), strict=True))


class Units(Judged):
    """The questions about two features' units."""

    def __init__(self, folder: Path | str, memory: str = MEMORY, threads: int = THREADS) -> None:
        self._reading = Lock()
        self._whole: dict[tuple[str, ...], Lists] = {}
        self._first_tokens: dict[str, dict[str, Ints]] = {}
        self._strips = strips.Read(self._texts, self._contexts, self._unit_lists)
        super().__init__(folder, memory, threads)

    def close(self) -> None:
        """The same, and of the lists of whole texts, which are the largest of what is kept."""
        super().close()
        self._whole.clear()
        self._first_tokens.clear()

    def group_counts(self, comparison: str, feature_a: int, feature_b: int) -> dict[str, int]:
        """Units in each of `records.GROUPS`."""
        fired = self._fired(comparison, feature_a, feature_b)
        return {group: int(fired.of(group).sum()) for group in r.GROUPS}

    def pair_strips(
        self,
        comparison: str,
        feature_a: int,
        feature_b: int,
        group: str,
        limit: int = 10,
        offset: int = 0,
        width: int = 24,
    ) -> list[r.PairStrip]:
        """Passages of a group (of `records.GROUPS`), strongest first, `width` tokens either side of the best unit."""
        filters.one_of("group", group, r.GROUPS)
        fired = self._fired(comparison, feature_a, feature_b)
        page = self._sourced(strongest(fired, fired.of(group))[offset : offset + limit])
        c = self.comparison(comparison)
        shown = [row["passage_id"] for row in page]
        sides = ((c.space_a, feature_a), (c.space_b, feature_b))
        activations = [self._active(*side).within(shown) for side in sides]
        models = self._spaces[c.space_a].model, self._spaces[c.space_b].model
        if c.alignment == "identical":
            return strips.pairs(self._strips, page, models[0], activations, width=width)
        return strips.aligned_pairs(self._strips, page, c, models, activations, width=width)

    def unit_scatter(
        self, comparison: str, feature_a: int, feature_b: int, points: int = 2000, cells: int = 40
    ) -> r.UnitScatter:
        """Every unit where either fires, if these are at most `points`; else cells, and points where both fire."""
        fired = self._fired(comparison, feature_a, feature_b)
        many = len(fired) > points
        chosen = sample(fired.unit, fired.of("both"), points // 4) if many else np.arange(len(fired))
        dots: list[r.UnitPoint] = []
        if len(chosen):
            spelled = self._spelled(comparison, feature_a, feature_b)
            model = self._spaces[self.comparison(comparison).space_a].model
            numbers = spelled.token_text[chosen].tolist()
            texts = self._texts(model, numbers)
            tokens = spelled.token[chosen].tolist()
            columns = zip(fired.a[chosen].tolist(), fired.b[chosen].tolist(), tokens, numbers, strict=True)
            dots = [r.UnitPoint(a, b, token, texts[number]) for a, b, token, number in columns]
        return r.UnitScatter(tuple(dots), grid(fired, cells) if many else (), len(fired))

    def token_rows(self, comparison: str, feature_a: int, feature_b: int, limit: int = 20) -> list[r.TokenRow]:
        """Token texts (of A's model; of a whole unit where the two differ) with most of both features' mass."""
        fired = self._fired(comparison, feature_a, feature_b)
        if not len(fired):
            return []
        found, place = np.unique(self._spelled(comparison, feature_a, feature_b).text, return_inverse=True)
        mass_a, mass_b = np.bincount(place, fired.a), np.bincount(place, fired.b)
        share_a, share_b = (mass / mass.sum() if mass.sum() else np.zeros(len(mass)) for mass in (mass_a, mass_b))
        # Rounded: the last digits of sums must not change the order of equals.
        order = np.lexsort((found, -np.round(share_a + share_b, 9)))[:limit]
        n_a, n_b, n_both = (np.bincount(place, on) for on in (fired.a > 0, fired.b > 0, fired.of("both")))
        c = self.comparison(comparison)
        if c.alignment == "identical":
            texts = self._spelled_as("vocabulary", self._spaces[c.space_a].model, found[order].tolist())
        else:
            texts = self._spelled_as("unit_vocabulary", c.alignment, found[order].tolist())
        return [
            r.TokenRow(
                *texts[int(found[i])],
                int(n_a[i]),
                int(n_b[i]),
                int(n_both[i]),
                float(share_a[i]) if mass_a.sum() else None,
                float(share_b[i]) if mass_b.sum() else None,
            )
            for i in order
        ]

    # The units -----------------------------------------------------------------------------------------------------
    def _fired(self, comparison: str, feature_a: int, feature_b: int) -> Fired:
        c = self._pair(comparison, feature_a, feature_b)

        def ask() -> Fired:
            sides = [self._active(c.space_a, feature_a), self._active(c.space_b, feature_b)]
            if c.alignment != "identical":
                lists = self._unit_lists(c.alignment, np.concatenate([side.passage for side in sides]))
                sides = [side.by_unit(lists, name) for side, name in zip(sides, ("units_a", "units_b"), strict=True)]
            unit = np.union1d(sides[0].unit, sides[1].unit)
            passage, (a, b) = np.zeros(len(unit), np.int64), (np.zeros(len(unit)) for _ in sides)
            for side, activation in zip(sides, (a, b), strict=True):
                place = np.searchsorted(unit, side.unit)
                passage[place] = side.passage
                # A unit of several tokens has the largest of their activations.
                np.maximum.at(activation, place, side.activation)
            return Fired(unit, passage, a, b)

        return self._recent.get(("fired", comparison, feature_a, feature_b), ask)

    def _active(self, space: str, feature: int) -> "Active":
        """Where a feature fires; its units are the tokens of its own model."""

        def ask() -> Active:
            found = self._columns("activations", space=space, feature=feature)
            begun = self._begun(self._spaces[space].model)
            place = np.searchsorted(begun["first_token"], found["token_index"], side="right") - 1
            own = found["token_index"] - begun["first_token"][place]
            return Active(found["token_index"], own, begun["passage_id"][place], found["activation"])

        return self._recent.get(("active", space, feature), ask)

    def _spelled(self, comparison: str, feature_a: int, feature_b: int) -> Spelled:
        c = self._pair(comparison, feature_a, feature_b)

        def ask() -> Spelled:
            fired = self._fired(comparison, feature_a, feature_b)
            contexts = self._contexts(self._spaces[c.space_a].model, fired.passage)
            first = contexts.first("first_token", fired.passage)
            if c.alignment == "identical":
                text = contexts.of("text_ids", fired.passage, fired.unit - first)
                return Spelled(text, fired.unit, text)
            units = self._unit_lists(c.alignment, fired.passage)
            own = fired.unit - units.first("first_unit", fired.passage)
            place = units.of("places_a", fired.passage, own)
            token_text = contexts.of("text_ids", fired.passage, place)
            return Spelled(units.of("text_ids", fired.passage, own), first + place, token_text)

        return self._recent.get(("spelled", comparison, feature_a, feature_b), ask)

    def _contexts(self, model: str, passage: Ints) -> Lists:
        """The tokens of some passages: first_token; text_ids, of a special one -1 - its text's."""
        return self._lists("contexts", passage, model=model)

    def _unit_lists(self, alignment: str, passage: Ints) -> Lists:
        """The units of some passages: first_unit; units_a, units_b by token; text_ids, places_a (A's token) by unit."""
        return self._lists("unit_lists", passage, alignment=alignment)

    @cached_property
    def _n_tokens(self) -> int:
        return sum(row["n_rows"] for row in self._dicts("counts") if row["table_name"] == "tokens")

    def _lists(self, name: str, passage: Ints, **asked: str) -> Lists:
        """What a question gives of all passages, read once, or of these where the text is too large to be kept."""
        if self._n_tokens > WHOLE:
            return self._read_lists(f"{name}_of_passages", passages=np.unique(passage).tolist(), **asked)
        key = (name, *asked.values())
        with self._reading:
            if key not in self._whole:
                self._whole[key] = self._read_lists(name, **asked)
            return self._whole[key]

    def _read_lists(self, name: str, **asked: object) -> Lists:
        lists = Lists(self._arrow(name, **asked))
        if "units_a" in lists:
            lists.add_places("places_a", "units_a")
        return lists

    def _begun(self, model: str) -> dict[str, Ints]:
        """The passages of a model and the first token of each, in order: passage_id, first_token."""
        if model not in self._first_tokens:
            self._first_tokens[model] = self._columns("first_tokens", model=model)
        return self._first_tokens[model]

    def _sourced(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows with `passage_id`, and where that comes from."""
        table = self._held("sources")
        places = np.searchsorted(table["passage_id"].to_numpy(), [row["passage_id"] for row in page])
        sources = table["source"].take(pa.array(places, pa.int64())).to_pylist()
        return [row | {"source": source} for row, source in zip(page, sources, strict=True)]


def strongest(fired: Fired, chosen: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The passages of some units, by their strongest: A's times B's activation where both fire, else the one side's.

    Dividing both by their maxima would not change the order. Of equals the first unit, and the first passage.
    """
    unit, passage, a, b = (column[chosen] for column in (fired.unit, fired.passage, fired.a, fired.b))
    strength = np.where((a > 0) & (b > 0), a * b, a + b)
    order = np.lexsort((unit, -strength))
    found, best = np.unique(passage[order], return_index=True)
    largest = []
    for side in (a, b):
        most = np.zeros(len(found))
        np.maximum.at(most, np.searchsorted(found, passage), side)
        largest.append(most)
    best = order[best]
    ranked = np.lexsort((found, -strength[best]))
    names = ("passage_id", "unit", "activation_a", "activation_b")
    columns = (found[ranked], unit[best][ranked], *(most[ranked] for most in largest))
    return [dict(zip(names, row, strict=True)) for row in zip(*(column.tolist() for column in columns), strict=True)]


def sample(unit: Ints, chosen: npt.NDArray[np.bool_], most: int) -> Ints:
    """Places of up to `most` of the chosen units, in order: those with the smallest hash, the same every time."""
    places = np.flatnonzero(chosen)
    # Fibonacci hashing: multiples of 2^64 / golden ratio spread evenly (Knuth, TAOCP 3, 6.4).
    lots = unit[places].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return np.sort(places[np.argsort(lots, kind="stable")[:most]])


def grid(fired: Fired, cells: int) -> tuple[r.DensityCell, ...]:
    """How many units fall into each cell of the plane from 0 to both maxima; empty cells are left out."""
    steps, places = [], []
    for side in (fired.a, fired.b):
        largest = side.max(initial=0.0)
        steps.append(float(largest) / cells)
        scaled = side / largest if largest > 0 else side
        places.append(np.minimum(cells - 1, np.floor(scaled * cells)).astype(np.int64))
    numbers, counts = np.unique(places[0] * cells + places[1], return_counts=True)
    return tuple(
        r.DensityCell(a * steps[0], (a + 1) * steps[0], b * steps[1], (b + 1) * steps[1], n)
        for (a, b), n in zip((divmod(one, cells) for one in numbers.tolist()), counts.tolist(), strict=True)
    )

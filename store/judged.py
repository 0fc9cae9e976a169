"""Matches as questions give them: the evidence that is stored, what their features are, and their reasons by name."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from store import filters
from store import records as r
from store.lists import Ints
from store.opened import Opened

Ref = tuple[str, int]
"""A space and a feature of it."""


class Judged(Opened):
    """The part of `Store` that completes matches; open a `Store`.

    A question about matches reads their own table alone, which holds what their reasons are about. The features of the
    few rows that it gives are looked up afterwards: a join with them takes longer to plan than to run.
    """

    def _matches(self, name: str, thresholds: r.Thresholds, **asked: Any) -> list[r.Match]:
        """The rows of a question that has the part `judged`."""
        return self._completed(self._dicts(name, thresholds=thresholds, **asked))

    def _completed(self, rows: list[dict[str, Any]]) -> list[r.Match]:
        """Rows of `matches` with `reason_bits`, completed; what else stands in them is left out."""
        comparisons = [self._comparisons[row["comparison"]] for row in rows]
        refs = [
            ((c.space_a, row["feature_a"]), (c.space_b, row["feature_b"]))
            for c, row in zip(comparisons, rows, strict=True)
        ]
        sides = self._sides(ref for both in refs for ref in both)
        return [_match(row, sides[a], sides[b]) for row, (a, b) in zip(rows, refs, strict=True)]

    def _with_words(self, c: r.Comparison, matches: list[r.Match]) -> list[r.PairRow]:
        """Matches of a comparison with the top tokens of both sides."""
        a, b = [(c.space_a, m.feature_a) for m in matches], [(c.space_b, m.feature_b) for m in matches]
        words = self._words([*a, *b])
        return [
            r.PairRow(match, words.get(own, ()), words.get(other, ()))
            for match, own, other in zip(matches, a, b, strict=True)
        ]

    def _sides(self, refs: Iterable[Ref]) -> dict[Ref, dict[str, Any]]:
        """What matches show of some features."""
        rows = self._of("sides", refs)
        return {(row.pop("space"), row.pop("feature")): row for row in rows}

    def _words(self, refs: Iterable[Ref]) -> dict[Ref, tuple[str, ...]]:
        """Up to five token texts with the largest mass of each of some features, strongest first; none: not there."""
        return {ref: tuple(text for text, _ in shares) for ref, shares in self._shares(refs).items()}

    def _shares(self, refs: Iterable[Ref]) -> dict[Ref, list[tuple[str, float]]]:
        """The same with the share of the feature's mass that each has."""
        rows = self._of("words", refs)
        numbers: dict[str, set[int]] = {}
        for row in rows:
            if row["text_id"] is not None:
                numbers.setdefault(self._spaces[row["space"]].model, set()).add(row["text_id"])
        texts = {model: self._texts(model, wanted) for model, wanted in numbers.items()}
        strays = self._strays(row for row in rows if row["text_id"] is None)
        shares: dict[Ref, list[tuple[str, float]]] = {}
        for row in rows:
            ref = row["space"], row["feature"]
            number = row["text_id"]
            text = strays[(*ref, row["rank"])] if number is None else texts[self._spaces[ref[0]].model][number]
            shares.setdefault(ref, []).append((text, row["mass_share"]))
        return shares

    def _strays(self, rows: Iterable[dict[str, Any]]) -> dict[tuple[str, int, int], str]:
        """Texts that stand in no passage, as those of an imported space may: (space, feature, rank) -> text."""
        found = self._of("words_without_number", ((row["space"], row["feature"]) for row in rows))
        return {(row["space"], row["feature"], row["rank"]): row["token"] for row in found}

    def _texts(self, model: str, numbers: Iterable[int]) -> dict[int, str]:
        """Texts of a model's vocabulary by their numbers."""
        return {number: text for number, (text, _) in self._spelled_as("vocabulary", model, numbers).items()}

    def _spelled_as(self, name: str, whose: str, numbers: Iterable[int]) -> dict[int, tuple[str, int]]:
        """Texts of a `vocabulary` or `unit_vocabulary` by their numbers, and how often each stands in the text."""
        wanted = sorted(set(numbers))
        # Numbered in order, from 0.
        found = self._held(name, whose=whose).take(pa.array(wanted, pa.int64()))
        spelled = zip(found["text"].to_pylist(), found["n_tokens"].to_pylist(), strict=True)
        return dict(zip(wanted, spelled, strict=True))

    def _of(self, name: str, refs: Iterable[Ref]) -> list[dict[str, Any]]:
        """Rows about some features of a question about all those of a space, in the order of features.

        Every page shows a few of these for some features; a space's are read once and kept, as columns.
        """
        asked: dict[str, set[int]] = {}
        for space, feature in refs:
            asked.setdefault(space, set()).add(feature)
        found = []
        for space, own in asked.items():
            table = self._held(name, space=space)
            features = table["feature"].to_numpy()
            wanted = np.array(sorted(own), features.dtype)
            first, last = (np.searchsorted(features, wanted, side=side) for side in ("left", "right"))
            places = [place for ends in zip(first.tolist(), last.tolist(), strict=True) for place in range(*ends)]
            found += [row | {"space": space} for row in table.take(pa.array(places, pa.int64())).to_pylist()]
        return found

    def _beside(self, name: str, space: str, features: Ints) -> list[Any]:
        """A column of `sides` for features of a space, in their order."""
        table = self._held("sides", space=space)
        own = table["feature"].to_numpy()
        places = np.searchsorted(own, features.astype(own.dtype, copy=False))
        found: list[Any] = table[name].take(pa.array(places)).to_pylist()
        return found

    def _counting(self) -> dict[str, Any]:
        """The comparisons whose matches say something of a feature, with their spaces, as lists.

        Random directions share with any space, so a match with them counts for nothing.
        """
        random = {space.space for space in self._spaces.values() if space.kind == "random_sae"}
        counted = [c for c in self._comparisons.values() if not random & {c.space_a, c.space_b}]
        return {
            "comparisons": [c.comparison for c in counted],
            "spaces_a": [c.space_a for c in counted],
            "spaces_b": [c.space_b for c in counted],
        }


def _match(row: dict[str, Any], a: dict[str, Any], b: dict[str, Any]) -> r.Match:
    bits = row["reason_bits"]
    known = {name: row[name] for name in _STORED}
    known |= {f"{name}_a": value for name, value in a.items()} | {f"{name}_b": value for name, value in b.items()}
    return r.Match(**known, reasons=filters.reasons(bits))


_SIDED = ("top_token", "n_active", "firing_rate", "special_share", "top_token_share")
_STORED = [
    name
    for name in r.Match.__dataclass_fields__
    if name != "reasons" and name.removesuffix("_a").removesuffix("_b") not in _SIDED
]

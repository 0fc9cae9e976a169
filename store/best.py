"""Best matches as columns: which feature leads to which, and where the evidence of the match stands.

Families, concepts, neighbourhoods and searches follow best matches from feature to feature. The columns that say where
they lead are read once and kept; what a page shows of a match is read for the few rows that it shows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from store import filters
from store import records as r
from store.judged import Judged, Ref
from store.lists import Floats, Ints

DEFAULTS = r.Thresholds()


@dataclass(frozen=True)
class Best:
    """The best match of each feature of one side of a comparison, in the order of that side; columns of one length."""

    own: Ints
    other: Ints
    pearson: Floats
    overlap: Floats
    """neighbour_overlap; NaN: unknown."""
    rbo: Floats
    n_units: Ints
    """On which the own feature fires."""
    row: Ints
    """Where it stands in `picked_matches`."""

    def at(self, feature: int) -> int | None:
        """The place of a feature's best match here; None where it has none."""
        place = int(np.searchsorted(self.own, feature))
        return place if place < len(self.own) and self.own[place] == feature else None


@dataclass(frozen=True)
class Mutual:
    """The mutual best matches that pass a filter, in the comparisons that count; columns of one length."""

    place: Ints
    """Of the comparison among those that count."""
    feature_a: Ints
    feature_b: Ints
    pearson: Floats
    pearson_context: Floats
    row: Ints
    """Where it stands in `picked_matches`."""
    a: Ints
    """A's feature as `node` names it."""
    b: Ints

    def __len__(self) -> int:
        return len(self.row)


class BestMatches(Judged):
    """The part of `Store` that knows where best matches lead; open a `Store`."""

    def elsewhere(self, space: str, feature: int, thresholds: r.Thresholds = DEFAULTS) -> list[r.Elsewhere]:
        """The feature's best match in every comparison that its space is part of."""
        self._feature(space, feature)
        return self._best_matches([(space, feature)], thresholds).get((space, feature), [])

    def _best_matches(self, refs: Iterable[Ref], thresholds: r.Thresholds) -> dict[Ref, list[r.Elsewhere]]:
        """The same of some features."""
        asked: list[tuple[Ref, str, r.Comparison, tuple[str, int, int]]] = []
        rows = set()
        for ref in refs:
            for c in self._comparisons.values():
                for side, own in (("a", c.space_a), ("b", c.space_b)):
                    if own != ref[0]:
                        continue
                    best = self._best(c.comparison, side)
                    at = best.at(ref[1])
                    if at is not None:
                        ends = ref[1], int(best.other[at])
                        asked.append((ref, side, c, (c.comparison, *(ends if side == "a" else ends[::-1]))))
                        rows.add(int(best.row[at]))
        matches = {(m.comparison, m.feature_a, m.feature_b): m for m in self._picked_at(sorted(rows), thresholds)}
        found: dict[Ref, list[r.Elsewhere]] = {}
        for ref, side, c, key in asked:
            other = c.space_b if side == "a" else c.space_a
            found.setdefault(ref, []).append(r.Elsewhere(c.comparison, side, other, matches[key]))
        return {
            ref: sorted(own, key=lambda one: (one.other_space, one.comparison, one.side)) for ref, own in found.items()
        }

    def _best(self, comparison: str, side: str) -> Best:
        def ask() -> Best:
            return Best(**self._columns(f"best_of_{side}", comparison=comparison))

        return self._recent.get(("best", comparison, side), ask)

    def _mutual(self, filter: r.PairFilter) -> Mutual:
        """The filter's `only` and its two features are left out of account."""
        values = filters.passing(filters.whole(filter))

        def ask() -> Mutual:
            counted = self._counting()
            asked = {**values, "comparisons": counted["comparisons"]}
            found = self._columns("mutual", thresholds=filter.thresholds, **asked)
            for side in "ab":
                spaces = np.array([self._place_of_space[name] for name in counted[f"spaces_{side}"]], np.int64)
                found[side] = node(spaces[found["place"]] if len(spaces) else found["place"], found[f"feature_{side}"])
            return Mutual(**found)

        return self._recent.get(("mutual", filters.whole(filter)), ask)

    def _matches_of(self, pairs: Sequence[tuple[str, int, int]], thresholds: r.Thresholds) -> list[r.Match]:
        """Those of some pairs (comparison, feature of A, feature of B) that are candidates; in any order."""
        rows, others = [], []
        for name, a, b in pairs:
            best = self._best(name, "a")
            at = best.at(a)
            if at is not None and best.other[at] == b:
                rows.append(int(best.row[at]))
            else:
                others.append((name, a, b))
        return self._picked_at(rows, thresholds) + self._candidates(others, thresholds)

    def _candidates(self, pairs: Sequence[tuple[str, int, int]], thresholds: r.Thresholds) -> list[r.Match]:
        """The same, wherever they stand: found by their keys before all else of them is read."""
        names = ("comparisons", "features_a", "features_b")
        asked = {name: [pair[place] for pair in pairs] for place, name in enumerate(names)}
        rows = [row["row"] for row in self._dicts("match_rows", **asked)] if pairs else []
        return self._matches("matches_at", thresholds, rows=rows) if rows else []

    def _picked_at(self, rows: Sequence[int], thresholds: r.Thresholds) -> list[r.Match]:
        """Some rows of `picked_matches`, by comparison and features."""
        return self._matches("picked_at", thresholds, rows=list(rows)) if rows else []

    @property
    def _place_of_space(self) -> dict[str, int]:
        """The spaces by name."""
        return {name: place for place, name in enumerate(sorted(self._spaces))}


def node(space: Any, feature: Any) -> Ints:
    """One number for the place of a space among the names of all and a feature of it, in their order."""
    return (np.asarray(space, np.int64) << 32) | np.asarray(feature, np.int64)

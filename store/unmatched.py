"""What one side of a comparison has and the other lacks: alive features whose best match is weak."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from store import filters
from store import records as r
from store.best import Best, BestMatches, Floats
from store.lists import Ints


@dataclass(frozen=True)
class Alive:
    """The features of a space that fire, in their order; columns of one length."""

    feature: Ints
    n_active: Ints
    mass: Floats
    """Sum of its activations; NaN: unknown."""
    token_entropy_bits: Floats
    """NaN: unknown."""
    reason_bits: Ints
    """Bits of its own reasons."""


@dataclass(frozen=True)
class Flagged:
    """The same with their best matches on the other side."""

    alive: Alive
    best: Best
    place: Ints
    """Of each feature's best match there; -1: it has none."""
    flags: Ints
    """Bits of its reasons, then one for firing too rarely and one for a best match that is strong enough."""


class Unmatched(BestMatches):
    """The part of `Store` that lists what has no match; open a `Store`."""

    def unmatched(
        self,
        comparison: str,
        side: str,
        filter: r.UnmatchedFilter,
        sort: str = "mass",
        limit: int = 100,
        offset: int = 0,
    ) -> list[r.Unmatched]:
        """Alive features of a side (`a` or `b`) whose best match is weak, by `sort` (of `records.UNMATCHED_SORTS`)."""
        filters.one_of("sort", sort, r.UNMATCHED_SORTS)
        c, found = self.comparison(comparison), self._flagged(comparison, side, filter)
        shown = np.flatnonzero((found.flags & filters.unmatched_clear(filter)) == 0)
        # Unknown values last.
        key = np.nan_to_num(getattr(found.alive, sort)[shown].astype(np.float64), nan=-np.inf)
        shown = shown[np.lexsort((shown, -key))][offset : offset + limit]
        space = c.space_a if side == "a" else c.space_b
        features = found.alive.feature[shown].tolist()
        rows = self._dicts("features_at", space=space, features=features) if features else []
        details, words = {row["feature"]: row for row in rows}, self._words((space, one) for one in features)
        chance = self.null_floor(comparison) if side == "a" else []
        # The null counts units, which are tokens only where both models cut the text alike.
        is_identical = c.alignment == "identical"
        listed = []
        for at, feature in zip(shown.tolist(), features, strict=True):
            n_active, place = int(found.alive.n_active[at]), int(found.place[at])
            has = place >= 0
            n = int(found.best.n_units[place]) if has else n_active if is_identical else 0
            listed.append(
                r.Unmatched(
                    space=space,
                    **details[feature],
                    n_active=n_active,
                    mass=_known(found.alive.mass[at]),
                    token_entropy_bits=_known(found.alive.token_entropy_bits[at]),
                    partner=int(found.best.other[place]) if has else None,
                    pearson=float(found.best.pearson[place]) if has else None,
                    chance_q95=next((one.q95 for one in chance if one.n_active_low <= n <= one.n_active_high), None),
                    reasons=filters.reasons(int(found.alive.reason_bits[at])),
                    tokens=words.get((space, feature), ()),
                )
            )
        return listed

    def unmatched_counts(self, comparison: str, side: str, filter: r.UnmatchedFilter) -> list[r.FunnelStep]:
        """Features of a side that are `alive`, those of them `unmatched`, and what each filter leaves of these."""
        flags, counts = np.unique(self._flagged(comparison, side, filter).flags, return_counts=True)
        return filters.unmatched_funnel(list(zip(flags.tolist(), counts.tolist(), strict=True)), filter)

    def null_floor(self, comparison: str) -> list[r.NullFloor]:
        """What chance gives in each range of firing counts, rarest first; none where the text is a single passage."""
        self.comparison(comparison)
        return self._rows("null_floor", r.NullFloor, comparison=comparison)

    def _flagged(self, comparison: str, side: str, filter: r.UnmatchedFilter) -> Flagged:
        c = self.comparison(comparison)
        filters.one_of("side", side, ("a", "b"))
        limits = filters.one_sided(filter)
        alive = self._alive(c.space_a if side == "a" else c.space_b, limits)
        best = self._best(comparison, side)
        place = np.full(len(alive.feature), -1)
        if len(best.own):
            near = np.minimum(np.searchsorted(best.own, alive.feature), len(best.own) - 1)
            place = np.where(best.own[near] == alive.feature, near, -1)
        is_strong = np.zeros(len(place), bool)
        is_strong[place >= 0] = best.pearson[place[place >= 0]] >= filter.below
        flags = alive.reason_bits | filters.unmatched_flags(alive.n_active < filter.min_active, is_strong)
        return Flagged(alive, best, place, flags)

    def _alive(self, space: str, limits: dict[str, Any]) -> Alive:
        def ask() -> Alive:
            return Alive(**self._columns("alive", space=space, **limits))

        return self._recent.get(("alive", space, *limits.values()), ask)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

"""Are homologues more than what any directions share? A comparison beside one with random directions.

A space of random directions reads the same activations as a trained one, so its features fire where activations are
alike, and some pass every filter. They agree weakly: the more context is asked for, the fewer are left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard import summary
from dashboard.words import count, number
from store.records import CURVE_STEPS, Comparison, ComparisonSummary, HomologueCurve, Space

SHARE = 0.1
"""A bound is clear of the floor when it leaves the floor at most this share of what it leaves the comparison."""
NAMES = {"finding": "two models", "ceiling": "ceiling", "baseline": "baseline", "floor": "floor"}
"""Roles that a picture shows, and what it calls them."""
FINDINGS = 3
FEWEST = 5
"""Homologues that must be left for a bound to be worth naming."""


@dataclass(frozen=True)
class Clear:
    """The least context that leaves a comparison's floor at most `SHARE` of what it leaves the comparison."""

    floor: str
    """The comparison with random directions."""
    n_floor: int
    """Its homologues, whatever their context."""
    context: float | None
    """The bound; None where no bound that leaves `FEWEST` homologues does."""
    n_clear: int
    """Homologues of the comparison at that bound."""
    n_floor_clear: int
    """Homologues of the floor at that bound."""


def floors(comparisons: Sequence[Comparison], spaces: Sequence[Space]) -> list[str]:
    """The comparisons with a space of random directions."""
    random = {space.space for space in spaces if space.kind == "random_sae"}
    return [one.comparison for one in comparisons if random & {one.space_a, one.space_b}]


def floor_of(comparison: str, floors: Sequence[str]) -> str | None:
    """The floor that shares a space with a comparison, else any floor, else None."""
    sides = set(comparison.split("~"))
    return next(iter(sorted(floors, key=lambda name: (-len(sides & set(name.split("~"))), name))), None)


def clear(comparison: str, curves: Sequence[HomologueCurve], floors: Sequence[str]) -> Clear | None:
    """How a comparison stands to its floor; None where the store has none, or the comparison is one itself."""
    floor = floor_of(comparison, floors)
    if floor is None or comparison in floors:
        return None
    by_name = {one.comparison: one.n_left for one in curves}
    own, theirs = by_name[comparison], by_name[floor]
    for step in range(CURVE_STEPS + 1):
        if own[step] >= FEWEST and theirs[step] <= SHARE * own[step]:
            return Clear(floor, theirs[0], step / CURVE_STEPS, own[step], theirs[step])
    return Clear(floor, theirs[0], None, 0, 0)


def sentence(one: Clear, n: int) -> str:
    """What the floor says about a comparison with `n` homologues."""
    pairs = f"{count(one.n_floor)} pair{'' if one.n_floor == 1 else 's'}"
    text = f"Random directions pass every reason too: {pairs} of {one.floor}, beside {count(n)} here."
    if one.context is None:
        return f"{text} No bound on context leaves ten times as many here as there: these may be no shared features."
    if one.context == 0:
        return f"{text} That is at most a tenth."
    return (
        f"{text} They agree weakly: from context {number(one.context)} on, {count(one.n_clear)} are left here and "
        f"{count(one.n_floor_clear)} there."
    )


def drawn(
    curves: Sequence[HomologueCurve], summaries: Sequence[ComparisonSummary], spaces: Sequence[Space]
) -> list[tuple[HomologueCurve, str]]:
    """The curves of a picture with their roles: the `FINDINGS` richest findings, and the richest of each reference."""
    chosen: list[tuple[HomologueCurve, str]] = []
    roles = {one.comparison: summary.role(one, spaces) for one in summaries}
    for role, name in NAMES.items():
        mine = [curve for curve in curves if roles.get(curve.comparison) == role]
        mine.sort(key=lambda curve: (-curve.n_left[0], curve.comparison))
        chosen += [(curve, name) for curve in mine[: FINDINGS if role == "finding" else 1]]
    return chosen

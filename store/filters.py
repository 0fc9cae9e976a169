"""A page's filter as bits: what `flags` of store/sql/flagged.sql a match must not have, and must have."""

import math
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from store import records as r
from store.errors import UnknownName

BOUNDS = ("min_pearson", "min_context", "min_active")
"""Bounds of a filter: the first steps of the funnel, before the reasons."""

_BITS = {name: 1 << place for place, name in enumerate((*r.REASONS, *BOUNDS))}


def one_of(what: str, name: str, names: Iterable[str]) -> None:
    """Raises `UnknownName` unless `name` is one of `names`."""
    known = list(names)
    if name not in known:
        there = "there is" if len(known) == 1 else "there are"
        raise UnknownName(f"no {what} `{name}`; {there} {', '.join(known) or 'none'}")


def steps(filter: r.PairFilter) -> list[str]:
    """The names of the funnel's filters, in its order. Raises `UnknownName` for a reason that there is not."""
    for name in filter.hide:
        one_of("reason", name, r.REASONS)
    return [*BOUNDS, *(name for name in r.REASONS if name in filter.hide)]


def flagged(comparison: str, filter: r.PairFilter) -> dict[str, Any]:
    """The values that store/sql/flagged.sql binds."""
    return {
        **_edges(filter.region or r.Region(-1, -1, 1, 1)),
        "comparison": comparison,
        "feature_a": filter.feature_a,
        "feature_b": filter.feature_b,
        **{name: getattr(filter, name) for name in BOUNDS},
    }


def _edges(region: r.Region) -> dict[str, float]:
    """Open where they reach the end: rounding leaves correlations a little beyond 1."""
    return {name: math.inf * edge if abs(edge) >= 1 else edge for name, edge in asdict(region).items()}


def moved(thresholds: r.Thresholds) -> dict[str, Any]:
    """The thresholds that are not the default ones, in the order of the reasons: only these are bound."""
    default = r.Thresholds()
    return {name: value for name, value in asdict(thresholds).items() if value != getattr(default, name)}


def is_stored(filter: r.PairFilter) -> bool:
    """Whether the store has counted already what each step of this filter's funnel leaves."""
    default = r.PairFilter()
    return replace(filter, hide=default.hide, only=None) == default


def reasons(bits: int) -> tuple[str, ...]:
    """The names of a match's reasons, in their order."""
    return tuple(name for place, name in enumerate(r.REASONS) if bits >> place & 1)


def is_picked(filter: r.PairFilter) -> bool:
    """Whether all that passes is a best match on either side, so that the picked matches hold it."""
    return bool(masks(filter)["clear"] & _BITS["not_mutual"])


def masks(filter: r.PairFilter) -> dict[str, int]:
    """`clear`: bits that hide a match; `require`: bits that it must have.

    With `only`, the matches are those that this step of the funnel drops: they passed every step before it.
    """
    if filter.only is None:
        return {"clear": _sum(steps(filter)), "require": 0}
    order = [*BOUNDS, *r.REASONS]
    one_of("filter", filter.only, order)
    before = order[: order.index(filter.only)]
    return {"clear": _sum(name for name in steps(filter) if name in before), "require": _BITS[filter.only]}


def kept(filter: r.PairFilter) -> dict[str, Any]:
    """The values that store/sql/kept.sql binds beside those of flagged.sql and $sort."""
    return {**masks(filter), "mutual_only": is_picked(filter)}


def links(filter: r.PairFilter) -> dict[str, Any]:
    """The values that store/sql/passing.sql binds, beside the moved thresholds."""
    return {"clear": _sum(steps(filter)), **{name: getattr(filter, name) for name in BOUNDS}}


def funnel(groups: list[tuple[int, int]], filter: r.PairFilter) -> list[r.FunnelStep]:
    """`groups`: (flags, matches that have just these). Bounds that are not set and drop nothing are left out."""
    left = sum(n for _, n in groups)
    found = [r.FunnelStep("candidates", left, 0)]
    for name in steps(filter):
        groups = [(flags, n) for flags, n in groups if not flags & _BITS[name]]
        now = sum(n for _, n in groups)
        is_set = name not in BOUNDS or getattr(filter, name) != getattr(r.PairFilter, name)
        if is_set or now < left:
            found.append(r.FunnelStep(name, now, left - now))
        left = now
    return found


_UNMATCHED_BITS = {**{name: _BITS[name] for name in r.ONE_SIDED}, "min_active": 8, "unmatched": 16}


def unmatched_flagged(filter: r.UnmatchedFilter) -> dict[str, Any]:
    """The values that store/sql/unmatched_flagged.sql binds beside the comparison, its side and its space.

    Raises `UnknownName` for a reason that one side alone does not have.
    """
    for name in filter.hide:
        one_of("reason of one side", name, r.ONE_SIDED)
    limits = {name: getattr(filter.thresholds, name) for name in r.ONE_SIDED}
    return {"below": filter.below, "min_active": filter.min_active, **limits}


def unmatched_clear(filter: r.UnmatchedFilter) -> int:
    """Bits that hide a feature."""
    return sum(_UNMATCHED_BITS[name] for name in _unmatched_steps(filter))


def unmatched_funnel(groups: list[tuple[int, int]], filter: r.UnmatchedFilter) -> list[r.FunnelStep]:
    """`groups`: (flags, features that have just these). A bound that is not set is left out."""
    left = sum(n for _, n in groups)
    found = [r.FunnelStep("alive", left, 0)]
    for name in _unmatched_steps(filter):
        groups = [(flags, n) for flags, n in groups if not flags & _UNMATCHED_BITS[name]]
        now = sum(n for _, n in groups)
        found.append(r.FunnelStep(name, now, left - now))
        left = now
    return found


def _unmatched_steps(filter: r.UnmatchedFilter) -> list[str]:
    bound = ["min_active"] if filter.min_active > 0 else []
    return ["unmatched", *bound, *(name for name in r.ONE_SIDED if name in filter.hide)]


def _sum(names: Iterable[str]) -> int:
    return sum(_BITS[name] for name in names)

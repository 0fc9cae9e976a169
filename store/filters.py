"""A page's filter as the values that questions bind, and what it leaves step by step."""

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


def scope(comparison: str, filter: r.PairFilter) -> dict[str, Any]:
    """The values that store/sql/scope.sql binds: what is not asked for is left out."""
    features = {name: getattr(filter, name) for name in ("feature_a", "feature_b")}
    region = _edges(filter.region) if filter.region else {}
    return {"comparison": comparison, **region, **{name: one for name, one in features.items() if one is not None}}


def _edges(region: r.Region) -> dict[str, float]:
    """Open where they reach the end: rounding leaves correlations a little beyond 1."""
    return {name: math.inf * edge if abs(edge) >= 1 else edge for name, edge in asdict(region).items()}


def bounds(filter: r.PairFilter) -> dict[str, Any]:
    """The bounds that some match may miss: no feature fires on less than no token."""
    found = {name: getattr(filter, name) for name in BOUNDS}
    return {name: bound for name, bound in found.items() if bound > (0 if name == "min_active" else -math.inf)}


def needed(filter: r.PairFilter, least: dict[str, Any]) -> r.PairFilter:
    """The filter without the bounds that even the `least` of all matches keeps."""
    met: dict[str, Any] = {
        name: -math.inf for name, one in least.items() if one is not None and getattr(filter, name) <= one
    }
    return replace(filter, **met)


def steps_asked(filter: r.PairFilter) -> dict[str, Any]:
    """The values that store/sql/funnel.sql binds, beside the moved thresholds: bounds, and every reason that hides."""
    hidden = (name for name in steps(filter) if name in r.REASONS)
    return {**bounds(filter), **{f"hides_{name}": True for name in hidden}}


def passing(filter: r.PairFilter) -> dict[str, Any]:
    """The values that store/sql/passing.sql binds, beside the moved thresholds: what asks for nothing is left out.

    A reason that hides and whose threshold was moved is named, as `hides_<reason>`, and judged anew.

    With `only`, the matches are those that this step of the funnel drops: they passed every step before it.
    """
    kept, order = steps(filter), [*BOUNDS, *r.REASONS]
    required: dict[str, Any] = {}
    if filter.only is not None:
        one_of("filter", filter.only, order)
        kept = [name for name in order[: order.index(filter.only)] if name in kept]
        if filter.only in BOUNDS:
            required = {filter.only.replace("min", "missed"): getattr(filter, filter.only)}
        else:
            required = {"require": _BITS[filter.only]}
    hidden = [name for name in kept if name in r.REASONS]
    anew = moved(filter.thresholds)
    clear = _sum(name for name in hidden if name not in anew)
    judged = {f"hides_{name}": True for name in hidden if name in anew}
    within = {name: bound for name, bound in bounds(filter).items() if name in kept}
    return {**({"clear": clear} if clear else {}), **judged, **within, **required}


def whole(filter: r.PairFilter) -> r.PairFilter:
    """A filter of all matches: without what only a page of pairs asks for."""
    return replace(filter, only=None, feature_a=None, feature_b=None, region=None)


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
    return bool(passing(filter).get("clear", 0) & _BITS["not_mutual"])


def dropped(rows: list[tuple[int, int]], filter: r.PairFilter) -> list[tuple[int, int]]:
    """(flags, matches) from (`dropped`, matches) of store/sql/funnel.sql: of stored reasons, those that it asks for."""
    anew = moved(filter.thresholds)
    stored = _sum(name for name in steps(filter) if name in r.REASONS and name not in anew)
    return [(1 << one - 2048 if one >= 2048 else one & stored, n) for one, n in rows]


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


def one_sided(filter: r.UnmatchedFilter) -> dict[str, Any]:
    """The thresholds of the reasons that one side alone has; `UnknownName` if the filter hides another."""
    for name in filter.hide:
        one_of("reason of one side", name, r.ONE_SIDED)
    return {name: getattr(filter.thresholds, name) for name in r.ONE_SIDED}


def unmatched_flags(is_rare: Any, is_strong: Any) -> Any:
    """The bits beside those of reasons, of features that fire too rarely and whose best match is strong enough."""
    return _UNMATCHED_BITS["min_active"] * is_rare + _UNMATCHED_BITS["unmatched"] * is_strong


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

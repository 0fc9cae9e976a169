"""The Neighbourhood page as a link: `comparison=..&a=space:number`, or less.

The feature is `a`, as on the Pair page, because the question is asked from A; it is written whole, so that an id copied
from any page fits. Without `comparison` the first comparison is meant whose A is the feature's space.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard import links
from dashboard.family_links import strangers
from dashboard.links import FeatureRef, LinkError
from store.records import Comparison

_KNOWN = frozenset({"store", "comparison", "a"})


@dataclass(frozen=True)
class NeighbourView:
    """Everything the Neighbourhood page shows, as a link carries it."""

    comparison: str | None = None
    feature: FeatureRef | None = None
    """A feature of A; None for the whole comparison alone."""


def neighbours_query(fingerprint: str, view: NeighbourView) -> dict[str, str]:
    """Query of the Neighbourhood page."""
    query = {"store": fingerprint[: links.FINGERPRINT_LENGTH]}
    query |= {"comparison": view.comparison} if view.comparison is not None else {}
    return query | ({"a": str(view.feature)} if view.feature is not None else {})


def parse_neighbours(query: Mapping[str, str]) -> tuple[NeighbourView, list[str]]:
    """The view that a link asks for, and a line for each parameter that means nothing; LinkError for no feature."""
    feature = links.parse_feature(query["a"], "a") if "a" in query else None
    return NeighbourView(query.get("comparison") or None, feature), strangers(query, _KNOWN)


def href(fingerprint: str, comparison: str, feature: FeatureRef | None = None) -> str:
    """A relative link to one comparison, and one feature of its A."""
    return links.href("neighbourhood", neighbours_query(fingerprint, NeighbourView(comparison, feature)))


def settled(view: NeighbourView, comparisons: Sequence[Comparison]) -> Comparison:
    """The comparison that is meant; LinkError where the feature stands in no A, or not in this one's.

    `comparisons` must not be empty and hold the one that the view names.
    """
    space = view.feature.space if view.feature is not None else None
    if view.comparison is not None:
        named = next(one for one in comparisons if one.comparison == view.comparison)
        if space not in (None, named.space_a):
            raise LinkError(
                f"a={view.feature} is no feature of A; in {named.comparison} write a={named.space_a}:number"
            )
        return named
    found = next((one for one in comparisons if space in (None, one.space_a)), None)
    if found is None:
        raise LinkError(
            f"a={view.feature} cannot be asked: {space} is A in no comparison; choose a feature of "
            f"{', '.join(dict.fromkeys(one.space_a for one in comparisons))}"
        )
    return found

"""What a visitor means by the text of the search box: a feature, a pair, a comparison, a space, a concept, a word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard import family_links, links, list_links
from dashboard.family_links import SearchView
from dashboard.links import FeatureRef, LinkError, PairsView
from dashboard.list_links import ListView
from store.records import Comparison, Space

_BETWEEN = re.compile(r"[\s,~↔]+")


@dataclass(frozen=True)
class Known:
    """What a store holds that can be named."""

    fingerprint: str
    spaces: Sequence[Space]
    comparisons: Sequence[Comparison]
    concepts: Sequence[str]

    def names(self) -> list[str]:
        """Everything that is worth suggesting."""
        return [*self.concepts, *(f"{s.space}:" for s in self.spaces), *(c.comparison for c in self.comparisons)]


def meaning(text: str, known: Known) -> tuple[str, dict[str, str]]:
    """(page, query) that answers the text: the most exact reading goes first, and a word is what is left.

    Raises `LinkError` for what is written like features and names none.
    """
    asked = text.strip()
    store = known.fingerprint
    refs = _features(asked)
    if len(refs) == 1:
        return "feature", links.feature_query(store, refs[0])
    if len(refs) == 2:
        return "pair", links.pair_query(store, *_ordered(refs[0], refs[1], known))
    if refs:
        pairs = tuple(zip(refs[::2], refs[1::2], strict=False))
        return "reading_list", list_links.list_query(store, ListView(pairs))
    folded = asked.casefold()
    if named := next((c for c in known.comparisons if c.comparison.casefold() == folded), None):
        return "pairs", links.pairs_query(store, PairsView(named.comparison))
    if named_space := next((s for s in known.spaces if s.space == folded.rstrip(":")), None):
        return _of_space(named_space.space, known)
    if concept := next((one for one in known.concepts if one.casefold() == folded), None):
        return "concepts", family_links.search_query(store, SearchView(concept=concept))
    return "concepts", family_links.search_query(store, SearchView(text[: family_links.LONGEST]))


def _features(asked: str) -> list[FeatureRef]:
    """The features that a text names and nothing else; none where any part is no feature."""
    parts = [part for part in _BETWEEN.split(asked) if part]
    try:
        return [links.parse_feature(part, "search") for part in parts]
    except LinkError:
        return []


def _ordered(first: FeatureRef, second: FeatureRef, known: Known) -> tuple[FeatureRef, FeatureRef]:
    """In the order of the comparison that there is."""
    orders = {(c.space_a, c.space_b) for c in known.comparisons}
    swapped = (first.space, second.space) not in orders and (second.space, first.space) in orders
    return (second, first) if swapped else (first, second)


def _of_space(space: str, known: Known) -> tuple[str, dict[str, str]]:
    """The pairs of a space, in the first comparison that it is part of; one of its features where there is none."""
    own = next((c for c in known.comparisons if space in (c.space_a, c.space_b)), None)
    if own is not None:
        return "pairs", links.pairs_query(known.fingerprint, PairsView(own.comparison))
    return "feature", links.feature_query(known.fingerprint, FeatureRef(space, 0))

"""Families: features of several spaces that mutual best matches connect, pair by pair."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from store import filters
from store import records as r
from store.best import BestMatches, Mutual, node
from store.lists import Ints

DEFAULT = r.PairFilter()
SMALLEST = 3
"""Spaces from which a group of matched features is called a family: two spaces make a pair."""


class Families(BestMatches):
    """The part of `Store` that looks across comparisons; open a `Store`.

    Every filter counts only mutual best matches, whatever it hides; its `only` and its two features are left out of
    account.
    """

    def families(
        self, filter: r.PairFilter = DEFAULT, min_spaces: int = SMALLEST, limit: int = 100, offset: int = 0
    ) -> list[r.Family]:
        """Families of at least `min_spaces` spaces: most spaces first, then the strongest weakest context."""
        links, groups = self._grouped(filter)
        wide = np.flatnonzero(groups.n_spaces >= min_spaces)
        # Groups stand in the order of their first members, by space and feature: the last word among equals.
        order = np.lexsort((wide, -groups.weakest[wide], -groups.n_spaces[wide]))
        page = wide[order[offset : offset + limit]]
        found = [self._family(self._records(links, np.flatnonzero(groups.of_link == one))) for one in page]
        return self._with_tokens(found)

    def family_counts(self, filter: r.PairFilter = DEFAULT) -> r.FamilyCounts:
        """How many families span how many spaces, and how far a family could reach in this store."""
        links, groups = self._grouped(filter)
        models = list(dict.fromkeys(space.model for space in self.spaces()))
        model_of_space = np.array([models.index(self._spaces[name].model) for name in sorted(self._spaces)])
        sizes, counts = np.unique(groups.n_spaces, return_counts=True)
        spanned = groups.spanned(model_of_space)
        return r.FamilyCounts(
            n_links=len(links),
            by_spaces=tuple((int(n), int(count)) for n, count in zip(sizes[::-1], counts[::-1], strict=True)),
            n_every_model=int(((groups.n_spaces >= SMALLEST) & (spanned == len(models))).sum()),
            reach=self._reach(),
        )

    def family(self, space: str, feature: int, filter: r.PairFilter = DEFAULT) -> r.Family | None:
        """The family that a feature belongs to, of two spaces or more; None when none of its matches passes.

        Raises `UnknownName` for a feature that this store does not have.
        """
        self._feature(space, feature)
        links = self._mutual(filter)
        members = node([self._place_of_space[space]], [feature])
        while True:
            found = np.flatnonzero(np.isin(links.a, members) | np.isin(links.b, members))
            reached = np.unique(np.concatenate([members, links.a[found], links.b[found]]))
            if len(reached) == len(members):
                break
            members = reached
        return self._with_tokens([self._family(self._records(links, found))])[0] if len(found) else None

    def family_pairs(
        self, members: Sequence[r.FamilyMember], thresholds: r.Thresholds = DEFAULT.thresholds
    ) -> list[r.Match]:
        """Every candidate pair among these features, those that do not pass included, largest context first."""
        own: dict[str, list[int]] = {}
        for member in members:
            self._feature(member.space, member.feature)
            own.setdefault(member.space, []).append(member.feature)
        pairs = [
            (c.comparison, a, b)
            for c in self._comparisons.values()
            for a in own.get(c.space_a, ())
            for b in own.get(c.space_b, ())
        ]
        found = self._matches_of(pairs, thresholds)
        return sorted(found, key=lambda m: (-m.pearson_context, m.comparison, m.feature_a, m.feature_b))

    def _grouped(self, filter: r.PairFilter) -> "tuple[Mutual, _Groups]":
        links = self._mutual(filter)
        return links, self._recent.get(("groups", filters.whole(filter)), lambda: _Groups.of(links))

    def _records(self, links: Mutual, rows: Ints) -> list[r.FamilyLink]:
        """Links in the order of comparison and features."""
        names = self._counting()["comparisons"]
        columns = (links.place, links.feature_a, links.feature_b, links.pearson, links.pearson_context)
        found = zip(*(column[rows].tolist() for column in columns), strict=True)
        return sorted((self._link(names[place], *rest) for place, *rest in found), key=_order)

    def _link(
        self, comparison: str, feature_a: int, feature_b: int, pearson: float, pearson_context: float
    ) -> r.FamilyLink:
        c = self._comparisons[comparison]
        return r.FamilyLink(comparison, c.space_a, feature_a, c.space_b, feature_b, pearson, pearson_context)

    def _family(self, links: Sequence[r.FamilyLink]) -> r.Family:
        """The family of links that connect, in the order of comparison and features."""
        order = {space: place for place, space in enumerate(self._spaces)}
        members = {member for link in links for member in (link.a, link.b)}
        ordered = sorted(members, key=lambda one: (order[one.space], one.feature))
        smallest = min(members, key=lambda one: (one.space, one.feature))
        spaces = tuple(dict.fromkeys(one.space for one in ordered))
        models = tuple(dict.fromkeys(self._spaces[space].model for space in spaces))
        # A total order: two links may have the same context.
        weakest = min(links, key=lambda one: (one.pearson_context, *_order(one)))
        return r.Family(smallest.space, smallest.feature, tuple(ordered), spaces, models, tuple(links), weakest)

    def _with_tokens(self, found: Sequence[r.Family]) -> list[r.Family]:
        """Families with the token texts that have most of their members' mass; ties in the order of the text."""
        shares = self._shares((one.space, one.feature) for family in found for one in family.members)
        complete = []
        for family in found:
            mass: dict[str, float] = {}
            for member in family.members:
                for token, share in shares.get((member.space, member.feature), ()):
                    mass[token] = mass.get(token, 0.0) + share
            best = sorted(mass, key=lambda token: (-round(mass[token], 9), token))[:5]
            complete.append(replace(family, tokens=tuple(best)))
        return complete

    def _reach(self) -> int:
        """Spaces that the comparisons connect, at most: no family can span more."""
        counted, place = self._counting(), {name: place for place, name in enumerate(self._spaces)}
        ends = [np.array([place[name] for name in counted[f"spaces_{side}"]], np.int64) for side in "ab"]
        nodes, of_end = np.unique(np.concatenate(ends), return_inverse=True)
        half = len(ends[0])
        return int(np.bincount(connected(of_end[:half], of_end[half:], len(nodes))).max(initial=0))


def _order(link: r.FamilyLink) -> tuple[str, int, int]:
    return link.comparison, link.feature_a, link.feature_b


@dataclass(frozen=True)
class _Groups:
    """Members that links connect, directly or through others; groups in the order of their first members."""

    of_link: np.ndarray
    """Group of each link."""
    n_spaces: np.ndarray
    """Spaces that each group spans."""
    weakest: np.ndarray
    """Smallest pearson_context of each group's links."""
    of_member: np.ndarray
    space_of_member: np.ndarray

    @staticmethod
    def of(links: Mutual) -> "_Groups":
        n = len(links)
        members, of_end = np.unique(np.concatenate([links.a, links.b]), return_inverse=True)
        # The first member of a group is its name until here.
        groups, of_member = np.unique(connected(of_end[:n], of_end[n:], len(members)), return_inverse=True)
        of_link = of_member[of_end[:n]]
        weakest = np.full(len(groups), np.inf)
        np.minimum.at(weakest, of_link, links.pearson_context)
        space = members >> 32
        return _Groups(of_link, _distinct(of_member, space, len(groups)), weakest, of_member, space)

    def spanned(self, model_of_space: np.ndarray) -> np.ndarray:
        """Models that each group spans."""
        return _distinct(self.of_member, model_of_space[self.space_of_member], len(self.weakest))


def _distinct(group: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    """How many different values each of `n` groups has; values are few: places of spaces or models, from 0."""
    has = np.zeros((n, int(value.max(initial=-1)) + 1), bool)
    has[group, value] = True
    return np.count_nonzero(has, axis=1)


def connected(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """For each of `n` nodes the smallest one that edges from `a` to `b` connect it with, itself included.

    The smaller label crosses every edge and then leads on, until none changes: rounds as the logarithm of the longest
    way, and a family is short.
    """
    label = np.arange(n)
    while True:
        new = label.copy()
        for here, there in ((a, b), (b, a)):
            np.minimum.at(new, here, label[there])
        new = new[new]
        if np.array_equal(new, label):
            return label
        label = new

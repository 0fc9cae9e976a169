"""Families: features of several spaces that mutual best matches connect, pair by pair."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from store import filters
from store import records as r
from store.opened import Opened

DEFAULT = r.PairFilter()
SMALLEST = 3
"""Spaces from which a group of matched features is called a family: two spaces make a pair."""


class Families(Opened):
    """The part of `Store` that looks across comparisons; open a `Store`.

    Every filter counts only mutual best matches, whatever it hides; its `only` and its two features are left out of
    account. Each method reads the best matches of all comparisons, and holds those that pass.
    """

    def families(
        self, filter: r.PairFilter = DEFAULT, min_spaces: int = SMALLEST, limit: int = 100, offset: int = 0
    ) -> list[r.Family]:
        """Families of at least `min_spaces` spaces: most spaces first, then the strongest weakest context."""
        found = [one for one in self._families(filter) if len(one.spaces) >= min_spaces]
        found.sort(key=lambda one: (-len(one.spaces), -one.weakest.pearson_context, one.space, one.feature))
        page = found[offset : offset + limit]
        tokens = self._family_tokens([member for one in page for member in one.members])
        return [_with_tokens(one, tokens) for one in page]

    def family_counts(self, filter: r.PairFilter = DEFAULT) -> r.FamilyCounts:
        """How many families span how many spaces, and how far a family could reach in this store."""
        found = self._families(filter)
        sizes = [len(one.spaces) for one in found]
        wide = [one for one in found if len(one.spaces) >= SMALLEST]
        models = {space.model for space in self.spaces()}
        return r.FamilyCounts(
            n_links=sum(len(one.links) for one in found),
            by_spaces=tuple((n, sizes.count(n)) for n in sorted(set(sizes), reverse=True)),
            n_every_model=sum(len(one.models) == len(models) for one in wide),
            reach=self._reach(),
        )

    def family(self, space: str, feature: int, filter: r.PairFilter = DEFAULT) -> r.Family | None:
        """The family that a feature belongs to, of two spaces or more; None when none of its matches passes.

        Raises `UnknownName` for a feature that this store does not have.
        """
        self._feature(space, feature)
        wanted = r.FamilyMember(space, feature)
        found = next((one for one in self._families(filter) if wanted in one.members), None)
        return found and _with_tokens(found, self._family_tokens(found.members))

    def family_pairs(
        self, members: Sequence[r.FamilyMember], thresholds: r.Thresholds = DEFAULT.thresholds
    ) -> list[r.Match]:
        """Every candidate pair among these features, those that do not pass included, largest context first."""
        for member in members:
            self._feature(member.space, member.feature)
        return self._rows("family_pairs", r.Match, **_columns(members), **asdict(thresholds))

    def _families(self, filter: r.PairFilter) -> list[r.Family]:
        rows = self._rows("family_links", r.FamilyLink, **filters.links(filter))
        order = {space: place for place, space in enumerate(self._spaces)}
        found = []
        for links in connected(rows):
            members = {member for link in links for member in (link.a, link.b)}
            ordered = sorted(members, key=lambda one: (order[one.space], one.feature))
            smallest = min(members, key=lambda one: (one.space, one.feature))
            spaces = tuple(dict.fromkeys(one.space for one in ordered))
            models = tuple(dict.fromkeys(self._spaces[space].model for space in spaces))
            # A total order: two links may have the same context.
            weakest = min(links, key=lambda one: (one.pearson_context, one.comparison, one.feature_a, one.feature_b))
            family = r.Family(smallest.space, smallest.feature, tuple(ordered), spaces, models, tuple(links), weakest)
            found.append(family)
        return found

    def _family_tokens(self, members: Iterable[r.FamilyMember]) -> list[dict[str, Any]]:
        return self._dicts("family_tokens", **_columns(list(members)))

    def _reach(self) -> int:
        """Spaces that the comparisons connect, at most: no family can span more."""
        random = {space.space for space in self.spaces() if space.kind == "random_sae"}
        joining = [c for c in self.comparisons() if not random & {c.space_a, c.space_b}]
        by_name = [r.FamilyLink(c.comparison, c.space_a, 0, c.space_b, 0, 0.0, 0.0) for c in joining]
        groups = connected(by_name)
        return max((len({one for link in links for one in (link.a, link.b)}) for links in groups), default=0)


def connected(links: Iterable[r.FamilyLink]) -> list[list[r.FamilyLink]]:
    """The links in groups that share features, directly or through others: union-find with path halving."""
    parent: dict[r.FamilyMember, r.FamilyMember] = {}

    def root(member: r.FamilyMember) -> r.FamilyMember:
        parent.setdefault(member, member)
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    links = list(links)
    for link in links:
        parent[root(link.a)] = root(link.b)
    groups: dict[r.FamilyMember, list[r.FamilyLink]] = {}
    for link in links:
        groups.setdefault(root(link.a), []).append(link)
    return list(groups.values())


def _columns(members: Sequence[r.FamilyMember]) -> dict[str, Any]:
    return {"spaces": [one.space for one in members], "features": [one.feature for one in members]}


def _with_tokens(family: r.Family, rows: Iterable[dict[str, Any]]) -> r.Family:
    """The family with the token texts that have most of its members' mass together, ties in the order of the text."""
    members = {(one.space, one.feature) for one in family.members}
    mass: dict[str, float] = {}
    for row in rows:
        if (row["space"], row["feature"]) in members:
            mass[row["token"]] = mass.get(row["token"], 0.0) + row["mass_share"]
    best = sorted(mass, key=lambda token: (-round(mass[token], 9), token))[:5]
    return replace(family, tokens=tuple(best))

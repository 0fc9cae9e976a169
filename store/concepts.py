"""Concepts: named lists of words, the features that fire on them, and which of these have a match."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from store import filters
from store import records as r
from store.best import BestMatches, node
from store.lists import Ints

SHARE = 0.3
"""Share of its activation mass on a concept's keywords from which a feature belongs to it, unless asked otherwise."""


@dataclass(frozen=True)
class Shares:
    """What features hold of concepts, more than 1 % each; columns of one length."""

    concept: Ints
    """Place of the concept among the names of all."""
    member: Ints
    """The feature, as `best.node` names it."""
    share: "np.ndarray[Any, np.dtype[np.float64]]"

    def of(self, concept: int) -> "Shares":
        """Those of one concept, by feature."""
        chosen = np.flatnonzero(self.concept == concept)
        chosen = chosen[np.argsort(self.member[chosen])]
        return Shares(self.concept[chosen], self.member[chosen], self.share[chosen])

    def at(self, members: Ints) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The shares of some features, NaN where they hold none; of `of`."""
        if not len(self.member):
            return np.full(len(members), np.nan)
        place = np.minimum(np.searchsorted(self.member, members), len(self.member) - 1)
        return np.where(self.member[place] == members, self.share[place], np.nan)


class Concepts(BestMatches):
    """The part of `Store` that starts from lists of words; open a `Store`.

    A match counts when it is a mutual best match that passes the filter; `only` and its two features are left out of
    account.
    """

    def concept_names(self) -> list[str]:
        """Every concept by name, those without any feature included."""
        return list(self._keywords)

    def concepts(self, share: float = SHARE, filter: r.PairFilter | None = None) -> list[r.Concept]:
        """Every concept by name, those without any feature included, with a count for each space of the store."""
        shares, mutual = self._concept_shares, self._mutual(filter or r.PairFilter())
        n = len(self._spaces)
        cell = shares.concept * n + (shares.member >> 32)
        largest = np.zeros(len(self._keywords) * n)
        np.maximum.at(largest, cell, shares.share)
        belongs = shares.share >= share
        matched = belongs & np.isin(shares.member, np.concatenate([mutual.a, mutual.b]))
        n_features, n_matched = (np.bincount(cell[some], minlength=len(largest)) for some in (belongs, matched))
        return [
            r.Concept(
                name,
                keywords,
                tuple(
                    r.ConceptSpace(space, int(n_features[at]), int(n_matched[at]), float(largest[at]) or None)
                    for at, space in enumerate(sorted(self._spaces), place * n)
                ),
            )
            for place, (name, keywords) in enumerate(self._keywords.items())
        ]

    def concept_pairs(
        self, concept: str, share: float = SHARE, filter: r.PairFilter | None = None, limit: int = 100
    ) -> list[r.ConceptPair]:
        """Matches with a feature of the concept on either side, largest pearson_context first.

        Raises `UnknownName`, which says which concepts exist.
        """
        self._concept(concept)
        chosen = filter or r.PairFilter()
        mutual = self._mutual(chosen)
        shares = self._concept_shares.of(list(self._keywords).index(concept))
        on_a, on_b = shares.at(mutual.a), shares.at(mutual.b)
        found = np.flatnonzero((on_a >= share) | (on_b >= share))
        # Rows of picked_matches stand in the order of comparison and features: the last word among equals.
        found = found[np.lexsort((mutual.row[found], -mutual.pearson_context[found]))][:limit]
        matches = {
            (m.comparison, m.feature_a, m.feature_b): m
            for m in self._picked_at(mutual.row[found].tolist(), chosen.thresholds)
        }
        names = self._counting()["comparisons"]
        return [
            r.ConceptPair(
                matches[names[mutual.place[at]], int(mutual.feature_a[at]), int(mutual.feature_b[at])],
                *(None if np.isnan(side[at]) else float(side[at]) for side in (on_a, on_b)),
            )
            for at in found
        ]

    def concept_members(self, concept: str, share: float = SHARE, limit: int = 10) -> list[r.ConceptMember]:
        """Features of the concept, up to `limit` of each space, largest share first. Raises `UnknownName`."""
        self._concept(concept)
        rows = self._dicts("concept_members", concept=concept, share=share, limit=limit)
        words = self._words((row["space"], row["feature"]) for row in rows)
        return [r.ConceptMember(**row, tokens=words.get((row["space"], row["feature"]), ())) for row in rows]

    @cached_property
    def _concept_shares(self) -> Shares:
        found = self._arrow("concept_shares")
        concepts = {name: place for place, name in enumerate(self._keywords)}
        return Shares(
            _places(found["concept"], concepts),
            node(_places(found["space"], self._place_of_space), found["feature"].to_numpy()),
            found["mass_share"].to_numpy(),
        )

    @cached_property
    def _keywords(self) -> dict[str, tuple[r.Keyword, ...]]:
        """The keywords of every concept, most frequent first."""
        keywords: dict[str, list[r.Keyword]] = {}
        for row in self._dicts("concept_keywords"):
            keywords.setdefault(row["concept"], []).append(r.Keyword(row["keyword"], row["n_found"]))
        return {name: tuple(words) for name, words in keywords.items()}

    def _concept(self, concept: str) -> None:
        filters.one_of("concept", concept, self._keywords)


def _places(column: Any, places: dict[str, int]) -> Ints:
    """A column of names by their places."""
    coded = column.combine_chunks().dictionary_encode()
    own = np.array([places[name] for name in coded.dictionary.to_pylist()], np.int64)
    found: Ints = own[coded.indices.to_numpy()] if len(own) else np.zeros(0, np.int64)
    return found

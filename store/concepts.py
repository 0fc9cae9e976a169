"""Concepts: named lists of words, the features that fire on them, and which of these have a match."""

from functools import cached_property
from typing import Any

from store import filters
from store import records as r
from store.judged import Judged

SHARE = 0.3
"""Share of its activation mass on a concept's keywords from which a feature belongs to it, unless asked otherwise."""


class Concepts(Judged):
    """The part of `Store` that starts from lists of words; open a `Store`.

    A match counts when it is a mutual best match that passes the filter; `only` and its two features are left out of
    account.
    """

    def concept_names(self) -> list[str]:
        """Every concept by name, those without any feature included."""
        return list(self._keywords)

    def concepts(self, share: float = SHARE, filter: r.PairFilter | None = None) -> list[r.Concept]:
        """Every concept by name, those without any feature included, with a count for each space of the store."""
        spaces: dict[str, list[r.ConceptSpace]] = {}
        for row in self._dicts("concept_spaces", share=share, **self._passing(filter)):
            spaces.setdefault(row.pop("concept"), []).append(r.ConceptSpace(**row))
        return [r.Concept(name, keywords, tuple(spaces[name])) for name, keywords in self._keywords.items()]

    def concept_pairs(
        self, concept: str, share: float = SHARE, filter: r.PairFilter | None = None, limit: int = 100
    ) -> list[r.ConceptPair]:
        """Matches with a feature of the concept on either side, largest pearson_context first.

        Raises `UnknownName`, which says which concepts exist.
        """
        self._concept(concept)
        rows = self._dicts("concept_pairs", concept=concept, share=share, limit=limit, **self._passing(filter))
        matches = self._completed(rows)
        return [r.ConceptPair(match, row["share_a"], row["share_b"]) for row, match in zip(rows, matches, strict=True)]

    def concept_members(self, concept: str, share: float = SHARE, limit: int = 10) -> list[r.ConceptMember]:
        """Features of the concept, up to `limit` of each space, largest share first. Raises `UnknownName`."""
        self._concept(concept)
        rows = self._dicts("concept_members", concept=concept, share=share, limit=limit)
        words = self._words((row["space"], row["feature"]) for row in rows)
        return [r.ConceptMember(**row, tokens=words.get((row["space"], row["feature"]), ())) for row in rows]

    def _passing(self, filter: r.PairFilter | None) -> dict[str, Any]:
        chosen = filter or r.PairFilter()
        return {"thresholds": chosen.thresholds, **filters.links(chosen), **self._counting()}

    @cached_property
    def _keywords(self) -> dict[str, tuple[r.Keyword, ...]]:
        """The keywords of every concept, most frequent first."""
        keywords: dict[str, list[r.Keyword]] = {}
        for row in self._dicts("concept_keywords"):
            keywords.setdefault(row["concept"], []).append(r.Keyword(row["keyword"], row["n_found"]))
        return {name: tuple(words) for name, words in keywords.items()}

    def _concept(self, concept: str) -> None:
        filters.one_of("concept", concept, self._keywords)

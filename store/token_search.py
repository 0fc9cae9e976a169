"""Which features fire on a word, in every space, and what they are matched with."""

from typing import Any

from store import records as r
from store.judged import Judged, Ref

WHITE = " \t\n\r\v\f\u00a0\u2028\u2029\u3000"
"""Characters at the ends of a token that a search does not tell apart."""
SUGGESTED = 8


class TokenSearch(Judged):
    """The part of `Store` that starts from a word; open a `Store`."""

    def token_search(self, text: str, limit: int = 20, thresholds: r.Thresholds | None = None) -> r.TokenSearch:
        """Features of every space that fire on tokens spelling `text`, up to `limit` a space, largest share first.

        A token spells it when they agree without the white space at their ends and in lower case. Each feature is
        known by its twenty strongest token texts: one that fires on this one a little, and on many others more, is not
        found. White space alone spells nothing.
        """
        bare = text.strip(WHITE).lower()
        if not bare:
            return r.TokenSearch(bare, (), (), ())
        texts = self._dicts("token_search_texts", text=bare, white=WHITE, limit=SUGGESTED)
        spelled, holding = (
            tuple(r.TokenText(row["model"], row["text"], row["n_tokens"]) for row in texts if row["is_match"] is which)
            for which in (True, False)
        )
        found = self._hits([row for row in texts if row["is_match"]], limit)
        refs = [(row["space"], row["feature"]) for row in found]
        words, sides = self._words(refs), self._sides(refs)
        matches = self._best_matches(refs, thresholds or r.Thresholds())
        hits = tuple(
            r.TokenHit(
                **row, n_active_all=sides[ref]["n_active"], tokens=words[ref], matches=tuple(matches.get(ref, ()))
            )
            for ref, row in zip(refs, found, strict=True)
        )
        return r.TokenSearch(bare, spelled, holding, hits)

    def _hits(self, spelled: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
        """The features of every space that fire on some texts of the models' vocabularies."""
        text_of = {(row["model"], row["text_id"]): row["text"] for row in spelled}
        asked = [
            (space, number) for space in self._spaces.values() for model, number in text_of if model == space.model
        ]
        if not asked:
            return []
        spaces, numbers = [space.space for space, _ in asked], [number for _, number in asked]
        rows = self._dicts("token_search", spaces=spaces, text_ids=numbers, limit=limit)
        for row in rows:
            model = self._spaces[row["space"]].model
            row["matched"] = tuple(text_of[model, number] for number in row.pop("text_ids"))
        return rows

    def _best_matches(self, refs: list[Ref], thresholds: r.Thresholds) -> dict[Ref, list[r.Elsewhere]]:
        """The best match of each of some features in every comparison that its space is part of."""
        if not refs:
            return {}
        rows = self._dicts("token_search_matches", thresholds=thresholds, **self._paired(refs))
        found: dict[Ref, list[r.Elsewhere]] = {}
        for row, match in zip(rows, self._completed(rows), strict=True):
            side, c = row["side"], self._comparisons[match.comparison]
            own = (c.space_a, match.feature_a) if side == "a" else (c.space_b, match.feature_b)
            found.setdefault(own, []).append(r.Elsewhere(c.comparison, side, self._across(c.comparison, side), match))
        return {ref: sorted(own, key=lambda one: one.other_space) for ref, own in found.items()}

"""Which features fire on a word, in every space, and what they are matched with."""

from dataclasses import asdict

from store import records as r
from store.opened import Opened

WHITE = " \t\n\r\v\f\u00a0\u2028\u2029\u3000"
"""Characters at the ends of a token that a search does not tell apart."""
SUGGESTED = 8


class TokenSearch(Opened):
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
        asked = {"text": bare, "white": WHITE}
        texts = self._dicts("token_search_texts", **asked, limit=SUGGESTED)
        found = self._dicts("token_search", **asked, limit=limit)
        sides = {"spaces": [row["space"] for row in found], "features": [row["feature"] for row in found]}
        matches: dict[tuple[str, int], list[r.Elsewhere]] = {}
        for row in self._dicts("token_search_matches", **sides, **asdict(thresholds or r.Thresholds())):
            own = row.pop("space"), row.pop("feature")
            side, other = row.pop("side"), row.pop("other_space")
            matches.setdefault(own, []).append(r.Elsewhere(row["comparison"], side, other, r.Match(**row)))
        spelled, holding = (
            tuple(r.TokenText(row["model"], row["text"], row["n_tokens"]) for row in texts if row["is_match"] is which)
            for which in (True, False)
        )
        hits = tuple(r.TokenHit(**row, matches=tuple(matches.get((row["space"], row["feature"]), ()))) for row in found)
        return r.TokenSearch(bare, spelled, holding, hits)

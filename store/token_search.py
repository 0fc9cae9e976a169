"""Which features fire on a word, in every space, and what they are matched with."""

from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from store import records as r
from store.best import BestMatches

WHITE = " \t\n\r\v\f\u00a0\u2028\u2029\u3000"
"""Characters at the ends of a token that a search does not tell apart."""
SUGGESTED = 8


class TokenSearch(BestMatches):
    """The part of `Store` that starts from a word; open a `Store`."""

    @cached_property
    def _lower(self) -> dict[str, pa.Array]:
        return {}

    def token_search(self, text: str, limit: int = 20, thresholds: r.Thresholds | None = None) -> r.TokenSearch:
        """Features of every space that fire on tokens spelling `text`, up to `limit` a space, largest share first.

        A token spells it when they agree without the white space at their ends and in lower case. Each feature is
        known by its twenty strongest token texts: one that fires on this one a little, and on many others more, is not
        found. White space alone spells nothing.
        """
        bare = text.strip(WHITE).lower()
        if not bare:
            return r.TokenSearch(bare, (), (), ())
        found = {model: self._spelling(model, bare) for model in sorted(self._models)}
        spelled, holding = (
            tuple(
                r.TokenText(model, text, n)
                for model, texts in found.items()
                for is_match, _, text, n in texts
                if is_match is which
            )
            for which in (True, False)
        )
        hits = self._hits(
            {model: {n: text for is_match, n, text, _ in own if is_match} for model, own in found.items()}
        )
        shown = [hit for own in hits.values() for hit in own[:limit]]
        refs = [(hit["space"], hit["feature"]) for hit in shown]
        words, sides = self._words(refs), self._sides(refs)
        matches = self._best_matches(refs, thresholds or r.Thresholds())
        return r.TokenSearch(
            bare,
            spelled,
            holding,
            tuple(
                r.TokenHit(
                    **hit,
                    n_hits=len(hits[ref[0]]),
                    n_active_all=sides[ref]["n_active"],
                    tokens=words[ref],
                    matches=tuple(matches.get(ref, ())),
                )
                for ref, hit in zip(refs, shown, strict=True)
            ),
        )

    def _spelling(self, model: str, bare: str) -> list[tuple[bool, int, str, int]]:
        """Texts of a vocabulary: whether it spells the word or, of the commonest, only holds it; number, text, tokens.

        Those that spell it first, then by how often they stand in the text.
        """
        lowered, vocabulary = self._lowered(model), self._held("vocabulary", whose=model)
        numbers = np.flatnonzero(pc.match_substring(lowered, bare).to_numpy(zero_copy_only=False))
        rows = vocabulary.take(pa.array(numbers)).to_pylist()
        texts = [
            (lowered[number].as_py().strip(WHITE) == bare, number, row["text"], row["n_tokens"])
            for number, row in zip(numbers.tolist(), rows, strict=True)
            if row["n_tokens"]
        ]
        texts.sort(key=lambda one: (not one[0], -one[3], one[2]))
        n_spelled = sum(one[0] for one in texts)
        return texts[: n_spelled + SUGGESTED]

    def _lowered(self, model: str) -> pa.Array:
        """The texts of a vocabulary in lower case: Python's, as of the word that is looked for."""
        if model not in self._lower:
            self._lower[model] = pa.array(
                [text.lower() for text in self._held("vocabulary", whose=model)["text"].to_pylist()]
            )
        return self._lower[model]

    def _hits(self, texts: dict[str, dict[int, str]]) -> dict[str, list[dict[str, Any]]]:
        """The features of each space that fire on some texts of its model (number -> text), largest share first."""
        numbers = sorted({number for own in texts.values() for number in own})
        if not numbers:
            return {}
        spaces = list(self._spaces)
        rows = self._columns("token_search", spaces=spaces, text_ids=numbers)
        found = {}
        for place, space in enumerate(spaces):
            own = texts.get(self._spaces[space].model, {})
            here = np.flatnonzero((rows["place"] == place) & np.isin(rows["text_id"], list(own)))
            if len(here):
                found[space] = _ranked(space, {name: column[here] for name, column in rows.items()}, own)
        return dict(sorted(found.items()))


def _ranked(space: str, rows: dict[str, Any], texts: dict[int, str]) -> list[dict[str, Any]]:
    """The features of some rows of `feature_tokens`, largest share of all texts together first."""
    features, of_row = np.unique(rows["feature"], return_inverse=True)
    share, n_active = (np.bincount(of_row, rows[name]) for name in ("mass_share", "n_active"))
    # Rounded: the last digits of sums must not change the order of equals.
    order = np.lexsort((features, -n_active, -np.round(share, 9)))
    matched: list[list[str]] = [[] for _ in features]
    for row in np.argsort(rows["rank"], kind="stable").tolist():
        matched[of_row[row]].append(texts[int(rows["text_id"][row])])
    return [
        {
            "space": space,
            "feature": int(features[at]),
            "matched": tuple(matched[at]),
            "mass_share": float(share[at]),
            "n_active": int(n_active[at]),
        }
        for at in order.tolist()
    ]

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
            limit, {model: {n: text for is_match, n, text, _ in own if is_match} for model, own in found.items()}
        )
        shown = [hit for own in hits for hit in own]
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
        n_tokens = vocabulary["n_tokens"].to_numpy()[numbers]
        is_match = pc.equal(pc.utf8_trim(lowered.take(pa.array(numbers)), characters=WHITE), bare)
        is_match = is_match.to_numpy(zero_copy_only=False)
        # Texts are numbered in their order: the last word among equals.
        order = np.lexsort((numbers, -n_tokens, ~is_match))
        order = order[n_tokens[order] > 0][: int((is_match & (n_tokens > 0)).sum()) + SUGGESTED]
        texts = vocabulary["text"].take(pa.array(numbers[order])).to_pylist()
        columns = (is_match[order].tolist(), numbers[order].tolist(), texts, n_tokens[order].tolist())
        return list(zip(*columns, strict=True))

    def _lowered(self, model: str) -> pa.Array:
        """The texts of a vocabulary in lower case: Python's, as of the word that is looked for."""
        if model not in self._lower:
            self._lower[model] = pa.array(
                [text.lower() for text in self._held("vocabulary", whose=model)["text"].to_pylist()]
            )
        return self._lower[model]

    def _hits(self, limit: int, texts: dict[str, dict[int, str]]) -> list[list[dict[str, Any]]]:
        """The features of each space that fire on some texts of its model (number -> text), largest share first."""
        numbers = sorted({number for own in texts.values() for number in own})
        if not numbers:
            return []
        spaces = list(self._spaces)
        rows = self._columns("token_search", spaces=spaces, text_ids=numbers)
        found = []
        for place, space in sorted(enumerate(spaces), key=lambda one: one[1]):
            own = texts.get(self._spaces[space].model, {})
            here = np.flatnonzero((rows["place"] == place) & np.isin(rows["text_id"], list(own)))
            if len(here):
                found.append(_ranked(space, {name: column[here] for name, column in rows.items()}, own, limit))
        return found


def _ranked(space: str, rows: dict[str, Any], texts: dict[int, str], limit: int) -> list[dict[str, Any]]:
    """The first features of some rows of `feature_tokens`, largest share of all texts together first."""
    features, of_row = np.unique(rows["feature"], return_inverse=True)
    share, n_active = (np.bincount(of_row, rows[name]) for name in ("mass_share", "n_active"))
    # Rounded: the last digits of sums must not change the order of equals.
    order = np.lexsort((features, -n_active, -np.round(share, 9)))[:limit].tolist()
    matched: dict[int, list[str]] = {at: [] for at in order}
    shown = np.flatnonzero(np.isin(of_row, order))
    for row in shown[np.argsort(rows["rank"][shown])].tolist():
        matched[int(of_row[row])].append(texts[int(rows["text_id"][row])])
    return [
        {
            "space": space,
            "feature": int(features[at]),
            "n_hits": len(features),
            "matched": tuple(matched[at]),
            "mass_share": float(share[at]),
            "n_active": int(n_active[at]),
        }
        for at in order
    ]

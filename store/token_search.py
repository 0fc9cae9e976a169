"""Which features fire on a word, in every space, and what they are matched with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from store import records as r
from store.best import BestMatches
from store.lists import Floats, Ints

WHITE = " \t\n\r\v\f\u00a0\u2028\u2029\u3000"
"""Characters at the ends of a token that a search does not tell apart."""
SUGGESTED = 8
WHOLE = 50_000
"""Features of a space of which all tokens are kept in memory, 24 bytes a token; of a larger one, those of a word."""


class TokenSearch(BestMatches):
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
        key = ("lowered", model)
        if key not in self._tables:
            texts = self._held("vocabulary", whose=model)["text"].to_pylist()
            self._tables[key] = pa.table({"text": pa.array([text.lower() for text in texts], pa.string())})
        return self._tables[key]["text"].chunk(0)

    def _hits(self, limit: int, texts: dict[str, dict[int, str]]) -> list[list[dict[str, Any]]]:
        """The features of each space that fire on some texts of its model (number -> text), largest share first."""
        found = []
        for name, space in sorted(self._spaces.items()):
            own = texts.get(space.model, {})
            firing = self._firing(space, list(own)) if own else None
            if firing is not None and len(firing):
                found.append(_ranked(name, firing, own, limit))
        return found

    def _firing(self, space: r.Space, numbers: list[int]) -> "Firing":
        """Which features of a space fire on some texts: of the whole space, kept, unless it is a large one."""

        def ask(**texts: Any) -> Firing:
            columns = self._columns("firing", space=space.space, **texts)
            return Firing(
                **{name: one if one.dtype.kind == "f" else one.astype(np.int32) for name, one in columns.items()}
            )

        if space.n_features > WHOLE:
            return ask(text_ids=numbers)
        return self._recent.get(("firing", space.space), ask).of(numbers)


@dataclass(frozen=True)
class Firing:
    """Rows of `feature_tokens` of one space, in the order of their texts; columns of one length."""

    text_id: Ints
    feature: Ints
    rank: Ints
    mass_share: Floats
    n_active: Ints

    def __len__(self) -> int:
        return len(self.text_id)

    def of(self, numbers: list[int]) -> "Firing":
        """Those of some texts."""
        # Of the column's own type, which is else made anew as a whole.
        wanted = np.array(numbers, self.text_id.dtype)
        ends = [np.searchsorted(self.text_id, wanted, side) for side in ("left", "right")]
        rows = np.concatenate([np.arange(first, last) for first, last in zip(*ends, strict=True)])
        return Firing(**{name: column[rows] for name, column in vars(self).items()})


def _ranked(space: str, rows: Firing, texts: dict[int, str], limit: int) -> list[dict[str, Any]]:
    """The first features of some rows of a space, largest share of all texts together first."""
    share, n_active = (np.bincount(rows.feature, column) for column in (rows.mass_share, rows.n_active))
    features = np.flatnonzero(np.bincount(rows.feature))
    # Rounded: the last digits of sums must not change the order of equals.
    key = -np.round(share[features], 9)
    first = np.flatnonzero(key <= np.partition(key, limit - 1)[limit - 1]) if limit < len(key) else np.arange(len(key))
    best = features[first]
    order = best[np.lexsort((best, -n_active[best], key[first]))[:limit]]
    is_shown = np.zeros(len(share), bool)
    is_shown[order] = True
    shown = np.flatnonzero(is_shown[rows.feature])
    matched: dict[int, list[str]] = {feature: [] for feature in order.tolist()}
    for row in shown[np.argsort(rows.rank[shown])].tolist():
        matched[int(rows.feature[row])].append(texts[int(rows.text_id[row])])
    return [
        {
            "space": space,
            "feature": feature,
            "n_hits": len(features),
            "matched": tuple(matched[feature]),
            "mass_share": float(share[feature]),
            "n_active": int(n_active[feature]),
        }
        for feature in order.tolist()
    ]

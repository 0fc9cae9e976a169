"""Matches as questions give them: the evidence that is stored, what their features are, and their reasons by name."""

from collections.abc import Iterable, Sequence
from typing import Any

from store import filters
from store import records as r
from store.opened import Opened

KNOWN_TEXTS = 50_000
"""Texts of a vocabulary that are kept in memory, of each model: a few megabytes."""
Ref = tuple[str, int]
"""A space and a feature of it."""


class Judged(Opened):
    """The part of `Store` that completes matches; open a `Store`.

    A question about matches reads their own table alone, which holds what their reasons are about. The features of the
    few rows that it gives are looked up afterwards: a join with them takes longer to plan than to run.
    """

    def _matches(self, name: str, thresholds: r.Thresholds, **asked: Any) -> list[r.Match]:
        """The rows of a question that has the part `judged`."""
        return self._completed(self._dicts(name, thresholds=thresholds, **asked))

    def _matches_of(self, pairs: Sequence[tuple[str, int, int]], thresholds: r.Thresholds) -> list[r.Match]:
        """Those of some pairs (comparison, feature of A, feature of B) that are candidates."""
        names = ("comparisons", "features_a", "features_b")
        asked = {name: [pair[place] for pair in pairs] for place, name in enumerate(names)}
        rows = [row["row"] for row in self._dicts("match_rows", **asked)] if pairs else []
        return self._matches("matches_at", thresholds, rows=rows) if rows else []

    def _completed(self, rows: list[dict[str, Any]]) -> list[r.Match]:
        """Rows of `matches` with `reason_bits`, completed; what else stands in them is left out."""
        comparisons = [self._comparisons[row["comparison"]] for row in rows]
        refs = [
            ((c.space_a, row["feature_a"]), (c.space_b, row["feature_b"]))
            for c, row in zip(comparisons, rows, strict=True)
        ]
        sides = self._sides(ref for both in refs for ref in both)
        return [_match(row, sides[a], sides[b]) for row, (a, b) in zip(rows, refs, strict=True)]

    def _with_words(self, c: r.Comparison, matches: list[r.Match]) -> list[r.PairRow]:
        """Matches of a comparison with the top tokens of both sides."""
        a, b = [(c.space_a, m.feature_a) for m in matches], [(c.space_b, m.feature_b) for m in matches]
        words = self._words([*a, *b])
        return [
            r.PairRow(match, words.get(own, ()), words.get(other, ()))
            for match, own, other in zip(matches, a, b, strict=True)
        ]

    def _across(self, comparison: str, side: str) -> str:
        """The space on the other side of a comparison."""
        c = self._comparisons[comparison]
        return c.space_b if side == "a" else c.space_a

    def _sides(self, refs: Iterable[Ref]) -> dict[Ref, dict[str, Any]]:
        """What matches show of some features."""
        rows = self._of("sides", refs)
        return {(row.pop("space"), row.pop("feature")): row for row in rows}

    def _words(self, refs: Iterable[Ref]) -> dict[Ref, tuple[str, ...]]:
        """Up to five token texts with the largest mass of each of some features, strongest first; none: not there."""
        return {ref: tuple(text for text, _ in shares) for ref, shares in self._shares(refs).items()}

    def _shares(self, refs: Iterable[Ref]) -> dict[Ref, list[tuple[str, float]]]:
        """The same with the share of the feature's mass that each has."""
        asked: dict[str, set[int]] = {}
        for space, feature in refs:
            asked.setdefault(space, set()).add(feature)
        rows = [row for space, own in asked.items() for row in self._dicts("words", space=space, features=sorted(own))]
        numbers: dict[str, set[int]] = {}
        for row in rows:
            if row["text_id"] is not None:
                numbers.setdefault(self._spaces[row["space"]].model, set()).add(row["text_id"])
        texts = {model: self._texts(model, wanted) for model, wanted in numbers.items()}
        strays = self._strays(row for row in rows if row["text_id"] is None)
        shares: dict[Ref, list[tuple[str, float]]] = {}
        for row in rows:
            ref = row["space"], row["feature"]
            number = row["text_id"]
            text = strays[(*ref, row["rank"])] if number is None else texts[self._spaces[ref[0]].model][number]
            shares.setdefault(ref, []).append((text, row["mass_share"]))
        return shares

    def _strays(self, rows: Iterable[dict[str, Any]]) -> dict[tuple[str, int, int], str]:
        """Texts that stand in no passage, as those of an imported space may: (space, feature, rank) -> text."""
        found = self._of("words_without_number", ((row["space"], row["feature"]) for row in rows))
        return {(row["space"], row["feature"], row["rank"]): row["token"] for row in found}

    def _texts(self, model: str, numbers: Iterable[int]) -> dict[int, str]:
        """Texts of a model's vocabulary by their numbers; the same few thousand are asked for over and over."""
        known = self._known_texts.setdefault(model, {})
        wanted = set(numbers)
        if missing := sorted(wanted - known.keys()):
            if len(known) > KNOWN_TEXTS:
                # Another thread may still read the old ones.
                known = self._known_texts[model] = {number: known[number] for number in wanted & known.keys()}
            rows = self._dicts("texts", model=model, text_ids=missing)
            known.update((row["text_id"], row["text"]) for row in rows)
        return {number: known[number] for number in wanted}

    def _of(self, name: str, refs: Iterable[Ref]) -> list[dict[str, Any]]:
        """Asks about some features; each is named once."""
        asked = list(dict.fromkeys(refs))
        if not asked:
            return []
        return self._dicts(name, spaces=[space for space, _ in asked], features=[feature for _, feature in asked])

    def _counting(self) -> dict[str, Any]:
        """The comparisons whose matches say something of a feature, with their spaces, as lists.

        Random directions share with any space, so a match with them counts for nothing.
        """
        random = {space.space for space in self._spaces.values() if space.kind == "random_sae"}
        counted = [c for c in self._comparisons.values() if not random & {c.space_a, c.space_b}]
        return {
            "comparisons": [c.comparison for c in counted],
            "spaces_a": [c.space_a for c in counted],
            "spaces_b": [c.space_b for c in counted],
        }

    def _paired(self, refs: Iterable[Ref]) -> dict[str, list[Any]]:
        """Every comparison in which each feature is A's, and B's, as lists of one length for either side."""
        asked: dict[str, list[Any]] = {"comparisons": [], "features": [], "comparisons_b": [], "features_b": []}
        for space, feature in refs:
            for c in self._comparisons.values():
                for own, suffix in ((c.space_a, ""), (c.space_b, "_b")):
                    if own == space:
                        asked[f"comparisons{suffix}"].append(c.comparison)
                        asked[f"features{suffix}"].append(feature)
        return asked


def _match(row: dict[str, Any], a: dict[str, Any], b: dict[str, Any]) -> r.Match:
    bits = row["reason_bits"]
    known = {name: row[name] for name in _STORED}
    known |= {f"{name}_a": value for name, value in a.items()} | {f"{name}_b": value for name, value in b.items()}
    return r.Match(**known, reasons=filters.reasons(bits))


_SIDED = ("top_token", "n_active", "firing_rate", "special_share", "top_token_share")
_STORED = [
    name
    for name in r.Match.__dataclass_fields__
    if name != "reasons" and name.removesuffix("_a").removesuffix("_b") not in _SIDED
]

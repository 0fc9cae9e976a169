"""Store: one method per question that a page, a script or a test asks of a published folder."""

import math
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np

from store import filters, strips
from store import records as r
from store.concepts import Concepts
from store.families import Families
from store.geometry import Geometry
from store.order import Order
from store.scores import Scores
from store.token_search import TokenSearch
from store.units import Units
from store.unmatched import Unmatched

Dot = TypeVar("Dot", r.PairPoint, r.BestPoint)
DEFAULTS = r.Thresholds()
POINTS = 1000
"""Dots of a picture: what a browser draws at once."""
STRATA = ("top", "q1", "q2", "q3", "q4", "q5", "random")


class Store(Concepts, Families, TokenSearch, Geometry, Scores, Units, Unmatched):
    """A published store, opened read-only. Safe to share between threads: every question uses a cursor of its own.

    Raises `NotAStore` when the folder has no readable `homolog.duckdb`, `WrongSchema` when it was written by another
    schema version. After the file was replaced by a new publication, open a new `Store`.
    """

    def summaries(self, thresholds: r.Thresholds = DEFAULTS) -> list[r.ComparisonSummary]:
        """How much each comparison's spaces share."""
        groups: dict[str, list[tuple[int, int]]] = {}
        for row in self._mutual_counts(thresholds):
            groups.setdefault(row["comparison"], []).append((row["bits"], row["n"]))
        found = []
        for row in self._dicts("summaries"):
            c = self._comparisons[row["comparison"]]
            a, b = self._spaces[c.space_a], self._spaces[c.space_b]
            counted = groups.get(c.comparison, [])
            found.append(
                r.ComparisonSummary(
                    c.comparison, a.space, b.space, a.model == b.model and a.hook == b.hook, a.n_alive, b.n_alive,
                    row["n_candidates"], row["n_mutual"],
                    n_homologues=sum(n for bits, n in counted if not bits),
                    n_token_explained=sum(n for bits, n in counted if "token" in filters.reasons(bits)),
                    median_pearson=row["median_pearson"], median_context=row["median_context"],
                )
            )  # fmt: skip
        return found

    def _mutual_counts(self, thresholds: r.Thresholds) -> list[dict[str, Any]]:
        """How many mutual best matches of each comparison have which reasons."""
        if filters.moved(thresholds):
            return self._dicts("summary_counts", thresholds=thresholds)
        return self._dicts("summary_counts_stored")

    def homologue_curves(self, thresholds: r.Thresholds = DEFAULTS) -> list[r.HomologueCurve]:
        """How many homologues of each comparison are left as more context is asked for, in `CURVE_STEPS` steps."""
        counts = {one: [0] * (r.CURVE_STEPS + 1) for one in (c.comparison for c in self.comparisons())}
        for row in self._dicts("homologue_curve", steps=r.CURVE_STEPS, thresholds=thresholds):
            counts[row["comparison"]][min(row["step"], r.CURVE_STEPS)] += row["n"]
        return [r.HomologueCurve(name, tuple(accumulate(found[::-1]))[::-1]) for name, found in sorted(counts.items())]

    # Pairs -------------------------------------------------------------------------------------------------------
    def pairs(
        self,
        comparison: str,
        filter: r.PairFilter,
        sort: str = "pearson_context",
        limit: int = 100,
        offset: int = 0,
    ) -> list[r.PairRow]:
        """The matches that pass, sorted by `sort` (one of `records.SORTS`), unknown values last."""
        c = self.comparison(comparison)
        filters.one_of("sort", sort, r.SORTS)
        picked, asked = filters.is_picked(filter), self._scoped(comparison, filter)
        page = {"sort": sort, "limit": limit, "offset": offset}
        return self._with_words(c, self._matches("pairs", filter.thresholds, picked=picked, **asked, **page))

    def funnel(self, comparison: str, filter: r.PairFilter) -> list[r.FunnelStep]:
        """What each filter leaves: `candidates`, the bounds that are set or drop something, then the hidden reasons.

        `filter.only` is left out of account.
        """
        self.comparison(comparison)
        if filters.is_stored(filter):
            rows = self._answer("reason_counts", comparison=comparison)[1]
            groups = [(flags, n) for flags, n in rows]
        else:
            asked = {**filters.scope(comparison, filter), **filters.steps_asked(self._needed(comparison, filter))}
            rows = self._answer("funnel", thresholds=filter.thresholds, **asked)[1]
            groups = filters.dropped([(dropped, n) for dropped, n in rows], filter)
        return filters.funnel(groups, filter)

    def points(self, comparison: str, filter: r.PairFilter, limit: int = POINTS) -> list[r.PairPoint]:
        """Matches as dots: those that pass first, then a fixed sample of the others."""
        picked = filters.is_picked(filter) and limit <= POINTS
        return self._dots("points", r.PairPoint, comparison, filter, limit, picked=picked)

    def around(
        self,
        comparison: str,
        feature_a: int,
        feature_b: int,
        filter: r.PairFilter,
        sort: str = "pearson_context",
    ) -> tuple[tuple[int, int] | None, tuple[int, int] | None, int | None, int]:
        """(previous pair, next pair, place of this pair from 1 or None when the filter hides it, pairs that pass).

        A hidden pair has the neighbours of the place where it would stand; no candidate at all has none.
        """
        self._pair(comparison, feature_a, feature_b)
        filters.one_of("sort", sort, r.SORTS)
        rows = self._recent.get(("kept", comparison, filter, sort), lambda: self._order(comparison, filter, sort))
        known = rows.of(feature_a, feature_b)
        if known is None:
            pair: dict[str, Any] = {"comparison": comparison, "feature_a": feature_a, "feature_b": feature_b}
            stored = self._dicts("match", thresholds=DEFAULTS, **pair)
            if not stored:
                return None, None, None, len(rows)
            hidden = -pair[sort] if sort in ("feature_a", "feature_b") else stored[0][sort]
            before, after, _ = rows.beside(-math.inf if hidden is None else float(hidden), feature_a, feature_b)
            return before, after, None, len(rows)
        return *rows.beside(known, feature_a, feature_b), len(rows)

    def _order(self, comparison: str, filter: r.PairFilter, sort: str) -> Order:
        """What the matches that pass are sorted by."""
        asked = self._scoped(comparison, filter)
        found = self._columns(
            "order", thresholds=filter.thresholds, picked=filters.is_picked(filter), **asked, sort=sort
        )
        return Order(found["feature_a"], found["feature_b"], found["key"])

    def _scoped(self, comparison: str, filter: r.PairFilter) -> dict[str, Any]:
        return {**filters.scope(comparison, filter), **filters.passing(self._needed(comparison, filter))}

    def _needed(self, comparison: str, filter: r.PairFilter) -> r.PairFilter:
        """Without the bounds that drop nothing, which would be asked of every match."""
        return filters.needed(filter, self._held("least", comparison=comparison).to_pylist()[0])

    def best_points(self, comparison: str, filter: r.PairFilter, limit: int = POINTS) -> list[r.BestPoint]:
        """The best match of each feature of A, the only ones that `null_floor` speaks of; those that pass first."""
        return self._dots("best_points", r.BestPoint, comparison, filter, limit)

    def _dots(
        self, name: str, record: type[Dot], comparison: str, filter: r.PairFilter, limit: int, picked: bool = False
    ) -> list[Dot]:
        """Rows of a question about dots, with what they say of A's feature."""
        space = self.comparison(comparison).space_a
        asked = self._scoped(comparison, filter)
        columns, rows = self._answer(name, filter.thresholds, picked, **asked, limit=limit)
        if not rows:
            return []
        known = dict(zip(columns, zip(*rows, strict=True), strict=True))
        features = np.array(known["feature_a"], np.int64)
        for side in ("n_active", "top_token"):
            known[f"{side}_a"] = tuple(self._beside(side, space, features))
        return list(map(record, *(known[name] for name in record._fields)))

    # One pair ----------------------------------------------------------------------------------------------------
    def match(
        self, comparison: str, feature_a: int, feature_b: int, thresholds: r.Thresholds = DEFAULTS
    ) -> r.Match | None:
        """The evidence of a pair; None when the two were never candidates of each other."""
        self._pair(comparison, feature_a, feature_b)
        asked = {"comparison": comparison, "feature_a": feature_a, "feature_b": feature_b}
        rows = self._matches("match", thresholds, **asked)
        return rows[0] if rows else None

    def runners_up(
        self,
        comparison: str,
        *,
        feature_a: int | None = None,
        feature_b: int | None = None,
        limit: int = 10,
        thresholds: r.Thresholds = DEFAULTS,
    ) -> list[r.Match]:
        """All candidates of the given feature, the best one included, by pearson. Give `feature_a` or `feature_b`."""
        if (feature_a is None) == (feature_b is None):
            raise ValueError("runners-up belong to one feature; give feature_a or feature_b")
        c = self.comparison(comparison)
        self._feature(c.space_a, feature_a) if feature_b is None else self._feature(c.space_b, feature_b)
        own = {"feature_a": feature_a} if feature_b is None else {"feature_b": feature_b}
        return self._matches("runners_up", thresholds, comparison=comparison, **own, limit=limit)

    # One feature -------------------------------------------------------------------------------------------------
    def feature(self, space: str, feature: int) -> r.Feature:
        """Raises `UnknownName`: "p70-l2 has features 0 to 32767; got 40000"."""
        return self._rows("feature", r.Feature, **self._feature(space, feature))[0]

    def histogram(self, space: str, feature: int) -> list[r.HistogramBin]:
        return self._rows("histogram", r.HistogramBin, **self._feature(space, feature))

    def logits(self, space: str, feature: int) -> list[r.Logit]:
        return self._rows("logits", r.Logit, **self._feature(space, feature))

    def feature_tokens(self, space: str, feature: int) -> list[r.FeatureToken]:
        return self._rows("feature_tokens", r.FeatureToken, **self._feature(space, feature))

    def strips(self, space: str, feature: int, stratum: str, limit: int = 10, width: int = 24) -> list[r.Strip]:
        """Examples of a stratum (one of `STRATA`), `width` tokens either side; none for an empty stratum."""
        asked = self._feature(space, feature)
        filters.one_of("stratum", stratum, STRATA)
        page = self._sourced(self._dicts("examples", **asked, stratum=stratum, limit=limit))
        activations = self._active(space, feature).within([row["passage_id"] for row in page])
        model = self._spaces[space].model
        return strips.examples(self._strips, page, model, activations, stratum=stratum, width=width)

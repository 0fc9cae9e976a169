"""Store: one method per question that a page, a script or a test asks of a published folder."""

from dataclasses import asdict
from itertools import accumulate

from store import filters, strips
from store import records as r
from store.concepts import Concepts
from store.families import Families
from store.geometry import Geometry
from store.scores import Scores
from store.token_search import TokenSearch

DEFAULTS = r.Thresholds()
STRATA = ("top", "q1", "q2", "q3", "q4", "q5", "random")


class Store(Concepts, Families, TokenSearch, Geometry, Scores):
    """A published store, opened read-only. Safe to share between threads: every question uses a cursor of its own.

    Raises `NotAStore` when the folder has no readable `homolog.duckdb`, `WrongSchema` when it was written by another
    schema version. After the file was replaced by a new publication, open a new `Store`.
    """

    def summaries(self, thresholds: r.Thresholds = DEFAULTS) -> list[r.ComparisonSummary]:
        return self._rows("summaries", r.ComparisonSummary, **asdict(thresholds))

    def homologue_curves(self, thresholds: r.Thresholds = DEFAULTS) -> list[r.HomologueCurve]:
        """How many homologues of each comparison are left as more context is asked for, in `CURVE_STEPS` steps."""
        counts = {one: [0] * (r.CURVE_STEPS + 1) for one in (c.comparison for c in self.comparisons())}
        for row in self._dicts("homologue_curve", steps=r.CURVE_STEPS, **asdict(thresholds)):
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
        asked = {**filters.flagged(comparison, filter), **filters.kept(filter), "sort": sort}
        sides = {"space_a": c.space_a, "space_b": c.space_b}
        rows = self._dicts("pairs", **asked, **sides, limit=limit, offset=offset)
        words = [(row.pop("tokens_a"), row.pop("tokens_b")) for row in rows]
        return [r.PairRow(r.Match(**row), *tokens) for row, tokens in zip(rows, words, strict=True)]

    def funnel(self, comparison: str, filter: r.PairFilter) -> list[r.FunnelStep]:
        """What each filter leaves: `candidates`, the bounds that are set or drop something, then the hidden reasons.

        `filter.only` is left out of account.
        """
        self.comparison(comparison)
        rows = self._dicts("funnel", **filters.flagged(comparison, filter))
        return filters.funnel([(row["flags"], row["n"]) for row in rows], filter)

    def points(self, comparison: str, filter: r.PairFilter, limit: int = 5000) -> list[r.PairPoint]:
        """Matches as dots: those that pass first, then a fixed sample of the others."""
        self.comparison(comparison)
        asked = {**filters.flagged(comparison, filter), **filters.masks(filter), "limit": limit}
        return self._rows("points", r.PairPoint, **asked)

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
        asked = {**filters.flagged(comparison, filter), **filters.kept(filter), "sort": sort}
        row = self._dicts("around", **asked, this_a=feature_a, this_b=feature_b)[0]
        return row["previous"], row["next"], row["place"] if row["is_kept"] else None, row["n_kept"]

    def null_floor(self, comparison: str) -> list[r.NullFloor]:
        """What chance gives in each range of firing counts, rarest first; none where the text is a single passage."""
        self.comparison(comparison)
        return self._rows("null_floor", r.NullFloor, comparison=comparison)

    def best_points(self, comparison: str, filter: r.PairFilter, limit: int = 5000) -> list[r.BestPoint]:
        """The best match of each feature of A, the only ones that `null_floor` speaks of; those that pass first."""
        self.comparison(comparison)
        asked = {**filters.flagged(comparison, filter), **filters.masks(filter), "limit": limit}
        return self._rows("best_points", r.BestPoint, **asked)

    # What has no match -------------------------------------------------------------------------------------------
    def unmatched(
        self,
        comparison: str,
        side: str,
        filter: r.UnmatchedFilter,
        sort: str = "mass",
        limit: int = 100,
        offset: int = 0,
    ) -> list[r.Unmatched]:
        """Alive features of a side (`a` or `b`) whose best match is weak, by `sort` (of `records.UNMATCHED_SORTS`)."""
        filters.one_of("sort", sort, r.UNMATCHED_SORTS)
        asked = self._unmatched(comparison, side, filter)
        page = {"clear": filters.unmatched_clear(filter), "sort": sort, "limit": limit, "offset": offset}
        return self._rows("unmatched", r.Unmatched, **asked, **page)

    def unmatched_counts(self, comparison: str, side: str, filter: r.UnmatchedFilter) -> list[r.FunnelStep]:
        """Features of a side that are `alive`, those of them `unmatched`, and what each filter leaves of these."""
        rows = self._dicts("unmatched_counts", **self._unmatched(comparison, side, filter))
        return filters.unmatched_funnel([(row["flags"], row["n"]) for row in rows], filter)

    def _unmatched(self, comparison: str, side: str, filter: r.UnmatchedFilter) -> dict[str, object]:
        c = self.comparison(comparison)
        filters.one_of("side", side, ("a", "b"))
        space = c.space_a if side == "a" else c.space_b
        return {"comparison": comparison, "side": side, "space": space, **filters.unmatched_flagged(filter)}

    # One pair ----------------------------------------------------------------------------------------------------
    def match(
        self, comparison: str, feature_a: int, feature_b: int, thresholds: r.Thresholds = DEFAULTS
    ) -> r.Match | None:
        """The evidence of a pair; None when the two were never candidates of each other."""
        self._pair(comparison, feature_a, feature_b)
        asked = {"comparison": comparison, "feature_a": feature_a, "feature_b": feature_b}
        rows = self._rows("match", r.Match, **asked, **asdict(thresholds))
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
        asked = {"comparison": comparison, "feature_a": feature_a, "feature_b": feature_b, "limit": limit}
        return self._rows("runners_up", r.Match, **asked, **asdict(thresholds))

    def group_counts(self, comparison: str, feature_a: int, feature_b: int) -> dict[str, int]:
        """Units in each of `records.GROUPS`."""
        return self._fired("group_counts", comparison, feature_a, feature_b)[0]

    def pair_strips(
        self,
        comparison: str,
        feature_a: int,
        feature_b: int,
        group: str,
        limit: int = 10,
        offset: int = 0,
        width: int = 24,
    ) -> list[r.PairStrip]:
        """Passages of a group (of `records.GROUPS`), strongest first, `width` tokens either side of the best unit."""
        filters.one_of("group", group, r.GROUPS)
        c = self._pair(comparison, feature_a, feature_b)
        page = self._fired(
            "pair_passages", comparison, feature_a, feature_b, model_a=self._spaces[c.space_a].model,
            group=group, limit=limit, offset=offset,
        )  # fmt: skip
        sides = ((self._spaces[c.space_a], feature_a), (self._spaces[c.space_b], feature_b))
        return strips.pairs(self._dicts, page, *sides, width=width, identical=c.alignment == "identical")

    def unit_scatter(
        self, comparison: str, feature_a: int, feature_b: int, points: int = 2000, cells: int = 40
    ) -> r.UnitScatter:
        """Every unit where either fires, if these are at most `points`; else cells, and points where both fire."""
        c = self._pair(comparison, feature_a, feature_b)
        pair = (comparison, feature_a, feature_b)
        n_units = sum(self.group_counts(*pair).values())
        many = n_units > points
        limit, model_a = points // 4 if many else points, self._spaces[c.space_a].model
        dots = self._fired("unit_points", *pair, model_a=model_a, both_only=many, limit=limit)
        grid = self._fired("unit_cells", *pair, cells=cells) if many else []
        return r.UnitScatter(
            tuple(r.UnitPoint(**row) for row in dots), tuple(r.DensityCell(**row) for row in grid), n_units
        )

    def token_rows(self, comparison: str, feature_a: int, feature_b: int, limit: int = 20) -> list[r.TokenRow]:
        """Token texts (of A's model; of a whole unit where the two differ) with most of both features' mass."""
        c = self._pair(comparison, feature_a, feature_b)
        name = "token_rows" if c.alignment == "identical" else "token_rows_aligned"
        model_a = self._spaces[c.space_a].model
        return [
            r.TokenRow(**row)
            for row in self._fired(name, comparison, feature_a, feature_b, model_a=model_a, limit=limit)
        ]

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
        page = self._dicts("examples", **asked, stratum=stratum, limit=limit)
        return strips.examples(self._dicts, page, self._spaces[space], feature, stratum=stratum, width=width)

    def elsewhere(self, space: str, feature: int, thresholds: r.Thresholds = DEFAULTS) -> list[r.Elsewhere]:
        """The feature's best match in every comparison that its space is part of."""
        asked = self._feature(space, feature) | asdict(thresholds)
        as_a = [c.comparison for c in self._comparisons.values() if c.space_a == space]
        as_b = [c.comparison for c in self._comparisons.values() if c.space_b == space]
        rows = self._dicts("elsewhere", **asked, as_a=as_a, as_b=as_b)
        return [r.Elsewhere(row["comparison"], row.pop("side"), row.pop("other_space"), r.Match(**row)) for row in rows]

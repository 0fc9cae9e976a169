"""Scores: the similarity metrics of whole comparisons, each held against its null."""

from functools import cached_property

from store import filters
from store import score_records as r
from store.opened import Opened


class Scores(Opened):
    """The part of `Store` that says how alike two spaces are; open a `Store`.

    A method that takes a metric, parameters, subset or level raises `UnknownName` for one that this store has no score
    of, and says which there are.
    """

    def scores(
        self,
        comparison: str | None = None,
        level: str | None = None,
        subset: str | None = None,
        metric: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[r.Score]:
        """Scores of all comparisons, or of what is named; by comparison, metric, parameters, subset, level.

        Numbers stand in their own order, `k=5` before `k=10`, and concepts after the other subsets.
        """
        if comparison is not None:
            self.comparison(comparison)
        asked = {"metric": metric, "level": level, "subset": subset}
        self._known_scores(**asked)
        page = {"limit": limit, "offset": offset}
        return self._rows("scores", r.Score, comparison=comparison, **asked, **page)

    def score_variants(self) -> list[r.ScoreVariant]:
        """Every metric with its parameters, subset and level that there is a score of, in some comparison."""
        return list(self._variants)

    @cached_property
    def _variants(self) -> tuple[r.ScoreVariant, ...]:
        return tuple(self._rows("score_variants", r.ScoreVariant))

    def score_grid(self, metric: str, parameters: str, subset: str, level: str) -> list[r.ScoreCell]:
        """One cell for each comparison of the store, those included that have no such score."""
        asked = {"metric": metric, "parameters": parameters, "subset": subset, "level": level}
        self._known_scores(**asked)
        cells = []
        for row in self._dicts("score_grid", **asked):
            place = {name: row[name] for name in ("comparison", "space_a", "space_b")}
            row = {name: value for name, value in row.items() if name not in ("space_a", "space_b", "kind")}
            score = r.Score(**row) if row["metric"] is not None else None
            cells.append(r.ScoreCell(**place, kind=self._kind(place["space_a"], place["space_b"]), score=score))
        return cells

    def score_null(self, comparison: str, metric: str, parameters: str, subset: str, level: str) -> list[float]:
        """A sample of the score's null, in the order of its draws; none where there is no null."""
        self.comparison(comparison)
        asked = {"metric": metric, "parameters": parameters, "subset": subset, "level": level}
        self._known_scores(**asked)
        return [row["value"] for row in self._dicts("score_null", comparison=comparison, **asked)]

    def sweep(
        self, comparison: str, metric: str, parameters: str, subset: str, level: str, over: str
    ) -> list[r.SweepPoint]:
        """The same score at other sizes (one of `score_records.SWEEPS`), smallest first, itself included.

        Over `k` the other parameters, the subset and the level are the same. Over `pairs` the subsets are `first:<n>`
        and `all`, whichever `subset` is. None where the metric has no k, or was never taken on some of the pairs.
        """
        self.comparison(comparison)
        filters.one_of("sweep", over, r.SWEEPS)
        asked = {"metric": metric, "parameters": parameters, "level": level}
        self._known_scores(**asked, subset=subset)
        subset_too = {"subset": subset} if over == "k" else {}
        rows = self._dicts(f"score_sweep_{over}", comparison=comparison, **asked, **subset_too)
        return [r.SweepPoint(row.pop("size"), r.Score(**row)) for row in rows]

    def _kind(self, space_a: str, space_b: str) -> str:
        """What a comparison of these two can tell, by the names of `ScoreCell.kind`."""
        a, b = self._spaces[space_a], self._spaces[space_b]
        for kind, name in (("random_sae", "floor"), ("neurons", "baseline")):
            if kind in (a.kind, b.kind):
                return name
        if a.model != b.model:
            return "finding"
        return "ceiling" if a.hook == b.hook else "within"

    def _known_scores(self, **asked: str | None) -> None:
        """Raises `UnknownName` for a metric, parameters, a subset or a level of which there is no score."""
        for what, name in asked.items():
            if name is not None:
                filters.one_of(what, name, dict.fromkeys(getattr(one, what) for one in self._variants))

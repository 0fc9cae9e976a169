"""What pages ask: the only caller of `Store`. One open store for all visitors, reopened when its file was replaced.

Answers that cost more than a lookup are cached, bounded, under the store's fingerprint.
"""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import streamlit as st

from store import cells, console
from store import records as r
from store import score_records as sr
from store.errors import NotAStore
from store.read import Store
from store.schema import DATABASE

Answer = TypeVar("Answer")
ENVIRONMENT = "HOMOLOG_STORE"
"""Names the store's folder where the command line does not."""


def folder() -> Path:
    """The store's folder: from `streamlit run dashboard/app.py -- DIR`, else from the environment."""
    by_command = sys.argv[1] if len(sys.argv) > 1 and Path(sys.argv[0]).name == "app.py" else None
    chosen = by_command or os.environ.get(ENVIRONMENT)
    if not chosen:
        raise NotAStore("no store was named; start with `python -m dashboard DIR`")
    return Path(chosen)


def identity(path: Path) -> tuple[int, int, int] | None:
    """Inode, modification time (ns) and size of the store's file: publishing replaces it, and this changes."""
    try:
        found = (path / DATABASE).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@dataclass
class _Slot:
    """The one open store. Pages that still read a replaced one keep it alive until they are done."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    seen: tuple[Path, tuple[int, int, int] | None] | None = None
    store: Store | None = None

    def get(self, path: Path) -> Store:
        with self.lock:
            now = (path, identity(path))
            if self.store is not None and self.seen == now:
                return self.store
            self.store, self.seen = None, None
            self.store, self.seen = Store(path), now
            return self.store


@st.cache_resource(show_spinner=False)
def _slot() -> _Slot:
    return _Slot()


@st.cache_data(max_entries=512, show_spinner=False)
def _cached(_store: Store, fingerprint: str, seen: object, question: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(_store, question)(*arguments)


@dataclass(frozen=True)
class Reader:
    """The questions of one page run; raises what `Store` raises."""

    store: Store
    seen: object

    @property
    def fingerprint(self) -> str:
        return self.store.fingerprint

    def _ask(self, question: Callable[..., Answer], *arguments: object) -> Answer:
        answer: Answer = _cached(self.store, self.fingerprint, self.seen, question.__name__, arguments)
        return answer

    def build(self) -> r.Build:
        return self.store.build()

    def models(self) -> list[r.Model]:
        return self.store.models()

    def spaces(self) -> list[r.Space]:
        return self.store.spaces()

    def space(self, space: str) -> r.Space:
        return self.store.space(space)

    def comparisons(self) -> list[r.Comparison]:
        return self.store.comparisons()

    def comparison(self, name: str) -> r.Comparison:
        return self.store.comparison(name)

    def comparison_of(self, space_a: str, space_b: str) -> r.Comparison | None:
        return self.store.comparison_of(space_a, space_b)

    def counts(self) -> dict[str, int]:
        return self.store.counts()

    def summaries(self, thresholds: r.Thresholds) -> list[r.ComparisonSummary]:
        return self._ask(Store.summaries, thresholds)

    def homologue_curves(self, thresholds: r.Thresholds) -> list[r.HomologueCurve]:
        return self._ask(Store.homologue_curves, thresholds)

    def pairs(self, comparison: str, chosen: r.PairFilter, sort: str, limit: int, offset: int = 0) -> list[r.PairRow]:
        return self._ask(Store.pairs, comparison, chosen, sort, limit, offset)

    def funnel(self, comparison: str, chosen: r.PairFilter) -> list[r.FunnelStep]:
        return self._ask(Store.funnel, comparison, chosen)

    def points(self, comparison: str, chosen: r.PairFilter) -> list[r.PairPoint]:
        return self._ask(Store.points, comparison, chosen)

    def null_floor(self, comparison: str) -> list[r.NullFloor]:
        return self.store.null_floor(comparison)

    def best_points(self, comparison: str, chosen: r.PairFilter) -> list[r.BestPoint]:
        return self._ask(Store.best_points, comparison, chosen)

    def unmatched(
        self, comparison: str, side: str, chosen: r.UnmatchedFilter, sort: str, limit: int, offset: int = 0
    ) -> list[r.Unmatched]:
        return self._ask(Store.unmatched, comparison, side, chosen, sort, limit, offset)

    def unmatched_counts(self, comparison: str, side: str, chosen: r.UnmatchedFilter) -> list[r.FunnelStep]:
        return self._ask(Store.unmatched_counts, comparison, side, chosen)

    def around(
        self, comparison: str, a: int, b: int, chosen: r.PairFilter, sort: str
    ) -> tuple[tuple[int, int] | None, tuple[int, int] | None, int | None, int]:
        """(previous pair, next pair, place of this one from 1 or None, pairs that pass)."""
        return self._ask(Store.around, comparison, a, b, chosen, sort)

    def match(self, comparison: str, a: int, b: int, thresholds: r.Thresholds) -> r.Match | None:
        return self.store.match(comparison, a, b, thresholds)

    def runners_up(self, comparison: str, side: str, feature: int, thresholds: r.Thresholds) -> list[r.Match]:
        """Candidates of one feature, best first; `side` is `a` or `b`."""
        if side == "a":
            return self.store.runners_up(comparison, feature_a=feature, limit=6, thresholds=thresholds)
        return self.store.runners_up(comparison, feature_b=feature, limit=6, thresholds=thresholds)

    def group_counts(self, comparison: str, a: int, b: int) -> dict[str, int]:
        return self._ask(Store.group_counts, comparison, a, b)

    def pair_strips(self, comparison: str, a: int, b: int, group: str, limit: int) -> list[r.PairStrip]:
        return self._ask(Store.pair_strips, comparison, a, b, group, limit)

    def unit_scatter(self, comparison: str, a: int, b: int) -> r.UnitScatter:
        return self._ask(Store.unit_scatter, comparison, a, b)

    def token_rows(self, comparison: str, a: int, b: int) -> list[r.TokenRow]:
        return self._ask(Store.token_rows, comparison, a, b)

    def feature(self, space: str, feature: int) -> r.Feature:
        return self.store.feature(space, feature)

    def histogram(self, space: str, feature: int) -> list[r.HistogramBin]:
        return self.store.histogram(space, feature)

    def logits(self, space: str, feature: int) -> list[r.Logit]:
        return self.store.logits(space, feature)

    def feature_tokens(self, space: str, feature: int) -> list[r.FeatureToken]:
        return self.store.feature_tokens(space, feature)

    def strips(self, space: str, feature: int, stratum: str, limit: int) -> list[r.Strip]:
        return self._ask(Store.strips, space, feature, stratum, limit)

    def elsewhere(self, space: str, feature: int, thresholds: r.Thresholds) -> list[r.Elsewhere]:
        return self._ask(Store.elsewhere, space, feature, thresholds)

    def families(self, chosen: r.PairFilter, min_spaces: int, limit: int, offset: int = 0) -> list[r.Family]:
        return self._ask(Store.families, chosen, min_spaces, limit, offset)

    def family_counts(self, chosen: r.PairFilter) -> r.FamilyCounts:
        return self._ask(Store.family_counts, chosen)

    def family(self, space: str, feature: int, chosen: r.PairFilter) -> r.Family | None:
        """The family that a feature belongs to, or None."""
        return self._ask(Store.family, space, feature, chosen)

    def family_pairs(self, members: tuple[r.FamilyMember, ...], thresholds: r.Thresholds) -> list[r.Match]:
        return self._ask(Store.family_pairs, members, thresholds)

    def token_search(self, text: str, limit: int) -> r.TokenSearch:
        return self._ask(Store.token_search, text, limit)

    def scores(
        self, comparison: str | None, metric: str | None, limit: int | None = None, offset: int = 0
    ) -> list[sr.Score]:
        return self._ask(Store.scores, comparison, None, None, metric, limit, offset)

    def score_variants(self) -> list[sr.ScoreVariant]:
        return self._ask(Store.score_variants)

    def score_grid(self, metric: str, parameters: str, subset: str, level: str) -> list[sr.ScoreCell]:
        return self._ask(Store.score_grid, metric, parameters, subset, level)

    def score_null(self, one: sr.Score) -> list[float]:
        """Draws of a score's null."""
        asked = one.comparison, one.metric, one.parameters, one.subset, one.level
        return self._ask(Store.score_null, *asked)

    def sweep(self, one: sr.Score, over: str) -> list[sr.SweepPoint]:
        """A score at other sizes; `over` is one of `score_records.SWEEPS`."""
        asked = one.comparison, one.metric, one.parameters, one.subset, one.level
        return self._ask(Store.sweep, *asked, over)

    def neighbours(self, space: str, feature: int, by: str, limit: int) -> list[r.Neighbour]:
        return self.store.neighbours(space, feature, by, limit)

    def neighbourhood(self, comparison: str, feature_a: int) -> r.Neighbourhood:
        return self._ask(Store.neighbourhood, comparison, feature_a)

    def overlap_distribution(self, comparison: str) -> r.OverlapDistribution:
        return self._ask(Store.overlap_distribution, comparison)

    def kept_neighbours(self, comparison: str, end: str, chosen: r.PairFilter, limit: int) -> list[r.Match]:
        """Matches that keep most (`end` is `best`) or least (`worst`) of their neighbours."""
        return self._ask(Store.best_kept if end == "best" else Store.worst_kept, comparison, chosen, limit)

    def map_methods(self, space: str) -> dict[str, int]:
        return self.store.map_methods(space)

    def map_points(self, space: str, method: str) -> pa.Table:
        return self._ask(Store.map_points, space, method)

    def map_links(self, comparison: str, side: str) -> pa.Table:
        return self._ask(Store.map_links, comparison, side)

    def map_shares(self, concept: str, space: str) -> pa.Table:
        return self._ask(Store.map_shares, concept, space)

    def map_pairs(self, comparison: str, pairs: tuple[tuple[int, int], ...]) -> list[r.PairRow]:
        return self._ask(Store.map_pairs, comparison, pairs)

    def map_agreement(self, comparison: str) -> list[r.MapAgreement]:
        return self.store.map_agreement(comparison)

    def concept_names(self) -> list[str]:
        return self.store.concept_names()

    def concepts(self, share: float) -> list[r.Concept]:
        return self._ask(Store.concepts, share)

    def concept_pairs(self, concept: str, share: float, limit: int) -> list[r.ConceptPair]:
        return self._ask(Store.concept_pairs, concept, share, None, limit)

    def concept_members(self, concept: str, share: float, limit: int) -> list[r.ConceptMember]:
        return self._ask(Store.concept_members, concept, share, limit)

    def sql(self, query: str, seconds: float, rows: int) -> r.Table:
        """One bounded query of a visitor; QueryRefused says why not."""
        return console.run(self.store, query, max_rows=rows, seconds=seconds)


def reader() -> Reader:
    """The store as it is now; NotAStore or WrongSchema say what is wrong with the folder."""
    slot = _slot()
    store = slot.get(folder())
    return Reader(store, slot.seen)


csv = cells.to_csv
parquet = cells.to_parquet

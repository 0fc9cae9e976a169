"""What pages ask: the only caller of `Store`. One open store for all visitors, reopened when its file was replaced.

Answers that cost more than a lookup are cached, bounded, under the store's fingerprint.
"""

import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import streamlit as st

from dashboard import pictures
from dashboard.lookup import Known
from store import cells
from store import records as r
from store import score_records as sr
from store.errors import NotAStore, StoreReplaced
from store.read import Store
from store.schema import DATABASE
from store.visitors import Visitors

Answer = TypeVar("Answer")
SCRIPTS = ("app.py", "server.py")
"""What `streamlit run` is given: the pages, or the pages and what a server of a lab adds."""
LINGER = 30.0
"""Seconds that a page may go on with a store that was replaced: no page takes as long, and each one left open costs."""
MEMORY = "512MB"
"""Most that the open store keeps of its file in memory: what a page asks for is then read from there, and not again."""
ENVIRONMENT = "HOMOLOG_STORE"
"""Names the store's folder where the command line does not."""
FILE_ROWS, FILE_BYTES, FILE_SECONDS = 20_000, 50_000_000, 20.0
"""Limits of a download."""


def folder() -> Path:
    """The store's folder: from `streamlit run dashboard/app.py -- DIR`, else from the environment."""
    by_command = sys.argv[1] if len(sys.argv) > 1 and Path(sys.argv[0]).name in SCRIPTS else None
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
    """The one open store. Pages that still read a replaced one have `LINGER` seconds until it is closed.

    Without an end a tab that nobody looks at would keep it, with its memory, its threads and its place on the disk.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: "Reader | None" = None
    visitors: Visitors = field(default_factory=Visitors)

    def get(self, path: Path) -> "Reader":
        with self.lock:
            now = (path, identity(path))
            if self.opened is None or self.opened.seen != now:
                self._close()
                self.opened = Reader(Store(path, MEMORY), now, self.visitors)
            return self.opened

    def forget(self) -> None:
        with self.lock:
            self._close()

    def _close(self) -> None:
        self.visitors.close()
        if self.opened is not None:
            later = threading.Timer(LINGER, _close, [weakref.ref(self.opened.store)])
            later.daemon = True
            later.start()
        self.opened = None


def _close(store: "weakref.ref[Store]") -> None:
    if (found := store()) is not None:
        found.close()


@st.cache_resource(show_spinner=False)
def _slot() -> _Slot:
    return _Slot()


@st.cache_data(max_entries=512, show_spinner=False)
def _cached(
    _store: Store, fingerprint: str, seen: object, question: str, arguments: tuple[Any, ...], named: dict[str, Any]
) -> Any:
    return getattr(_store, question)(*arguments, **named)


@st.cache_data(max_entries=256, show_spinner=False)
def _drawn(
    _reader: "Reader", _draw: Callable[..., Any], fingerprint: str, seen: object, name: str, arguments: tuple[Any, ...]
) -> dict[str, Any] | None:
    chart = _draw(_reader, *arguments)
    return None if chart is None else pictures.specification(chart)


@dataclass(frozen=True)
class Reader:
    """The questions of one page run; raises what `Store` raises."""

    store: Store
    seen: object
    visitors: Visitors

    @property
    def fingerprint(self) -> str:
        return self.store.fingerprint

    def _ask(self, question: Callable[..., Answer], *arguments: object, **named: object) -> Answer:
        answer: Answer = _cached(self.store, self.fingerprint, self.seen, question.__name__, arguments, named)
        return answer

    def drawn(self, draw: Callable[..., Any], *arguments: object) -> Any:
        """What one of `pictures` draws of these arguments, in Vega-Lite; None where it draws nothing."""
        return _drawn(self, draw, self.fingerprint, self.seen, draw.__name__, arguments)

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
        return self.store.points(comparison, chosen)

    def null_floor(self, comparison: str) -> list[r.NullFloor]:
        return self.store.null_floor(comparison)

    def best_points(self, comparison: str, chosen: r.PairFilter) -> list[r.BestPoint]:
        return self.store.best_points(comparison, chosen)

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
        return self._ask(Store.match, comparison, a, b, thresholds)

    def runners_up(self, comparison: str, side: str, feature: int, thresholds: r.Thresholds) -> list[r.Match]:
        """Candidates of one feature, best first; `side` is `a` or `b`."""
        if side == "a":
            return self._ask(Store.runners_up, comparison, feature_a=feature, limit=6, thresholds=thresholds)
        return self._ask(Store.runners_up, comparison, feature_b=feature, limit=6, thresholds=thresholds)

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

    def sql(self, query: str, seconds: float, rows: int, characters: int) -> r.Table:
        """One bounded query of a visitor; QueryRefused says why not. Dropped when its visitor goes elsewhere."""
        begun, line = time.monotonic(), st.empty()

        def waiting() -> None:
            # Writing is also what lets Streamlit stop this run.
            line.caption(f"Running for {time.monotonic() - begun:.0f} s, at most {seconds:g} s.")

        try:
            return self.visitors.run(
                self.store.folder,
                self.fingerprint,
                query,
                max_rows=rows,
                seconds=seconds,
                max_cell=characters,
                waiting=waiting,
            )
        except StoreReplaced:
            # The whole page again, so that all of it speaks of the new store.
            st.rerun()
        finally:
            line.empty()

    def taken(self, query: str) -> r.Table:
        """The answer that a file holds: the same console, with the limits of a download."""
        return self.visitors.run(
            self.store.folder,
            self.fingerprint,
            query,
            max_rows=FILE_ROWS,
            max_bytes=FILE_BYTES,
            seconds=FILE_SECONDS,
            max_cell=FILE_BYTES,
        )


def known() -> Known:
    """What can be named in the store as it is now."""
    now = reader()
    return Known(now.fingerprint, now.spaces(), now.comparisons(), now.concept_names())


def forget() -> None:
    """After the store failed: the next page opens it anew, since what failed may be the opened one and not the file."""
    _slot().forget()


def reader() -> Reader:
    """The store as it is now; NotAStore or WrongSchema say what is wrong with the folder."""
    return _slot().get(folder())


csv = cells.to_csv
parquet = cells.to_parquet

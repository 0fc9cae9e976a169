"""What a bench asks of a store: for every question of `Store`, arguments like those of its pages, never twice the same.

Pairs are half homologues, which visitors open, and half any candidates; filters are half the default one, and half with
bounds, shown reasons and thresholds moved.
"""

import inspect
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from store import records as r
from store.geometry import BY
from store.read import STRATA, Store
from store.score_records import SWEEPS

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
PAGE = 26
"""Rows that a page of a table asks for."""
NO_QUESTIONS = {"close", "cursor"}
MOVED = {
    "rare": (10, 100, 1000), "dense": (0.01, 0.05, 0.2), "special": (0.2, 0.8), "position": (0.3, 0.8),
    "token": (0.5, 0.7, 0.95), "single_token": (0.5, 0.95), "stop_token": (0.0, 0.1, 0.5), "hub": (1, 2, 10),
    "chance": (0.01, 0.2), "thin": (5, 50, 500),
}  # fmt: skip
PICTURES = {"map_points": "all points of a map", "map_links": "a match of every feature of a side"}
"""Questions that hand over a row for every feature of a space, on purpose: a picture draws them."""


def names() -> list[str]:
    """Every public question of `Store`."""
    found = (name for name, _ in inspect.getmembers(Store, callable) if not name.startswith("_"))
    return [name for name in found if name not in NO_QUESTIONS]


class Chooser:
    """Draws arguments from what a store holds; the same seed draws the same."""

    def __init__(self, store: Store, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.store = store
        self.comparisons = store.comparisons()
        self.variants = store.score_variants()
        with store.cursor() as cursor:
            self.homologues = _pairs(
                cursor, "SELECT comparison, feature_a, feature_b FROM judged_matches() WHERE len(reasons) = 0"
            )
            self.candidates = _pairs(cursor, "SELECT comparison, feature_a, feature_b FROM matches")
            self.best_matches = cursor.execute(
                "SELECT feature_a, feature_b FROM matches WHERE comparison = ? AND rank_ab = 1 LIMIT 5000",
                [self.largest],
            ).fetchall()
            self.texts = [
                row[0]
                for row in cursor.execute("SELECT text FROM tokens USING SAMPLE 500 ROWS (reservoir, 1)").fetchall()
            ]
            self.concepts = [
                row[0] for row in cursor.execute("SELECT DISTINCT concept FROM concepts ORDER BY concept").fetchall()
            ]

    def one(self, choices: Any) -> Any:
        return self.random.choice(choices)

    @property
    def largest(self) -> str:
        sizes = {
            c.comparison: self.store.space(c.space_a).n_features * self.store.space(c.space_b).n_features
            for c in self.comparisons
        }
        return max(sizes, key=lambda name: sizes[name])

    def comparison(self) -> str:
        """The largest one twice as often as any other."""
        return str(self.one([*(c.comparison for c in self.comparisons), self.largest]))

    def best(self) -> tuple[int, int]:
        """A best match of the largest comparison."""
        a, b = self.one(self.best_matches)
        return int(a), int(b)

    def pair(self) -> tuple[str, int, int]:
        found: tuple[str, int, int] = self.one(self.one([self.homologues, self.candidates]) or self.candidates)
        return found

    def feature(self) -> tuple[str, int]:
        name, a, b = self.pair()
        c = self.store.comparison(name)
        return self.one([(c.space_a, a), (c.space_b, b)])

    def member(self) -> list[r.FamilyMember]:
        name, a, b = self.pair()
        c = self.store.comparison(name)
        return [r.FamilyMember(c.space_a, a), r.FamilyMember(c.space_b, b)]

    def thresholds(self) -> r.Thresholds:
        if self.random.random() < 0.5:
            return r.Thresholds()
        moved = self.random.sample(list(MOVED), self.random.randint(1, 3))
        return r.Thresholds(**{name: self.one(MOVED[name]) for name in moved})

    def filter(self) -> r.PairFilter:
        if self.random.random() < 0.5:
            return r.PairFilter()
        reasons = list(r.REASONS)
        shown = self.random.sample(reasons, self.random.choice([0, 0, 1, 3, len(reasons)]))
        bounds = {
            "min_pearson": self.one([0.0, 0.2, 0.5]),
            "min_context": self.one([-1.0, 0.1]),
            "min_active": self.one([0, 100]),
        }
        hide = tuple(name for name in reasons if name not in shown)
        return r.PairFilter(**bounds, hide=hide, thresholds=self.thresholds())

    def unmatched(self) -> r.UnmatchedFilter:
        if self.random.random() < 0.5:
            return r.UnmatchedFilter()
        thresholds = replace(r.Thresholds(), rare=self.one([10, 100]), dense=self.one([0.01, 0.2]))
        return r.UnmatchedFilter(below=self.one([0.2, 0.5]), min_active=self.one([0, 50]), thresholds=thresholds)

    def score(self) -> tuple[str, str, str, str, str]:
        one = self.one(self.variants)
        return (self.comparison(), one.metric, one.parameters, one.subset, one.level)


def _pairs(cursor: Any, text: str) -> list[tuple[str, int, int]]:
    return [
        tuple(row)
        for row in cursor.execute(f"{text} ORDER BY hash(comparison, feature_a, feature_b) LIMIT 5000").fetchall()
    ]


WORKLOADS: dict[str, Callable[[Chooser], tuple[Any, ...]]] = {
    "around": lambda c: (*c.pair(), c.filter(), c.one(r.SORTS)),
    "best_kept": lambda c: (c.comparison(), c.filter()),
    "best_points": lambda c: (c.comparison(), c.filter()),
    "build": lambda c: (),
    "comparison": lambda c: (c.comparison(),),
    "comparison_of": lambda c: (c.one(c.comparisons).space_a, c.one(c.comparisons).space_b),
    "comparisons": lambda c: (),
    "concept_members": lambda c: (c.one(c.concepts), c.one([0.05, 0.3, 0.5])),
    "concept_names": lambda c: (),
    "concept_pairs": lambda c: (c.one(c.concepts), c.one([0.05, 0.3, 0.5]), c.filter(), 51),
    "concepts": lambda c: (c.one([0.05, 0.3, 0.5]), c.filter()),
    "counts": lambda c: (),
    "elsewhere": lambda c: (*c.feature(), c.thresholds()),
    "families": lambda c: (c.filter(), 3, PAGE),
    "family": lambda c: (*c.feature(), c.filter()),
    "family_counts": lambda c: (c.filter(),),
    "family_pairs": lambda c: ([*c.member(), *c.member()], c.thresholds()),
    "feature": lambda c: c.feature(),
    "feature_tokens": lambda c: c.feature(),
    "funnel": lambda c: (c.comparison(), c.filter()),
    "group_counts": lambda c: c.pair(),
    "histogram": lambda c: c.feature(),
    "homologue_curves": lambda c: (c.thresholds(),),
    "logits": lambda c: c.feature(),
    "map_agreement": lambda c: (c.comparison(),),
    "map_links": lambda c: (c.comparison(), c.one("ab")),
    "map_methods": lambda c: (c.one(c.store.spaces()).space,),
    "map_pairs": lambda c: (c.largest, [c.best() for _ in range(25)], c.thresholds()),
    "map_points": lambda c: (c.one(c.store.spaces()).space, c.one(["pca", "umap"])),
    "map_shares": lambda c: (c.one(c.concepts), c.one(c.store.spaces()).space),
    "match": lambda c: (*c.pair(), c.thresholds()),
    "models": lambda c: (),
    "neighbourhood": lambda c: c.pair()[:2],
    "neighbours": lambda c: (*c.feature(), c.one(BY), c.one([10, 50])),
    "null_floor": lambda c: (c.comparison(),),
    "overlap_distribution": lambda c: (c.comparison(),),
    "pair_strips": lambda c: (*c.pair(), c.one(r.GROUPS), 6),
    "pairs": lambda c: (c.comparison(), c.filter(), c.one(r.SORTS), PAGE, 25 * c.one(range(9))),
    "points": lambda c: (c.comparison(), c.filter()),
    "score_grid": lambda c: c.score()[1:],
    "score_null": lambda c: c.score(),
    "score_variants": lambda c: (),
    "scores": lambda c: (c.one([None, c.comparison()]), None, None, c.one([None, c.one(c.variants).metric]), PAGE),
    "space": lambda c: (c.one(c.store.spaces()).space,),
    "spaces": lambda c: (),
    "strips": lambda c: (*c.feature(), c.one(STRATA)),
    "summaries": lambda c: (c.thresholds(),),
    "sweep": lambda c: (*c.score(), c.one(SWEEPS)),
    "token_rows": lambda c: c.pair(),
    "token_search": lambda c: (c.one(c.texts), 10),
    "unit_scatter": lambda c: c.pair(),
    "unmatched": lambda c: (c.comparison(), c.one("ab"), c.unmatched(), c.one(r.UNMATCHED_SORTS), PAGE),
    "unmatched_counts": lambda c: (c.comparison(), c.one("ab"), c.unmatched()),
    "worst_kept": lambda c: (c.comparison(), c.filter()),
}
"""Question -> its arguments."""


def runners_up(c: Chooser) -> Arguments:
    name, a, b = c.pair()
    side = c.one([{"feature_a": a}, {"feature_b": b}])
    return (name,), {**side, "limit": 6, "thresholds": c.thresholds()}


def asked(name: str, chooser: Chooser) -> Arguments:
    """Arguments of one question, drawn anew. Raises `KeyError` for a question without a workload."""
    return runners_up(chooser) if name == "runners_up" else (WORKLOADS[name](chooser), {})


@dataclass(frozen=True)
class Took:
    """Milliseconds of one question over many arguments."""

    name: str
    times: tuple[float, ...]
    cpu: tuple[float, ...]
    """Of processors, all threads together: other programs of a busy machine disturb it less."""

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return percentile(self.times, 95)


def percentile(times: Sequence[float], n: int) -> float:
    """The smallest of `times` that at least n % of them do not exceed."""
    return sorted(times)[max(0, -(-n * len(times) // 100) - 1)]


def measure(store: Store, rounds: int) -> Iterator[Took]:
    """Every question `rounds` times, nothing cached but DuckDB's blocks, after five times that are not counted."""
    chooser = Chooser(store)
    for name in names():
        times, cpu = [], []
        for _ in range(rounds + 5):
            given, named = asked(name, chooser)
            began, busy = time.perf_counter(), time.process_time()
            getattr(store, name)(*given, **named)
            cpu.append(1000 * (time.process_time() - busy))
            times.append(1000 * (time.perf_counter() - began))
        yield Took(name, tuple(times[5:]), tuple(cpu[5:]))


assert set(MOVED) == {field.name for field in fields(r.Thresholds)}

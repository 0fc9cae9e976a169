"""The planted table: what the default filter and the rule in use elsewhere find of homologues that are known.

The rule in use elsewhere is the best match of each feature of A with r > 0.1 whose two sides have the same top token.
Both judge the same published store. `python -m tests.bench.planted` prints it.
"""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ingest import config
from ingest.run import run
from store.read import Store
from store.records import PairFilter
from tests.planted import COMPARISON, HOMOLOGUES, NOISES, SPACES, Pair, Plan, Planted, plant

RULES = ("default filter", "r > 0.1, same top token")
GROUPS = {"30-99": (30, 99), "100-999": (100, 999), "1000+": (1000, 10**9), "100+": (100, 10**9), "all": (0, 10**9)}
"""Firing counts, of the side that fires less; `all` holds what fires fewer than 30 times too."""
BENCH = Plan(homologues=360, anywhere=36, splits=24, one_sided=90, noise=1500, rare=60)
TOKENS, SEEDS = 300_000, (0, 1, 2)

PLAIN = """
SELECT feature_a, feature_b
FROM matches AS m
JOIN features AS a ON a.space = ? AND a.feature = m.feature_a
JOIN features AS b ON b.space = ? AND b.feature = m.feature_b
WHERE m.comparison = ? AND m.rank_ab = 1 AND m.pearson > 0.1 AND a.top_token = b.top_token
ORDER BY feature_a, feature_b
"""
FIRED = "SELECT feature, n_active FROM features WHERE space = ? ORDER BY feature"

Key = tuple[int, int]


@dataclass(frozen=True)
class Row:
    """One rule on the pairs of one group of firing counts."""

    rule: str
    group: str
    planted: int
    """Homologues that are there to be found."""
    kept: int
    """Pairs that the rule keeps, but for those that count neither for nor against it."""
    right: int
    """Kept pairs that are homologues."""

    @property
    def precision(self) -> float | None:
        """Share of the kept pairs that are homologues; None where none is kept."""
        return self.right / self.kept if self.kept else None

    @property
    def recall(self) -> float | None:
        """Share of the homologues that are kept; None where none is planted."""
        return self.right / self.planted if self.planted else None


@dataclass(frozen=True)
class Judgement:
    rows: tuple[Row, ...]
    """Every rule in every group."""
    passed: dict[str, Counter[str]]
    """Rule -> kind -> kept pairs of this kind; those not planted together are `one_sided`, `noise` or `mixed`."""
    found: dict[str, Counter[str]]
    """Rule -> label of homologues -> kept ones that fire at least 100 times."""

    def row(self, rule: str, group: str) -> Row:
        return next(row for row in self.rows if (row.rule, row.group) == (rule, group))


def judge(folder: Path, planted: Planted) -> Judgement:
    """What each rule makes of the published store in `folder`."""
    truth = {(pair.feature_a, pair.feature_b): pair for pair in planted.pairs}
    with Store(folder) as store:
        kept = store.pairs(COMPARISON, PairFilter(), limit=10**9)
        database = store.cursor()
        plain = [(a, b) for a, b in database.execute(PLAIN, [*SPACES, COMPARISON]).fetchall()]
        fired = [dict(database.execute(FIRED, [space]).fetchall()) for space in SPACES]
        database.close()
    by_rule: dict[str, list[Key]] = {
        RULES[0]: [(row.match.feature_a, row.match.feature_b) for row in kept],
        RULES[1]: plain,
    }
    rows, passed, found = [], {}, {}
    for rule, keys in by_rule.items():
        counted = [key for key in keys if key not in truth or truth[key].keep is not None]
        for group, (low, high) in GROUPS.items():
            there = [pair for pair in planted.pairs if pair.keep and low <= pair.n_active <= high]
            here = [(a, b) for a, b in counted if low <= min(fired[0][a], fired[1][b]) <= high]
            right = sum(key in truth and truth[key].keep is True for key in here)
            rows.append(Row(rule, group, len(there), len(here), right))
        passed[rule] = Counter(_kind(planted, truth, key) for key in keys)
        found[rule] = Counter(truth[key].label for key in keys if key in truth and truth[key].n_active >= 100)
    return Judgement(tuple(rows), passed, found)


def _kind(planted: Planted, truth: dict[Key, Pair], key: Key) -> str:
    if key in truth:
        return truth[key].kind
    kinds = (planted.kinds_a[key[0]], planted.kinds_b[key[1]])
    return next((kind for kind in ("one_sided", "noise") if kind in kinds), "mixed")


def _added(judgements: list[Judgement]) -> Judgement:
    """Several seeds as one."""
    rows = [
        Row(same[0].rule, same[0].group, *(sum(getattr(row, f) for row in same) for f in ("planted", "kept", "right")))
        for same in zip(*(j.rows for j in judgements), strict=True)
    ]
    passed, found = (
        {rule: sum((getattr(j, name)[rule] for j in judgements), Counter()) for rule in RULES}
        for name in ("passed", "found")
    )
    return Judgement(tuple(rows), passed, found)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _lines(judged: Judgement, pairs: list[Pair], plants: int) -> list[str]:
    """The three tables, as aligned text."""
    lines = [f"{'':24}{'firings':>9}{'planted':>9}{'kept':>7}{'right':>7}{'precision':>11}{'recall':>8}"]
    for row in judged.rows:
        shares = f"{_share(row.precision):>11}{_share(row.recall):>8}"
        lines.append(f"{row.rule:24}{row.group:>9}{row.planted:9,}{row.kept:7,}{row.right:7,}{shares}")
    labels = Counter(pair.label for pair in pairs if pair.label and pair.n_active >= 100)
    lines += ["", "Homologues that fire 100 times or more, by rule and noise: the share that is kept"]
    lines.append(f"{'':24}{'planted':>9}" + "".join(f"{rule:>25}" for rule in RULES))
    for label, n in labels.items():
        lines.append(f"{label:24}{n:9,}" + "".join(f"{judged.found[rule][label] / n:25.3f}" for rule in RULES))
    kinds = Counter(pair.kind for pair in pairs if pair.kind not in HOMOLOGUES)
    lines += ["", "Other pairs let through, by kind (splits count neither for nor against)"]
    lines.append(f"{'':24}{'planted':>9}" + "".join(f"{rule:>25}" for rule in RULES))
    for kind in (*kinds, "one_sided", "noise", "mixed"):
        there = f"{kinds[kind]:,}" if kind in kinds else "-"
        lines.append(f"{kind:24}{there:>9}" + "".join(f"{judged.passed[rule][kind]:25,}" for rule in RULES))
    first = f"Planted truth: {plants} plants of {TOKENS:,} tokens, {len(pairs):,} planted pairs, noise levels "
    return [first + ", ".join(f"{name} (r {noise.pearson:.2f})" for name, noise in NOISES.items()), "", *lines]


def report() -> None:
    """Plant, run the whole job and judge, once for each seed; print the sums."""
    judgements, pairs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            here = Path(folder) / str(seed)
            planted = plant(here / "inputs", TOKENS, seed, BENCH)
            run(*config.read(planted.run_file), here / "store")
            judgements.append(judge(here / "store", planted))
            pairs += planted.pairs
            shutil.rmtree(here)
    print("\n".join(_lines(_added(judgements), pairs, len(SEEDS))))


if __name__ == "__main__":
    report()

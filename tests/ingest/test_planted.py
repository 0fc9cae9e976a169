"""The default filter on planted truth (tests/planted.py): what it finds, what it hides, and for which reason."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ingest import config
from ingest.run import run
from store.read import Store
from store.records import REASONS, Match, PairFilter, Thresholds
from tests.bench.planted import RULES, Judgement, judge
from tests.planted import COMPARISON, TRIVIAL, Plan, Planted, plant
from tests.planted_text import RULES as CONTEXTS

PLAN = Plan(anywhere=36, noise=1000)
"""Features with nothing to find outnumber the others, as they do in real spaces."""
TOKENS, SEED = 80_000, 0
FILTER, PLAIN = RULES

Key = tuple[int, int]


@dataclass(frozen=True)
class Judged:
    planted: Planted
    judgement: Judgement
    matches: dict[Key, Match]
    """Every candidate."""
    literal: dict[Key, tuple[str, ...]]
    """Their reasons where `stop_token` asks only which words the top tokens are, whatever share they have."""

    def kind(self, *kinds: str) -> list[Key]:
        """The pairs planted as one of these kinds."""
        return [(pair.feature_a, pair.feature_b) for pair in self.planted.pairs if pair.kind in kinds]

    def left(self, *hide: str) -> list[Key]:
        """The pairs that are left when these reasons are hidden."""
        return [key for key, match in self.matches.items() if not set(match.reasons) & set(hide)]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    folder: Path = tmp_path_factory.mktemp("planted")
    planted = plant(folder / "inputs", TOKENS, SEED, PLAN)
    run(*config.read(planted.run_file), folder / "store")
    with Store(folder / "store") as store:
        matches, literal = (
            {
                (row.match.feature_a, row.match.feature_b): row.match
                for row in store.pairs(COMPARISON, PairFilter(hide=(), thresholds=limits), limit=10**9)
            }
            for limits in (Thresholds(), Thresholds(stop_token=0))
        )
    reasons = {key: match.reasons for key, match in literal.items()}
    return Judged(planted, judge(folder / "store", planted), matches, reasons)


def test_homologues_are_found_and_nothing_else_is_kept(judged: Judged) -> None:
    row = judged.judgement.row(FILTER, "100+")
    assert row.planted > 100
    assert row.precision is not None
    assert row.recall is not None
    assert (row.precision >= 0.98, row.recall >= 0.98) == (True, True), row


@pytest.mark.parametrize("rule", [*CONTEXTS, "anywhere"])
def test_every_rule_and_noise_is_found(judged: Judged, rule: str) -> None:
    """Each of the three noises, on its own: no level is paid for by the others."""
    for noise in ("clear", "fair", "faint"):
        label = f"{rule}, {noise}"
        there = [pair for pair in judged.planted.pairs if pair.label == label and pair.n_active >= 100]
        assert len(there) >= 8
        assert judged.judgement.found[FILTER][label] >= len(there) - 1, label


@pytest.mark.parametrize("kind", TRIVIAL)
def test_a_trivial_pair_carries_the_reason_of_its_kind(judged: Judged, kind: str) -> None:
    found = [judged.matches[key].reasons for key in judged.kind(kind) if key in judged.matches]
    assert len(found) >= len(judged.kind(kind)) - 1 > 0
    assert [reasons for reasons in found if kind not in reasons] == []
    assert (kind,) in found, "no other reason would hide them all"
    assert judged.judgement.passed[FILTER][kind] == 0


def test_a_chance_best_match_makes_no_hub(judged: Judged) -> None:
    """A feature that many others match by luck alone is no hub: its homologue stays."""
    assert [key for key in judged.kind("homologue") if judged.matches[key].reasons == ("hub",)] == []


def test_a_dead_feature_has_no_match(judged: Judged) -> None:
    dead = [
        {i for i, kind in enumerate(kinds) if kind == "dead"}
        for kinds in (judged.planted.kinds_a, judged.planted.kinds_b)
    ]
    assert [len(side) for side in dead] == [PLAN.dead, PLAN.dead]
    assert [(a, b) for a, b in judged.matches if a in dead[0] or b in dead[1]] == []


def test_what_one_side_alone_has_is_not_matched(judged: Judged) -> None:
    passed = judged.judgement.passed[FILTER]
    assert (passed["one_sided"], passed["noise"], passed["mixed"]) == (0, 0, 0)
    partners = judged.left(*(name for name in REASONS if name not in ("chance", "thin", "rare")))
    alone = [key for key in partners if {judged.planted.kinds_a[key[0]], judged.planted.kinds_b[key[1]]} & {"noise"}]
    assert len(alone) > 10, "mutual best matches of noise that only luck and small numbers explain"


def test_of_a_split_only_the_larger_part_is_a_match(judged: Judged) -> None:
    assert [k for k in judged.kind("split_smaller") if "not_mutual" not in judged.matches[k].reasons] == []
    assert judged.judgement.passed[FILTER]["split_larger"] > PLAN.splits / 2


def test_a_stop_word_on_top_of_a_feature_of_any_word_is_no_reason(judged: Judged) -> None:
    """It carries a few per cent of what the feature does; the literal rule would hide most of them."""
    keys = [(p.feature_a, p.feature_b) for p in judged.planted.pairs if p.kind == "anywhere" and p.n_active >= 100]
    assert len(keys) > 20
    assert [key for key in keys if "stop_token" in judged.matches[key].reasons] == []
    assert sum(judged.literal[key] == ("stop_token",) for key in keys) > len(keys) / 2


def test_the_plain_rule_does_worse_on_the_same_data(judged: Judged) -> None:
    """It keeps what the token explains (20 token and 10 single-token pairs by plan, beside some 110 homologues) and
    loses the homologues whose top tokens differ between the sides."""
    ours, plain = (judged.judgement.row(rule, "100+") for rule in RULES)
    assert ours.precision is not None
    assert ours.recall is not None
    assert plain.precision is not None
    assert plain.recall is not None
    assert plain.precision < ours.precision - 0.1
    assert plain.recall < ours.recall - 0.1
    passed = judged.judgement.passed[PLAIN]
    assert passed["token"] > PLAN.token / 2
    assert passed["rare"] > PLAN.rare / 4


def test_the_same_seed_gives_the_same_plant(judged: Judged, tmp_path: Path) -> None:
    again = plant(tmp_path / "again", TOKENS, SEED, PLAN)
    other = plant(tmp_path / "other", TOKENS, SEED + 1, PLAN)
    folder = judged.planted.run_file.parent
    assert (again.pairs, again.kinds_a, again.kinds_b) == (
        judged.planted.pairs,
        judged.planted.kinds_a,
        judged.planted.kinds_b,
    )
    assert other.pairs != again.pairs
    for name in ("tokens", "passages", "left", "right"):
        assert pq.read_table(tmp_path / "again" / f"{name}.parquet") == pq.read_table(folder / f"{name}.parquet")


def test_the_text_is_what_is_said(judged: Judged) -> None:
    """Zipf-Mandelbrot: the most frequent word is (2 + 2.7) / (1 + 2.7) times as frequent as the second."""
    tokens = pq.read_table(judged.planted.run_file.parent / "tokens.parquet").to_pandas()
    words = tokens[~tokens["is_special"]]
    lengths = tokens.groupby("passage").size()
    assert (lengths.min() >= 32, lengths.max() <= 128, abs(len(tokens) - TOKENS) <= 128) == (True, True, True)
    assert (tokens["is_special"] == (tokens["position"] == 0)).all()
    count = words["text"].value_counts()
    assert list(count.index[:2]) == [",", " the"]
    assert count.iloc[0] / count.iloc[1] == pytest.approx(4.7 / 3.7, rel=0.1)
    texts = pq.read_table(judged.planted.run_file.parent / "passages.parquet")["text"].to_pylist()
    some = words.iloc[np.linspace(0, len(words) - 1, 50).astype(int)]
    for row in some.itertuples():
        assert texts[row.passage][row.char_start : row.char_end] == row.text

"""Evidence in words: sentences and numbers that pages show."""

from dataclasses import replace

import pytest

from dashboard import facts, summary, words
from store import records as r

MATCH = r.Match(
    "left~right", 1, 2, 1, 1, True, True, 0.782, 0.072, 0.01, 0.710, 40.0, 0.8, 0.5, 1040, 478, 168, None, 0.22, 1,
    0.01, 0.0004, None, " a", " b", 1518, 1208, 0.015, 0.012, 0.0, None, 0.25, 0.375, (),
)  # fmt: skip


def test_the_evidence_is_one_sum() -> None:
    assert words.evidence(MATCH) == "r .782 = token .072 + context .710"
    assert words.evidence(replace(MATCH, pearson_token=0.8)) == "r .782 = token .800 \N{MINUS SIGN} context .018"
    assert words.evidence(replace(MATCH, pearson=0.8376, pearson_token=0.0004)) == "r .838 = token .000 + context .838"


def test_the_sentence_counts_and_compares() -> None:
    assert words.sentence(MATCH) == (
        "Both fire on 1,040 units; A fires on 1,518, B on 1,208. Knowing the token explains 9.2 % of r. The "
        "runner-up is .22 behind."
    )
    assert words.sentence(replace(MATCH, margin=-0.3)).endswith("Another feature of B is .30 ahead of it.")
    assert words.sentence(replace(MATCH, margin=None)).endswith("There is no runner-up to compare with.")
    assert "explains under 1 % of r" in words.sentence(replace(MATCH, pearson_token=0.001))
    assert "explains" not in words.sentence(replace(MATCH, pearson=0.0))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.782, ".78"),
        (1.0, "1.00"),
        (0.0, ".00"),
        (-0.05, "\N{MINUS SIGN}.05"),
        (-0.001, ".00"),
        (12.345, "12.35"),
        (None, "not measured"),
    ],
)
def test_a_number_is_short_and_unknown_is_said(value: float | None, shown: str) -> None:
    assert words.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0 %"), (0.00004, "< .01 %"), (0.0123, "1.2 %"), (0.71, "71 %"), (1.0, "100 %"), (None, "not measured")],
)
def test_a_percentage(value: float | None, shown: str) -> None:
    assert words.percent(value) == shown


def test_every_reason_has_a_threshold_in_words() -> None:
    assert [name for name in r.REASONS if not words.threshold(name, r.Thresholds())] == []
    assert words.threshold("stop_token", r.Thresholds()) == "top_token_share at least 20 %, and a list of words"


@pytest.mark.parametrize(
    ("rank", "shown"), [(1, "best"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_ranks(rank: int, shown: str) -> None:
    assert words.ordinal(rank) == shown


def test_an_empty_list_names_the_filter_that_emptied_it() -> None:
    funnel = [r.FunnelStep("candidates", 900, 0), r.FunnelStep("token", 803, 97), r.FunnelStep("chance", 0, 803)]
    assert (
        words.empty(funnel, None)
        == "No match passes. The last filter that removed some was `chance`: 803 → 0. Relax it."
    )
    assert words.empty([r.FunnelStep("candidates", 0, 0)], None).startswith("This comparison has no candidate at all")
    assert words.passing(funnel, None) == 0
    assert words.passing(funnel, "token") == 97
    assert words.passing(funnel, "hub") is None


KNOWN = [
    r.NullFloor("left~right", 8, 15, 2, 200, 0.5, 0.1, 0.5, 0.75, 0.9),
    r.NullFloor("left~right", 32, 63, 10, 200, 0.3, 0.1, 0.3, 0.41, 0.6),
    r.NullFloor("left~right", 2048, 4095, 90, 450, 0.05, 0.01, 0.05, 0.0849, 0.1),
    r.NullFloor("left~right", 65536, 65536, 1, 0, None, None, None, None, None),
]


def test_the_floor_is_said_for_the_rarest_features_that_are_not_rare() -> None:
    text = words.floor(KNOWN, 30)
    assert text.startswith(
        "Features of A that fire 32 to 63 times reach r = .41 by chance once in twenty; those that fire 2,048 to "
        "4,095 times, r = .08. Grey is chance"
    )
    assert words.floor(KNOWN, 5).startswith("Features of A that fire 8 to 15 times reach r = .75 by chance")
    # None is as frequent as that: the rarest of all.
    assert words.floor(KNOWN, 10**6).startswith("Features of A that fire 8 to 15 times reach r = .75 by chance")
    assert words.floor(KNOWN[2:], 30).startswith(
        "Features of A that fire 2,048 to 4,095 times reach r = .08 by chance once in twenty. Grey"
    )


def test_an_unknown_floor_says_why() -> None:
    assert words.no_floor(KNOWN) == ""
    assert "this text is a single passage" in words.no_floor([])
    assert "Chance is not known here: too few features of A fire (1)" in words.no_floor(KNOWN[3:])


def test_what_was_not_measured_is_left_out() -> None:
    names = [name for name, _, _ in facts.measures(MATCH)]
    assert "q" in names
    assert "decoder cosine" not in names
    assert {name: value for name, value, _ in facts.measures(MATCH)}["q"] == "< .001"


def space(name: str, model: str, kind: str = "sae") -> r.Space:
    return r.Space(name, model, kind, None, None, 100, "somewhere", 50, 3.0, None, None)


@pytest.mark.parametrize(
    ("kind", "explained", "shown", "warned"),
    [
        ("sae", None, words.NONE, False),
        ("sae", 0.2, "20 %", False),
        ("sae", 0.19, "19 % (low)", True),
        ("sae", -0.5, "-50 % (low)", True),
        ("random_sae", 0.01, "1 %", False),
        ("neurons", 0.1, "10 %", False),
    ],
)
def test_an_sae_that_does_not_rebuild_what_it_reads(
    kind: str, explained: float | None, shown: str, warned: bool
) -> None:
    text, advice = words.fit(replace(space("x", "one", kind), variance_explained=explained))
    assert text == shown
    assert ("check hook" in advice) is warned


def compared(a: str, b: str, homologues: int, same: bool = False) -> r.ComparisonSummary:
    return r.ComparisonSummary(f"{a}~{b}", a, b, same, 50, 40, 1000, 30, homologues, 12, 0.5, 0.2)


SPACES = [
    space("x", "one"),
    space("y", "two"),
    space("y-seed", "two"),
    space("z", "two", "random_sae"),
    space("n", "two", "neurons"),
]


def test_only_comparisons_between_models_are_findings() -> None:
    pairs = [("x", "y", False), ("y", "y-seed", True), ("y", "y-seed", False), ("x", "z", False), ("x", "n", False)]
    found = [summary.role(compared(a, b, 1, same), SPACES) for a, b, same in pairs]
    assert found == ["finding", "ceiling", "within", "floor", "baseline"]
    kept = [compared("x", "y", 1), compared("x", "z", 1), compared("y", "y-seed", 1, True)]
    assert summary.references(kept, SPACES) == {"x~z", "y~y-seed"}


def test_the_headline_leaves_ceilings_and_floors_out_of_the_finding() -> None:
    found = summary.headline([compared("x", "y", 10), compared("y", "y-seed", 20, True), compared("x", "z", 5)], SPACES)
    assert found == summary.Headline(10, 1, 0.4, 0.25, 0.5, 0.125)
    assert summary.headline([compared("x", "z", 5)], SPACES) == summary.Headline(None, 0, None, None, None, 0.125)


def test_pairs_worth_opening_do_not_repeat_a_top_token() -> None:
    def row(a: int, context: float, top: str) -> r.PairRow:
        return r.PairRow(
            replace(MATCH, feature_a=a, pearson_context=context, top_token_a=top, top_token_b=top), (top,), (top,)
        )

    chosen = summary.worth_opening(
        [row(1, 0.5, "a"), row(2, 0.9, "b"), row(3, 0.8, "b"), row(4, 0.1, "c"), row(5, 0.05, "d")]
    )
    assert [one.match.feature_a for one in chosen] == [2, 1, 4]


def test_a_run_file_that_cannot_be_read_leaves_the_source_unsaid() -> None:
    build = r.Build("f" * 64, 1, None, "0.1.0", "not = [toml", "not json")  # type: ignore[arg-type]
    assert summary.source(build) == ""
    assert summary.packages(build) == []
    assert summary.source(replace(build, run_file='[corpus]\nsource = "text"\n')) == "text"


def test_what_a_model_was_loaded_from_and_how_it_computed():
    model = r.Model("m", "huggingface:a/b", 4, 32, 300, 48_000, "bfloat16", "cuda", "0" * 64)
    assert words.computed(model) == "huggingface:a/b, bfloat16 on cuda"
    assert words.computed(replace(model, dtype=None, device=None)) == "huggingface:a/b"

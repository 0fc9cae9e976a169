"""Why a match may be trivial, in sentences with its own numbers; and unmatched features in words."""

from dataclasses import replace

import pytest

from dashboard import lacking, markup, reasons
from dashboard.reasons import Token
from store import records as r
from tests.dashboard.test_words import MATCH

DEFAULT = r.Thresholds()
LUCK = "how often a search among shuffled passages finds as good a match"


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("rare", {"n_active_b": 12}, "B fires on 12 tokens (fewer than 30)"),
        (
            "rare",
            {"n_active_a": 5, "n_active_b": 12},
            "A fires on 5 tokens and B fires on 12 tokens (fewer than 30)",
        ),
        ("dense", {"firing_rate_a": 0.25}, "A fires on 25 % of tokens (more than 10 %)"),
        (
            "special",
            {"special_share_a": 0.75, "special_share_b": 0.625},
            "75 % of A's and 62 % of B's activation is on special tokens such as begin-of-text (more than 50 %)",
        ),
        (
            "special",
            {"special_share_a": None, "special_share_b": 0.75},
            "75 % of B's activation is on special tokens such as begin-of-text (more than 50 %)",
        ),
        (
            "position",
            {"pearson": 0.5, "pearson_position": 0.375},
            "75 % of r = .50 is explained by the position in the passage (more than 50 %)",
        ),
        (
            "token",
            {"pearson": 0.84, "pearson_token": 0.7728, "top_token_a": " the", "top_token_b": " the",
             "top_token_share_a": 0.9, "top_token_share_b": 0.75},
            "92 % of r = .84 is explained by the token `·the` (more than 80 %)",
        ),
        (
            "token",
            {"pearson": 0.84, "pearson_token": 0.7728, "top_token_a": "\n", "top_token_b": "\n"},
            "92 % of r = .84 is explained by the token, most often `⏎` (more than 80 %)",
        ),
        (
            "token",
            {"pearson": 0.84, "pearson_token": 0.7728},
            "92 % of r = .84 is explained by the token, most often `·a` for A and `·b` for B (more than 80 %)",
        ),
        (
            "token",
            {"pearson": -0.1, "pearson_token": 0.05},
            "r = \N{MINUS SIGN}.10, and the token's part of it is .05 (more than 80 %)",
        ),
        (
            "single_token",
            {"top_token_share_a": 0.9, "top_token_share_b": 1.0},
            "A has 90 % of its activation on `·a`, B 100 % on `·b` (at least 80 %)",
        ),
        (
            "stop_token",
            {"top_token_a": " the", "top_token_b": ","},
            "`·the` and `,` are each punctuation, white space or a function word; A has 25 % of its activation on the "
            "one, B 38 % on the other (at least 20 %)",
        ),
        (
            "stop_token",
            {"top_token_a": " the", "top_token_b": " the", "top_token_share_a": 0.41},
            "`·the` is punctuation, white space or a function word, and has 41 % of A's activation, 38 % of B's "
            "(at least 20 %)",
        ),
        ("not_mutual", {"rank_ab": 3, "rank_ba": None}, "B is A's 3rd match, A is B's beyond 10th"),
        (
            "hub",
            {"hub_size": 7},
            "7 features of A have this feature of B as their best match, beyond chance (more than 3)",
        ),
        ("chance", {"q_value": 0.21}, f"q = .210: {LUCK} (more than .05)"),
        ("thin", {"n_both": 4}, "both fire together on 4 units (fewer than 10)"),
    ],
)  # fmt: skip
def test_a_reason_says_its_numbers_its_tokens_and_its_limit(name: str, changes: dict[str, object], said: str) -> None:
    assert reasons.plain(reasons.why(name, replace(MATCH, **changes), DEFAULT)) == said  # type: ignore[arg-type]


def test_every_reason_has_a_sentence_and_the_limits_are_those_of_the_link() -> None:
    moved = r.Thresholds(2000, 0.25, 0.125, 0.25, 0.375, 0.625, 0.75, 12, 0.0004, 5000)
    limits = [reasons.over(name, moved) for name in r.REASONS]
    assert limits == [
        "fewer than 2,000", "more than 25 %", "more than 12 %", "more than 25 %", "more than 38 %", "at least 62 %",
        "at least 75 %", None, "more than 12", "more than 0.0004", "fewer than 5,000",
    ]  # fmt: skip
    for name, limit in zip(r.REASONS, limits, strict=True):
        said = reasons.plain(reasons.why(name, MATCH, moved))
        assert said.endswith(f" ({limit})") is (limit is not None)
    assert reasons.changed(moved) == [name for name in r.REASONS if reasons.over(name, DEFAULT) is not None]
    assert reasons.changed(moved, r.ONE_SIDED) == ["rare", "dense", "special"]
    assert reasons.changed(DEFAULT) == []


def test_moved_thresholds_are_said_beside_the_default() -> None:
    assert reasons.moved(DEFAULT) == ""
    assert reasons.moved(r.Thresholds(rare=50, token=0.9)) == (
        "rare fewer than 50 (default: fewer than 30), token more than 90 % (default: more than 80 %)"
    )


def test_the_reasons_that_come_closest_are_said_with_their_limit() -> None:
    close = replace(MATCH, n_both=12, pearson_token=0.5, hub_size=1, q_value=None)
    said = [reasons.plain(one) for one in reasons.nearest(close, DEFAULT)]
    # 10 of 12 units; .64 of .8; .25 of .8 on the top token.
    assert said == [
        "both fire together on 12 units (a reason if fewer than 10)",
        "64 % of r = .78 is explained by the token, most often `·a` for A and `·b` for B (a reason if more than 80 %)",
        "A has 25 % of its activation on `·a`, B 38 % on `·b` (a reason if at least 80 %)",
    ]
    # Left out: limits of 0, which nothing comes near to; no activation on special tokens; an unknown q.
    near = [reasons.plain(one) for one in reasons.nearest(close, r.Thresholds(hub=0, dense=0, thin=0), most=20)]
    assert [said.split(" (a reason")[0].split(" ")[-1] for said in near] == ["B", "`·b`", "passage", "tokens"]


def test_tokens_of_a_sentence_are_drawn_and_its_text_is_escaped() -> None:
    html = markup.sentence(("q < .001 by ", Token("<b>\n")))
    assert html.startswith("q &lt; .001 by <span")
    assert "&lt;b&gt;" in html
    assert "⏎" in html
    assert "<b>" not in html


STEPS = [
    r.FunnelStep("alive", 1904, 0), r.FunnelStep("unmatched", 412, 1492), r.FunnelStep("rare", 232, 180),
    r.FunnelStep("dense", 232, 0), r.FunnelStep("special", 225, 7),
]  # fmt: skip


def test_how_much_has_no_match_is_one_sentence() -> None:
    whole = "412 of 1,904 alive features of tiny-1l.0 have no match above r = .30 in tiny-2l.1."
    assert lacking.sentence(STEPS[:2], "tiny-1l.0", "tiny-2l.1", 0.3) == whole
    assert lacking.sentence(STEPS, "tiny-1l.0", "tiny-2l.1", 0.3) == (
        f"{whole} 225 are listed; left out: 180 rare, 7 special."
    )


def test_an_empty_list_of_unmatched_features_says_why() -> None:
    assert lacking.empty([r.FunnelStep("alive", 0, 0), r.FunnelStep("unmatched", 0, 0)]).startswith("No feature of")
    assert "Raise the limit" in lacking.empty([r.FunnelStep("alive", 9, 0), r.FunnelStep("unmatched", 0, 9)])
    steps = [*STEPS[:2], r.FunnelStep("rare", 0, 412), r.FunnelStep("dense", 0, 0)]
    assert lacking.empty(steps) == (
        "No unmatched feature passes. The last filter that removed some was `rare`: 412 → 0. Relax it."
    )


def test_a_weak_match_is_held_against_chance() -> None:
    row = r.Unmatched("left", 3, 40, 0.01, 2.5, 60.0, 1.0, None, 5, 0.2, 0.25, (), ())
    assert lacking.chance(row, "a") == (
        "chance exceeds r = .25 once in twenty at this firing count: this r is no better than that"
    )
    assert lacking.chance(replace(row, pearson=0.26), "a").endswith("this r is above that")
    assert lacking.chance(replace(row, pearson=None), "a").endswith("at this firing count")
    assert "not known" in lacking.chance(replace(row, chance_q95=None), "a")
    assert "features of A only" in lacking.chance(row, "b")

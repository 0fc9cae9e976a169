"""Each reason at its threshold, on both sides of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store import records as r
from store.read import Store
from tests.store import build

FEATURE = {
    "n_active": 30,
    "firing_rate": 0.10,
    "top_token": " word",
    "top_token_share": 0.5,
    "special_share": 0.5,
}
MATCH = {"n_both": 10, "hub_size": 3, "pearson": 0.5, "pearson_token": 0.4, "pearson_position": 0.25, "q_value": 0.05}

CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ("all at their thresholds", {}, {}, {}, ()),
    ("rare a", {"n_active": 29}, {}, {}, ("rare",)),
    ("rare b", {}, {"n_active": 29}, {}, ("rare",)),
    ("dense a", {"firing_rate": 0.1001}, {}, {}, ("dense",)),
    ("dense b", {}, {"firing_rate": 0.1001}, {}, ("dense",)),
    ("special a", {"special_share": 0.5001}, {}, {}, ("special",)),
    ("special b, a unknown", {"special_share": None}, {"special_share": 0.5001}, {}, ("special",)),
    ("special unknown", {"special_share": None}, {"special_share": None}, {}, ()),
    ("position", {}, {}, {"pearson_position": 0.2501}, ("position",)),
    ("token", {}, {}, {"pearson_token": 0.4001}, ("token",)),
    ("single token on one side", {"top_token_share": 0.8}, {}, {}, ()),
    ("single token", {"top_token_share": 0.8}, {"top_token_share": 0.8}, {}, ("single_token",)),
    ("single token, just not", {"top_token_share": 0.8}, {"top_token_share": 0.7999}, {}, ()),
    ("stop token on one side", {"top_token": " the"}, {}, {}, ()),
    ("stop token", {"top_token": " the"}, {"top_token": "\n"}, {}, ("stop_token",)),
    ("stop token unknown", {"top_token": None}, {"top_token": "\n"}, {}, ()),
    ("stop token, at its share", *[{"top_token": " the", "top_token_share": 0.2}] * 2, {}, ("stop_token",)),
    ("stop token, A just not", {"top_token": " the", "top_token_share": 0.1999}, {"top_token": " the"}, {}, ()),
    ("stop token, B just not", {"top_token": " the"}, {"top_token": " the", "top_token_share": 0.1999}, {}, ()),
    ("stop token, its share unknown", {"top_token": " the", "top_token_share": None}, {"top_token": ","}, {}, ()),
    ("other token, at the share", {"top_token": " the"}, {"top_token": " word", "top_token_share": 0.2}, {}, ()),
    ("stop token, hardly any", *[{"top_token": ".", "top_token_share": 0.001}] * 2, {}, ()),
    ("not mutual", {}, {}, {"mutual_best": False}, ("not_mutual",)),
    ("hub", {}, {}, {"hub_size": 4}, ("hub",)),
    ("chance", {}, {}, {"q_value": 0.0501}, ("chance",)),
    ("chance unknown", {}, {}, {"q_value": None}, ()),
    ("thin", {}, {}, {"n_both": 9}, ("thin",)),
    (
        "several, in their order",
        {"n_active": 1, "firing_rate": 0.2},
        {},
        {"mutual_best": False, "n_both": 1},
        ("rare", "dense", "not_mutual", "thin"),
    ),
]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The i-th pair of features is the i-th case."""
    rows = build.tables()
    rows["matches"], rows["features"] = [], []
    empty = {"max_activation": None, "mean_activation": None, "token_entropy_bits": None, "decoder_norm": None}
    for space, side in (("a", 1), ("b", 2)):
        for i, case in enumerate(CASES):
            here: dict[str, Any] = {"space": space, "feature": i, "label": None}
            rows["features"].append(here | empty | FEATURE | case[side])
        next(row for row in rows["spaces"] if row["space"] == space)["n_features"] = len(CASES)
    rows["matches"] = [build.match("a~b", i, i, **MATCH | case[3]) for i, case in enumerate(CASES)]
    folder: Path = build.write(tmp_path_factory.mktemp("reasons"), rows)
    with Store(folder) as store:
        yield store


@pytest.fixture(scope="module")
def judged(cases: Store) -> dict[str, tuple[str, ...]]:
    """Case -> reasons."""
    found = cases.pairs("a~b", r.PairFilter(hide=()), sort="feature_a", limit=1000)
    one_by_one = [cases.match("a~b", i, i) for i in range(len(CASES))]
    assert [row.match for row in found] == one_by_one
    return {case[0]: row.match.reasons for case, row in zip(CASES, found, strict=True)}


@pytest.mark.parametrize(("name", "expected"), [(case[0], case[4]) for case in CASES])
def test_reason(judged: dict[str, tuple[str, ...]], name: str, expected: tuple[str, ...]) -> None:
    assert judged[name] == expected


def test_every_reason_has_a_case() -> None:
    assert {reason for case in CASES for reason in case[4]} == set(r.REASONS)


def _stop_words(match: r.Match | None, share: float) -> bool:
    """The reason `stop_token`, spelled out for the tokens of `CASES`."""
    assert match is not None
    for token, part in ((match.top_token_a, match.top_token_share_a), (match.top_token_b, match.top_token_share_b)):
        if token is None or token == " word" or part is None or part < share:
            return False
    return True


@pytest.mark.parametrize("share", [0.0, 0.15, 0.2, 0.5, 0.51, 1.0])
def test_stop_tokens_need_a_share_of_the_activation(cases: Store, share: float) -> None:
    limits = r.Thresholds(stop_token=share)
    found = [cases.match("a~b", i, i, limits) for i in range(len(CASES))]
    said = [match is not None and "stop_token" in match.reasons for match in found]
    assert said == [_stop_words(match, share) for match in found]


def test_no_share_is_the_literal_rule(cases: Store) -> None:
    """Both top tokens are from the list, and nothing else is asked of features whose share is known."""
    literal = cases.pairs("a~b", r.PairFilter(hide=(), thresholds=r.Thresholds(stop_token=0)), limit=1000)
    stops = {" the", "\n", ",", "."}
    known = [row.match for row in literal if None not in (row.match.top_token_share_a, row.match.top_token_share_b)]
    expected = {match.feature_a for match in known if {match.top_token_a, match.top_token_b} <= stops}
    assert {match.feature_a for match in known if "stop_token" in match.reasons} == expected
    assert len(expected) == 5


def test_thresholds_are_bound(store: Store) -> None:
    strict = store.match("a~b", 0, 0)
    loose = store.match("a~b", 0, 0, r.Thresholds(rare=3, dense=0.7, thin=3))
    just_not = store.match("a~b", 0, 0, r.Thresholds(rare=4, dense=0.6, thin=4))
    assert [found and found.reasons for found in (strict, loose, just_not)] == [
        ("rare", "dense", "thin"),
        (),
        ("rare", "dense", "thin"),
    ]

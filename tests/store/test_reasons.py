"""Each reason at its threshold, on both sides of it."""

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
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """Case -> reasons; one store in which the i-th pair of features is the i-th case."""
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
        found = store.pairs("a~b", r.PairFilter(hide=()), sort="feature_a", limit=1000)
        one_by_one = [store.match("a~b", i, i) for i in range(len(CASES))]
    assert [row.match for row in found] == one_by_one
    return {case[0]: row.match.reasons for case, row in zip(CASES, found, strict=True)}


@pytest.mark.parametrize(("name", "expected"), [(case[0], case[4]) for case in CASES])
def test_reason(judged: dict[str, tuple[str, ...]], name: str, expected: tuple[str, ...]) -> None:
    assert judged[name] == expected


def test_every_reason_has_a_case() -> None:
    assert {reason for case in CASES for reason in case[4]} == set(r.REASONS)


def test_thresholds_are_bound(store: Store) -> None:
    strict = store.match("a~b", 0, 0)
    loose = store.match("a~b", 0, 0, r.Thresholds(rare=3, dense=0.7, thin=3))
    just_not = store.match("a~b", 0, 0, r.Thresholds(rare=4, dense=0.6, thin=4))
    assert [found and found.reasons for found in (strict, loose, just_not)] == [
        ("rare", "dense", "thin"),
        (),
        ("rare", "dense", "thin"),
    ]

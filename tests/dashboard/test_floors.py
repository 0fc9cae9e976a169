"""What random directions say about a comparison, against an obvious search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import floor_charts, floors
from store.records import CURVE_STEPS, HomologueCurve
from tests.dashboard.draw import spec_of

contexts = st.lists(st.integers(0, CURVE_STEPS), max_size=40)


def curve(name: str, steps: list[int]) -> HomologueCurve:
    return HomologueCurve(name, tuple(sum(one >= step for one in steps) for step in range(CURVE_STEPS + 1)))


@given(contexts, contexts)
def test_the_bound_is_the_least_that_leaves_the_floor_a_tenth(own: list[int], theirs: list[int]) -> None:
    found = floors.clear("a~b", [curve("a~b", own), curve("a~r", theirs)], ["a~r"])
    assert found is not None
    clear = [
        step
        for step in range(CURVE_STEPS + 1)
        if (n := sum(one >= step for one in own)) >= 5 and 10 * sum(one >= step for one in theirs) <= n
    ]
    assert (found.floor, found.n_floor) == ("a~r", len(theirs))
    if clear:
        assert found.context == clear[0] / CURVE_STEPS
        assert found.n_clear == sum(one >= clear[0] for one in own)
        assert found.n_floor_clear == sum(one >= clear[0] for one in theirs)
    else:
        assert found.context is None


def test_the_nearest_floor_is_taken() -> None:
    assert floors.floor_of("a~b", ["c~r", "r~b"]) == "r~b"
    assert floors.floor_of("a~b", ["d~r", "c~r"]) == "c~r"
    assert floors.floor_of("a~b", []) is None
    assert floors.clear("a~r", [curve("a~r", [3])], ["a~r"]) is None


@pytest.mark.parametrize(
    ("own", "theirs", "said"),
    [
        ([20] * 20 + [2] * 5, [3] * 9, "9 pairs of a~r, beside 25 here. They agree weakly: from context .08 on, 20 are left here and 0 there."),
        ([20] * 20, [1], "1 pair of a~r, beside 20 here. That is at most a tenth."),
        ([20] * 20, [20] * 20, "20 pairs of a~r, beside 20 here. No bound on context leaves ten times as many here as there: these may be no shared features."),
    ],
)  # fmt: skip
def test_in_words(own: list[int], theirs: list[int], said: str) -> None:
    found = floors.clear("a~b", [curve("a~b", own), curve("a~r", theirs)], ["a~r"])
    assert found is not None
    assert floors.sentence(found, len(own)) == f"Random directions pass every reason too: {said}"


def test_the_picture_holds_every_curve_with_its_role() -> None:
    drawn = [(curve("a~b", [10, 20]), "two models"), (curve("a~r", [5]), "floor"), (curve("a~c", []), "two models")]
    spec = spec_of(floor_charts.homologues(drawn))
    rows = (spec.get("data") or spec["layer"][0]["data"])["values"]
    assert {row["label"] for row in rows} == {"a~b · two models", "a~r · floor"}
    assert [row["n"] for row in rows if row["label"].startswith("a~b")] == [2] * 11 + [1] * 10

"""Columns of two features' units against slow, obvious loops."""

import numpy as np
import pyarrow as pa
import pytest

from store import recent, units
from store.lists import Lists
from store.order import Order
from store.recent import Recent
from store.units import Fired


def fired(seed: int, n: int = 400) -> Fired:
    rng = np.random.default_rng(seed)
    unit = np.sort(rng.choice(5 * n, n, replace=False))
    # Few values, so that there are ties.
    a, b = (rng.integers(0, 4, n) / 2 for _ in "ab")
    a[(a == 0) & (b == 0)] = 0.5
    return Fired(unit, unit // 16, a, b)


@pytest.mark.parametrize("group", ["both", "only_a", "only_b"])
@pytest.mark.parametrize("seed", range(5))
def test_passages_by_their_strongest_unit(seed: int, group: str) -> None:
    found = fired(seed)
    passages: dict[int, list[tuple[float, int, float, float]]] = {}
    for unit, passage, a, b in zip(*(x.tolist() for x in (found.unit, found.passage, found.a, found.b)), strict=True):
        is_of = {"both": a > 0 and b > 0, "only_a": b == 0, "only_b": a == 0}[group]
        if is_of:
            passages.setdefault(passage, []).append((-(a * b if a and b else a + b), unit, a, b))
    wanted = [
        {
            "passage_id": passage,
            "unit": min(own)[1],
            "activation_a": max(a for *_, a, _ in own),
            "activation_b": max(b for *_, b in own),
        }
        for _, passage, own in sorted((min(own)[0], passage, own) for passage, own in passages.items())
    ]
    assert units.strongest(found, found.of(group)) == wanted


def test_cells_hold_every_unit_between_their_edges() -> None:
    found = fired(7)
    cells = units.grid(found, 5)
    assert sum(cell.count for cell in cells) == len(found)
    for cell in cells:
        inside = [
            (low <= side) & ((side < high) | ((side == side.max()) & np.isclose(high, side.max())))
            for side, low, high in ((found.a, cell.a_lower, cell.a_upper), (found.b, cell.b_lower, cell.b_upper))
        ]
        assert cell.count == (inside[0] & inside[1]).sum()
    assert units.grid(Fired(*(np.zeros(0, int),) * 2, *(np.zeros(0),) * 2), 5) == ()


def test_a_sample_is_spread_and_the_same_for_the_same_units() -> None:
    unit = np.arange(10_000)
    chosen = unit % 2 == 0
    found = units.sample(unit, chosen, 500)
    assert len(found) == 500
    assert chosen[found].all()
    assert (np.diff(found) > 0).all()
    assert np.histogram(found, 10, (0, 10_000))[0].min() > 40
    np.testing.assert_array_equal(found, units.sample(unit, chosen, 500))
    np.testing.assert_array_equal(units.sample(unit, chosen, 9_000), unit[chosen])


def test_lists_of_passages() -> None:
    table = pa.table(
        {
            "passage_id": [3, 5, 8],
            "first_unit": [30, 50, 80],
            "units": pa.array([[None, 0, 0, 1], [], [2, 2, None, 5]], pa.list_(pa.int32())),
        }
    )
    lists = Lists(table)
    passage = np.array([8, 3, 8, 3])
    np.testing.assert_array_equal(lists.first("first_unit", passage), [80, 30, 80, 30])
    np.testing.assert_array_equal(lists.of("units", passage, np.array([3, 0, 2, 2])), [5, -1, -1, 0])
    assert [lists.whole("units", one).tolist() for one in (3, 5, 8)] == [[-1, 0, 0, 1], [], [2, 2, -1, 5]]


@pytest.mark.parametrize("largest", [9, 70_000, 3_000_000_000])
def test_lists_of_small_and_of_large_numbers(largest: int) -> None:
    table = pa.table({"passage_id": [0, 1], "ids": pa.array([[largest], [-1 - largest, 0]], pa.list_(pa.int64()))})
    assert [Lists(table).whole("ids", one).tolist() for one in (0, 1)] == [[largest], [-1 - largest, 0]]


def test_the_first_place_of_each_unit() -> None:
    rng = np.random.default_rng(0)
    rows: list[list[int | None]] = []
    for _ in range(200):
        row: list[int | None] = []
        for unit in range(rng.integers(0, 6)):
            row += [None] * int(rng.integers(0, 3)) + [unit] * int(rng.integers(1, 4))
        rows.append(row + [None] * int(rng.integers(0, 3)))
    lists = Lists(pa.table({"passage_id": range(200), "units": pa.array(rows, pa.list_(pa.int32()))}))
    lists.add_places("places", "units")
    for passage, row in enumerate(rows):
        wanted = [row.index(unit) for unit in sorted({unit for unit in row if unit is not None})]
        assert lists.whole("places", passage).tolist() == wanted


def test_what_was_asked_for_last_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "KEPT", 3 * recent.ROW + 400)
    asked: list[str] = []

    def ask(key: str, n: int) -> Order:
        asked.append(key)
        return Order(*(np.zeros(n, np.int64),) * 2, np.zeros(n))

    def get(key: str, n: int = 5) -> int:
        return len(kept.get(key, lambda: ask(key, n)))

    kept = Recent()
    for key in ("a", "b", "c", "a", "d", "a", "b"):
        assert get(key) == 5
    assert asked == ["a", "b", "c", "d", "b"]
    assert get("large", 10_000) == 10_000
    assert get("large", 10_000) == 10_000
    assert asked[-2:] == ["large", "large"], "what is larger than all that may be kept is not kept"
    assert get("b") == 5
    assert asked[-1] == "large", "and nothing is let go for it"

"""Columns of two features' units against slow, obvious loops."""

import numpy as np
import pyarrow as pa
import pytest

from store import recent, units
from store.recent import Recent
from store.units import Fired, Lists


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
    np.testing.assert_array_equal(lists.place("units", passage, np.array([5, 1, 2, 0])), [3, 3, 0, 1])


def test_what_was_asked_for_last_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "KEPT", 3 * recent.ROW + 100)
    asked: list[str] = []

    def get(key: str, size: int = 10) -> int:
        return len(kept.get(key, lambda: asked.append(key) or range(size)))

    kept = Recent()
    for key in ("a", "b", "c", "a", "d", "a", "b"):
        assert get(key) == 10
    assert asked == ["a", "b", "c", "d", "b"]
    assert get("large", 10_000) == 10_000
    assert get("large", 10_000) == 10_000
    assert asked[-2:] == ["large", "large"], "what is larger than all that may be kept is not kept"
    assert get("b") == 10
    assert asked[-1] == "large", "and nothing is let go for it"

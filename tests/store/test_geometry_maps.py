"""Questions behind the Maps page, on the small store (tests/store/build.py) and on one with two maps."""

from collections.abc import Iterator

import pytest

from store.errors import UnknownName
from store.read import Store
from tests import mapped
from tests.store import build


@pytest.fixture(scope="module")
def two_maps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(build.write(tmp_path_factory.mktemp("mapped") / "store", mapped.tables(60))) as opened:
        yield opened


def test_links_of_b_lead_to_its_own_best_matches(store: Store) -> None:
    """a:0 and a:1 both have b:0 as their best match; b:0's is a:0 alone, and b:1 has none."""
    assert store.map_links("a~b", "b").to_pydict() == {
        "feature_a": [0], "feature_b": [0], "pearson": [0.5], "pearson_context": [0.375], "mutual_best": [True],
        "neighbour_overlap": [1.0],
    }  # fmt: skip
    with pytest.raises(UnknownName, match="no side `c`; there are a, b"):
        store.map_links("a~b", "c")


def test_links_of_b_are_in_the_order_of_b(two_maps: Store) -> None:
    found = two_maps.map_links("a~b", "b").to_pydict()
    assert found["feature_b"] == sorted(found["feature_b"])
    assert found["feature_a"] == [59 - b for b in found["feature_b"]]
    assert len(found["feature_b"]) == sum(i % 7 != 6 for i in range(60))


def test_pairs_that_are_asked_for_come_strongest_first(two_maps: Store) -> None:
    rows = two_maps.map_pairs("a~b", [(0, 59), (9, 50), (3, 56), (3, 3)])
    assert [(row.match.feature_a, row.match.feature_b) for row in rows] == [(9, 50), (3, 56), (0, 59)]
    assert rows[0].match.pearson == pytest.approx(0.9)
    assert rows[0].match.reasons == ("rare", "thin")
    assert two_maps.map_pairs("a~b", []) == []


def test_pairs_carry_their_tokens(store: Store) -> None:
    (row,) = store.map_pairs("a~b", [(0, 0)])
    tokens = [[t.token for t in store.feature_tokens(space, 0)] for space in "ab"]
    assert [list(row.tokens_a), list(row.tokens_b)] == tokens
    assert all(tokens)


def test_shares_of_a_concept(two_maps: Store) -> None:
    found = two_maps.map_shares("letters", "b").to_pydict()
    assert found == {"feature": list(range(0, 60, 4)), "mass_share": [0.5] * 15}
    assert two_maps.map_shares("no such concept", "b").num_rows == 0
    with pytest.raises(UnknownName, match="no space `x`"):
        two_maps.map_shares("letters", "x")

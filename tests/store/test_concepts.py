"""Concepts of the small store: counts, pairs and members that can be checked by hand."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from store import records as r
from store.check import check
from store.errors import UnknownName
from store.read import Store
from tests.store import build

LOOSE = r.PairFilter(hide=())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """`letters`: a:0, b:0, b:1 and c:0; `nothing`: a word that no passage holds; `weak`: a:1 with a small share."""
    rows = build.tables()
    rows["concepts"] = [
        {"concept": "letters", "keyword": "ab", "n_found": 3},
        {"concept": "letters", "keyword": "cd", "n_found": 9},
        {"concept": "nothing", "keyword": "zebra", "n_found": 0},
        {"concept": "weak", "keyword": "x", "n_found": 1},
    ]
    shares = [("a", "letters", 0, 0.75), ("a", "weak", 1, 0.125), ("b", "letters", 0, 0.25), ("b", "letters", 1, 1.0)]
    shares.append(("c", "letters", 0, 0.5))
    rows["concept_features"] = [
        {"concept": concept, "space": space, "feature": feature, "mass_share": share, "n_active": 1}
        for space, concept, feature, share in shares
    ]
    folder = build.publish(tmp_path_factory.mktemp("stores") / "concepts", rows)
    assert check(folder) == []
    with Store(folder) as opened:
        yield opened


def counts(found: list[r.Concept]) -> dict[str, list[tuple[int, int]]]:
    return {one.concept: [(space.n_features, space.n_matched) for space in one.spaces] for one in found}


def test_concepts_count_their_features_and_those_with_a_match(store: Store) -> None:
    found = store.concepts(0.3, LOOSE)
    assert [[space.space for space in one.spaces] for one in found] == [["a", "b", "c"]] * 3
    # a:0 is matched with b:0 and c:0; b:1 is nobody's mutual best.
    assert counts(found) == {"letters": [(1, 1), (1, 0), (1, 1)], "nothing": [(0, 0)] * 3, "weak": [(0, 0)] * 3}
    assert counts(store.concepts(0.2, LOOSE))["letters"] == [(1, 1), (2, 1), (1, 1)]
    assert counts(store.concepts(0.3))["letters"] == [(1, 0), (1, 0), (1, 0)]
    assert found[0].keywords == (r.Keyword("cd", 9), r.Keyword("ab", 3))
    assert [space.largest for space in found[0].spaces] == [0.75, 1.0, 0.5]
    assert [space.largest for space in found[2].spaces] == [0.125, None, None]


def test_pairs_have_the_concept_on_either_side(store: Store) -> None:
    found = store.concept_pairs("letters", 0.6, LOOSE)
    assert [(one.match.comparison, one.share_a, one.share_b) for one in found] == [
        ("a~b", 0.75, 0.25), ("a~c", 0.75, 0.5),
    ]  # fmt: skip
    assert found[0].match == store.match("a~b", 0, 0)
    assert len(store.concept_pairs("letters", 0.6, LOOSE, limit=1)) == 1
    assert store.concept_pairs("letters", 0.8, LOOSE) == []
    assert store.concept_pairs("letters", 0.6) == []
    assert store.concept_pairs("weak", 0.1, LOOSE) == []


def test_members_are_listed_for_each_space(store: Store) -> None:
    found = store.concept_members("letters", 0.2)
    assert [(one.space, one.feature, one.mass_share, one.n_active_all) for one in found] == [
        ("a", 0, 0.75, 3), ("b", 1, 1.0, 1), ("b", 0, 0.25, 4), ("c", 0, 0.5, 4),
    ]  # fmt: skip
    assert found[0].tokens == (" ab", "ab", " x")
    assert [(one.space, one.feature) for one in store.concept_members("letters", 0.2, 1)] == [
        ("a", 0), ("b", 1), ("c", 0),
    ]  # fmt: skip


def test_an_unknown_concept_says_which_exist(store: Store) -> None:
    for ask in (store.concept_pairs, store.concept_members):
        with pytest.raises(UnknownName, match="no concept `luck`; there are letters, nothing, weak"):
            ask("luck")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM concepts WHERE concept = 'weak'", "weak, a:1 belongs to a concept without keywords"),
        ("UPDATE concept_features SET feature = 7 WHERE space = 'c'", "letters, c:7 is no feature of the store"),
        ("UPDATE concept_features SET n_active = 9 WHERE space = 'c'", "fires on 9 tokens of it, and on 4 in all"),
        ("UPDATE concept_features SET mass_share = 1.5 WHERE space = 'c'", "letters, c:0 has a share of 1.5"),
    ],
)
def test_rows_that_cannot_be_are_named(store: Store, tmp_path: Path, statement: str, expected: str) -> None:
    copy = shutil.copytree(store.folder, tmp_path / "copy")
    with duckdb.connect(copy / "homolog.duckdb") as database:
        database.execute(statement)
    assert expected in "\n".join(check(copy))

"""A search for a word, on stores whose every row can be checked by hand."""

from pathlib import Path

import pytest

from store import records as r
from store import token_search
from store.read import Store
from tests.store import build


@pytest.fixture(scope="module")
def tiny(tiny_store: Path):
    with Store(tiny_store) as opened:
        yield opened


def test_white_space_and_case_do_not_matter_and_what_was_meant_is_said(store: Store) -> None:
    for asked in ("cd", " CD\n", "cD"):
        found = store.token_search(asked)
        assert found.text == "cd"
        assert found.spelled == (
            r.TokenText("m1", " cd", 1), r.TokenText("m1", "cd", 1), r.TokenText("m2", " cd", 1),
            r.TokenText("m2", "cd", 1),
        )  # fmt: skip
        assert found.holding == ()
        # a:0 and b:0 have " cd" for 2.0 of 7 and of 11, a:1 has "cd" for all of its mass; c:0 " cd" for 0 of it.
        assert [(hit.space, hit.feature, hit.matched) for hit in found.hits] == [
            ("a", 1, ("cd",)), ("b", 0, (" cd",)), ("c", 1, ("cd",)),
        ]  # fmt: skip
        assert [hit.mass_share for hit in found.hits] == pytest.approx([1.0, 2 / 11, 1.0])


def test_texts_of_one_word_are_added_up(store: Store) -> None:
    found = store.token_search("ab")
    (hit, *_) = found.hits
    assert (hit.space, hit.feature, hit.n_active, hit.n_active_all) == ("a", 0, 2, 3)
    # Token 1 is "ab" with 2.0, token 5 " ab" with 4.0, of 7.0.
    assert hit.matched == (" ab", "ab")
    assert hit.mass_share == pytest.approx(6 / 7)
    assert [(one.model, one.text, one.n_tokens) for one in found.spelled] == [("m1", "ab", 2), ("m1", " ab", 1)]
    assert [(one.model, one.text) for one in found.holding] == [("m2", "ab ab")]


def test_special_tokens_spell_nothing(store: Store) -> None:
    assert store.token_search("<bos>") == r.TokenSearch("<bos>", (), (), ())


def test_only_white_space_asks_for_nothing(store: Store) -> None:
    assert store.token_search(" \n\u00a0") == r.TokenSearch("", (), (), ())


def test_the_matches_are_those_of_the_feature_page(store: Store, tiny: Store) -> None:
    for opened, word in ((store, "ab"), (store, "cd"), (tiny, "cat"), (tiny, "sat")):
        found = opened.token_search(word).hits
        assert found
        for hit in found:
            assert list(hit.matches) == opened.elsewhere(hit.space, hit.feature)
    looser = r.Thresholds(rare=1, thin=1)
    (hit, *_) = store.token_search("ab", thresholds=looser).hits
    assert list(hit.matches) == store.elsewhere("a", 0, looser)


def test_the_limit_is_of_each_space_and_the_total_is_known(tiny: Store) -> None:
    found = tiny.token_search("sat").hits
    assert [(hit.space, hit.feature, hit.n_hits) for hit in found] == [("left", 1, 1), ("right", 4, 2), ("right", 0, 2)]
    # " sat" is two of the three verbs after " dog".
    assert [hit.mass_share for hit in found] == pytest.approx([2 / 3, 1.0, 2 / 3])
    assert [hit.n_active for hit in found] == [40, 60, 40]
    assert [(hit.space, hit.feature) for hit in tiny.token_search("sat", 1).hits] == [("left", 1), ("right", 4)]


def test_a_like_pattern_is_taken_literally(tmp_path: Path) -> None:
    rows = build.tables()
    for row in rows["feature_tokens"]:
        row["token"] = row["token"].replace("cd", "c%_'")
    for row in rows["tokens"]:
        row["text"] = row["text"].replace("cd", "c%_'")
    with Store(build.write(tmp_path, rows)) as store:
        assert [hit.matched for hit in store.token_search("C%_'").hits] == [("c%_'",), (" c%_'",), ("c%_'",)]
        assert store.token_search("%").hits == ()
        assert {one.text for one in store.token_search("%").holding} == {"c%_'", " c%_'"}


def test_a_large_space_answers_the_same(tiny: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("sat", "cat", "the", "."):
        kept = tiny.token_search(word, 3)
        with monkeypatch.context() as patch:
            patch.setattr(token_search, "WHOLE", 0)
            assert tiny.token_search(word, 3) == kept


def test_a_text_beyond_those_of_a_space_is_none_of_its_own(tiny: Store) -> None:
    assert len(tiny._firing(tiny.space("left"), [40_000])) == 0
    assert len(tiny._firing(tiny.space("left"), list(range(40_000)))) > 0

"""Concepts: keywords found as whole words however a tokenizer cuts them; shares on numbers that stand on paper."""

import random
import re
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ingest import concepts, config
from ingest.config import ConceptSpec
from ingest.errors import IngestError
from ingest.shards import Block
from store.schema import BY_NAME
from tests import tiny


def tokens(passages: list[list[str]], special: frozenset[tuple[int, int]] = frozenset()) -> pa.Table:
    """The table `tokens` of passages given as token texts; white space before a word belongs to its token."""
    rows = []
    for passage, texts in enumerate(passages):
        end = 0
        for position, text in enumerate(texts):
            start, end = end, end + len(text)
            rows.append(
                {"model": "m", "token_index": len(rows), "passage_id": passage, "position": position, "token_id": None}
                | {"text": text, "char_start": start, "char_end": end, "is_special": (passage, position) in special}
            )
    return pa.Table.from_pylist(rows, schema=BY_NAME["tokens"].arrow)


def marked(passages: list[list[str]], *keywords: str) -> list[int]:
    lists = {"x": tuple(" ".join(concepts.spelled(one)) for one in keywords)}
    texts = ["".join(one) for one in passages]
    return concepts.mark(concepts.find(texts, lists), tokens(passages), texts)["x"].tolist()


@pytest.mark.parametrize(
    ("passage", "keyword", "expected"),
    [
        ([" the", " Dog", " barks"], "dog", [1]),
        (["sep", "tem", "ber", " 4"], "September", [0, 1, 2]),
        ([" may", "be", " may"], "may", [2]),
        (["in", " New", "  ", "York", "."], "new york", [1, 2, 3]),
        (["a", " new", "-", "york", "er"], "new york", []),
        (["time", "_", "step"], "time", [0]),
        (["time2", " x"], "time", []),
        (["the", " dog."], "dog", []),
        (["the", " dogs"], "dog", []),
        (["a", "\n\ndog\n", "b"], "dog", [1]),
        (["new, york"], "new york", []),
        (["Éco", "le"], "école", [0, 1]),
        (["dog"], "cat", []),
    ],
)
def test_a_keyword_is_whole_words_in_any_case_however_it_is_cut(
    passage: list[str], keyword: str, expected: list[int]
) -> None:
    assert marked([passage], keyword) == expected
    # A passage before it, and one after, change nothing but the token's number.
    assert marked([["zzz", " dogged"], passage, ["q"]], keyword) == [index + 2 for index in expected]


def test_a_cut_off_passage_and_special_tokens_count_for_nothing() -> None:
    texts = ["a new york", "dog"]
    found = concepts.find(texts, {"x": ("dog", "new york")})
    cut = tokens([["a", " new"], ["dog"]], frozenset({(1, 0)}))
    assert concepts.mark(found, cut, texts)["x"].tolist() == []
    assert concepts.rows(found).to_pylist() == [
        {"concept": "x", "keyword": "dog", "n_found": 1}, {"concept": "x", "keyword": "new york", "n_found": 1},
    ]  # fmt: skip


def test_random_cuts_agree_with_the_obvious_search() -> None:
    draw = random.Random(5)
    words = ["time", "Time", "times", "sun", "new", "york", "_", " ", " ", "-", "\n", ", ", "sunset", "7"]
    keywords = ("time", "sun", "new york")
    pattern = r"(?<![^\W_])(time|sun|new[\s'\u2019-]{1,3}york)(?![^\W_])"
    for _ in range(200):
        text = "".join(draw.choice(words) for _ in range(draw.randint(1, 14)))
        passage, at = [], 0
        while at < len(text):
            size = draw.randint(1, 6)
            passage.append(text[at : at + size])
            at += size
        expected = set()
        spans = [(row["char_start"], row["char_end"]) for row in tokens([passage]).to_pylist()]
        for hit in re.finditer(pattern, text, re.IGNORECASE):
            over = [i for i, (start, end) in enumerate(spans) if end > hit.start() and start < hit.end()]
            around = text[spans[over[0]][0] : hit.start()] + text[hit.end() : spans[over[-1]][1]]
            expected |= set(over) if not around.strip() else set()
        assert marked([passage], *keywords) == sorted(expected), (text, passage)


def test_shares_are_of_the_mass_on_ordinary_tokens() -> None:
    one = Block(0, np.array([0, 3]), np.array([0, 1, 2]), np.array([9, 1, 3], np.float32))
    others = Block(1, np.array([0, 2, 2]), np.array([1, 3]), np.array([2, 2], np.float32))
    found = concepts.shares(
        "s",
        [one, others],
        np.array([False, True, True, True]),
        {"b": np.array([1, 3]), "a": np.array([2]), "none": np.zeros(0, int)},
    )
    assert found.to_pylist() == [
        {"concept": "a", "space": "s", "feature": 0, "mass_share": 0.75, "n_active": 1},
        {"concept": "b", "space": "s", "feature": 0, "mass_share": 0.25, "n_active": 1},
        {"concept": "b", "space": "s", "feature": 1, "mass_share": 1.0, "n_active": 2},
    ]


def test_the_lists_that_ship_hold_every_concept_and_no_word_twice() -> None:
    found = concepts.gather()
    assert list(found) == ["biology", "calendar", "countries", "emotions", "months", "nature", "people", "time"]
    every = [keyword for keywords in found.values() for keyword in keywords]
    assert len(every) == len(set(every)) > 200
    assert all(len(words.split(", ")) == len(found[name]) for name, words in concepts.LISTS.items())


def test_a_run_file_adds_a_list_or_replaces_one() -> None:
    added = [ConceptSpec(name="time", keywords=("Epoch", "epoch ")), ConceptSpec(name="code", keywords=("New-Line",))]
    found = concepts.gather(added)
    assert found["time"] == ("epoch",)
    assert found["code"] == ("new line",)
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('name = "x"\nkeywords = ["--"]', "keyword '--' of concept 'x' has no letter or digit; give a word"),
        ('name = "x"\nkeywords = []', r"concepts\[0\].keywords"),
        (
            'name = "x"\nkeywords = ["a"]\nwords = ["a"]',
            r"concepts\[0\].words is not a key; the keys here are name, keywords",
        ),
        ('name = "x"\nkeywords = ["a"]\n[[concepts]]\nname = "x"\nkeywords = ["b"]', "two concepts are called 'x'"),
    ],
)
def test_a_wrong_list_is_named(tiny_run: Path, tmp_path: Path, lines: str, expected: str) -> None:
    path = tmp_path / "run.toml"
    path.write_text(f"{tiny_run.read_text()}\n[[concepts]]\n{lines}\n")
    with pytest.raises(IngestError, match=expected):
        config.read(path)


def test_the_tiny_run_knows_which_features_are_about_animals(tiny_store: Path) -> None:
    with duckdb.connect(tiny_store / "homolog.duckdb", read_only=True) as database:
        rows = database.execute("FROM concept_features ORDER BY concept, space, feature").fetchall()
        found = dict(database.execute("SELECT keyword, n_found FROM concepts WHERE n_found > 0").fetchall())
    # " cat" is all that left:0 and right:1 fire on; left:1 and right:0 fire on the verb after " dog".
    assert rows == [("nature", "left", 0, 1.0, 60), ("nature", "right", 1, 1.0, 60)]
    assert found == {"cat": 3 * tiny.COPIES, "dog": 3 * tiny.COPIES, "today": 6 * tiny.COPIES}

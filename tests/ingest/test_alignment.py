"""Units: the smallest stretches whose two ends are token boundaries for both models."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_array

from ingest import alignment
from ingest.errors import IngestError
from store.schema import BY_NAME


def tokens(model: str, passages: list[list[tuple[str, int, int]]]) -> pa.Table:
    """A `tokens` table: BOS, then (text, start, end) of each token."""
    rows = []
    for passage, spans in enumerate(passages):
        for position, (text, start, end) in enumerate([("<s>", 0, 0), *spans]):
            rows.append({"model": model, "token_index": len(rows), "passage_id": passage, "position": position, "token_id": None,
                             "text": text, "char_start": start, "char_end": end, "is_special": position == 0})  # fmt: skip
    return pa.Table.from_pylist(rows, schema=BY_NAME["tokens"].arrow)


def passages(*texts: str) -> pa.Table:
    return pa.table([range(len(texts)), ["t"] * len(texts), texts], schema=BY_NAME["passages"].arrow)


def units(a: pa.Table, b: pa.Table, *texts: str) -> list[tuple[str, str]]:
    """Each unit as the texts of both models' tokens in it."""
    found = alignment.align(a, b, passages(*texts))
    return [
        (
            " ".join(np.array(a["text"].to_pylist())[found.unit_of_a == u]),
            " ".join(np.array(b["text"].to_pylist())[found.unit_of_b == u]),
        )
        for u in range(found.n_units)
    ]


def test_same_tokens_are_units_without_rows():
    one = tokens("one", [[("the", 0, 3), (" cat", 3, 7)], [("the", 0, 3)]])
    found = alignment.align(one, one, passages("the cat", "the"))
    assert found.name == "identical"
    assert found.units.num_rows == 0
    assert found.unit_of_a.tolist() == [-1, 0, 1, -1, 2]
    assert found.passage.tolist() == [0, 0, 1]
    assert found.position.tolist() == [1, 2, 1]
    assert found.text.tolist()[0] == found.text.tolist()[2] != found.text.tolist()[1]


def test_subwords_against_words_and_a_space_that_one_side_leaves_out():
    bpe = tokens("bpe", [[("un", 0, 2), ("happy", 2, 7), (" cat", 7, 11)]])
    wordpiece = tokens("wp", [[("unhappy", 0, 7), ("cat", 8, 11)]])
    assert units(bpe, wordpiece, "unhappy cat") == [("un happy", "unhappy"), (" cat", "cat")]


def test_crossing_boundaries_make_one_unit():
    a = tokens("a", [[("ab", 0, 2), ("c", 2, 3), ("d", 3, 4)]])
    b = tokens("b", [[("a", 0, 1), ("bc", 1, 3), ("d", 3, 4)]])
    assert units(a, b, "abcd") == [("ab c", "a bc"), ("d", "d")]


def test_a_character_split_between_tokens_stays_one_unit():
    bytes_ = tokens("bytes", [[("é0", 0, 1), ("é1", 0, 1), ("t", 1, 2)]])
    chars = tokens("chars", [[("é", 0, 1), ("t", 1, 2)]])
    assert units(bytes_, chars, "ét") == [("é0 é1", "é"), ("t", "t")]


def test_what_one_side_drops_at_the_end_belongs_to_the_last_unit():
    a = tokens("a", [[("cat", 0, 3), ("\n", 3, 4)], [("x", 0, 1)]])
    b = tokens("b", [[("cat", 0, 3)], [("x", 0, 1)]])
    assert units(a, b, "cat\n", "x") == [("cat \n", "cat"), ("x", "x")]


def test_rows_of_the_units_table():
    a = tokens("a", [[("ab", 0, 2), ("c", 2, 3)], [("d", 0, 1)]])
    b = tokens("b", [[("abc", 0, 3)], [("d", 0, 1)]])
    assert alignment.align(a, b, passages("abc", "d")).units.to_pylist() == [
        {"alignment": "a~b", "unit": 0, "passage_id": 0, "token_a": 1, "n_tokens_a": 2, "token_b": 1, "n_tokens_b": 1},
        {"alignment": "a~b", "unit": 1, "passage_id": 1, "token_a": 4, "n_tokens_a": 1, "token_b": 3, "n_tokens_b": 1},
    ]


def test_equal_unit_texts_have_equal_codes():
    a = tokens("a", [[("a", 0, 1), ("b", 1, 2)], [("ab", 0, 2)]])
    b = tokens("b", [[("ab", 0, 2)], [("a", 0, 1), ("b", 1, 2)]])
    assert alignment.align(a, b, passages("ab", "ab")).text.tolist() == [0, 0]


def test_a_unit_takes_the_largest_activation():
    matrix = csr_array(np.array([[9, 9], [1, 0], [3, 2], [0, 0], [0, 5]], np.float32))
    found = alignment.to_units(matrix, np.array([-1, 0, 0, 1, 2]), 3)
    assert found.toarray().tolist() == [[3, 2], [0, 0], [0, 5]]
    assert np.diff(found.indptr).tolist() == [2, 0, 1]


def test_nothing_in_common_is_refused():
    a = tokens("a", [[("x", 0, 1)]])
    nothing = tokens("b", [[]])
    with pytest.raises(IngestError, match="share no token boundary"):
        alignment.align(a, nothing, passages("x"))

"""Units of real tokenisers: what their offsets say, and features that only correlate when the units are right."""

import itertools
import re
import unicodedata
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from ingest import alignment, tokens
from ingest.errors import IngestError
from ingest.matching import match
from ingest.matching.moments import Side
from store.schema import BY_NAME
from tests import vocabularies

WORDS = [
    "unbelievable",
    "cat",
    "café",
    "cafe\u0301",
    "nai\u0308ve",
    "THE",
    "Déjà",
    "🙂",
    "👩\u200d👧",
    "日本",
    "é",
    "ﬁne",
    "½",
]
NAMES = list(vocabularies.MAKERS)
PAIRS = list(itertools.combinations(NAMES, 2))


def passages(*texts: str) -> pa.Table:
    return pa.table([range(len(texts)), ["t"] * len(texts), texts], schema=BY_NAME["passages"].arrow)


def read(name: str, *texts: str) -> pa.Table:
    return tokens.read(vocabularies.model(name), passages(*texts))


def planted(word: str) -> list[str]:
    """Forty passages in which the word stands at the beginning, at the end, or between some of many neighbours."""
    rng = np.random.default_rng(len(word))
    rest = [
        " cat",
        " the",
        ", able",
        " déjà",
        ". The",
        " (un)",
        "\n\nagain",
        "  dog",
        " é",
        " 日本",
        "\tmat",
        " hill🙂",
    ]
    made = []
    for number in range(40):
        pieces = [str(rest[i]) for i in rng.integers(len(rest), size=6)]
        pieces.insert((0, 6, int(rng.integers(6)))[number % 3], f" {word}")
        made.append("".join(pieces).lstrip() if number % 2 else "".join(pieces) + " ")
    return made


def fires(table: pa.Table, texts: list[str], word: str, after: bool = False) -> csr_array:
    """A feature on the last token that holds a character of the word, or on the first behind it: (token, 1)."""
    found = np.zeros((table.num_rows, 1), np.float32)
    by_passage: dict[int, list[dict]] = {}
    for row in table.to_pylist():
        if not row["is_special"]:
            by_passage.setdefault(row["passage_id"], []).append(row)
    for passage, rows in by_passage.items():
        for hit in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", texts[passage]):
            own = [row for row in rows if row["char_start"] < hit.end() and row["char_end"] > hit.start()]
            is_last = not texts[passage][hit.end() :].strip()  # white space that is left out at the end is in its unit
            behind = [row for row in rows if row["char_start"] >= hit.end() and not is_last]
            if one := behind[:1] if after else own[-1:]:
                found[one[0]["token_index"]] = 2.5
    return csr_array(found)


@cache
def seen(name: str, word: str) -> tuple[pa.Table, csr_array, csr_array]:
    """A model's tokens of the planted passages; a feature of the word, and one of what follows it."""
    texts = planted(word)
    table = read(name, *texts)
    return table, fires(table, texts, word), fires(table, texts, word, after=True)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_feature_of_a_word_is_the_same_over_units_of_any_two_conventions(one: str, other: str):
    for word in ("unbelievable", "café", "cafe\u0301", "🙂", "THE"):
        sides = seen(one, word), seen(other, word)
        found = alignment.align(sides[0][0], sides[1][0], passages(*planted(word)))
        units = found.unit_of_a, found.unit_of_b
        left, right = (over(side[1], unit) for side, unit in zip(sides, units, strict=True))
        assert (left > 0).sum() >= 36, word
        assert np.array_equal(left, right), word
        # A boundary of the two stands behind the word: what follows is another unit.
        for side, unit in zip(sides, units, strict=True):
            assert not (left * over(side[2], unit)).any() or word not in ("unbelievable", "café"), word


def over(feature: csr_array, unit: np.ndarray) -> np.ndarray:
    """A feature at the units."""
    return alignment.to_units(feature, unit, int(unit.max()) + 1).toarray()[:, 0]


def test_units_off_by_one_are_seen():
    (bpe, left, _), (wordpiece, right, _) = seen("gpt2", "unbelievable"), seen("bert", "unbelievable")
    found = alignment.align(bpe, wordpiece, passages(*planted("unbelievable")))
    moved = np.where(found.unit_of_b >= 0, np.maximum(found.unit_of_b - 1, 0), -1)
    assert np.corrcoef(over(left, found.unit_of_a), over(right, found.unit_of_b))[0, 1] == pytest.approx(1, abs=1e-12)
    kept = alignment.to_units(right, moved, found.n_units - 1).toarray()[:, 0]
    assert np.corrcoef(over(left, found.unit_of_a)[:-1], kept)[0, 1] < 0.2


def test_the_engine_says_exactly_one():
    texts = planted("unbelievable")
    (bpe, left, _), (wordpiece, right, _) = seen("gpt2", "unbelievable"), seen("bert", "unbelievable")
    assert pieces(bpe, texts, "unbelievable") == [" un", "believ", "able"]
    assert pieces(wordpiece, texts, "unbelievable") == [" unbeliev", "able"]
    found = alignment.align(bpe, wordpiece, passages(*texts))
    a, b = (
        Side(alignment.to_units(feature, unit, found.n_units))
        for feature, unit in ((left, found.unit_of_a), (right, found.unit_of_b))
    )
    rows = match("a~b", a, b, found.text, found.position, found.passage, None)["matches"].to_pylist()
    assert [(row["pearson"], row["n_both"], row["n_a_only"], row["n_b_only"]) for row in rows] == [(1.0, 40, 0, 0)]


def pieces(table: pa.Table, texts: list[str], word: str) -> list[str]:
    """Texts of the tokens of the word's first occurrence."""
    begin = texts[0].index(word)
    return [
        row["text"]
        for row in table.to_pylist()
        if row["passage_id"] == 0 and begin < row["char_end"] <= begin + len(word) and not row["is_special"]
    ]


def slow_cuts(spans: list[tuple[int, int]], text: str) -> list[set[int]]:
    """For each place between two tokens, in order, the positions that part what is before it from what is behind."""
    real: list[tuple[int, int] | None] = []
    for place, (start, end) in enumerate(spans):
        reached = max([0, *(e for _, e in spans[:place])])
        if start == end > reached:
            start = min({p for p in range(reached, end + 1) if p == end or not is_mark(text[p])})
        real.append((start, end) if start < end else None)
    found = []
    for place in range(1, len(real)):
        left, right = max([0, *(e for _, e in spans[:place])]), [span for span in real[place:] if span]
        between = {p for p in range(left, len(text) + 1) if left and right and all(s >= p for s, _ in right)}
        while len(between) > 1 and is_mark(text[min(between)]):
            between.remove(min(between))
        if between and between not in found:
            found.append(between)
    return found


def is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def slow_units(a: list[tuple[int, int]], b: list[tuple[int, int]], text: str) -> list[int]:
    """Ends of the units: wherever both can be cut, behind the last places where they were."""
    cuts, used, ends = (slow_cuts(a, text), slow_cuts(b, text)), [-1, -1], []
    for position in range(len(text) + 1):
        at = [[i for i, cut in enumerate(side) if position in cut and i > used[s]] for s, side in enumerate(cuts)]
        if at[0] and at[1]:
            used = [at[0][0], at[1][0]]
            ends.append(position)
    return [*ends, len(text)]


def most_units(a: list[set[int]], b: list[set[int]]) -> int:
    """The largest number of units that any choice of shared cuts gives: a longest common subsequence."""
    best = np.zeros((len(a) + 1, len(b) + 1), int)
    for i, j in itertools.product(range(len(a)), range(len(b))):
        best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + bool(a[i] & b[j]))
    return int(best[-1, -1]) + 1


def spans_of(table: pa.Table, n_passages: int) -> list[list[tuple[int, int]]]:
    """The spans of each passage's tokens."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(n_passages)]
    for row in table.to_pylist():
        if not row["is_special"]:
            found[row["passage_id"]].append((row["char_start"], row["char_end"]))
    return found


def check(a: pa.Table, b: pa.Table, texts: list[str]) -> None:
    """Against the obvious search: every property that units have."""
    expected = []
    spans = [spans_of(table, len(texts)) for table in (a, b)]
    if spans[0] == spans[1]:
        return  # every token is a unit
    for passage, (text, *sides) in enumerate(zip(texts, *spans, strict=True)):
        if all(sides):
            ends = slow_units(*sides, text)
            assert len(ends) == most_units(*(slow_cuts(side, text) for side in sides))
            expected += [(passage, text[s:e]) for s, e in zip([0, *ends], ends, strict=False)]
    if not expected:
        with pytest.raises(IngestError, match="share no token boundary"):
            alignment.align(a, b, passages(*texts))
        return
    found = alignment.align(a, b, passages(*texts))
    assert found.passage.tolist() == [passage for passage, _ in expected]
    codes = dict(zip(found.text.tolist(), (text for _, text in expected), strict=True))
    assert [codes[code] for code in found.text.tolist()] == [text for _, text in expected]
    assert len(set(codes.values())) == len(codes)
    for table, unit in ((a, found.unit_of_a), (b, found.unit_of_b)):
        placed = unit[unit >= 0]
        assert np.array_equal(np.unique(placed), np.arange(found.n_units))
        assert (np.diff(placed) >= 0).all()
        passage = table["passage_id"].to_numpy()[unit >= 0]
        assert np.array_equal(passage, found.passage[placed])
        both = np.isin(table["passage_id"].to_numpy(), found.passage) & ~np.array(table["is_special"].to_pylist())
        assert (unit[both] >= 0).all()
    turned = alignment.align(b, a, passages(*texts))
    assert np.array_equal(turned.unit_of_a, found.unit_of_b)
    assert np.array_equal(turned.unit_of_b, found.unit_of_a)


ODD = [*WORDS, " ", "  ", "\r\n", "\t", "\x07", "\u200b", "\u200d", "\u0301", "\u1112\u1161\u11ab", "ﷺ", "①", "İ", "ſ",
       "مرحبا", "\u3000", "\xa0", ".", ",", "(", "un", "able", "a", "\ufffd", "▁", "##s", "<0xE2>", "\u00ad"]  # fmt: skip
TEXTS = st.lists(st.lists(st.sampled_from(ODD) | st.text(max_size=3), max_size=8).map("".join), min_size=1, max_size=4)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "BLOCK", 2)
    monkeypatch.setattr(tokens, "BATCH", 3)


@pytest.mark.usefixtures("_small_blocks")
@QUICK
@given(st.sampled_from(PAIRS), TEXTS)
@example(("gpt2", "bert"), ["", "\x07", "cat\n"])
@example(("neox", "t5"), ["nai\u0308ve", " ", "ﬁ"])
def test_units_of_random_text_are_the_smallest_partition(pair: tuple[str, str], texts: list[str]):
    check(read(pair[0], *texts), read(pair[1], *texts), texts)


def table_of(name: str, spans: list[list[tuple[int, int]]]) -> pa.Table:
    rows = [
        {"model": name, "passage_id": p, "position": i, "token_id": None, "text": "x", "char_start": s, "char_end": e,
         "is_special": False}
        for p, own in enumerate(spans)
        for i, (s, e) in enumerate(own)
    ]  # fmt: skip
    rows = [row | {"token_index": index} for index, row in enumerate(rows)]
    return pa.Table.from_pylist(rows, schema=BY_NAME["tokens"].arrow)


SPANS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 3)).map(lambda s: (s[0], min(s[0] + s[1], 7))), max_size=6)


@pytest.mark.usefixtures("_small_blocks")
@QUICK
@given(st.lists(st.tuples(SPANS, SPANS), min_size=1, max_size=3), st.sampled_from(["abcdefg", "a\u0301 \u0301bcd"]))
def test_units_of_any_spans_whatever(spans: list[tuple[list, list]], text: str):
    ordered = [[sorted(side) for side in pair] if i % 2 else pair for i, pair in enumerate(spans)]
    a, b = (table_of(name, [pair[side] for pair in ordered]) for side, name in enumerate("ab"))
    if a.num_rows and b.num_rows:
        check(a, b, [text] * len(ordered))


def test_what_lies_behind_a_context_is_in_no_unit():
    text = "The unbelievable cat sat on the mat, and the dog ran."
    long, short = read("gpt2", text, "the cat"), limited("bert", 8, text, "the cat")
    assert spans_of(short, 2)[0][-1] == (25, 26)
    found = alignment.align(long, short, passages(text, "the cat"), (None, 8))
    kept = [row["text"] for row, unit in zip(long.to_pylist(), found.unit_of_a, strict=True) if unit >= 0]
    assert "".join(kept) == text[:26] + "the cat"
    assert found.n_units == 8
    # Without the context the last token would stand for the whole rest.
    assert alignment.align(long, short, passages(text, "the cat")).n_units == 8
    assert (alignment.align(long, short, passages(text, "the cat")).unit_of_a >= 0).sum() == long.num_rows - 2


def test_a_token_that_goes_on_behind_a_context_is_in_no_unit():
    text = "The unbelievable cat"
    whole, short = read("gpt2-prefix", text), limited("bert", 4, text)
    assert spans_of(whole, 1) == [[(0, 3), (3, 16), (16, 20)]]
    assert spans_of(short, 1) == [[(0, 3), (4, 12)]]
    found = alignment.align(whole, short, passages(text), (None, 4))
    assert found.unit_of_a.tolist() == [-1, 0, -1, -1]
    assert found.unit_of_b.tolist() == [-1, 0, -1, -1]


def test_white_space_that_was_trimmed_off_its_token_is_with_it():
    text = "cat  dog"
    trimmed = table_of("a", [[(0, 3), (4, 4), (5, 8)]])
    assert (4, 4) in spans_of(read("neox", text), 1)[0]
    before, behind = table_of("b", [[(0, 3), (3, 8)]]), table_of("b", [[(0, 4), (4, 8)]])
    assert alignment.align(trimmed, before, passages(text)).unit_of_a.tolist() == [0, 1, 1]
    assert alignment.align(trimmed, behind, passages(text)).unit_of_a.tolist() == [0, 0, 1]


def limited(name: str, context: int, *texts: str) -> pa.Table:
    """Tokens of a model with a context."""
    return tokens.read(replace(vocabularies.model(name), network=Context(context)), passages(*texts))


class Context:
    """The one thing about a network that tokens depend on."""

    def __init__(self, context: int) -> None:
        self.context = context


def test_a_special_token_inside_the_text_is_in_no_unit():
    text = "the cat<|endoftext|> sat"
    bpe, wordpiece = read("gpt2", text), read("bert", text)
    assert [row["text"] for row in bpe.to_pylist() if row["is_special"]] == ["<|endoftext|>"] * 2
    found = alignment.align(bpe, wordpiece, passages(text))
    units = found.units.to_pylist()
    texts = [[t["text"] for t in wordpiece.to_pylist()[u["token_b"] : u["token_b"] + u["n_tokens_b"]]] for u in units]
    assert texts == [[" the"], [" cat"], [" sat"]]
    assert found.unit_of_b.max() == 2
    assert (found.unit_of_a[bpe["is_special"].to_numpy()] == -1).all()

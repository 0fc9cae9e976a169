"""Tokens as arrays, what a reader sees for them, and passages that every model can read."""

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import corpus, cutting, tokens
from ingest.errors import IngestError
from ingest.models import Model
from ingest.sources.document import Document
from ingest.spelling import spelled
from tests import vocabularies
from tests.ingest.test_units import ODD, Context, passages

QUICK = settings(max_examples=40, deadline=None)
TEXTS = st.lists(st.lists(st.sampled_from(ODD), max_size=12).map("".join), min_size=1, max_size=5)
NAMES = list(vocabularies.MAKERS)


def slow(model: Model, texts: list[str]) -> list[dict[str, Any]]:
    """The rows of the table `tokens`, one token after the other."""
    own, rows = model.tokenizer, []
    around = {own.bos_token_id, own.eos_token_id, own.cls_token_id, own.sep_token_id} - {None}
    for passage, text in enumerate(texts):
        encoded = own(text, add_special_tokens=False, return_offsets_mapping=True)
        room = 10**9 if model.context is None else model.context - len(model.prefix) - len(model.suffix)
        inside = list(zip(encoded["input_ids"], encoded["offset_mapping"], strict=True))[:room]
        last = max((end for _, (_, end) in inside), default=0)
        whole = [(i, (0, 0), True) for i in model.prefix]
        whole += [(i, span, i in around) for i, span in inside]
        whole += [(i, (last, last), True) for i in model.suffix]
        for position, (token_id, (start, end), special) in enumerate(whole):
            rows.append(
                {"model": model.name, "token_index": len(rows), "passage_id": passage, "position": position,
                 "token_id": token_id, "text": spelled(own, [token_id])[0], "char_start": start, "char_end": end,
                 "is_special": special}
            )  # fmt: skip
    return rows


@QUICK
@given(st.sampled_from(NAMES), TEXTS, st.sampled_from([None, 5, 12]))
def test_tokens_are_those_of_the_tokenizer(name: str, texts: list[str], context: int | None):
    model = vocabularies.model(name)
    model = model if context is None else replace(model, network=Context(context))
    texts = [*texts, "the cat<|endoftext|>[SEP] sat</s>"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "BATCH", 3)
        assert tokens.read(model, passages(*texts)).to_pylist() == slow(model, texts)


def test_a_cut_passage_is_logged(caplog: pytest.LogCaptureFixture):
    model = replace(vocabularies.model("bert"), network=Context(5))
    with caplog.at_level(logging.INFO, "homolog.ingest"):
        tokens.read(model, passages("the cat sat", "the cat sat on the mat", "the cat and the dog"))
    line = "tokens bert: 2 of 3 passages are longer than its context of 5 tokens and were read up to there"
    assert [record.getMessage() for record in caplog.records] == [line]


def said(name: str, text: str) -> list[str]:
    own = vocabularies.tokenizer(name)
    return spelled(own, own(text, add_special_tokens=False)["input_ids"])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("gpt2", "the cat é\n", ["the", " cat", " ", "<0xC3>", "<0xA9>", "\n"]),
        ("gpt2", "<|endoftext|>\x07€", ["<|endoftext|>", "\x07", "<0xE2>", "<0x82>", "<0xAC>"]),
        ("neox", "naïf 🙂", ["n", "a<0xC3>", "<0xAF>f", " ", "<0xF0>", "<0x9F>", "<0x99>", "<0x82>"]),
        ("bert", "THE unbelievable cat, café日本", [" the", " unbeliev", "able", " cat", ",", " cafe", "日", "本"]),
        ("bert", "Q", ["[UNK]"]),
        ("llama", "the cat é €\n", [" the", " cat", " ", "é", " ", "<0xE2>", "<0x82>", "<0xAC>", "\n"]),
        ("gemma", "the  cat", ["the", " ", " cat"]),
        ("t5", "Q", [" ", "<unk>"]),
    ],
)
def test_what_a_reader_sees(name: str, text: str, expected: list[str]):
    assert said(name, text) == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_has_a_text_and_none_is_a_replacement_character(name: str):
    own = vocabularies.tokenizer(name)
    texts = spelled(own, range(len(own)))
    assert all(texts)
    assert not any("\ufffd" in text or "Ġ" in text or text.startswith("##") for text in texts)
    # Bytes that are characters, such as <0x41>, are written like the characters themselves.
    assert len(set(texts)) >= len(texts) - 95
    assert spelled(own, [len(own) + 7]) == [""]


def cut(name: str, texts: list[str], size: int, *others: Model) -> list[tuple[str, str, int]]:
    documents = [Document(source=str(number), text=text) for number, text in enumerate(texts)]
    return list(cutting.cut(documents, vocabularies.tokenizer(name), size, tokens.rooms(others)))


@QUICK
@given(st.sampled_from(NAMES), st.sampled_from(NAMES), TEXTS, st.integers(8, 20), st.integers(4, 9))
def test_passages_are_the_document_and_fit_every_model(name: str, other: str, texts: list[str], size: int, room: int):
    narrow = vocabularies.model(other)
    narrow = replace(narrow, network=Context(room + len(narrow.prefix) + len(narrow.suffix)))
    own = vocabularies.tokenizer(name)
    found = cut(name, texts, size, narrow)
    for number, text in enumerate(texts):
        mine = [(passage, n) for source, passage, n in found if source == str(number)]
        joined = "".join(passage for passage, _ in mine)
        assert text.startswith(joined)
        spans = own(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        assert len(spans) - sum(n for _, n in mine) < (1 if joined == text else cutting.SHORTEST)
        ends = np.cumsum([len(passage) for passage, _ in mine])
        assert not [(s, e) for s, e in spans for end in ends.tolist() if s < end < e]
        assert not any(passage and passage[0] == "\u0301" for passage, _ in mine[1:])
    for _, passage, _ in found:
        # Parts of a composed character that begin a passage are read otherwise there than behind its other parts.
        if passage.isascii() and len(narrow.tokenizer(passage, add_special_tokens=False)["input_ids"]) > room:
            assert len(cut(name, [passage], 1)) <= 1  # it can be cut in no other place


def test_a_passage_is_cut_for_the_model_with_the_least_room():
    text = "The unbelievable cat sat on the mat, and the dog ran. " * 40
    bert = vocabularies.model("bert")
    others = [replace(bert, network=Context(n)) for n in (100, 34, 512)]
    assert [(own is bert.tokenizer, room) for own, room in tokens.rooms([*others, bert])] == [(True, 32)]
    alone, fitted = cut("gpt2", [text], 100), cut("gpt2", [text], 100, *others)
    counts = [len(bert.tokenizer(passage, add_special_tokens=False)["input_ids"]) for _, passage, _ in fitted]
    assert max(counts) <= 32
    assert min(counts[:-4]) >= 14  # in equal parts
    assert "".join(passage for _, passage, _ in alone) == "".join(passage for _, passage, _ in fitted) == text
    assert len(alone) < len(fitted)


def test_a_run_reads_whole_passages_of_every_model(tmp_path):
    from ingest.config import TextFiles

    (tmp_path / "text").write_text("The unbelievable cat sat on the mat, and the dog ran. " * 40)
    spec = TextFiles(source="text", path=tmp_path / "text", tokens=300, context_tokens=64)
    narrow = replace(vocabularies.model("bert"), network=Context(20))
    found = corpus.read(spec, vocabularies.tokenizer("gpt2"), tokens.rooms([narrow]))
    read = tokens.read(narrow, found)
    assert np.bincount(read["passage_id"].to_numpy()).max() <= 20
    assert tokens.read(replace(narrow, network=None), found).num_rows == read.num_rows


def test_imported_tokens_that_cover_nothing_are_refused(tmp_path):
    columns: dict[str, Any] = {"passage": [0, 0], "position": [0, 1], "text": ["the", "cat"], "char_start": [0, 3]}
    columns |= {"char_end": [0, 3], "is_special": [False, False]}
    pq.write_table(pa.table(columns), tmp_path / "tokens.parquet")
    model = Model("one", "tokens:x", "", "", None, None, token_file=tmp_path / "tokens.parquet")
    with pytest.raises(IngestError, match=r"no token of .*tokens\.parquet covers any text; give each the characters"):
        tokens.read(model, passages("the cat"))

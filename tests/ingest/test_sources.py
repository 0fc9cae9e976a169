"""The texts: documentation, stories, files; and how they are cut into passages."""

import json
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import config, corpus, models, tokens
from ingest.config import ModelSpec
from ingest.errors import IngestError
from ingest.sources import installed_docs, stories


@pytest.fixture(scope="module")
def model():
    return models.load(ModelSpec(name="m", load="demo:tiny-1l"))


def test_stories_know_where_their_concepts_stand():
    for story in islice(stories.generate(3), 50):
        assert {concept for concept, *_ in story.spans} >= {"who", "animal", "where", "when"}
        for concept, start, end in story.spans:
            assert story.text[start:end] in stories.CONCEPTS[concept]
        assert "{" not in story.text


def test_no_word_stands_for_two_concepts():
    words = [word for choices in stories.CONCEPTS.values() for word in choices]
    assert len(words) == len(set(words))


def test_stories_follow_their_seed():
    first, again, other = ([d.text for d in islice(stories.read(seed), 20)] for seed in (1, 1, 2))
    assert first == again != other


def test_documentation_is_read_once_in_a_fixed_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "made_up_package"
    (package / "tests").mkdir(parents=True)
    long = "x" * 90
    (package / "__init__.py").write_text(
        f'"""Module {long}"""\nclass A:\n    def f(self):\n        """Method {long}"""\n'
    )
    (package / "b.py").write_text(
        f'"""Module {long}"""\nadd_newdoc("m", "g", """Added {long}""")\ndef short():\n    """Short"""\n'
    )
    (package / "broken.py").write_text('"""x"""\ndef (')
    (package / "tests" / "test_a.py").write_text(f'"""Test {long}"""')
    monkeypatch.syspath_prepend(str(tmp_path))
    found = {d.source: d.text.split()[0] for d in installed_docs.read(("made_up_package",))}
    assert found == {
        "made_up_package.__init__:module": "Module",
        "made_up_package.__init__:A.f": "Method",
        "made_up_package.b:m.g": "Added",
    }


def test_documentation_of_a_package_that_is_not_there():
    with pytest.raises(IngestError, match="names 'no_such_package', which is not installed"):
        next(installed_docs.read(("no_such_package",)))


@pytest.mark.parametrize("source", ["text", "jsonl", "parquet"])
def test_files(tmp_path: Path, model, source: str):
    texts = ["The first text is about a horse and a cart.", "The second one is about the sea, and about ships."]
    path = tmp_path / "corpus"
    if source == "text":
        path.write_text(texts[0])
    elif source == "jsonl":
        path.write_text("\n\n".join(json.dumps({"body": text}) for text in texts))
    else:
        pq.write_table(pa.table({"body": texts}), path)
    found = corpus.read(config.TextFiles(source=source, path=path, field="body"), model.tokenizer).to_pylist()
    assert [row["text"] for row in found] == texts[: 1 if source == "text" else 2]
    assert [row["source"] for row in found] == ["corpus:0", "corpus:1"][: len(found)]


def test_a_row_without_text_is_named(tmp_path: Path, model):
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"text": "long enough to be kept, that is to say eight tokens"}\n{"body": 3}\n')
    with pytest.raises(IngestError, match="row 1 has no text in 'text'"):
        corpus.read(config.TextFiles(source="jsonl", path=path), model.tokenizer)


def test_passages_are_stretches_of_the_text_that_fit_the_context(tmp_path: Path, model):
    text = "".join(f"Sentence {i} says naïve café 🙂 {i * i}.\n" for i in range(120))
    (tmp_path / "text").write_text(text)
    spec = config.TextFiles(source="text", path=tmp_path / "text", context_tokens=32)
    passages = corpus.read(spec, model.tokenizer)
    joined = "".join(passages["text"].to_pylist())
    assert text.startswith(joined)
    assert len(text) - len(joined) < 60
    read = tokens.read(model, passages)
    assert max(read["position"].to_pylist()) <= 33
    assert read.filter(read["is_special"])["position"].unique().to_pylist() == [0]


def test_tokens_spell_their_passage(model):
    passages = corpus.read(config.Stories(source="stories", tokens=2000), model.tokenizer)
    rows = tokens.read(model, passages).to_pylist()
    texts = passages["text"].to_pylist()
    for row in rows:
        if not row["is_special"]:
            assert texts[row["passage_id"]][row["char_start"] : row["char_end"]] == row["text"]
    spelled = "".join(row["text"] for row in rows if row["passage_id"] == 0 and not row["is_special"])
    assert spelled == texts[0]


def test_the_token_budget_is_kept(model):
    passages = corpus.read(config.Stories(source="stories", tokens=3000), model.tokenizer)
    n = tokens.read(model, passages).num_rows - passages.num_rows
    assert 3000 <= n < 3000 + 128

"""The texts: documentation, stories, files; and how they are cut into passages."""

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import config, corpus, models, tokens
from ingest.config import ModelSpec
from ingest.errors import IngestError
from ingest.sources import files, installed_docs, stories
from tests import hub_datasets


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
    with pytest.raises(IngestError, match=r"corpus\.jsonl line 2 has no text in 'text'; its keys are 'body'"):
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


def write(folder: Path, source: str, content: bytes) -> config.TextFiles:
    (folder / "corpus").write_bytes(content)
    return config.TextFiles(source=source, path=folder / "corpus")


def test_a_large_text_is_read_in_blocks_that_end_at_blank_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "BLOCK", 100)
    text = "".join(f"Paragraph {i} says é and 🙂.\nAnd more.\n\n" for i in range(40)) + "x" * 450 + " tail" + "\n" * 3
    found = list(files.read(write(tmp_path, "text", text.encode())))
    assert "".join(d.text for d in found) == text
    assert all(len(d.text) <= 100 for d in found)
    blocks = [d.text for d in found if "Paragraph" in d.text]
    assert all(block.endswith("\n\n") and block.startswith("Paragraph") for block in blocks[:-1])
    assert [d.source for d in found] == [f"corpus:{i}" for i in range(len(found))]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_small_text_is_one_document_with_the_line_ends_of_python(tmp_path: Path, monkeypatch, ends: str):
    """Read in pieces of 7 bytes, which cut through characters and line ends, as `Path.read_text` reads it whole."""
    text = ends.join(["A line with é, ü and 🙂.", "", "Another line."]) + ends
    spec = write(tmp_path, "text", text.encode())
    monkeypatch.setattr(files, "BLOCK", 7)
    assert "".join(d.text for d in files.read(spec)) == spec.path.read_text(encoding="utf-8")
    monkeypatch.undo()
    (whole,) = files.read(spec)
    assert (whole.source, whole.text) == ("corpus:0", spec.path.read_text(encoding="utf-8"))


def test_a_text_of_many_blocks_is_not_held(tmp_path: Path):
    """Only as much of the file is read as the passages need: the bytes behind them, which are no text, do not matter."""
    spec = write(tmp_path, "text", b"A sentence of a few words. " * 200_000 + b"\xff")
    first = next(files.read(spec))
    assert files.BLOCK / 2 < len(first.text) <= files.BLOCK
    with pytest.raises(IngestError, match=r"byte 0xff at offset 5,400,000, in line 1; convert the file to UTF-8"):
        list(files.read(spec))


def test_documents_are_tokenised_by_the_few():
    short, long = corpus.Document("s", "x" * 10), corpus.Document("l", "x" * (corpus.BATCH_CHARACTERS - 15))
    sizes = [len(batch) for batch in corpus._batches([short] * 1200)]
    assert sizes == [512, 512, 176]
    assert [len(batch) for batch in corpus._batches([long, short, short, short, long])] == [3, 2]


@pytest.mark.parametrize(
    ("source", "content", "said"),
    [
        ("text", "Première ligne.\nDeuxième".encode("latin-1"), "byte 0xe8 at offset 5, in line 1; convert"),
        ("text", "Première\nligne.\nDeuxi".encode() + b"\xe8me ", "byte 0xe8 at offset 22, in line 3"),
        ("text", b"half a character at the end \xf0\x9f", "byte 0xf0 at offset 28, in line 1"),
        ("text", b"a line\nwith \0 in it", "line 2 holds a NUL character, so it is not plain text"),
        ("jsonl", b'{"text": "x"}\n\n{"text": "\xe8"}\n', "byte 0xe8 at offset 25, in line 3"),
        ("jsonl", b'{"text": "x"}\n[1, 2]', "line 2 is not an object with its text in 'text'; got [1, 2]"),
        ("jsonl", b'{"text": "x"}\n\n{"text": 3}', "line 3 has no text in 'text'; got 3"),
        ("jsonl", b'{"text": "x"}\n{"text": "y"', "line 2 is not JSON: Expecting ',' delimiter: line 1 column 13"),
        ("jsonl", b"[" * 100_000, "line 1 is not JSON: maximum recursion depth exceeded"),
        ("jsonl", b'{"text": "ab\\ud83dcd"}', "line 1 holds half a character (the lone surrogate U+D83D), at character 2"),
        ("jsonl", b'{"text": "ab\\u0000cd"}', "line 1 holds a NUL character, so it is not plain text, at character 2"),
        ("parquet", b"no parquet", "cannot be read as Parquet"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_named_by_line_and_byte(tmp_path: Path, source: str, content: bytes, said: str):
    with pytest.raises(IngestError) as caught:
        list(files.read(write(tmp_path, source, content)))
    assert said in str(caught.value)
    assert str(tmp_path / "corpus") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_row_of_a_parquet_file_without_text_is_named(tmp_path: Path):
    pq.write_table(pa.table({"text": ["a"] * 700 + [None]}), tmp_path / "corpus")
    with pytest.raises(IngestError, match="row 700 has no text in 'text'; got None"):
        list(files.read(config.TextFiles(source="parquet", path=tmp_path / "corpus")))
    with pytest.raises(IngestError, match="has no column 'body'; it has text"):
        list(files.read(config.TextFiles(source="parquet", path=tmp_path / "corpus", field="body")))


def test_a_source_that_holds_less_than_is_asked_for(tmp_path: Path, model):
    """Given `tokens` are a demand, and the line says what to write; without them all of it is read."""
    text = "The horse and the cart went to the market, and the cart came back. " * 40
    path = tmp_path / "text"
    path.write_text(text)
    all_of_it = corpus.read(config.TextFiles(source="text", path=path), model.tokenizer)
    n = len(model.tokenizer("".join(all_of_it["text"].to_pylist()), add_special_tokens=False)["input_ids"])
    with pytest.raises(
        IngestError, match=rf"50,000 tokens are asked for, but the source 'text' holds {n:,} .*tokens = {n}, or"
    ):
        corpus.read(config.TextFiles(source="text", path=path, tokens=50_000), model.tokenizer)
    again = corpus.read(config.TextFiles(source="text", path=path, tokens=n), model.tokenizer)
    assert again.equals(all_of_it)


def tales(folder: Path) -> Path:
    """A dataset of two splits; a row without text, and one with a NUL character."""
    folder.mkdir()
    rows = [f"Tale {i} is about a horse, a cart, and the number {i * i}." for i in range(600)]
    pq.write_table(
        pa.table({"story": [*rows[:299], None, "a\0b", *rows[299:]], "n": range(602)}), folder / "train-00000.parquet"
    )
    pq.write_table(pa.table({"story": ["A test."], "n": [1]}), folder / "test-00000.parquet")
    return folder


def test_a_folder_of_data_files_is_streamed_like_a_dataset(tmp_path: Path, model, capfd):
    """With the network off, the call that reads the hub reads a folder; the run file's place says where it lies."""
    tales(tmp_path / "tales")
    run = "[corpus]\nsource = 'huggingface'\ndataset = './tales'\nfield = 'story'\ntokens = 3000\n[[models]]\nname = 'm'\n"
    (tmp_path / "run.toml").write_text(
        run + "load = 'demo:tiny-1l'\n[[spaces]]\nname='s'\nmodel='m'\nkind='neurons'\nhook='blocks.0.mlp.hook_post'\n"
    )
    spec = config.read(tmp_path / "run.toml")[0].corpus
    assert isinstance(spec, config.HuggingFace)
    found = list(corpus.documents(spec))
    assert len(found) == 600
    assert [d.source for d in found[297:301]] == [f"tales:train:{i}" for i in (297, 298, 301, 302)]
    assert [d.text for d in found] == [
        f"Tale {i} is about a horse, a cart, and the number {i * i}." for i in range(600)
    ]
    passages = corpus.read(spec, model.tokenizer)
    assert 100 < passages.num_rows < 600
    assert passages.equals(corpus.read(spec, model.tokenizer))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"split": "dev"}, r"split 'dev': Bad split: dev. Available splits: \['train', 'test'\]"),
        ({"config": "big"}, r"config 'big', .*Available: \['default'\]"),
        ({"field": "text"}, "has no field 'text'; it has 'story', 'n'"),
        ({"field": "n"}, "holds no text in 'n': row 0 is 0"),
        ({"dataset": "nowhere"}, "has no data files that can be read"),
    ],
)
def test_a_dataset_that_is_not_what_was_asked_for(tmp_path: Path, changed: dict[str, str], said: str):
    asked = {"dataset": "tales", "field": "story"} | changed
    tales(tmp_path / "tales")
    spec = config.HuggingFace(source="huggingface", **asked | {"dataset": str(tmp_path / asked["dataset"])})
    with pytest.raises(IngestError, match=said) as caught:
        list(corpus.documents(spec))
    assert "\n" not in str(caught.value)


def test_a_broken_file_of_a_dataset(tmp_path: Path):
    folder = tales(tmp_path / "tales")
    content = (folder / "train-00000.parquet").read_bytes()
    (folder / "train-00000.parquet").write_bytes(content[:4] + b"\0" * 400 + content[404:])
    with pytest.raises(IngestError, match="cannot be read on") as caught:
        list(corpus.documents(config.HuggingFace(source="huggingface", dataset=str(folder), field="story")))
    assert "\n" not in str(caught.value)


HUB = """
import json, sys
from ingest.errors import IngestError
from ingest.sources import hugging_face
from ingest.sources.settings import HuggingFace
for asked in json.loads(sys.argv[1]):
    try:
        print(json.dumps([d.source for d in hugging_face.read(HuggingFace(source="huggingface", **asked))]))
    except IngestError as error:
        print(error)
"""


def hub(tmp_path: Path, asked: list[dict[str, str]], **environment: str) -> list[str]:
    """What a process that reads the hub at HF_ENDPOINT makes of each: its documents' names, or why it was refused."""
    environment = os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"} | environment
    command = [sys.executable, "-c", HUB, json.dumps(asked)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_dataset_is_streamed_from_a_hub(tmp_path: Path):
    """A hub on this machine: the branch is looked up, and the commit that it stands at is what is read."""
    asked = [
        {"dataset": "lab/tales", "field": "story"},
        {"dataset": "lab/tales", "field": "story", "split": "test", "revision": hub_datasets.COMMIT},
        {"dataset": "lab/tales", "field": "story", "revision": "v2"},
        {"dataset": "lab/none"},
        {"dataset": "lab/gated"},
    ]
    with hub_datasets.serve({"lab/tales": tales(tmp_path / "tales")}) as (url, requests):
        train, test, revision, none, gated = hub(tmp_path, asked, HF_ENDPOINT=url)
    assert json.loads(train) == [f"lab/tales:train:{i}" for i in range(602) if i not in (299, 300)]
    assert json.loads(test) == ["lab/tales:test:0"]
    assert f"GET /datasets/lab/tales/resolve/{hub_datasets.COMMIT}/train-00000.parquet" in requests
    assert not [request for request in requests if "/main" in request]
    assert revision == "corpus: dataset 'lab/tales' has no revision 'v2'; give a branch, tag or commit"
    assert "dataset 'lab/none' is not on the Hugging Face hub, or is private; look for its name" in none
    assert "dataset 'lab/gated' is gated; ask for access on its page" in gated


def test_no_network_is_one_line(tmp_path: Path):
    (line,) = hub(tmp_path, [{"dataset": "lab/tales"}], HF_ENDPOINT="http://127.0.0.1:9")
    assert "dataset 'lab/tales' cannot be reached (ConnectError" in line
    (line,) = hub(tmp_path, [{"dataset": "lab/tales"}], HF_HUB_OFFLINE="1")
    assert "cannot be reached (OfflineModeIsEnabled" in line
    assert "read files that are here" in line

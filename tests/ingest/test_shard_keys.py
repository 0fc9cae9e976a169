"""What a shard is named by: everything that its activations depend on, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ingest import activations, encoding, models, tokens
from ingest.activations import Space
from ingest.config import ModelSpec, SaeSpec
from ingest.workspace import Workspace

SENTENCES = ("The river runs to the sea. ", "A stone lies in the sun! ", "Who asked the old king? ", "Nobody knows. ")


def text(n: int) -> pa.Table:
    """Passages of different lengths."""
    texts = ["".join(SENTENCES[(i * i + j) % 4] for j in range(1 + i % 5)) for i in range(n)]
    return pa.table({"passage_id": np.arange(n, dtype=np.int32), "text": texts})


@pytest.fixture(scope="module")
def space() -> Space:
    model = models.load(ModelSpec(name="m", load="demo:tiny-1l"))
    return activations.load_space(
        SaeSpec(name="s", model="m", kind="sae", path=models.DEMO / "saes" / "tiny-1l.0"), model
    )


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], int]]:
    """(spaces, passages) of each shard that was read since."""
    seen, real = [], encoding.read

    def counted(network, encoders, table, ends, advance):
        seen.append(([*encoders], len(ends) - 1))
        return real(network, encoders, table, ends, advance)

    monkeypatch.setattr(encoding, "read", counted)
    monkeypatch.setattr(activations, "SHARD", 8)
    return seen


def collected(spaces: list[Space], passages: pa.Table, work: Workspace) -> dict[str, list[Path]]:
    return activations.collect(spaces, tokens.read(spaces[0].model, passages), passages, work)


def test_a_corpus_that_grows_keeps_the_shards_of_the_passages_it_had(space, read, tmp_path):
    work = Workspace(tmp_path / "w")
    before = collected([space], text(20), work)["s"]
    after = collected([space], text(30), work)["s"]
    assert read == [(["s"], 8), (["s"], 8), (["s"], 4), (["s"], 8), (["s"], 6)]
    assert after[:2] == before[:2]
    assert not set(after[2:]) & set(before)
    fresh = Workspace(tmp_path / "fresh")
    again = collected([space], text(30), fresh)["s"]
    n = tokens.read(space.model, text(30)).num_rows
    one, other = activations.load(after, n, work), activations.load(again, n, fresh)
    assert (one.matrix != other.matrix).nnz == 0
    assert one.variance_explained == other.variance_explained


def test_a_space_that_is_added_is_all_that_is_read_and_one_that_is_removed_takes_nothing_along(space, read, tmp_path):
    work, passages, other = Workspace(tmp_path / "w"), text(20), replace(space, name="t", weights="others")
    first = collected([space], passages, work)
    assert collected([space, other], passages, work)["s"] == first["s"]
    assert read[3:] == [(["t"], 8), (["t"], 8), (["t"], 4)]
    collected([space], passages, work)
    collected([other], passages, work)
    first["s"][1].unlink()
    collected([other, space], passages, work)
    assert read[6:] == [(["s"], 8)]


CHANGES = {
    "weights of the dictionary": lambda s: replace(s, weights="x"),
    "hook": lambda s: replace(s, hook="blocks.0.hook_resid_pre"),
    "weights of the model": lambda s: replace(s, model=replace(s.model, weights="x")),
    "tokenizer": lambda s: replace(s, model=replace(s.model, vocabulary="x")),
    "BOS": lambda s: replace(s, model=replace(s.model, prefix=())),
    "EOS": lambda s: replace(s, model=replace(s.model, suffix=s.model.prefix)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_changed_is_never_served_from_an_old_shard(what, space, read, tmp_path):
    work = Workspace(tmp_path / "w")
    names = {path.name for path in collected([space], text(20), work)["s"]}
    others = {path.name for path in collected([CHANGES[what](space)], text(20), work)["s"]}
    assert len(names) == len(others) == 3
    assert not names & others


@pytest.mark.parametrize("column", ["token_id", "char_start", "char_end", "is_special", "passage_id"])
def test_a_token_that_is_cut_or_marked_otherwise_changes_its_shard(column, space, read, tmp_path):
    work, passages = Workspace(tmp_path / "w"), text(20)
    table = tokens.read(space.model, passages)
    values = table[column].to_pylist()
    row = int(np.searchsorted(table["passage_id"].to_numpy(), 9))  # the BOS of a passage of the second shard
    values[row] = not values[row] if column == "is_special" else values[row] + (-1 if column == "passage_id" else 1)
    changed = table.set_column(table.column_names.index(column), column, pa.array(values, table[column].type))
    one, other = (activations.collect([space], rows, passages, work)["s"] for rows in (table, changed))
    assert [a == b for a, b in zip(one, other, strict=True)] == [True, False, True]


def test_a_text_that_gives_the_same_tokens_changes_its_shard(space, read, tmp_path):
    """A tokenizer that lower-cases would give one; the words of concepts are looked for in the text."""
    work, passages = Workspace(tmp_path / "w"), text(20)
    table = tokens.read(space.model, passages)
    texts = passages["text"].to_pylist()
    texts[17] = texts[17].lower()
    changed = passages.set_column(1, "text", pa.array(texts))
    one, other = (activations.collect([space], table, some, work)["s"] for some in (passages, changed))
    assert [a == b for a, b in zip(one, other, strict=True)] == [True, True, False]


@pytest.mark.parametrize("constant", ["SHARD", "FORMAT", "BATCHING"])
def test_how_shards_are_made_is_in_their_names(constant, space, read, tmp_path, monkeypatch):
    work = Workspace(tmp_path / "w")
    names = {path.name for path in collected([space], text(20), work)["s"]}
    monkeypatch.setattr(activations, constant, {"SHARD": 7, "FORMAT": 99, "BATCHING": (1, 2, 3, 4)}[constant])
    assert not names & {path.name for path in collected([space], text(20), work)["s"]}

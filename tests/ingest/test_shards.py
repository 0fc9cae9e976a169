"""Shards of sparse activations: what is written is what is read, whole or by blocks; or the damage is named."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import activations, concepts, features, shards
from ingest.activations import Block, Space
from ingest.errors import IngestError
from ingest.models import Model
from ingest.workspace import Workspace

TOKENS, FEATURES = 90, 12
CUTS = (0, 30, 40, 40, 90)
"""Token indices where shards begin and end: one of them holds no token."""


def world(seed: int) -> np.ndarray:
    """float32 of shape (token, feature): feature 3 fires nearly always, 5 and the last never; a shard without any."""
    rng = np.random.default_rng(seed)
    rate = rng.choice([0.02, 0.1, 0.4], FEATURES)
    rate[[3, 4, 5, -1]] = 0.95, 0.02, 0, 0
    values = np.where(rng.random((TOKENS, FEATURES)) < rate, rng.exponential(1, (TOKENS, FEATURES)) + 0.01, 0)
    values[30:40] = 0
    return np.round(values, 1 if seed % 2 else 6).astype(np.float32)


def stored(values: np.ndarray, folder: Path, monkeypatch: pytest.MonkeyPatch, rows: int = 16) -> list[Path]:
    """The values in shards, each shard's in a random order, in small row groups."""
    monkeypatch.setitem(shards.LAYOUT, "row_group_size", rows)
    work, paths = Workspace(folder), []
    for number, (begin, end) in enumerate(pairwise(CUTS)):
        token, feature = values[begin:end].nonzero()
        order = np.random.default_rng(number).permutation(len(token))
        token, feature = token[order] + begin, feature[order]
        moments = {"n": 1, "squares": 5.0, "residual": 1.0, "sums": [float(number)]}
        paths.append(work.path("sparse", f"s-{number}", "0"))
        shards.write(work, paths[-1], token, feature, values[token, feature], FEATURES, moments)
    return paths


def tokens() -> pa.Table:
    """Ten passages of nine tokens, the first of each special."""
    index = np.arange(TOKENS)
    return pa.table(
        {
            "passage_id": pa.array((index // 9).astype(np.int32)),
            "text": [f"t{i % 7}" for i in index],
            "is_special": index % 9 == 0,
        }
    )


SPACE = Space("s", "imported", Model("m", "tokens:x", "", "", None, None), None, "x", "", None, None, np.eye(FEATURES))


def described(paths: list[Path], work: Workspace, limit: int) -> dict[str, list[dict]]:
    """Every table of the space, its parts put together."""
    found: dict[str, list[dict]] = {}
    blocks = activations.blocks(paths, work, limit)
    for part in features.describe(SPACE, blocks, 0.5, tokens()):
        for name, table in part.items():
            found.setdefault(name, []).extend(table.to_pylist())
    ordinary = ~tokens()["is_special"].to_numpy(zero_copy_only=False)
    rows = features.activation_rows(SPACE, activations.blocks(paths, work, limit), ordinary)
    found["activations"] = [row for part in rows for row in part.to_pylist()]
    marked = {"even": np.arange(0, TOKENS, 2), "seven": np.arange(7, TOKENS, 9), "none": np.zeros(0, np.int64)}
    shares = concepts.shares("s", activations.blocks(paths, work, limit), ordinary, marked)
    found["concept_features"] = shares.to_pylist()
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_matrix_is_what_was_written(seed, tmp_path, monkeypatch):
    values = world(seed)
    found = activations.load(stored(values, tmp_path, monkeypatch), TOKENS, Workspace(tmp_path))
    np.testing.assert_array_equal(found.matrix.toarray(), values)
    assert found.matrix.has_sorted_indices
    # 4 shards: n = 4, squares 20, residual 4, sums 0 + 1 + 2 + 3
    assert found.variance_explained == round(1 - 4 / (20 - 36 / 4), 4)


def test_a_shard_is_sorted_and_its_row_groups_say_which_features_they_hold(tmp_path, monkeypatch):
    path = stored(world(0), tmp_path, monkeypatch)[0]
    rows = pq.read_table(path).to_pydict()
    keys = list(zip(rows["feature"], rows["token_index"], strict=True))
    assert keys == sorted(set(keys))
    metadata = pq.read_metadata(path)
    assert metadata.num_row_groups > 3
    bounds = [metadata.row_group(i).column(1).statistics for i in range(metadata.num_row_groups)]
    assert [(b.min, b.max) for b in bounds] == [
        (min(part), max(part)) for part in (rows["feature"][i : i + 16] for i in range(0, len(keys), 16))
    ]


@pytest.mark.parametrize("rows", [5, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_blocks_are_the_matrix_and_hold_no_more_than_the_limit(seed, rows, tmp_path, monkeypatch):
    values = world(seed)
    paths = stored(values, tmp_path, monkeypatch, rows)
    for limit in (1, 2, 6, 19, 40, 83, 84, 85, 150, 10_000):
        blocks_are(values, list(activations.blocks(paths, Workspace(tmp_path), limit)), limit)


def blocks_are(values: np.ndarray, blocks: list[Block], limit: int) -> None:
    found, first = np.zeros_like(values), 0
    for block in blocks:
        assert block.first == first
        assert len(block.value) <= limit or block.n_features == 1
        assert block.n_features >= 1
        found[block.token, block.first + block.feature] = block.value
        for feature in range(block.n_features):
            assert np.all(np.diff(block.token[block.indptr[feature] : block.indptr[feature + 1]]) > 0)
        first += block.n_features
        if first < FEATURES:  # the next feature would not have fitted
            assert len(block.value) + (values[:, first] > 0).sum() > limit
    assert first == FEATURES
    np.testing.assert_array_equal(found, values)


def test_no_block_has_more_features_than_it_may(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "FEATURES", 5)
    paths = stored(world(0), tmp_path, monkeypatch)
    assert [block.n_features for block in activations.blocks(paths, Workspace(tmp_path))] == [5, 5, 2]


@pytest.mark.parametrize("seed", range(2))
def test_tables_are_the_same_in_blocks_of_any_size(seed, tmp_path, monkeypatch):
    paths, work = stored(world(seed), tmp_path, monkeypatch), Workspace(tmp_path)
    whole = described(paths, work, 10_000)
    ordinary = np.arange(TOKENS) % 9 > 0
    assert [row["n_active"] for row in whole["features"]] == (world(seed)[ordinary] > 0).sum(0).tolist()
    assert len(whole["concept_features"]) > 5
    for limit in (1, 7, 40, 100, 300):
        assert described(paths, work, limit) == whole


def test_a_feature_table_by_hand(tmp_path, monkeypatch):
    """Feature 3 of two tokens of one passage and one special token."""
    values = np.zeros((TOKENS, FEATURES), np.float32)
    values[0, 3], values[1, 3], values[8, 3] = 4, 3, 1
    found = described(stored(values, tmp_path, monkeypatch), Workspace(tmp_path), 2)
    assert [row["n_active"] for row in found["features"]] == [0, 0, 0, 2, *[0] * 8]
    row = found["features"][3]
    assert (row["feature"], row["max_activation"], row["mean_activation"], row["special_share"]) == (3, 3, 2, 0.5)
    # tokens 1 and 8 are both called t1
    assert (row["top_token"], row["top_token_share"], row["decoder_norm"]) == ("t1", 1, 1)
    assert {(r["stratum"], r["token_index"], r["activation"]) for r in found["examples"]} == {
        ("q2", 8, 1), ("q5", 1, 3), ("random", 1, 3), ("random", 8, 1), ("top", 1, 3)
    }  # fmt: skip
    assert [(r["feature"], r["token_index"], r["activation"]) for r in found["activations"]] == [(3, 1, 3), (3, 8, 1)]
    assert found["spaces"][0]["n_features"] == FEATURES
    assert (found["spaces"][0]["n_alive"], found["spaces"][0]["l0"]) == (1, 2 / 80)


@pytest.mark.parametrize("seed", range(2))
def test_a_flipped_bit_is_found_or_changes_nothing(seed, tmp_path, monkeypatch):
    """Every byte of a shard in turn loses or gains one bit: never a wrong number, never a traceback."""
    values, rng = world(0), np.random.default_rng(seed)
    paths, work = stored(values, tmp_path, monkeypatch, 64), Workspace(tmp_path)
    whole, lines = paths[0].read_bytes(), list[str]()
    for place in range(seed, len(whole), 5):
        broken = bytearray(whole)
        broken[place] ^= 1 << int(rng.integers(8))
        paths[0].write_bytes(broken)
        try:
            loaded = activations.load(paths, TOKENS, work)
            blocks = list(activations.blocks(paths, work, 50))
        except IngestError as error:
            lines.append(str(error))
            continue
        np.testing.assert_array_equal(loaded.matrix.toarray(), values)
        assert loaded.variance_explained == round(1 - 4 / 11, 4)
        np.testing.assert_array_equal(np.concatenate([b.value for b in blocks]), values.T[values.T > 0])
    assert all(line.startswith(f"{paths[0]} is damaged (") and "\n" not in line for line in lines)
    assert len(lines) > len(whole) / 7  # the rest says what nobody reads


@pytest.mark.parametrize("left", [0, 3, 100, -1])
def test_a_shard_cut_short_is_named(left, tmp_path, monkeypatch):
    paths, work = stored(world(0), tmp_path, monkeypatch), Workspace(tmp_path)
    paths[1].write_bytes(paths[0].read_bytes()[:left])
    with pytest.raises(IngestError, match=r"s-1-0\.parquet is damaged .*; delete that file and run the same command"):
        activations.load(paths, TOKENS, work)
    with pytest.raises(IngestError, match=r"s-1-0\.parquet is damaged"):
        next(activations.blocks(paths, work))

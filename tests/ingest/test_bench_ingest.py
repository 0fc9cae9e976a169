"""The parts of the benchmark of ingest that need no second environment, at toy size: so that it measures what it says."""

import itertools

import numpy as np
import pytest
import torch

from ingest import config
from ingest.sources import stories
from tests.bench import ingest_features, ingest_inputs, ingest_read, sae_dashboard_env
from tests.bench.ingest_features import BEFORE, BEHIND, SPACE, agreement, one_a_passage
from tests.bench.ingest_inputs import CONTEXT, MODEL, SAES

PASSAGES = 24


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "stories.txt"
    path.write_text(" ".join(story.text for story in itertools.islice(stories.read(0), 400)))
    return config.TextFiles(source="text", path=path, tokens=PASSAGES * CONTEXT, context_tokens=CONTEXT)


@pytest.fixture(scope="module")
def made(text, tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    return ingest_features.make(ingest_inputs.write(folder, PASSAGES * CONTEXT // 2, True, text), folder / "store")


@pytest.fixture(scope="module")
def dense(made):
    """float32 of shape (passage, position, feature): what the SAE does, special tokens apart."""
    ids = torch.from_numpy(ingest_inputs.ids_of(made.read))
    hook, space = str(made.read.spaces[SPACE].hook), made.read.spaces[SPACE]
    with torch.inference_mode():
        _, cache = space.model.network.hooked.run_with_cache(ids)
        features = space.dictionary.encode(cache[hook]).numpy().copy()
    features[:, 0] = 0
    return features


def test_the_bare_loop_reads_the_tokens_of_the_run(text, tmp_path):
    whole = ingest_inputs.read(ingest_inputs.write(tmp_path, 500, False, text), tmp_path / "store")
    expected = np.sort(whole.tokens[MODEL]["token_id"].to_numpy())
    for size in (3, 64):
        made = ingest_read.batches(whole, size)
        assert max(len(ids) for ids, _ in made) <= size
        got = torch.cat([ids[real] for ids, real in made]).numpy()
        np.testing.assert_array_equal(np.sort(got), expected)
    found = ingest_read.compare(whole, SAES[:2], rounds=1, sizes=(2, 4))
    assert found.tokens == len(expected)
    assert found.share == pytest.approx(found.bare / found.read)
    assert found.size in (2, 4)
    assert found.rows in ingest_read.ROWS


def test_passages_are_full(made, dense):
    assert dense.shape[:2] == (PASSAGES // 2, CONTEXT)
    np.testing.assert_array_equal(ingest_features.fired(made), (dense > 0).sum((0, 1)))


@pytest.mark.parametrize("ends", [False, True])
def test_examples_agree_with_the_obvious_ones(made, dense, tmp_path, ends):
    """`theirs` are the 20 strongest tokens that `sae-dashboard` may show, found by sorting all of them."""
    first, last = (BEFORE, CONTEXT - BEHIND) if ends else (0, CONTEXT)
    files = ingest_features.under_its_rules(made, tmp_path) if ends else made.files
    ours = ingest_features.tops(made, files)
    kinds = []
    for feature in np.flatnonzero((dense[:, first:last] > 0).sum((0, 1)))[::3]:
        values = dense[:, first:last, feature]
        strongest = np.argsort(-values.ravel(), kind="stable")[:20]
        rows, columns = np.unravel_index(strongest, values.shape)
        found = (rows.tolist(), (columns + first).tolist(), values[rows, columns].tolist())
        theirs = one_a_passage(zip(*found, strict=True))
        assert len(theirs) == min(len(set(rows[values[rows, columns] > 0])), 20)
        kinds.append(agreement(ours[int(feature)], theirs))
        moved = [(passage, position + 1, value) for passage, position, value in theirs]
        assert agreement(ours[int(feature)], moved) != "same"
    assert len(kinds) > 100
    assert kinds.count("same") + kinds.count("tied") == len(kinds)
    assert kinds.count("same") > 0.9 * len(kinds)


def test_agreement_by_hand():
    ours = [(0, 7, 3.0), (1, 8, 2.0), (2, 9, 1.0)]
    assert agreement(ours, ours[:2]) == "same"
    assert agreement(ours, [(0, 7, 3.0001), (1, 8, 2.0)]) == "same"
    assert agreement(ours, [(0, 7, 3.0), (5, 8, 2.0)]) == "tied"
    assert agreement(ours, [(0, 7, 3.0), (5, 8, 1.9)]) == "differ"
    assert agreement(ours, [(0, 7, 2.0), (1, 8, 3.0)]) == "differ"
    assert agreement(ours[:1], ours[:2]) == "differ"
    assert one_a_passage([(0, 9, 2.0), (1, 7, 1.0), (0, 8, 2.0), (0, 7, 1.5), (2, 7, 0.0)]) == [
        (0, 8, 2.0),
        (1, 7, 1.0),
    ]


def test_bytes_an_activation(made, dense):
    size = ingest_features.bytes_per_activation(made)
    assert size["activations"] == (dense > 0).sum()
    assert size["database"] > size["table"] > 0
    assert 1 < size["shards"] < 12


def test_why_there_is_nothing_to_compare_with():
    with pytest.raises(sae_dashboard_env.NotInstalled, match="could not be installed: ERROR: no such thing"):
        sae_dashboard_env.check(["sh", "-c", "echo WARNING: old >&2; echo ERROR: no such thing >&2; exit 1"])

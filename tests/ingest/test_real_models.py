"""The job on the demo's own models: fast paths against the obvious ones."""

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import torch

from ingest import activations, config, corpus, features, logits, models, run, shards, tokens
from ingest.workspace import Workspace

CHECKPOINTS = models.DEMO
RUN = f"""
[corpus]
source = "stories"
tokens = 4000

[scores]
permutations = 19

[[models]]
name = "m1"
load = "demo:tiny-1l"

[[models]]
name = "m2"
load = "demo:tiny-2l"

[[spaces]]
name = "s1"
model = "m1"
kind = "sae"
path = "{CHECKPOINTS}/saes/tiny-1l.0"

[[spaces]]
name = "s2"
model = "m2"
kind = "sae"
path = "{CHECKPOINTS}/saes/tiny-2l.1"
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    path = tmp_path_factory.mktemp("real") / "run.toml"
    path.write_text(RUN)
    return config.read(path)


@pytest.fixture(scope="module")
def store(job, tmp_path_factory):
    out = tmp_path_factory.mktemp("real") / "store"
    return out, run.run(*job, out)


def rows(folder: Path, sql: str) -> list[tuple]:
    with duckdb.connect(folder / "homolog.duckdb", read_only=True) as database:
        return database.execute(sql).fetchall()


@pytest.fixture(scope="module")
def space(job):
    spec = job[0]
    model = models.load(spec.models[1])
    passages = corpus.read(spec.corpus, model.tokenizer)
    return activations.load_space(spec.spaces[1], model), passages, tokens.read(model, passages)


@pytest.fixture(scope="module")
def dense(space):
    """One passage at a time, no padding, no sparsity: float32 of shape (token, feature)."""
    loaded, _, table = space
    ids, passage = table["token_id"].to_numpy(), table["passage_id"].to_numpy()
    parts = []
    with torch.inference_mode():
        for p in np.unique(passage):
            _, cache = loaded.model.network.hooked.run_with_cache(
                torch.from_numpy(ids[passage == p].astype(np.int64))[None]
            )
            parts.append(loaded.dictionary.sae.encode(cache[loaded.hook][0]))
    return torch.cat(parts).numpy(), passage


def test_shards_hold_what_one_passage_at_a_time_gives(space, dense, tmp_path):
    loaded, passages, table = space
    paths = activations.collect([loaded], table, passages, Workspace(tmp_path / "w"))[loaded.name]
    found = activations.load(paths, table.num_rows, Workspace(tmp_path / "w"))
    expected, _ = dense
    both = (found.matrix.toarray() > 0) & (expected > 0)
    np.testing.assert_allclose(found.matrix.toarray()[both], expected[both], rtol=1e-3, atol=1e-4)
    # JumpReLU is a step: rounding may put single values on either side of the threshold
    assert both.sum() / (expected > 0).sum() > 0.999


def test_variance_explained_against_one_dense_pass(space, tmp_path):
    loaded, passages, table = space
    paths = activations.collect([loaded], table, passages, Workspace(tmp_path / "w"))[loaded.name]
    found = activations.load(paths, table.num_rows, Workspace(tmp_path / "w")).variance_explained
    ids, passage = table["token_id"].to_numpy().astype(np.int64), table["passage_id"].to_numpy()
    with torch.inference_mode():
        parts = [torch.from_numpy(ids[passage == p])[None] for p in np.unique(passage)]
        x = torch.cat([loaded.model.network.hooked.run_with_cache(part)[1][loaded.hook][0, 1:] for part in parts])
        residual = x - loaded.dictionary.sae.decode(loaded.dictionary.sae.encode(x))
    total = (x - x.mean(0)).double().square().sum()
    assert found == pytest.approx(float(1 - residual.double().square().sum() / total), abs=1e-4)


def test_feature_tables_against_loops(space, dense, tmp_path):
    loaded, _, table = space
    whole, passage = dense
    work, path = Workspace(tmp_path / "w"), tmp_path / "w" / "shards" / "dense.parquet"
    token, feature = whole.nonzero()
    shards.write(work, path, token, feature, whole[token, feature], whole.shape[1])
    parts = list(features.describe(loaded, activations.blocks([path], work, 20_000), None, table))
    assert len(parts) > 3
    tables = {name: pa.concat_tables(part[name] for part in parts[:-1]) for name in parts[0]}
    special = table["is_special"].to_numpy(zero_copy_only=False)
    texts = np.array(table["text"].to_pylist(), dtype=object)
    by_feature = {row["feature"]: row for row in tables["features"].to_pylist()}
    examples, top_tokens = tables["examples"].to_pylist(), tables["feature_tokens"].to_pylist()
    for feature in range(0, whole.shape[1], 97):
        row, values = by_feature[feature], np.where(special, 0, whole[:, feature])
        fired = np.flatnonzero(values)
        assert row["n_active"] == len(fired)
        if not len(fired):
            assert row["max_activation"] is row["top_token"] is row["token_entropy_bits"] is None
            continue
        assert row["max_activation"] == values.max()
        assert row["mean_activation"] == pytest.approx(values[fired].mean(), rel=1e-6)
        mass = {t: float(values[texts == t].astype(float).sum()) for t in set(texts[fired])}
        share = {t: m / sum(mass.values()) for t, m in mass.items()}
        assert row["top_token_share"] == pytest.approx(max(share.values()))
        assert row["token_entropy_bits"] == pytest.approx(-sum(s * np.log2(s) for s in share.values()), abs=1e-9)
        assert row["special_share"] == pytest.approx(whole[special, feature].sum() / whole[:, feature].sum(), abs=1e-6)
        assert sum(t["mass_share"] for t in top_tokens if t["feature"] == feature) == pytest.approx(
            sum(sorted(share.values())[-20:])
        )
        best = sorted(((values[passage == p].max(), -p) for p in np.unique(passage[fired])), reverse=True)[:20]
        top = [e for e in examples if e["feature"] == feature and e["stratum"] == "top"]
        assert [(e["activation"], -e["passage_id"]) for e in sorted(top, key=lambda e: e["rank"])] == best
        for example in (e for e in examples if e["feature"] == feature and e["stratum"].startswith("q")):
            q = int(example["stratum"][1])
            assert (q - 1) / 5 < example["activation"] / values.max() <= q / 5 + 1e-7
            assert values[example["token_index"]] == example["activation"]


def test_logits_are_the_decoder_row_through_the_gain_and_the_unembedding(space):
    loaded, *_ = space
    table = logits.of_features(loaded.name, logits.Direct.of(loaded), 5, 20).to_pylist()
    hooked, row = loaded.model.network.hooked, loaded.dictionary.decoder[11].double()
    effect = ((row - row.mean()) * hooked.ln_final.w.double()) @ hooked.W_U.double()
    effect -= effect.mean()
    assert {r["feature"] for r in table} == set(range(5, 20))
    found = [r for r in table if r["feature"] == 11]
    promoted = [r["value"] for r in found if r["side"] == "promoted"]
    suppressed = [r["value"] for r in found if r["side"] == "suppressed"]
    np.testing.assert_allclose(promoted, effect.sort(descending=True).values[:10].numpy(), rtol=1e-4)
    np.testing.assert_allclose(suppressed, effect.sort().values[:10].numpy(), rtol=1e-4)
    first = next(r for r in found if r["side"] == "promoted" and r["rank"] == 1)
    assert first["token"] == loaded.model.tokenizer.decode([int(effect.argmax())])


def test_special_tokens_are_in_no_activation_and_no_example(store):
    joined = "JOIN spaces USING (space) JOIN tokens t ON t.model = spaces.model AND t.token_index = x.token_index WHERE is_special"
    assert rows(store[0], f"SELECT count(*) FROM activations x {joined}") == [(0,)]
    assert rows(store[0], f"SELECT count(*) FROM examples x {joined}") == [(0,)]


def test_dead_features_have_nulls_and_no_match(store):
    dead = rows(store[0], "SELECT space, feature FROM features WHERE n_active = 0")
    assert dead
    assert rows(
        store[0],
        "SELECT count(*) FROM features WHERE n_active = 0 AND (max_activation, mean_activation, top_token) IS DISTINCT FROM (NULL, NULL, NULL)",
    ) == [(0,)]
    assert rows(
        store[0],
        "SELECT count(*) FROM matches JOIN features ON space = 's1' AND feature = feature_a WHERE n_active = 0",
    ) == [(0,)]


def test_a_changed_text_is_never_served_from_old_shards(job, store, tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(RUN.replace('source = "stories"', 'source = "stories"\nseed = 7'))
    out = shutil.copytree(store[0], tmp_path / "store")
    assert run.run(*job, out) == store[1]
    before = {p.name for p in (out / "shards").rglob("*.parquet")}
    assert run.run(*config.read(path), out) != store[1]
    assert not before & {p.name for p in (out / "shards").rglob("*.parquet")}
    assert rows(out, "SELECT count(*) FROM passages WHERE source LIKE 'stories:7:%'") > [(0,)]

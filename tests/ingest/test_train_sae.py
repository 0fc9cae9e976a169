"""`train-sae`: it learns, its report says what a slow recomputation says, and a killed training goes on."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy

from ingest import corpus, models
from ingest.__main__ import main
from ingest.config import ModelSpec, SaeSpec
from ingest.errors import IngestError
from ingest.training import config, report, text
from ingest.training.folder import CFG, INPUTS, LOG, REPORT, STATES, WEIGHTS
from ingest.training.job import _placed, _training, train
from ingest.training.text import Stream, Text
from tests.hub import BERT, PYTHIA_70M

HOOK = "blocks.0.hook_resid_post"
TRAIN = f"""
[corpus]
source = "stories"
tokens = 8_000
context_tokens = 64
[model]
name = "m"
load = "demo:tiny-1l"
[sae]
hook = "{HOOK}"
width = 64
k = 8
samples = 20_000
[training]
batch = 256
lr = 3e-3
buffer = 4096
[report]
held_out = 0.2
tokens = 800
"""
SPARSITY = {
    "standard": "l1_coefficient = 1.0",
    "gated": "l1_coefficient = 1.0",
    "jumprelu": "l0_coefficient = 0.3",
    "topk": "k = 8",
    "batchtopk": "k = 8",
    "matryoshka-batchtopk": "k = 8",
}
LEARNED = 0.4
"""Variance explained on held-out text: 0.47 to 0.72 after 20,000 activations, -0.39 before."""


def written(folder: Path, text: str = TRAIN) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.toml").write_text(text)
    return folder / "train.toml"


def of(architecture: str) -> str:
    return TRAIN.replace("k = 8", f'architecture = "{architecture}"\n{SPARSITY[architecture]}')


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    return config.read(written(tmp_path_factory.mktemp("train")))


@pytest.fixture(scope="module")
def model(job):
    return models.load(job.model)


@pytest.fixture(scope="module")
def held(job, model):
    return text.read(model, corpus.read(job.corpus, model.tokenizer), job.report.held_out)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Every architecture's folder, trained once through the command."""
    made: dict[str, Path] = {}

    def get(architecture: str) -> Path:
        if architecture not in made:
            folder = tmp_path_factory.mktemp("trained")
            made[architecture] = folder / "sae"
            assert main(["train-sae", str(written(folder, of(architecture))), "--out", str(folder / "sae")]) == 0
        return made[architecture]

    return get


@pytest.mark.parametrize("architecture", config.ARCHITECTURES)
def test_it_learns_and_a_run_file_reads_it_without_hints(architecture, trained, model, held, tmp_path):
    folder = trained(architecture)
    found = json.loads((folder / REPORT).read_text())
    assert found["variance_explained"] > LEARNED
    assert found["cross_entropy_recovered"] > 0.7
    assert 0 < found["l0"] < 64
    assert sorted(p.name for p in folder.iterdir()) == sorted([CFG, WEIGHTS, REPORT, INPUTS, LOG])

    spec = SaeSpec(name="s", model="m", kind="sae", path=folder)
    sae = models.load_sae(spec, model)
    assert (sae.hook, sae.n_features, sae.d_in) == (HOOK, 64, 128)
    said = json.loads((folder / CFG).read_text())
    assert (said["normalize_activations"], said["dtype"]) == ("none", "float32")
    expected = {"model_name": "tiny-1l", "hook_name": HOOK, "prepend_bos": True, "context_size": 64, "l0": found["l0"]}
    assert {key: said["metadata"][key] for key in expected} == expected

    job = config.read(written(tmp_path, of(architecture)))
    untrained = models.new_trainer(_placed(_training(job, model), job, model, held)).sae
    norm = next(Stream(model.network, HOOK, held, 1024, 1024, 0)(0)).norm(dim=1).mean()
    untrained.fold_activation_norm_scaling_factor(128**0.5 / float(norm))
    untrained.save_inference_model(tmp_path / "untrained")
    spec = spec.model_copy(update={"path": tmp_path / "untrained"})
    assert report.measure(models.load_sae(spec, model), model.network, held, 800).variance_explained < 0


def test_every_architecture_is_one_that_saelens_trains():
    from sae_lens.registry import SAE_TRAINING_CLASS_REGISTRY

    assert {name.replace("-", "_") for name in config.ARCHITECTURES} <= set(SAE_TRAINING_CLASS_REGISTRY)


def test_the_report_against_one_passage_at_a_time(trained, model, held):
    """Plain hooks, plain sums, no batches: every held-out passage that the report measures on."""
    found = json.loads((trained("batchtopk") / REPORT).read_text())
    sae, hooked = models.load_sae_folder(trained("batchtopk")), model.network.hooked
    n, active, x_all, rebuilt_all, fired, losses = (
        0,
        0,
        [],
        [],
        set(),
        {"clean": [], "with_sae": [], "zero_ablation": []},
    )
    for passage in np.flatnonzero(held.held_out):
        if n >= 800:
            break
        ids = torch.from_numpy(held.ids[held.ends[passage] : held.ends[passage + 1]]).long()[None]
        assert ids[0, 0] == 0  # BOS, and no other special token
        _, cache = hooked.run_with_cache(ids)
        x = cache[HOOK][0, 1:]
        features = sae.encode(x)
        n, active = n + len(x), active + int((features > 0).sum())
        fired |= set(torch.nonzero(features)[:, 1].tolist())
        x_all.append(x)
        rebuilt_all.append(sae.decode(features))
        for name, value in (("clean", x), ("with_sae", rebuilt_all[-1]), ("zero_ablation", torch.zeros_like(x))):
            spliced = torch.cat([cache[HOOK][:, :1], value[None]], dim=1)
            logits = hooked.run_with_hooks(ids, fwd_hooks=[(HOOK, lambda x, hook, spliced=spliced: spliced)])
            losses[name] += [float(cross_entropy(logits[0, i], ids[0, i + 1])) for i in range(len(x))]
    x, rebuilt = torch.cat(x_all).double(), torch.cat(rebuilt_all).double()
    explained = 1 - float((x - rebuilt).square().sum() / (x - x.mean(0)).square().sum())
    assert (found["tokens"], found["passages"], found["dead_features"]) == (n, len(x_all), 64 - len(fired))
    assert found["l0"] == pytest.approx(active / n, rel=1e-3)  # a threshold is a step: rounding may cross it
    assert found["variance_explained"] == pytest.approx(explained, abs=1e-3)
    means = {name: np.mean(values) for name, values in losses.items()}
    assert found["cross_entropy"] == {"tokens": n} | {name: pytest.approx(m, abs=1e-3) for name, m in means.items()}
    recovered = (means["zero_ablation"] - means["with_sae"]) / (means["zero_ablation"] - means["clean"])
    assert found["cross_entropy_recovered"] == pytest.approx(recovered, abs=1e-3)


def test_a_network_that_predicts_nothing_has_no_cross_entropy(trained, model, held):
    class Encoder(type(model.network)):
        def losses(self, *_):
            return None

    sae = models.load_sae(SaeSpec(name="s", model="m", kind="sae", path=trained("topk")), model)
    found = report.measure(sae, Encoder(model.network.hooked), held, 300)
    assert (found.cross_entropy, found.reason) == (None, "the model, as it is loaded, predicts no next token")
    assert found.l0 == 8
    assert "not measured" in "\n".join(report.lines(found.values({})))


def test_the_loop_is_saelens_fit_to_the_bit(job, model, held, tmp_path):
    how = replace(_placed(_training(job, model), job, model, held), samples=5_000)
    stream = Stream(model.network, HOOK, held, how.batch, 4096, 0)
    models.train_sae(how, stream, tmp_path / "ours")
    trainer = models.new_trainer(how)
    trainer.data_provider = stream(0)
    trainer.fit().save_inference_model(tmp_path / "theirs")
    ours, theirs = (load_file(tmp_path / name / WEIGHTS) for name in ("ours", "theirs"))
    assert set(ours) == set(theirs)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


class Numbered:
    """A network whose activation at a token is that token's id."""

    def read(self, ids, real, hooks):
        return {hooks[0]: ids[:, :, None].double()}


def test_the_stream_reads_every_ordinary_token_in_turn_and_goes_on_anywhere():
    lengths = np.random.default_rng(0).integers(2, 12, 80)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    ordinary = np.ones(ends[-1], bool)
    ordinary[ends[:-1]] = False
    held = Text(np.arange(ends[-1], dtype=np.int32), ordinary, ends, np.arange(80) % 5 == 0)
    stream = Stream(Numbered(), "h", held, batch=8, buffer=40, seed=3)
    inside = np.repeat(~held.held_out, lengths) & ordinary
    batches = [batch for batch, _ in zip(stream(0), range(400), strict=False)]
    assert {(tuple(b.shape), b.dtype) for b in batches} == {((8, 1), torch.float32)}
    seen = np.bincount(torch.cat(batches).flatten().long().numpy(), minlength=ends[-1])
    assert set(np.flatnonzero(seen)) == set(np.flatnonzero(inside))
    readings = 3200 / inside.sum()
    assert abs(seen[inside] - readings).max() <= readings / 3 + 2  # what a buffer leaves over is another rest each time
    assert not torch.equal(torch.cat(batches[:5]).sort(0).values, torch.cat(batches[-5:]).sort(0).values)
    for first in (1, 4, 5, 37, 399):
        assert torch.equal(next(stream(first)), batches[first])
    assert not torch.equal(next(replace(stream, seed=4)(0)), batches[0])


def test_a_passage_is_held_out_by_its_text_alone(job, model, held):
    passages = corpus.read(job.corpus, model.tokenizer)
    assert 0.1 < held.held_out.mean() < 0.3
    backwards = text.read(
        model,
        passages.take(list(range(passages.num_rows))[::-1]).set_column(0, "passage_id", passages["passage_id"]),
        0.2,
    )
    assert (backwards.held_out[::-1] == held.held_out).all()
    assert (text.read(model, passages, 0.5).held_out >= held.held_out).all()


def test_killed_it_goes_on_from_the_last_checkpoint_to_the_same_weights(tmp_path, capsys):
    path = written(tmp_path, TRAIN.replace("samples = 20_000", "samples = 60_000"))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main(["train-sae", str(path), "--out", str(whole)]) == 0
    command = [sys.executable, "-m", "ingest", "train-sae", str(path), "--out", str(killed)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(killed.glob(f"{STATES}/[0-9]*")):
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL, process.stderr.read()
    process.stderr.close()
    assert not (killed / CFG).exists()
    (state,) = killed.glob(f"{STATES}/[0-9]*")
    done = int(state.name)
    assert 6_000 <= done < 60_000
    assert main(["train-sae", str(path), "--out", str(killed)]) == 0
    left = 60_000 - done
    assert f"{left:,} samples" in " ".join((killed / LOG).read_text().split())
    for name in (WEIGHTS, CFG, REPORT, INPUTS):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert not (killed / STATES).exists()


def test_a_damaged_checkpoint_is_named(job, model, held, tmp_path):
    how = _placed(_training(job, model), job, model, held)
    how = replace(how, samples=2_000, checkpoints=(1_000,))
    stream = Stream(model.network, HOOK, held, how.batch, 4096, 0)
    models.train_sae(how, stream, tmp_path / "sae", tmp_path / "states")
    (state,) = (tmp_path / "states").iterdir()
    for name in ("trainer_state.pt", WEIGHTS):
        (state / name).write_bytes((state / name).read_bytes()[:100])
        with pytest.raises(IngestError, match=rf"checkpoint {state} is damaged \(.*\); delete it and run"):
            models.train_sae(how, stream, tmp_path / "sae", tmp_path / "states")


def test_a_finished_folder_is_left_as_it_is_and_other_inputs_are_refused(trained, tmp_path, capsys):
    folder = trained("batchtopk")
    path = written(tmp_path, of("batchtopk"))
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}
    capsys.readouterr()
    assert main(["train-sae", str(path), "--out", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "was finished before, from the same inputs; nothing was changed" in out
    assert "variance explained" in out
    for old, new, line in [
        ("width = 64", "width = 128", "is made with sae.width = 64, not 128; choose another folder"),
        ("tokens = 8_000", "tokens = 7_000", "is made with corpus.tokens = 8000, not 7000"),
        ("held_out = 0.2", "held_out = 0.3", "is made with report.held_out = 0.2, not 0.3"),
    ]:
        assert main(["train-sae", str(written(tmp_path, of("batchtopk").replace(old, new))), "--out", str(folder)]) == 2
        assert line in capsys.readouterr().err
    assert {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()} == before


def test_another_text_under_the_same_name_is_other_input(tmp_path, capsys):
    (tmp_path / "a.txt").write_text(
        " ".join(f"The {i} of {i * 7 % 11} arrays are sorted by axis {i % 3}." for i in range(500))
    )
    source = (
        TRAIN.replace('source = "stories"', 'source = "text"\npath = "a.txt"')
        .replace("20_000", "512")
        .replace("8_000", "5_000")
    )
    path, out = written(tmp_path, source), tmp_path / "sae"
    assert main(["train-sae", str(path), "--out", str(out)]) == 0
    (tmp_path / "a.txt").write_text((tmp_path / "a.txt").read_text().replace("axis 2", "axis 1"))
    assert main(["train-sae", str(path), "--out", str(out)]) == 2
    assert "is made with corpus.text = " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (HOOK, "blocks.7.hook_resid_post", "sae.hook: model 'm' has no hook 'blocks.7.hook_resid_post'; it has blocks.0.hook_resid_post,"),
        ("k = 8", 'architecture = "deep"', "sae.architecture: input should be 'standard', 'gated', 'jumprelu', 'topk', 'batchtopk' or 'matryoshka-batchtopk'; got 'deep'"),
        ("width = 64", "width = 0", "sae.width: input should be greater than 0; got 0"),
        ("width = 64", "", "sae: give width (features) or expansion"),
        ("width = 64", "width = 64\nexpansion = 4", "sae: give width (features) or expansion"),
        ("k = 8", "k = 65", "sae.k is 65, but the SAE has 64 features"),
        ("k = 8", 'architecture = "topk"\nk = 8.5', "sae.k of 'topk' is a whole number of features; got 8.5"),
        ("k = 8", "", "sae.k is missing; it sets how sparse 'batchtopk' becomes"),
        ("k = 8", 'architecture = "gated"\nk = 8', "sae.k means nothing to 'gated'; its sparsity is set by l1_coefficient"),
        ("k = 8", 'architecture = "matryoshka-batchtopk"\nnested = [32, 16]\nk = 8', "sae.nested has to ascend from 1 or more to less than the width, 64; got [32, 16]"),
        ("samples = 20_000", "samples = 100", "sae.samples is 100, less than one training.batch of 256"),
        ("tokens = 8_000", "tokens = 100", "corpus: too short, with"),
        ("buffer = 4096", "bufer = 4096", "training.bufer is not a key; the keys here are batch, lr, warm_up, decay"),
        ("[report]", "[reports]", "reports is not a key; the keys here are corpus, model, sae, training, report"),
        ("lr = 3e-3", "lr = -1", "training.lr: input should be greater than 0; got -1"),
        ('"demo:tiny-1l"', '"demo:huge"', "there is no demo model 'huge'; demo models: tiny-1l, tiny-2l"),
        ('source = "stories"', 'source = "books"', "source has to be one of installed-docs, stories"),
        ("[corpus]", "[corpus", "is not a readable TOML file"),
    ],
)  # fmt: skip
def test_bad_input(old, new, line, tmp_path, capsys):
    assert old in TRAIN
    path, out = written(tmp_path, TRAIN.replace(old, new, 1)), tmp_path / "sae"
    assert main(["train-sae", str(path), "--out", str(out)]) == 2
    captured = capsys.readouterr()
    assert line in captured.err
    assert (captured.out, captured.err.count("\n"), out.exists()) == ("", 1, False)


def test_folders_of_others_are_refused(job, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(IngestError, match="is a file; --out wants a folder"):
        train(job, tmp_path / "file")
    with pytest.raises(IngestError, match=r"is not the folder of a training: it holds 'cfg.json'; choose"):
        train(job, models.DEMO / "saes" / "tiny-1l.0")


def test_no_training_file_and_the_example(tmp_path, capsys):
    assert main(["train-sae", str(tmp_path / "none.toml"), "--out", str(tmp_path / "sae")]) == 2
    assert (
        f"there is no training file {tmp_path / 'none.toml'}; an example is {config.EXAMPLE}" in capsys.readouterr().err
    )
    example = config.read(Path(__file__).parents[2] / config.EXAMPLE)
    assert (example.sae.architecture, example.sae.width, example.training.batch) == ("batchtopk", 512, 1024)


def test_a_run_compares_it_with_a_random_sae_like_it(trained, tmp_path):
    spaces = "".join(
        f'[[spaces]]\nname = "{name}"\nmodel = "m"\nkind = "{kind}"\n{which}\n'
        for name, kind, which in [
            ("mine", "sae", f'path = "{trained("topk")}"'),
            ("floor", "random_sae", 'like = "mine"'),
        ]
    )
    (tmp_path / "run.toml").write_text(
        '[corpus]\nsource = "stories"\ntokens = 1500\ncontext_tokens = 64\n[[models]]\nname = "m"\nload = "demo:tiny-1l"\n'
        f'{spaces}[[comparisons]]\na = "mine"\nb = "floor"\n[scores]\npermutations = 19\n'
    )
    assert main(["run", str(tmp_path / "run.toml"), "--out", str(tmp_path / "store")]) == 0
    with duckdb.connect(tmp_path / "store" / "homolog.duckdb", read_only=True) as database:
        found = database.execute(
            "SELECT space, hook, n_features, l0, variance_explained FROM spaces ORDER BY 1"
        ).fetchall()
    assert [row[:4] for row in found] == [("floor", HOOK, 64, 8.0), ("mine", HOOK, 64, 8.0)]
    assert found[1][4] > LEARNED > found[0][4]


def spec_of(load: str) -> ModelSpec:
    return ModelSpec(name="m", load=load)


def some_ids() -> tuple[torch.Tensor, torch.Tensor]:
    """Two passages, the second with three positions of padding."""
    ids = torch.randint(5, 200, (2, 12), generator=torch.Generator().manual_seed(0))
    real = torch.ones_like(ids, dtype=torch.bool)
    real[1, 9:] = False
    return ids * real, real


@pytest.mark.parametrize("kind", ["huggingface", "transformer-lens"])
def test_losses_of_networks_of_the_hub(kind, hub):
    """Clean against transformers' own logits; what a hook gives is its own replacement; padding changes nothing."""
    from transformers import AutoModelForCausalLM

    network = models.load(spec_of(f"{kind}:{PYTHIA_70M}")).network
    ids, real = some_ids()
    with torch.inference_mode():
        logits = AutoModelForCausalLM.from_pretrained(hub[PYTHIA_70M], dtype=torch.float32)(ids).logits
    expected = -logits.log_softmax(-1)[:, :-1].gather(2, ids[:, 1:, None])[..., 0]
    inside = real[:, 1:]
    clean = network.losses(ids, real, "", None) if kind == "transformer-lens" else network.losses(ids, real, HOOK, None)
    assert torch.allclose(clean[inside], expected[inside], atol=1e-4)
    for part in ("hook_resid_pre", "hook_attn_out", "hook_mlp_out", "hook_resid_post"):
        hook, seen = f"blocks.2.{part}", []
        same = network.losses(ids, real, hook, lambda x, seen=seen: seen.append(x.clone()) or x)
        assert torch.allclose(same, clean, atol=1e-5)
        assert torch.allclose(seen[0], network.read(ids, real, [hook])[hook], atol=1e-5)
    read_again = network.read(ids, real, [HOOK])[HOOK]
    assert torch.allclose(network.losses(ids, real, HOOK, lambda x: read_again), clean, atol=1e-5)


def test_a_replaced_hook_gives_the_same_losses_in_both_libraries(hub):
    both = [models.load(spec_of(f"{kind}:{PYTHIA_70M}")).network for kind in ("huggingface", "transformer-lens")]
    ids, real = some_ids()
    clean = both[0].losses(ids, real, HOOK, None)
    for part in ("hook_resid_pre", "hook_attn_out", "hook_mlp_out", "hook_resid_post"):
        a, b = (network.losses(ids, real, f"blocks.2.{part}", lambda x: x.flip(-1) * 3) for network in both)
        assert torch.allclose(a[real[:, 1:]], b[real[:, 1:]], atol=1e-4)
        assert (a - clean)[real[:, 1:]].abs().max() > 1e-3


@pytest.mark.parametrize(
    ("load", "bos", "has_entropy"), [(f"huggingface:{PYTHIA_70M}", True, True), (f"huggingface:{BERT}", True, False)]
)
def test_training_on_models_of_the_hub(load, bos, has_entropy, hub, tmp_path, capsys):
    path = written(
        tmp_path,
        of("topk").replace("demo:tiny-1l", load).replace(HOOK, "blocks.1.hook_resid_post"),
    )
    assert main(["train-sae", str(path), "--out", str(tmp_path / "sae")]) == 0
    found, said = (json.loads((tmp_path / "sae" / name).read_text()) for name in (REPORT, CFG))
    assert found["variance_explained"] > 0.1
    assert (said["metadata"]["model_name"], said["metadata"]["prepend_bos"]) == (load.partition(":")[2], bos)
    assert (found["cross_entropy"] is not None) == (found["cross_entropy_recovered"] is not None) == has_entropy
    if not has_entropy:
        assert "not measured" in capsys.readouterr().out
        assert found["reason"] == "the model, as it is loaded, predicts no next token"

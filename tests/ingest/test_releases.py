"""SAEs by release and sae_id: the calls that a lab makes, against formulas and against the models' own code.

The hub's cache is filled by `tests.hub` and `tests.hub_saes`, and no socket can be opened.
"""

import contextlib
import gc
import io
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pytest
import sae_lens
import torch
from huggingface_hub import errors
from transformers import AutoModelForCausalLM

from ingest import baselines, config, models, wants
from ingest.__main__ import main
from ingest.config import RandomSaeSpec
from ingest.errors import IngestError
from ingest.models import Model, releases
from tests import hub_saes
from tests.hub import GPT2_OLD, PYTHIA_70M
from tests.hub_saes import FEATURES, D
from tests.sae_formulas import (
    HOOK,
    OF_CONTEXT,
    TRANSCODER,
    Array,
    gated,
    inputs,
    jump,
    line_of,
    made,
    relu,
    spec,
    switch_off_the_network,
    top,
    transformer,
)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    switch_off_the_network(monkeypatch)


@pytest.fixture(scope="module")
def saved() -> dict[tuple[str, str], hub_saes.Tensors]:
    return hub_saes.fill(Path(os.environ["HF_HOME"]))


@pytest.fixture(scope="module")
def model() -> Model:
    return transformer()


def by_hand(which: tuple[str, str], w: dict[str, Array], x: Array) -> tuple[Array, Array]:
    """Features and reconstruction of a release's SAE, from the tensors as the repository names them."""
    match which:
        case hub_saes.STANDARD:
            features = relu(x @ w["W_enc"] + w["b_enc"])
        case hub_saes.CENTRED | hub_saes.HEADS:
            features = relu((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"])
        case hub_saes.GATED:
            names = {"b_gate": "gate_bias", "b_mag": "mag_bias", "r_mag": "r_mag", "b_dec": "decoder_bias"}
            features = gated({new: w[old] for new, old in names.items()} | {"W_enc": w["encoder.weight"].T}, x)
            return features, features @ w["decoder.weight"].T + w["decoder_bias"]
        case hub_saes.TOPK:
            features = top((x - w["b_dec"]) @ w["encoder.weight"].T + w["encoder.bias"], hub_saes.K)
            return features, features @ w["decoder.weight"].T + w["b_dec"]
        case hub_saes.SCALED:  # the factor is in SAELens's directory, the mean norm of the text in the repository
            scale, threshold = 27.30666666666667, 0.5 * D**0.5 / 2.0
            features = jump(x * scale @ w["encoder.weight"].T + w["encoder.bias"], threshold)
            return features, (features @ w["decoder.weight"].T + w["decoder.bias"]) / scale
        case hub_saes.GEMMA_2:  # embeddings were divided by sqrt(d) when it was trained
            root = hub_saes.GEMMA_D**0.5
            features = jump(x / root @ w["w_enc"] + w["b_enc"], w["threshold"])
            return features, features @ w["w_dec"] * root + w["b_dec"]
        case _:
            features = jump(x @ w["w_enc"] + w["b_enc"], w["threshold"])
            return features, features @ w["w_dec"] + w["b_dec"]
    return features, features @ w["W_dec"] + w["b_dec"]


HOOKS = {
    hub_saes.STANDARD: "blocks.2.hook_resid_post",
    hub_saes.CENTRED: "blocks.8.hook_resid_pre",
    hub_saes.HEADS: "blocks.1.attn.hook_z",
    hub_saes.GATED: "blocks.3.hook_resid_post",
    hub_saes.TOPK: "blocks.3.hook_resid_post",
    hub_saes.SCALED: "blocks.2.hook_resid_post",
    hub_saes.GEMMA_2: "hook_embed",
    hub_saes.GEMMA_3: "blocks.12.hook_resid_post",
}
NEURONPEDIA = {
    hub_saes.STANDARD: "pythia-70m-deduped/2-res-sm",
    hub_saes.CENTRED: "gpt2-small/8-res-jb",
    hub_saes.HEADS: "gpt2-small/1-att-kk",
    hub_saes.GATED: "pythia-70m-deduped/3-sae_bench-gated-res-4k__trainer_0_step_final",
    hub_saes.TOPK: "pythia-70m-deduped/3-sae_bench-topk-res-4k__trainer_0_step_final",
    hub_saes.SCALED: "llama3.1-8b/2-llamascope-res-32k",
    hub_saes.GEMMA_2: None,
    hub_saes.GEMMA_3: "gemma-3-270m/12-gemmascope-2-res-16k",
}


@pytest.mark.parametrize("which", HOOKS)
def test_a_release_loads_from_the_hubs_cache_with_the_network_off(which, saved, model):
    d = hub_saes.GEMMA_D if which == hub_saes.GEMMA_2 else D
    sae = models.load_sae(spec(which=which), model if d == D else transformer(d, 1))
    x, exact = inputs(10, d)
    w = {name: tensor.double().numpy() for name, tensor in saved[which].items()}
    features, rebuilt = by_hand(which, w, exact)
    assert features.any()
    np.testing.assert_allclose(sae.encode(x), features, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(sae.decode(sae.encode(x), x), rebuilt, rtol=1e-3, atol=1e-2)
    assert (sae.hook, sae.source) == (HOOKS[which], "/".join(which))
    assert sae.neuronpedia_id == NEURONPEDIA[which]


@pytest.mark.parametrize(
    ("which", "line"),
    [
        (
            ("pythia-70m-deduped-res", "x"),
            f"SAELens {sae_lens.__version__} lists no release 'pythia-70m-deduped-res'; it lists 170, the closest: "
            "pythia-70m-deduped-res-sm, pythia-70m-deduped-mlp-sm, pythia-70m-deduped-att-sm",
        ),
        (
            ("Pythia_70M_deduped_MLP_sm", "x"),
            f"SAELens {sae_lens.__version__} lists no release 'Pythia_70M_deduped_MLP_sm'; it lists 170, the closest: "
            "pythia-70m-deduped-mlp-sm, pythia-70m-deduped-res-sm, pythia-70m-deduped-att-sm",
        ),
        (
            ("pythia-70m-deduped-res-sm", "blocks.6.hook_resid_post"),
            "release 'pythia-70m-deduped-res-sm' has no sae_id 'blocks.6.hook_resid_post'; it has 7, the closest: "
            "blocks.5.hook_resid_post, blocks.4.hook_resid_post, blocks.3.hook_resid_post",
        ),
        (
            ("gemma-scope-2b-pt-transcoders", "layer_0/width_16k/average_l0_76"),
            f"gemma-scope-2b-pt-transcoders/layer_0/width_16k/average_l0_76 cannot be a space: {TRANSCODER}",
        ),
        (
            ("gemma-scope-2-270m-pt-transcoders-all", "layer_0_width_16k_l0_big_affine"),
            f"gemma-scope-2-270m-pt-transcoders-all/layer_0_width_16k_l0_big_affine cannot be a space: {TRANSCODER}",
        ),
        (
            ("mntss-gemma-2-2b-2.5m-clt-as-per-layer", "layer_3"),
            "mntss-gemma-2-2b-2.5m-clt-as-per-layer/layer_3 cannot be a space: it is a layer of a cross-layer "
            "transcoder, which writes to many layers; give an SAE",
        ),
        (
            ("temporal-sae-gemma-2-2b", "blocks.12.hook_resid_post"),
            f"temporal-sae-gemma-2-2b/blocks.12.hook_resid_post cannot be a space: {OF_CONTEXT}",
        ),
        (
            ("pythia-70m-deduped-mlp-sm", "blocks.2.hook_mlp_out"),
            f"pythia-70m-deduped-mlp-sm/blocks.2.hook_mlp_out is not in the cache {os.environ['HF_HOME']}/hub, and the "
            "hub cannot be reached; run once where it can, or fetch it there and bring the cache: "
            "hf download ctigges/pythia-70m-deduped__mlp-sm_processed",
        ),
        (
            ("somebody/saes", "layer 3"),
            f"somebody/saes/layer 3 is not in the cache {os.environ['HF_HOME']}/hub, and the hub cannot be reached; run "
            "once where it can, or fetch it there and bring the cache: hf download somebody/saes",
        ),
    ],
)
def test_a_release_that_cannot_be_used_is_refused_in_one_line(which, line, model):
    assert line_of(None, which, model=model) == line


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # numpy leaves a damaged file open
@pytest.mark.parametrize(("which", "file"), [(hub_saes.GEMMA_2, "params.npz"), (hub_saes.SCALED, "final.safetensors")])
def test_damaged_weights_of_a_release_are_named(which, file, saved, model):
    (link,) = (Path(os.environ["HF_HOME"]) / "hub").rglob(file)
    whole = link.read_bytes()
    link.resolve().write_bytes(whole[: len(whole) // 2])
    try:
        line = line_of(None, which, model=model if which == hub_saes.SCALED else transformer(hub_saes.GEMMA_D, 1))
    finally:
        link.resolve().write_bytes(whole)
    gc.collect()
    assert re.fullmatch(rf"the weights of {'/'.join(which)} are damaged \(.+\); fetch or copy them again", line)


def answer(kind: type[errors.HfHubHTTPError], status: int) -> errors.HfHubHTTPError:
    """What the hub's client raises when the hub answers with this status."""
    response: Any = SimpleNamespace(status_code=status, headers={}, request=None)
    return kind("no\nand why", response=response)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            answer(errors.GatedRepoError, 403),
            "google/gemma-scope-2b-pt-res is gated; ask for access at https://huggingface.co/google/gemma-scope-2b-pt-res,"
            " then log in: hf auth login",
        ),
        (
            answer(errors.RepositoryNotFoundError, 401),
            "the hub has no repository 'google/gemma-scope-2b-pt-res', or it is private; check the name, or log in: "
            "hf auth login",
        ),
        (
            answer(errors.RemoteEntryNotFoundError, 404),
            "google/gemma-scope-2b-pt-res has no such file as SAELens looks for (no); give another sae_id",
        ),
    ],
)  # fmt: skip
def test_what_the_hub_answers_becomes_one_line(error, line, model, monkeypatch):
    def download(*_, **__):
        raise error

    monkeypatch.setattr("sae_lens.loading.pretrained_sae_loaders.hf_hub_download", download)
    which = ("gemma-scope-2b-pt-res", "layer_3/width_16k/average_l0_59")
    gemma = transformer(hub_saes.GEMMA_D, 4)
    assert line_of(None, which, model=gemma) == line


def written(folder: Path, *lines: str, corpus: str = "") -> Path:
    """A run file: two models that are never loaded, and the lines given."""
    head = f'[corpus]\nsource = "stories"\n{corpus}\n'
    for name in ("m", "other"):
        head += f'[[models]]\nname = "{name}"\nload = "demo:tiny-1l"\n'
    (folder / "run.toml").write_text(head + "\n".join(lines))
    return folder / "run.toml"


def space(name: str, which: tuple[str, str] | None = None, kind: str = "sae", more: str = "", model: str = "m") -> str:
    where = "" if which is None else f'release = "{which[0]}"\nsae_id = "{which[1]}"\n'
    return f'[[spaces]]\nname = "{name}"\nmodel = "{model}"\nkind = "{kind}"\n{where}{more}\n'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (space("s"), "space 's' is one SAE; give either path, or release and sae_id"),
        (space("s", hub_saes.STANDARD, more='path = "x"'), "space 's' is one SAE; give either path, or release and sae_id"),
        (space("s", more='release = "r"'), "space 's' gives release without sae_id; give both, or path alone"),
        (space("s", more='sae_id = "i"'), "space 's' gives sae_id without release; give both, or path alone"),
        (space("s", hub_saes.STANDARD, more='like = "t"'), "spaces[0].like is not a key; the keys here are name, model, path, release, sae_id, hook, dtype, device, kind"),
        (space("s", hub_saes.STANDARD, more='dtype = "int8"'), "spaces[0].dtype: input should be 'auto', 'float32', 'bfloat16' or 'float16'; got 'int8'"),
        (space("s", hub_saes.STANDARD, more='device = "tpu"'), "spaces[0].device: string should match pattern"),
        (space("s", kind="random_sae"), "space 's': a random_sae mimics one SAE; give one of like, path, or release and sae_id"),
        (space("s", hub_saes.STANDARD, "random_sae", 'path = "x"'), "space 's': a random_sae mimics one SAE; give one of like"),
    ],
)  # fmt: skip
def test_an_sae_is_named_in_one_way(line, said, tmp_path):
    with pytest.raises(IngestError) as refusal:
        config.read(written(tmp_path, line))
    assert str(refusal.value).startswith(f"{tmp_path / 'run.toml'}: {said}")


def test_a_floor_is_like_a_release_in_all_that_it_does_not_say_itself(tmp_path, saved, model):
    like = space("floor", kind="random_sae", more='like = "s"\ndtype = "float32"\nactive = 3')
    sae = space("s", hub_saes.STANDARD, more='hook = "blocks.0.hook_resid_pre"\ndtype = "bfloat16"\ndevice = "cpu"')
    floor = config.read(written(tmp_path, sae, like))[0].space("floor")
    assert isinstance(floor, RandomSaeSpec)
    assert (floor.release, floor.sae_id, floor.path) == (*hub_saes.STANDARD, None)
    assert (floor.hook, floor.dtype, floor.device) == ("blocks.0.hook_resid_pre", "float32", "cpu")
    found = baselines.random_sae(floor, model)
    assert set((found.encode(inputs()[0]) > 0).sum(1).tolist()) == {3}
    assert (found.hook, found.neuronpedia_id) == ("blocks.0.hook_resid_pre", None)
    assert found.source.endswith(
        "in place of those of pythia-70m-deduped-res-sm/blocks.2.hook_resid_post, the strongest 3 a token"
    )
    rows = found.sae.W_dec.numpy()
    assert abs(rows @ saved[hub_saes.STANDARD]["W_dec"].numpy().T).max() < 3
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


def test_a_floor_of_a_release_keeps_as_many_as_the_directory_says(saved, model):
    given = RandomSaeSpec(
        name="f", model="m", kind="random_sae", release=hub_saes.GEMMA_3[0], sae_id=hub_saes.GEMMA_3[1]
    )
    assert baselines.random_sae(given, model).k == 60  # l0 of the directory
    given = given.model_copy(update=dict(zip(("release", "sae_id"), hub_saes.STANDARD, strict=True)))
    with pytest.raises(IngestError, match=r"does not say how many of its features are active at a token; give active"):
        baselines.random_sae(given, model)


def test_models_are_told_what_their_saes_want_before_anything_is_loaded(saved, tmp_path, capsys):
    other = space("c", hub_saes.CENTRED, model="other")
    job, _ = config.read(written(tmp_path, space("s", hub_saes.STANDARD), other))
    assert wants.of(job) == {
        "m": {"prepend_bos": False},
        "other": {"prepend_bos": True, "center_writing_weights": True},
    }
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "homolog: warning: space 's': the SAE was trained on pythia-70m-deduped, and model 'm' is demo:tiny-1l; check "
        "variance explained before trusting a feature",
        "homolog: warning: space 'c': the SAE was trained on gpt2-small, and model 'other' is demo:tiny-1l; check "
        "variance explained before trusting a feature",
    ]


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        (hub_saes.STANDARD, hub_saes.GATED, "spaces 's' and 't' want different prepend_bos of model 'm': false and true"),
        (hub_saes.HEADS, hub_saes.CENTRED, "spaces 's' and 't' want different weight processing of model 'm': none and center_writing_weights"),
    ],
)  # fmt: skip
def test_saes_of_one_model_agree_on_how_it_is_read(first, second, line, saved, tmp_path):
    job, _ = config.read(written(tmp_path, space("s", first), space("t", second, "random_sae", "active = 3")))
    with pytest.raises(IngestError) as refusal:
        wants.of(job)
    assert str(refusal.value) == f"{line}; load the model twice, under two names, and give each SAE its own"


def test_passages_are_no_longer_than_those_an_sae_was_trained_on(saved, tmp_path, capsys):
    run_file = written(tmp_path, space("s", hub_saes.STANDARD), corpus="context_tokens = 129")
    assert main(["run", str(run_file), "--out", str(tmp_path / "store")]) == 2
    assert capsys.readouterr().err.endswith(
        "homolog: space 's': the SAE was trained on contexts of 128 tokens, and corpus.context_tokens is 129; "
        "give context_tokens = 128 or less\n"
    )
    job, _ = config.read(written(tmp_path, space("s", hub_saes.SCALED), corpus="context_tokens = 200"))
    wants.of(job)  # the SAE's context is 1,024
    with pytest.raises(
        IngestError,
        match=r"^model 'm' reads at most 16 tokens, and corpus.context_tokens is 200; give context_tokens = 16 or",
    ):
        wants.check_lengths(job, {"m": transformer(D, 1).context, "unlimited": None})


@pytest.mark.parametrize(
    ("said", "load", "same"),
    [
        ("gpt2-small", "transformer-lens:gpt2", True),
        ("gpt2-small", "huggingface:openai-community/gpt2", True),
        ("pythia-70m-deduped", "transformer-lens:EleutherAI/pythia-70m-deduped", True),
        ("EleutherAI/pythia-70m-deduped", "huggingface:/models/pythia-70m-deduped/", True),
        ("google/gemma-2-2b", "transformer-lens:gemma-2-2b", True),
        ("pythia-70m", "transformer-lens:EleutherAI/pythia-70m-deduped", False),
        ("gpt2-small", "transformer-lens:gpt2-medium", False),
        ("tiny-2l", "demo:tiny-2l", True),
    ],
)
def test_two_names_of_one_model(said, load, same):
    assert models.same_model(said, load) is same


def test_the_plan_reads_no_weights(saved, tmp_path, capsys):
    run_file = written(tmp_path, space("s", hub_saes.TOPK), space("t", hub_saes.GEMMA_3, model="other"))
    folder = Path(os.environ["HF_HOME"]) / "hub" / "models--canrager--lm_sae"
    blob = next(path for path in folder.rglob("*/ae.pt") if "topk" in str(path)).resolve()
    whole = blob.read_bytes()
    blob.write_bytes(b"")
    try:
        assert main(["plan", str(run_file)]) == 0
    finally:
        blob.write_bytes(whole)
    said = capsys.readouterr().out
    assert re.search(r"^s +48 +6\.0 +600,000 +about ", said, re.MULTILINE)
    assert re.search(r"^t +48 +60\.0 +6,000,000 +about ", said, re.MULTILINE)


def test_every_release_that_can_serve_says_where_it_reads_or_is_refused():
    usable = 0
    for release in releases.known():
        for sae_id in (releases.ids(release)[0], releases.ids(release)[-1]):
            found = releases.entry(release, sae_id)
            assert releases.exists(release, sae_id)
            assert "transcoder" not in release or releases.unusable(found)
            if releases.unusable(found) is None:
                usable += 1
                assert re.fullmatch(releases.PLACES + "|hook_embed", releases.hook_of(release, sae_id) or "")
    assert usable > 200
    assert not releases.exists("gpt2-small-res-jb", "blocks.12.hook_resid_pre")
    assert not releases.exists("gpt3", "blocks.0.hook_resid_pre")
    assert releases.width("gemma-scope-2b-pt-res", "layer_12/width_65k/average_l0_72") == 65_536
    assert releases.width(*hub_saes.STANDARD) is None


TEXT = """The old harbour was quiet. A model reads tokens, and every token is a whole word or a small part of one.
Zoë's café in Kraków sells crème brûlée; in January the lake froze, and by April the children were swimming again.
"""
LAB = """
[corpus]
source = "text"
path = "text.txt"
tokens = 1_100
context_tokens = 24
[[models]]
name = "pythia"
load = "transformer-lens:EleutherAI/pythia-70m-deduped"
[[models]]
name = "gpt2"
load = "transformer-lens:gpt2"
[[comparisons]]
a = "standard"
b = "centred"
[scores]
permutations = 19
"""


@pytest.fixture(scope="module")
def lab(hub, saved, tmp_path_factory) -> tuple[Path, str]:
    """The store of a run over SAEs of two models, all by name; and what was said while it was made."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "text.txt").write_text(TEXT * 12)
    normed = sae_lens.StandardSAEConfig(d_in=D, d_sae=FEATURES, normalize_activations="layer_norm")
    made(sae_lens.StandardSAE, normed, folder / "normed", prepend_bos=False)
    spaces = [
        space("standard", hub_saes.STANDARD, model="pythia"),
        space("normed", more='path = "normed"', model="pythia"),
        space("centred", hub_saes.CENTRED, model="gpt2"),
        space("heads", hub_saes.CENTRED, "random_sae", 'hook = "blocks.1.attn.hook_z"\nactive = 4', "gpt2"),
    ]
    (folder / "run.toml").write_text(LAB + "".join(spaces))
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        assert main(["run", str(folder / "run.toml"), "--out", str(folder / "store")]) == 0, said.getvalue()
    return folder, said.getvalue()


def stored(folder: Path, name: str) -> Array:
    """Activations of a space as the store has them: (token, feature), ordinary tokens alone."""
    with duckdb.connect(folder / "store" / "homolog.duckdb", read_only=True) as database:
        n = database.execute(
            "SELECT count(*) FROM tokens WHERE model = (SELECT model FROM spaces WHERE space = ?)", [name]
        )
        dense = np.zeros(((n.fetchone() or (0,))[0], FEATURES))
        rows = database.execute("SELECT token_index, feature, activation FROM activations WHERE space = ?", [name])
        for token, feature, value in rows.fetchall():
            dense[token, feature] = value
    return dense


def hidden(folder: Path, name: str, snapshot: Path, layer: int) -> tuple[Array, np.ndarray]:
    """What transformers itself gives behind a layer, at every token of the store; and whether the token is ordinary."""
    network = AutoModelForCausalLM.from_pretrained(snapshot, dtype=torch.float32)
    with duckdb.connect(folder / "store" / "homolog.duckdb", read_only=True) as database:
        tokens = database.execute(
            "SELECT passage_id, list(token_id ORDER BY position), list(is_special ORDER BY position) FROM tokens "
            "WHERE model = ? GROUP BY passage_id ORDER BY passage_id", [name]
        ).fetchall()  # fmt: skip
    longest = max(len(ids) for _, ids, _ in tokens)
    padded = torch.tensor([ids + [0] * (longest - len(ids)) for _, ids, _ in tokens])  # no token sees what is behind it
    with torch.inference_mode():
        states = network(padded, output_hidden_states=True).hidden_states[layer]
    real = torch.cat([state[: len(ids)] for state, (_, ids, _) in zip(states, tokens, strict=True)])
    return real.double().numpy(), ~np.array([special for *_, specials in tokens for special in specials])


def test_features_of_a_release_are_those_of_the_models_own_code(lab, hub, saved):
    """Layer L's `hook_resid_post` is what stands behind L + 1 layers; no BOS, as this SAE was trained."""
    folder, _ = lab
    x, ordinary = hidden(folder, "pythia", hub[PYTHIA_70M], 3)
    assert ordinary.all()
    w = {name: tensor.double().numpy() for name, tensor in saved[hub_saes.STANDARD].items()}
    expected, rebuilt = by_hand(hub_saes.STANDARD, w, x)
    np.testing.assert_allclose(stored(folder, "standard"), expected, rtol=1e-3, atol=1e-3)
    with duckdb.connect(folder / "store" / "homolog.duckdb", read_only=True) as database:
        (explained,) = database.execute("SELECT variance_explained FROM spaces WHERE space = 'standard'").fetchall()[0]
    assert explained == pytest.approx(1 - ((x - rebuilt) ** 2).sum() / ((x - x.mean(0)) ** 2).sum(), rel=1e-3)


def test_an_sae_of_a_processed_model_reads_a_processed_model(lab, hub, saved):
    """Centred writing weights take the mean out of the residual stream, and the SAE's passages begin with BOS."""
    folder, _ = lab
    x, ordinary = hidden(folder, "gpt2", hub[GPT2_OLD], 8)
    assert (~ordinary).sum() == len(np.unique(np.cumsum(~ordinary))) > 10
    w = {name: tensor.double().numpy() for name, tensor in saved[hub_saes.CENTRED].items()}
    expected, _ = by_hand(hub_saes.CENTRED, w, x - x.mean(1, keepdims=True))
    np.testing.assert_allclose(stored(folder, "centred"), expected * ordinary[:, None], rtol=1e-3, atol=1e-3)


def test_the_store_says_where_its_spaces_come_from_and_where_they_fit_badly(lab):
    folder, said = lab
    with duckdb.connect(folder / "store" / "homolog.duckdb", read_only=True) as database:
        rows = database.execute(
            "SELECT space, hook, d_in, source, neuronpedia_id, variance_explained < 0.2 FROM spaces ORDER BY 1"
        ).fetchall()
    floor = "random directions (seed 0) in place of those of gpt2-small-res-jb/blocks.8.hook_resid_pre, the strongest 4 a token"
    assert [row[:5] for row in rows] == [
        ("centred", "blocks.8.hook_resid_pre", D, "/".join(hub_saes.CENTRED), "gpt2-small/8-res-jb"),
        ("heads", "blocks.1.attn.hook_z", D, floor, None),
        ("normed", HOOK, D, f"{folder.name}/normed", None),
        ("standard", "blocks.2.hook_resid_post", D, "/".join(hub_saes.STANDARD), "pythia-70m-deduped/2-res-sm"),
    ]
    poor = {name for name, *_, is_poor in rows if is_poor} - {"heads"}
    assert poor  # their weights are random
    with duckdb.connect(folder / "store" / "homolog.duckdb", read_only=True) as database:
        spoken = {name for (name,) in database.execute("SELECT DISTINCT space FROM logits").fetchall()}
    assert spoken == {"centred", "normed", "standard"}  # what a head computes is not yet in the residual stream
    log = (folder / "store" / "run.log").read_text()
    for name in ("centred", "heads", "normed", "standard"):
        warned = f"warning: space '{name}' explains"
        assert (warned in said, warned in log) == (name in poor, name in poor)
        assert f"warning: space '{name}': the SAE was trained on" not in said

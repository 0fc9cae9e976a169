"""SAEs of every architecture, from folders and from releases, against their formulas written out; and what is refused.

The hub's cache is filled by `tests.hub_saes`, and no socket can be opened.
"""

import json
import os
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sae_lens
import torch
from huggingface_hub import errors
from sae_lens.saes import (
    batchtopk_sae,
    jumprelu_sae,
    matching_pursuit_sae,
    matryoshka_batchtopk_sae,
    temporal_sae,
    topk_sae,
    transcoder,
)
from sae_lens.saes.abstopk_sae import AbsTopKSAE, AbsTopKSAEConfig
from safetensors.torch import load_file, save_file

from ingest import baselines, config, models, wants
from ingest.__main__ import main
from ingest.config import RandomSaeSpec, SaeSpec
from ingest.errors import IngestError
from ingest.models import Model, dictionaries, releases
from ingest.models.lens import LensNetwork
from tests import hub_saes
from tests.hub_saes import FEATURES, D

HOOK = "blocks.1.hook_resid_post"
Array = np.ndarray[Any, np.dtype[np.float64]]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a test reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def saved() -> dict[tuple[str, str], hub_saes.Tensors]:
    return hub_saes.fill(Path(os.environ["HF_HOME"]))


@pytest.fixture(scope="module")
def model() -> Model:
    return transformer()


def transformer(d_model: int = D, n_layers: int = 13) -> Model:
    shape = {"n_layers": n_layers, "d_model": d_model, "n_ctx": 16, "d_head": 8, "n_heads": 4, "d_mlp": 8}
    made = models.new_transformer({**shape, "d_vocab": 8, "act_fn": "gelu", "normalization_type": "LN"})
    return Model("m", "demo:m", "w", "v", None, LensNetwork(made), (0,))


def spec(path: Path | None = None, which: tuple[str | None, str | None] = (None, None), **given: Any) -> SaeSpec:
    return SaeSpec(name="s", model="m", kind="sae", path=path, release=which[0], sae_id=which[1], **given)


def made(cls: Any, settings: Any, folder: Path, hook: str | None = HOOK, **metadata: Any) -> dict[str, Array]:
    """Save an SAE with random weights as SAELens does; returns them."""
    settings.metadata = sae_lens.saes.sae.SAEMetadata(hook_name=hook, prepend_bos=True, **metadata)
    sae = cls(settings)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in sae.named_parameters():
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * (0.3 if tensor.ndim == 1 else D**-0.5))
            if name in ("threshold", "topk_threshold"):
                tensor.abs_()
    sae.save_inference_model(folder) if hasattr(sae, "save_inference_model") else sae.save_model(folder)
    return {name: tensor.detach().double().numpy() for name, tensor in sae.state_dict().items()}


def inputs(n: int = 40, d: int = D) -> tuple[torch.Tensor, Array]:
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(1)) * 2 + 0.5
    return x, x.double().numpy()


def relu(values: Array) -> Array:
    return np.maximum(values, 0)


def top(values: Array, k: int) -> Array:
    """The k largest of each row that are above 0."""
    kept = np.zeros_like(values)
    for row, out in zip(values, kept, strict=True):
        for i in np.argsort(-row)[:k]:
            out[i] = max(row[i], 0)
    return kept


def gated(w: dict[str, Array], x: Array) -> Array:
    gate = (x - w["b_dec"]) @ w["W_enc"] + w["b_gate"] > 0
    magnitude = (x - w["b_dec"]) @ (w["W_enc"] * np.exp(w["r_mag"])) + w["b_mag"]
    return gate * relu(magnitude)


def jump(values: Array, threshold: Array) -> Array:
    return np.where(values > threshold, relu(values), 0)


def pursuit(w: dict[str, Array], x: Array, steps: int) -> Array:
    """Take out of each token the direction that it has most of, again and again."""
    features = np.zeros((len(x), FEATURES))
    for row, out in zip(x - w["b_dec"], features, strict=True):
        residual = row.copy()
        for _ in range(steps):
            best = int(np.argmax(w["W_dec"] @ residual))
            amount = max(float(w["W_dec"][best] @ residual), 0.0)
            out[best] += amount
            residual = residual - amount * w["W_dec"][best]
    return features


SIZE = {"d_in": D, "d_sae": FEATURES}
Case = tuple[Any, Callable[[], Any], Callable[[dict[str, Array], Array], Array]]
CASES: dict[str, Case] = {
    "standard": (
        sae_lens.StandardSAE,
        lambda: sae_lens.StandardSAEConfig(**SIZE),
        lambda w, x: relu((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"]),
    ),
    "standard, bias not subtracted": (
        sae_lens.StandardSAE,
        lambda: sae_lens.StandardSAEConfig(**SIZE, apply_b_dec_to_input=False),
        lambda w, x: relu(x @ w["W_enc"] + w["b_enc"]),
    ),
    "gated": (sae_lens.GatedSAE, lambda: sae_lens.GatedSAEConfig(**SIZE), gated),
    "jumprelu": (
        jumprelu_sae.JumpReLUSAE,
        lambda: jumprelu_sae.JumpReLUSAEConfig(**SIZE),
        lambda w, x: jump((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"], w["threshold"]),
    ),
    "topk": (
        topk_sae.TopKSAE,
        lambda: topk_sae.TopKSAEConfig(**SIZE, k=5),
        lambda w, x: top((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"], 5),
    ),
    "topk, in units of decoder norms": (
        topk_sae.TopKSAE,
        lambda: topk_sae.TopKSAEConfig(**SIZE, k=5, rescale_acts_by_decoder_norm=True),
        lambda w, x: top(
            ((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"]) * np.linalg.norm(w["W_dec"], axis=1), 5
        ),
    ),
    "batchtopk": (
        batchtopk_sae.BatchTopKTrainingSAE,
        lambda: batchtopk_sae.BatchTopKTrainingSAEConfig(**SIZE, k=5, rescale_acts_by_decoder_norm=False),
        lambda w, x: jump((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"], w["topk_threshold"]),
    ),
    "matryoshka": (
        matryoshka_batchtopk_sae.MatryoshkaBatchTopKTrainingSAE,
        lambda: matryoshka_batchtopk_sae.MatryoshkaBatchTopKTrainingSAEConfig(
            **SIZE, k=5, matryoshka_widths=[16, FEATURES], rescale_acts_by_decoder_norm=False
        ),
        lambda w, x: jump((x - w["b_dec"]) @ w["W_enc"] + w["b_enc"], w["topk_threshold"]),
    ),
    "matching pursuit": (
        matching_pursuit_sae.MatchingPursuitSAE,
        lambda: matching_pursuit_sae.MatchingPursuitSAEConfig(
            **SIZE, max_iterations=4, residual_threshold=0.0, stop_on_duplicate_support=False
        ),
        lambda w, x: pursuit(w, x, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_features_follow_the_formula_of_their_architecture(case, model, tmp_path):
    cls, settings, formula = CASES[case]
    weights = made(cls, settings(), tmp_path / "sae")
    sae = models.load_sae(spec(tmp_path / "sae"), model)
    x, exact = inputs()
    expected = formula(weights, exact)
    found = sae.encode(x)
    assert 0 < (expected > 0).mean() < 0.9
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert (sae.hook, sae.n_features, sae.d_in, sae.neuronpedia_id) == (HOOK, FEATURES, D, None)
    # a unit of a feature adds its row of `decoder`, and nothing else does
    rebuilt = expected @ sae.decoder.double().numpy() + weights["b_dec"]
    np.testing.assert_allclose(sae.decode(found, x), rebuilt, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("normalisation", ["layer_norm", "constant_norm_rescale"])
def test_an_sae_that_normalises_each_token_gives_its_mean_and_norm_back(normalisation, model, tmp_path):
    settings = sae_lens.StandardSAEConfig(**SIZE, normalize_activations=normalisation)
    w = made(sae_lens.StandardSAE, settings, tmp_path / "sae")
    sae = models.load_sae(spec(tmp_path / "sae"), model)
    x, exact = inputs()
    if normalisation == "layer_norm":
        mean, scale = exact.mean(1, keepdims=True), exact.std(1, ddof=1, keepdims=True)
    else:
        mean, scale = 0, np.linalg.norm(exact, axis=1, keepdims=True) / D**0.5
    expected = relu(((exact - mean) / scale - w["b_dec"]) @ w["W_enc"] + w["b_enc"])
    found = sae.encode(x)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    kept = torch.arange(len(x)) % 3 == 0  # only some of the tokens are decoded, as where special ones are left out
    rebuilt = ((expected @ w["W_dec"] + w["b_dec"]) * scale + mean)[kept.numpy()]
    np.testing.assert_allclose(sae.decode(found[kept], x[kept]), rebuilt, rtol=1e-3, atol=1e-3)


TRANSCODER = "it is a transcoder, which reads one place of the model and writes another; give an SAE"
SIGNED = "its features are signed (AbsTopK), and a feature here is 0 or above; give another SAE"
OF_CONTEXT = "it is a temporal SAE, whose features at a token depend on the tokens before it; give another SAE"
REFUSED = {
    "transcoder": (
        transcoder.Transcoder,
        transcoder.TranscoderConfig,
        {"d_out": D, "apply_b_dec_to_input": False},
        TRANSCODER,
    ),
    "skip": (
        transcoder.SkipTranscoder,
        transcoder.SkipTranscoderConfig,
        {"d_out": D, "apply_b_dec_to_input": False},
        TRANSCODER,
    ),
    "jumprelu": (
        transcoder.JumpReLUTranscoder,
        transcoder.JumpReLUTranscoderConfig,
        {"d_out": D, "apply_b_dec_to_input": False},
        TRANSCODER,
    ),
    "abstopk": (AbsTopKSAE, AbsTopKSAEConfig, {"k": 4}, SIGNED),
    "temporal": (temporal_sae.TemporalSAE, temporal_sae.TemporalSAEConfig, {"bottleneck_factor": 2}, OF_CONTEXT),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_serve_is_refused_with_the_reason(kind, model, tmp_path):
    cls, settings, more, reason = REFUSED[kind]
    made(cls, settings(**SIZE, **more), tmp_path / "sae")
    with pytest.raises(IngestError) as refusal:
        models.load_sae(spec(tmp_path / "sae"), model)
    assert str(refusal.value) == f"space 's': {tmp_path / 'sae'} cannot be a space: {reason}"


def rewritten(folder: Path, **changes: Any) -> Path:
    """A folder whose configuration has some values replaced."""
    values = json.loads((folder / "cfg.json").read_text()) | changes
    (folder / "cfg.json").write_text(json.dumps(values))
    return folder


@pytest.fixture
def plain(tmp_path) -> Path:
    """A folder with a standard SAE."""
    made(sae_lens.StandardSAE, sae_lens.StandardSAEConfig(**SIZE), tmp_path / "sae")
    return tmp_path / "sae"


def line_of(*given: Any, **more: Any) -> str:
    """The one line that loading a space is refused with."""
    which = more.pop("model")
    with pytest.raises(IngestError) as refusal:
        models.load_sae(spec(*given, **more), which)
    assert "\n" not in str(refusal.value)
    return str(refusal.value).removeprefix("space 's': ")


def test_scaled_activations_are_folded_in_where_the_factor_is_known(plain, model):
    w = {name: tensor.double().numpy() for name, tensor in load_file(plain / "sae_weights.safetensors").items()}
    rewritten(plain, normalize_activations="expected_average_only_in")
    assert line_of(plain, model=model) == (
        f"{plain} expects activations scaled to an average norm (normalize_activations = 'expected_average_only_in'), "
        "and nothing says by how much; give the SAE that SAELens wrote at the end of training"
    )
    (plain / "activation_scaler.json").write_text('{"scaling_factor": 0.25}')
    sae = models.load_sae(spec(plain), model)
    x, exact = inputs()
    expected = relu((exact * 0.25 - w["b_dec"]) @ w["W_enc"] + w["b_enc"])
    np.testing.assert_allclose(sae.encode(x), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        sae.decode(sae.encode(x), x), (expected @ w["W_dec"] + w["b_dec"]) / 0.25, rtol=1e-4, atol=1e-4
    )


def test_a_folder_that_cannot_be_read_is_refused_in_one_line(plain, model, tmp_path):
    assert line_of(tmp_path / "nowhere", model=model) == (
        f"{tmp_path / 'nowhere'} has no cfg.json; give a folder in SAELens's format"
    )
    shutil.copytree(plain, other := tmp_path / "other")
    assert "expects whitened activations" in line_of(
        rewritten(other, normalize_activations="covariance_whitening"), model=model
    )
    assert line_of(rewritten(other, architecture="batchtopk", normalize_activations="none"), model=model) == (
        f"{other} cannot be a space: its architecture 'batchtopk' is not one of standard, gated, jumprelu, topk, "
        "matching_pursuit; give the SAE as saved for use"
    )
    (other / "cfg.json").write_text('{"hello": "world"}')
    assert line_of(other, model=model) == (
        f"{other} is not an SAE that SAELens reads (KeyError: 'd_sae'); give a folder or a release in its format"
    )
    weights = plain / "sae_weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    assert re.fullmatch(
        rf"the weights of {plain} are damaged \(.*\); fetch or copy them again", line_of(plain, model=model)
    )
    weights.unlink()
    assert f"{plain} is not an SAE that SAELens reads (FileNotFoundError: " in line_of(plain, model=model)
    weights.write_bytes(whole)
    tensors = load_file(weights)
    tensors["W_enc"][3, 4] = float("nan")
    save_file(tensors, weights)
    assert line_of(plain, model=model).startswith(f"W_enc of {plain} holds values that are not numbers")


def test_an_sae_is_held_against_its_model(plain, model, tmp_path):
    assert line_of(plain, hook="blocks.1.hook_resid_psot", model=model).startswith(
        "model 'm' has no hook 'blocks.1.hook_resid_psot'; it has blocks.1.hook_resid_post, "
    )
    assert "but blocks.1.hook_resid_post of 'm' has 64; give the SAE" in line_of(plain, model=transformer(64, 2))
    made(sae_lens.StandardSAE, sae_lens.StandardSAEConfig(**SIZE), tmp_path / "mute", hook=None)
    assert line_of(tmp_path / "mute", model=model).startswith(
        f"{tmp_path / 'mute'} does not say which hook it reads; give hook, such as "
    )
    assert models.load_sae(spec(tmp_path / "mute", hook="blocks.2.hook_resid_pre"), model).hook == (
        "blocks.2.hook_resid_pre"
    )
    made(sae_lens.StandardSAE, sae_lens.StandardSAEConfig(**SIZE), tmp_path / "head", hook_head_index=2)
    assert "it reads a single attention head" in line_of(tmp_path / "head", model=model)


def test_the_digest_is_of_what_is_used(plain, model, tmp_path):
    first = models.load_sae(spec(plain), model)
    shutil.copytree(plain, copy := tmp_path / "copy")
    assert models.load_sae(spec(copy), model).weights == first.weights
    narrower = models.load_sae(spec(copy, dtype="bfloat16"), model)
    assert narrower.sae.W_enc.dtype == torch.bfloat16
    rewritten(copy, apply_b_dec_to_input=False)
    unbiased = models.load_sae(spec(copy), model)
    tensors = load_file(plain / "sae_weights.safetensors")
    tensors["b_enc"][5] += 1e-3
    save_file(tensors, plain / "sae_weights.safetensors")
    changed = models.load_sae(spec(plain), model)
    assert len({one.weights for one in (first, narrower, unbiased, changed)}) == 4


@pytest.mark.parametrize(
    ("own", "network", "given", "expected"),
    [
        ("float32", "float32", "auto", torch.float32),
        ("bfloat16", "float32", "auto", torch.float32),
        ("float32", "bfloat16", "auto", torch.float32),
        ("bfloat16", "bfloat16", "auto", torch.bfloat16),
        ("bfloat16", "float16", "auto", torch.float32),
        ("float32", "float32", "bfloat16", torch.bfloat16),
    ],
)
def test_its_dtype_is_the_wider_of_its_own_and_the_models(own, network, given, expected, plain):
    wanted = models.wanted_of(spec(rewritten(plain, dtype=own)))
    of_model: Any = SimpleNamespace(device="cpu", dtype=network)
    sae = dictionaries._loaded(spec(plain, dtype=given), wanted, of_model)
    assert {tensor.dtype for tensor in sae.state_dict().values()} == {expected}


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
        wants.check_lengths(job, {"m": transformer(D, 1)})


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
    assert re.search(r"^s +48 +6\.0 +600,000$", said, re.MULTILINE)
    assert re.search(r"^t +48 +60\.0 +6,000,000$", said, re.MULTILINE)


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

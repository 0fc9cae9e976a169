"""SAEs of every architecture from folders that SAELens wrote, against their formulas; and what is refused."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sae_lens
import torch
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

from ingest import activations, logits, models
from ingest.errors import IngestError
from ingest.models import Model, dictionaries
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
def model() -> Model:
    return transformer()


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


SIGNED = "its features are signed (AbsTopK), and a feature here is 0 or above; give another SAE"
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


def test_an_sae_inside_an_mlp_speaks_through_its_output_weights(model, tmp_path):
    settings = sae_lens.StandardSAEConfig(d_in=8, d_sae=FEATURES)
    w = made(sae_lens.StandardSAE, settings, tmp_path / "sae", hook="blocks.1.mlp.hook_post")
    space = activations.load_space(
        spec(tmp_path / "sae"), replace(model, tokenizer=models.load_tokenizer(models.DEMO / "tokenizer"))
    )
    direct = logits.Direct.of(space)
    network: Any = model.network
    assert direct is not None
    expected = w["W_dec"] @ network.hooked.blocks[1].mlp.W_out.detach().double().numpy()
    np.testing.assert_allclose(direct.decoder, expected, rtol=1e-4, atol=1e-6)

"""Tiny random SAEs under real releases' repositories and paths, in the layout of the hub's own cache and in the formats
that those repositories have: what `release` and `sae_id` find where no hub can be reached.

    release                                       sae_id                                  stored as
    pythia-70m-deduped-res-sm                     blocks.2.hook_resid_post                SAELens before 6.0, standard
    gpt2-small-res-jb                             blocks.8.hook_resid_pre                 the same; its model is centred
    gpt2-small-hook-z-kk                          blocks.1.hook_z                         a .pt file beside its own cfg
    sae_bench_pythia70m_sweep_gated_ctx128_0730   blocks.3.hook_resid_post__trainer_0     dictionary_learning, gated
    sae_bench_pythia70m_sweep_topk_ctx128_0730    blocks.3.hook_resid_post__trainer_0     dictionary_learning, TopK
    llama_scope_lxr_8x                            l2r_8x                                  JumpReLU, scaled activations
    gemma-scope-2b-pt-res                         embedding/width_4k/average_l0_6         npz, JumpReLU, of the true size
    gemma-scope-2-270m-pt-res                     layer_12_width_16k_l0_medium            JumpReLU; shapes from its header

Widths are tiny (`D` x `FEATURES`) where the repository's own files say them, and the true ones where SAELens takes them
from the name.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sae_lens.loading.pretrained_saes_directory import get_pretrained_saes_directory
from safetensors.torch import save_file
from torch import Tensor

from tests import hub

D, FEATURES = 32, 48
"""Dimensions of the models of `tests.hub` that these SAEs read, and features of each."""
GEMMA_D, GEMMA_FEATURES = 2304, 4096
STANDARD = ("pythia-70m-deduped-res-sm", "blocks.2.hook_resid_post")
CENTRED = ("gpt2-small-res-jb", "blocks.8.hook_resid_pre")
HEADS = ("gpt2-small-hook-z-kk", "blocks.1.hook_z")
GATED = ("sae_bench_pythia70m_sweep_gated_ctx128_0730", "blocks.3.hook_resid_post__trainer_0")
TOPK = ("sae_bench_pythia70m_sweep_topk_ctx128_0730", "blocks.3.hook_resid_post__trainer_0")
SCALED = ("llama_scope_lxr_8x", "l2r_8x")
GEMMA_2 = ("gemma-scope-2b-pt-res", "embedding/width_4k/average_l0_6")
GEMMA_3 = ("gemma-scope-2-270m-pt-res", "layer_12_width_16k_l0_medium")
K = 6
"""Active features a token of the TopK SAE."""

Tensors = dict[str, Tensor]


def fill(folder: Path) -> dict[tuple[str, str], Tensors]:
    """Fill the cache of `HF_HOME=folder`; returns (release, sae_id) -> the tensors, under the names they are stored as."""
    makers = {
        STANDARD: _standard,
        CENTRED: _standard,
        HEADS: _heads,
        GATED: _dictionary_learning,
        TOPK: _dictionary_learning,
        SCALED: _scaled,
        GEMMA_2: _gemma_2,
        GEMMA_3: _gemma_3,
    }
    made = {}
    with tempfile.TemporaryDirectory() as written:
        for (release, sae_id), make in makers.items():
            listed = get_pretrained_saes_directory()[release]
            place = Path(written) / listed.repo_id / listed.saes_map[sae_id]
            place.parent.mkdir(parents=True, exist_ok=True)
            generator = torch.Generator().manual_seed(len(made))
            made[release, sae_id] = make(place, release, generator)
        for repository in Path(written).glob("*/*"):
            hub.add(folder, repository.relative_to(written).as_posix(), repository)
    return made


def random(generator: torch.Generator, **shapes: tuple[int, ...]) -> Tensors:
    """Normal numbers, of a size that keeps a reconstruction as large as what is reconstructed."""
    return {
        name: torch.randn(shape, generator=generator) * (0.3 if len(shape) == 1 else shape[-1] ** -0.5)
        for name, shape in shapes.items()
    }


def _standard(place: Path, release: str, generator: torch.Generator) -> Tensors:
    tensors = random(generator, W_enc=(D, FEATURES), b_enc=(FEATURES,), W_dec=(FEATURES, D), b_dec=(D,))
    is_gpt2 = release == CENTRED[0]
    config = {
        "model_name": "gpt2-small" if is_gpt2 else "pythia-70m-deduped",
        "hook_point": CENTRED[1] if is_gpt2 else STANDARD[1],
        "hook_point_layer": 8 if is_gpt2 else 2,
        "hook_point_head_index": None,
        "d_in": D,
        "d_sae": FEATURES,
        "dtype": "torch.float32",
        "device": "cuda",
        "activation_fn_str": "relu",
        "apply_b_dec_to_input": is_gpt2,
        "context_size": 128,
        "prepend_bos": is_gpt2,
        "dataset_path": "somebody/some-text",
        "normalize_activations": False,
    }
    place.mkdir()
    (place / "cfg.json").write_text(json.dumps(config))
    save_file(tensors, place / "sae_weights.safetensors")
    return tensors


def _heads(place: Path, release: str, generator: torch.Generator) -> Tensors:
    tensors = random(generator, W_enc=(D, FEATURES), b_enc=(FEATURES,), W_dec=(FEATURES, D), b_dec=(D,))
    config = {"act_size": D, "dict_size": FEATURES, "act_name": "blocks.1.attn.hook_z"}
    place.with_name(place.name.split(".pt")[0] + "_cfg.json").write_text(json.dumps(config))
    torch.save(tensors, place)
    return tensors


def _dictionary_learning(place: Path, release: str, generator: torch.Generator) -> Tensors:
    linear = {"encoder.weight": (FEATURES, D), "decoder.weight": (D, FEATURES)}
    if release == GATED[0]:
        tensors = random(
            generator,
            **linear,
            decoder_bias=(D,),
            r_mag=(FEATURES,),
            gate_bias=(FEATURES,),
            mag_bias=(FEATURES,),
        )
        trainer: dict[str, Any] = {"dict_class": "GatedAutoEncoder"}
    else:
        tensors = random(generator, **linear, **{"encoder.bias": (FEATURES,), "b_dec": (D,)})
        trainer = {"dict_class": "AutoEncoderTopK", "k": K}
    trainer |= {"layer": 3, "activation_dim": D, "dict_size": FEATURES, "lm_name": "EleutherAI/pythia-70m-deduped"}
    place.mkdir()
    (place / "config.json").write_text(json.dumps({"trainer": trainer, "buffer": {"ctx_len": 128}}))
    torch.save(tensors, place / "ae.pt")
    return tensors


def _scaled(place: Path, release: str, generator: torch.Generator) -> Tensors:
    shapes = {"encoder.weight": (FEATURES, D), "decoder.weight": (D, FEATURES), "encoder.bias": (FEATURES,)}
    tensors = random(generator, **shapes, **{"decoder.bias": (D,)})
    config = {
        "d_model": D,
        "d_sae": FEATURES,
        "jump_relu_threshold": 0.5,
        "dataset_average_activation_norm": {"in": 2.0},
        "hook_point_in": "blocks.2.hook_resid_post",
    }
    (place / "checkpoints").mkdir(parents=True)
    (place / "hyperparams.json").write_text(json.dumps(config))
    save_file(tensors, place / "checkpoints" / "final.safetensors")
    return tensors


def _gemma_2(place: Path, release: str, generator: torch.Generator) -> Tensors:
    """Of the true size, but only the first `FEATURES` features have weights, so that the file is small."""
    tensors = {
        "w_enc": torch.zeros(GEMMA_D, GEMMA_FEATURES),
        "w_dec": torch.zeros(GEMMA_FEATURES, GEMMA_D),
        "b_enc": torch.zeros(GEMMA_FEATURES),
        "b_dec": torch.randn(GEMMA_D, generator=generator),
        "threshold": torch.full((GEMMA_FEATURES,), 0.4),
    }
    tensors["w_enc"][:, :FEATURES] = torch.randn(GEMMA_D, FEATURES, generator=generator)
    tensors["w_dec"][:FEATURES] = torch.randn(FEATURES, GEMMA_D, generator=generator) / GEMMA_D
    place.mkdir()
    np.savez_compressed(place / "params.npz", **{name: tensor.numpy() for name, tensor in tensors.items()})
    return tensors


def _gemma_3(place: Path, release: str, generator: torch.Generator) -> Tensors:
    tensors = random(generator, w_enc=(D, FEATURES), b_enc=(FEATURES,), w_dec=(FEATURES, D), b_dec=(D,))
    tensors["threshold"] = 0.3 + torch.rand(FEATURES, generator=generator)
    config = {
        "architecture": "jump_relu",
        "model_name": "google/gemma-3-270m-pt",
        "hf_hook_point_in": "model.layers.12.output",
    }
    place.mkdir()
    (place / "config.json").write_text(json.dumps(config))
    save_file(tensors, place / "params.safetensors")
    return tensors

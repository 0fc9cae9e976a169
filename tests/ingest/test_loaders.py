"""Models of the hub and of folders, offline: the calls a lab makes, against plain transformers."""

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM

from ingest import baselines, models
from ingest.__main__ import main
from ingest.activations import load_space
from ingest.config import ModelSpec, NeuronsSpec
from ingest.errors import IngestError
from ingest.models import hub as files
from store.check import check
from tests.hub import BERT, GPT2, PYTHIA_70M, PYTHIA_160M, SENTENCES, add, publish

DECODERS = (PYTHIA_70M, GPT2)
LIBRARIES = ("huggingface", "transformer-lens")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Only this machine can be reached."""
    connect = socket.socket.connect

    def local(self, address, *more):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] != "127.0.0.1":
            raise OSError(f"the network is switched off: {address}")
        return connect(self, address, *more)

    monkeypatch.setattr(socket.socket, "connect", local)


def load(source: str, wants=None, **more) -> models.Model:
    return models.load(ModelSpec(name="m", load=source, **more), wants)


@pytest.fixture(scope="module")
def loaded(hub):
    """Each model once: by library and repository."""
    names = {("huggingface", name) for name in (*DECODERS, BERT)} | {("transformer-lens", n) for n in (*DECODERS, BERT)}
    return {key: load(":".join(key)) for key in sorted(names)}


@pytest.fixture(scope="module")
def plain(hub):
    """What transformers itself loads, in float32."""
    kinds = {name: AutoModelForCausalLM if name in DECODERS else AutoModel for name in (*DECODERS, BERT)}
    made = {name: kind.from_pretrained(name, dtype=torch.float32) for name, kind in kinds.items()}
    return {name: module.eval().requires_grad_(False) for name, module in made.items()}


@pytest.fixture(scope="module")
def batch():
    """Three passages of 20, 15 and 9 tokens: ids, and where they are not padding."""
    real = torch.arange(20) < torch.tensor([20, 15, 9])[:, None]
    ids = torch.randint(5, 290, (3, 20), generator=torch.Generator().manual_seed(1))
    return ids * real, real


@pytest.fixture(scope="module")
def hidden(plain, batch):
    """`output_hidden_states` of transformers, by repository."""
    ids, real = batch
    with torch.inference_mode():
        return {
            n: m(ids, attention_mask=real.long(), output_hidden_states=True).hidden_states for n, m in plain.items()
        }


FINAL = {PYTHIA_70M: "gpt_neox.final_layer_norm", GPT2: "transformer.ln_f"}


@pytest.mark.parametrize("name", [*DECODERS, BERT])
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_stream_is_that_of_transformers(loaded, plain, hidden, batch, library, name):
    """`blocks.N.hook_resid_post` is `hidden_states[N + 1]`, and behind the last layer what the final norm reads."""
    (ids, real), network, states = batch, loaded[library, name].network, hidden[name]
    n = len(states) - 1
    hooks = [f"blocks.{i}.hook_resid_post" for i in range(n)]
    found = network.read(ids, real, [*hooks, "blocks.1.hook_resid_pre"])
    expected = dict(zip(hooks, states[1:], strict=True)) | {"blocks.1.hook_resid_pre": states[1]}
    if name in FINAL:
        assert (found[hooks[-1]] - states[n])[real].abs().max() > 0.1
        norm = plain[name].get_submodule(FINAL[name])
        found[hooks[-1]] = norm(found[hooks[-1]])
    for hook, value in expected.items():
        torch.testing.assert_close(found[hook][real], value[real], rtol=1e-4, atol=2e-5)
    assert network.facts["n_layers"] == n
    assert network.facts["d_model"] == network.width(hooks[0]) == states[0].shape[-1]


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_attention_and_mlp_add_up(loaded, batch, library, name):
    pre, attention, mlp, post = hooks = [
        f"blocks.2.hook_{part}" for part in ("resid_pre", "attn_out", "mlp_out", "resid_post")
    ]
    found = loaded[library, name].network.read(*batch, hooks)
    torch.testing.assert_close(found[pre] + found[attention] + found[mlp], found[post], rtol=1e-4, atol=1e-4)


def test_an_encoder_adds_before_it_normalises(loaded, plain, batch):
    layer = plain[BERT].encoder.layer[1]
    parts = ("resid_pre", "attn_out", "mlp_out", "resid_post")
    found = loaded["huggingface", BERT].network.read(*batch, [f"blocks.1.hook_{part}" for part in parts])
    pre, attention, mlp, post = (found[f"blocks.1.hook_{part}"][batch[1]] for part in parts)
    middle = layer.attention.output.LayerNorm(pre + attention)
    torch.testing.assert_close(layer.output.LayerNorm(middle + mlp), post, rtol=1e-4, atol=1e-5)


def test_a_module_is_read_by_its_name(loaded, plain, batch):
    ids, real = batch
    for name, hook in ((PYTHIA_70M, "gpt_neox.layers.3.attention"), (BERT, "encoder.layer.2.attention.self.value")):
        kept = {}
        plain[name].get_submodule(hook).register_forward_hook(lambda m, a, out, kept=kept: kept.update(out=out))
        with torch.inference_mode():
            plain[name](ids, attention_mask=real.long())
        expected = kept["out"][0] if isinstance(kept["out"], tuple) else kept["out"]
        found = loaded["huggingface", name].network.read(ids, real, [hook])[hook]
        torch.testing.assert_close(found[real], expected[real], rtol=1e-4, atol=1e-5)


def test_heads_lie_side_by_side(loaded, batch):
    """`hook_z` of 4 heads of 8 dimensions is read as 32 dimensions: what the output projection reads."""
    network = loaded["transformer-lens", GPT2].network
    found = network.read(*batch, ["blocks.1.attn.hook_z", "blocks.1.hook_attn_out"])
    weight, bias = (getattr(network.bridge.blocks[1].attn.o, name) for name in ("weight", "bias"))
    torch.testing.assert_close(found["blocks.1.attn.hook_z"] @ weight + bias, found["blocks.1.hook_attn_out"])
    assert network.width("blocks.1.attn.hook_z") == 32
    assert "blocks.1.attn.hook_pattern" not in network.hooks


@pytest.mark.parametrize(
    ("library", "name", "hook", "behind"),
    [
        ("huggingface", PYTHIA_70M, "blocks.2.hook_resid_post", ("layers.3", "final_layer_norm", "lm_head")),
        (
            "huggingface",
            PYTHIA_70M,
            "blocks.2.hook_resid_pre",
            ("layers.2.", "layers.3", "final_layer_norm", "lm_head"),
        ),
        ("huggingface", GPT2, "transformer.h.4.mlp.act", ("h.4.mlp.c_proj", "h.5", "ln_f", "lm_head")),
        ("huggingface", BERT, "blocks.1.hook_attn_out", ("layer.1.attention.output.LayerNorm", "layer.2", "pooler")),
        ("transformer-lens", PYTHIA_70M, "blocks.2.hook_resid_post", ("layers.3", "final_layer_norm", "embed_out")),
        ("transformer-lens", GPT2, "blocks.4.mlp.hook_post", ("h.4.mlp.c_proj", "h.5", "ln_f", "lm_head")),
    ],
)
def test_nothing_runs_behind_the_deepest_hook(loaded, batch, library, name, hook, behind):
    network = loaded[library, name].network
    module = network.module if library == "huggingface" else network.bridge.original_model
    ran, handles = [], []
    for path, part in module.named_modules():
        handles.append(part.register_forward_pre_hook(lambda m, a, path=path: ran.append(path)))
    try:
        network.read(*batch, [hook, "blocks.0.hook_resid_post"])
        early = list(ran)
        module(batch[0])
    finally:
        for handle in handles:
            handle.remove()
    late = [path for path in ran[len(early) :] if any(part in path for part in behind)]
    assert late, "the modules have to be named as the network names them"
    assert not [path for path in early if any(part in path for part in behind)]


def test_a_pass_leaves_nothing_behind(loaded, batch):
    """Reading twice gives the same, and no hook of ours stays."""
    for model in loaded.values():
        first, second = (model.network.read(*batch, ["blocks.2.hook_resid_post"]) for _ in range(2))
        torch.testing.assert_close(*(found["blocks.2.hook_resid_post"] for found in (first, second)), rtol=0, atol=0)
        part = model.network
        every = part.module.modules() if hasattr(part, "module") else part.bridge.hook_dict.values()
        assert not any(getattr(m, "fwd_hooks", ()) or m._forward_pre_hooks for m in every)


def test_framing_is_the_tokenizers(loaded, hub):
    found = {key: (model.prefix, model.suffix) for key, model in loaded.items()}
    end = len(loaded["huggingface", GPT2].tokenizer) - 1
    for library in LIBRARIES:
        assert found[library, PYTHIA_70M] == ((0,), ())  # BOS of GPT-NeoX is id 0
        assert found[library, GPT2] == ((end,), ())
        assert found[library, BERT] == ((2,), (3,))  # [CLS] and [SEP]
    for name in (PYTHIA_70M, GPT2, BERT):
        assert loaded["huggingface", name].vocabulary == loaded["transformer-lens", name].vocabulary
    assert load(f"huggingface:{PYTHIA_160M}").vocabulary == loaded["huggingface", PYTHIA_70M].vocabulary
    assert len({model.vocabulary for model in loaded.values()}) == 3


def test_prepend_bos_of_the_run_file_overrules_the_saes(loaded, hub):
    bare = load(f"huggingface:{PYTHIA_70M}", {"prepend_bos": False})
    assert (bare.prefix, bare.suffix) == ((), ())
    assert bare.vocabulary != loaded["huggingface", PYTHIA_70M].vocabulary
    assert load(f"huggingface:{PYTHIA_70M}", {"prepend_bos": False}, prepend_bos=True).prefix == (0,)
    assert load(f"huggingface:{BERT}", prepend_bos=False).prefix == ()
    assert load(f"huggingface:{BERT}", prepend_bos=False).suffix == (3,)


def test_a_tokenizer_without_bos(hub, tmp_path):
    """Nothing is put in front; asked for one, TransformerLens lets EOS stand in, and transformers has none."""
    folder = changed(hub[PYTHIA_70M], tmp_path / "bare")
    told = json.loads((folder / "tokenizer_config.json").read_text())
    told |= {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": None}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    assert load(f"huggingface:{folder}").prefix == ()
    assert load(f"transformer-lens:{folder}").prefix == ()
    assert load(f"transformer-lens:{folder}", {"prepend_bos": True}).prefix == (0,)
    with pytest.raises(IngestError, match="prepend_bos is true, but its tokenizer has no BOS; set it to false"):
        load(f"huggingface:{folder}", {"prepend_bos": True})


def changed(snapshot: Path, folder: Path, **configuration) -> Path:
    """A snapshot copied out of the cache, some keys of its configuration changed."""
    shutil.copytree(snapshot, folder)
    if configuration:
        told = json.loads((folder / "config.json").read_text()) | configuration
        (folder / "config.json").write_text(json.dumps(told))
    return folder


def test_weights_tell_apart_what_is_read(hub, loaded, tmp_path):
    """The same again for the same files; another one for other weights, numbers, processing, libraries and commits."""
    key = f"transformer-lens:{PYTHIA_70M}"
    assert load("transformer-lens:pythia-70m-deduped").weights == loaded["transformer-lens", PYTHIA_70M].weights
    others = [load(key, {"fold_ln": True}), load(key, dtype="bfloat16"), loaded["huggingface", PYTHIA_70M]]
    assert len({model.weights for model in (loaded["transformer-lens", PYTHIA_70M], *others)}) == 4

    folder = changed(hub[GPT2], tmp_path / "own")
    before = load(f"huggingface:{folder}")
    module = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        module.transformer.h[0].mlp.c_fc.weight[0, 0] += 1
    module.save_pretrained(folder)
    assert load(f"huggingface:{folder}").weights != before.weights
    assert before.load == "huggingface:own"

    home = Path(os.environ["HF_HOME"])
    old = publish(home, "someone/moving", AutoModelForCausalLM.from_pretrained(GPT2), before.tokenizer)
    first = load("huggingface:someone/moving")
    publish(home, "someone/moving", module, before.tokenizer)
    assert load("huggingface:someone/moving").weights != first.weights
    assert load("huggingface:someone/moving", revision=old.name).weights == first.weights


def test_weights_in_several_files(hub, loaded, tmp_path):
    folder = changed(hub[BERT], tmp_path / "shards")
    (folder / "model.safetensors").unlink()
    AutoModel.from_pretrained(BERT).save_pretrained(folder, max_shard_size="60KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    first = load(f"huggingface:{folder}")
    shard = sorted(folder.glob("model-*.safetensors"))[-1]
    content = bytearray(shard.read_bytes())
    content[-3] ^= 1
    shard.write_bytes(content)
    assert load(f"huggingface:{folder}").weights != first.weights


def test_numbers_and_device_are_recorded(loaded, batch, hub):
    plain = loaded["huggingface", PYTHIA_70M]
    assert (plain.dtype, plain.device) == ("float32", "cpu")  # stored in float16
    for library in LIBRARIES:
        half = load(f"{library}:{PYTHIA_70M}", dtype="bfloat16")
        assert (half.dtype, half.device) == ("bfloat16", "cpu")
        found, expected = (
            m.network.read(*batch, ["blocks.1.hook_resid_post"])["blocks.1.hook_resid_post"] for m in (half, plain)
        )
        assert found.dtype == torch.float32
        paths = [model.network.direct_path() for model in (half, plain)]
        assert (paths[0][1] - paths[1][1]).norm() < 0.01 * paths[1][1].norm()
        assert 0 < (found - expected)[batch[1]].norm() / expected[batch[1]].norm() < 0.05


def test_bfloat16_is_for_gpus_and_weights_of_16_bits():
    from ingest.models import placement

    spec, gpu, cpu = ModelSpec(name="m", load="demo:x"), torch.device("cuda"), torch.device("cpu")
    halves = (torch.float16, torch.bfloat16)
    assert [placement.dtype(spec, d, gpu) for d in (*halves, torch.float32, None)] == [
        *(torch.bfloat16 for _ in halves), *(torch.float32 for _ in (1, 2))]  # fmt: skip
    assert {placement.dtype(spec, d, cpu) for d in (*halves, torch.float32, None)} == {torch.float32}
    assert placement.dtype(spec.model_copy(update={"dtype": "float16"}), None, cpu) == torch.float16


def test_processed_weights_are_those_saes_were_trained_on(hub, loaded, batch):
    """Centred writing weights take the mean out of the stream; folding the norms leaves the stream as it is."""
    hook = "blocks.3.hook_resid_post"
    ids, real = batch
    for name in DECODERS:
        raw = loaded["transformer-lens", name].network.read(ids, real, [hook])[hook][real]
        centred, folded = (
            load(f"transformer-lens:{name}", {wish: True, "prepend_bos": True}).network.read(ids, real, [hook])[hook][
                real
            ]
            for wish in ("center_writing_weights", "fold_ln")
        )
        torch.testing.assert_close(centred, raw - raw.mean(1, keepdim=True), rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(folded, raw, rtol=1e-3, atol=1e-4)
    with pytest.raises(IngestError, match=r"wants its weights processed \(fold_ln\); only load = \"transformer-lens"):
        load(f"huggingface:{GPT2}", {"fold_ln": True})


def test_facts_leave_out_what_the_checkpoint_lacks(loaded, plain):
    """The store counts trained weights: not BERT's pooler, which this checkpoint does not hold."""
    every = {name: sum(p.numel() for p in module.parameters()) for name, module in plain.items()}
    for name in DECODERS:
        assert {loaded[library, name].facts["n_parameters"] for library in LIBRARIES} == {every[name]}
    pooler = sum(p.numel() for p in plain[BERT].pooler.parameters())
    assert loaded["huggingface", BERT].facts["n_parameters"] == every[BERT] - pooler
    assert [loaded["huggingface", name].facts["vocab_size"] for name in (PYTHIA_70M, BERT)] == [480, 300]
    assert not [hook for hook in loaded["huggingface", BERT].network.hooks if "pooler" in hook]


def test_a_checkpoint_with_a_hole_is_read_up_to_it(hub, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = changed(hub[GPT2], tmp_path / "hole")
    whole = load_file(folder / "model.safetensors")
    part = {key: value for key, value in whole.items() if "h.3.mlp.c_fc" not in key}
    save_file(part, folder / "model.safetensors", metadata={"format": "pt"})
    hooks = load(f"huggingface:{folder}").network.hooks
    assert {"blocks.2.hook_resid_post", "blocks.3.hook_attn_out"} <= set(hooks)
    assert not {"blocks.3.hook_resid_post", "transformer.h.3.mlp.act", "lm_head"} & set(hooks)
    save_file({"other": torch.zeros(1)}, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IngestError, match="lacks the first weights of GPT2LMHeadModel, such as"):
        load(f"huggingface:{folder}")
    with pytest.raises(
        IngestError, match=r"hole lacks \d+ weights of GPT2LMHeadModel, such as .*; load it with huggingface:"
    ):
        load(f"transformer-lens:{folder}")


@pytest.fixture(scope="module")
def other_families(hub, tmp_path_factory):
    """A Llama (RMSNorm, gated MLP) and a Gemma 2 (norms behind attention and MLP, gains stored as 1 + w), as folders."""
    from transformers import Gemma2Config, Gemma2ForCausalLM, LlamaConfig, LlamaForCausalLM

    sizes = {"vocab_size": 480, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "head_dim": 8, "intermediate_size": 48, "max_position_embeddings": 64, "initializer_range": 0.2, "bos_token_id": 0,
             "eos_token_id": 0, "pad_token_id": 0}  # fmt: skip
    made = {
        "llama": lambda: LlamaForCausalLM(LlamaConfig(**sizes)),
        "gemma2": lambda: Gemma2ForCausalLM(Gemma2Config(**sizes)),
    }
    folders = {}
    for name, make in made.items():
        torch.manual_seed(0)
        module = make()
        with torch.no_grad():
            for parameter in module.parameters():
                if parameter.ndim == 1:
                    parameter.add_(0.3 * torch.randn_like(parameter))
        folders[name] = changed(hub[PYTHIA_70M], tmp_path_factory.mktemp("families") / name)
        module.save_pretrained(folders[name])
    return folders


@pytest.mark.parametrize("family", ["llama", "gemma2"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_other_families(other_families, batch, family, library):
    """What is added to the stream adds up, units of a gated MLP have two signs, and the direct path is RMSNorm's."""
    folder = other_families[family]
    network = load(f"{library}:{folder}").network
    parts = [f"blocks.1.hook_{part}" for part in ("resid_pre", "attn_out", "mlp_out", "resid_post")]
    pre, attention, mlp, post = (network.read(*batch, parts)[part] for part in parts)
    torch.testing.assert_close(pre + attention + mlp, post, rtol=1e-4, atol=1e-4)
    module = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    gain = module.model.norm.weight.detach() + (1 if family == "gemma2" else 0)
    decoder = torch.randn(5, 32, generator=torch.Generator().manual_seed(2))
    expected = (decoder * gain) @ module.lm_head.weight.detach().T
    found = models.direct_logits(*network.direct_path(), decoder)
    torch.testing.assert_close(found, expected - expected.mean(1, keepdim=True), rtol=1e-3, atol=1e-3)
    if library == "transformer-lens":
        assert network.signed("blocks.0.mlp.hook_post")
    else:
        assert not network.signed("model.layers.0.mlp.act_fn")
        assert network.rows("model.layers.0.mlp.act_fn") is None  # gated: what a unit writes is not one direction


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", DECODERS)
def test_the_direct_path_of_a_layer_norm(loaded, plain, library, name):
    norm, head = plain[name].get_submodule(FINAL[name]), plain[name].get_output_embeddings()
    decoder = torch.randn(5, 32, generator=torch.Generator().manual_seed(2))
    n = len(loaded[library, name].tokenizer)
    expected = ((decoder - decoder.mean(1, keepdim=True)) * norm.weight) @ head.weight[:n].T
    found = models.direct_logits(*loaded[library, name].network.direct_path(), decoder)
    torch.testing.assert_close(found, (expected - expected.mean(1, keepdim=True)).detach(), rtol=1e-3, atol=1e-3)
    assert loaded[library, BERT].network.direct_path() is None


def neurons(hook: str) -> NeuronsSpec:
    return NeuronsSpec(name="n", model="m", kind="neurons", hook=hook, active=5)


@pytest.mark.parametrize(
    ("library", "name", "hook", "signed", "written"),
    [
        ("huggingface", GPT2, "transformer.h.1.mlp.act", False, lambda m: m.transformer.h[1].mlp.c_proj.weight),
        ("huggingface", PYTHIA_70M, "gpt_neox.layers.1.mlp.act", False, lambda m: m.gpt_neox.layers[1].mlp.dense_4h_to_h.weight.T),
        ("huggingface", BERT, "encoder.layer.1.intermediate.intermediate_act_fn", False, lambda m: m.encoder.layer[1].output.dense.weight.T),
        ("transformer-lens", GPT2, "blocks.1.mlp.hook_post", False, lambda m: m.transformer.h[1].mlp.c_proj.weight),
        ("transformer-lens", PYTHIA_70M, "blocks.1.mlp.hook_post", False, lambda m: m.gpt_neox.layers[1].mlp.dense_4h_to_h.weight.T),
        ("huggingface", BERT, "blocks.1.hook_resid_post", True, lambda m: torch.eye(32)),
        ("huggingface", BERT, "encoder.layer.1", True, lambda m: torch.eye(32)),
        ("huggingface", BERT, "encoder.layer.1.attention.self.query", True, None),
        ("transformer-lens", PYTHIA_70M, "blocks.1.attn.hook_z", True, None),
    ],
)  # fmt: skip
def test_units_of_any_network(loaded, plain, batch, library, name, hook, signed, written):
    if hook.endswith("hook_z"):
        with pytest.raises(IngestError, match=r"no units can be read at hook 'blocks\.1\.attn\.hook_z'"):
            baselines.neurons(neurons(hook), loaded[library, name])
        return
    model = loaded[library, name]
    space = load_space(neurons(hook), model)
    width = model.network.width(hook)
    assert space.dictionary.units == baselines.Units(width, signed)
    x = model.network.read(*batch, [hook])[hook][batch[1]]
    found = space.dictionary.encode(x)
    assert found.shape[1] == width * (2 if signed else 1)
    for row, values in zip(found[::7].numpy(), x[::7].numpy(), strict=True):
        both = np.concatenate([values, -values]) if signed else values
        kept = np.zeros_like(both)
        for feature in np.argsort(-both, kind="stable")[:5]:
            kept[feature] = max(both[feature], 0)
        np.testing.assert_array_equal(row, kept)
    if written is None:
        assert space.decoder is None
    else:
        rows = written(plain[name]).detach().numpy()
        np.testing.assert_allclose(space.decoder, np.vstack([rows, -rows]) if signed else rows, atol=1e-6)


def test_shapes_without_weights(hub, loaded, other_families):
    """The plan's widths are those of the loaded network, at every hook of transformers' and for TransformerLens's sizes."""
    for name in (*DECODERS, BERT):
        empty = models.planned_shape(ModelSpec(name="m", load=f"huggingface:{name}"))
        network = loaded["huggingface", name].network
        same = [hook for hook in network.hooks if hook in empty.hooks]
        assert {hook for hook in network.hooks if "attn_out" not in hook and "mlp_out" not in hook} <= set(same)
        assert [network.width(hook) for hook in same] == [empty.width(hook) for hook in same]
        assert [network.signed(hook) for hook in same] == [empty.signed(hook) for hook in same]
        planned = models.planned_shape(ModelSpec(name="m", load=f"transformer-lens:{name}"))
        assert planned == models.shape_of(loaded["transformer-lens", name].network)
    assert models.planned_shape(ModelSpec(name="m", load=f"transformer-lens:{other_families['llama']}")).gated_mlp
    for hook in ("blocks.1.hook_mlp_out", "blocks.1.hook_attn_out"):
        empty = models.planned_shape(ModelSpec(name="m", load=f"huggingface:{PYTHIA_70M}"))
        assert baselines.units(neurons(hook), empty) == baselines.Units(32, True)


CORPUS = '[corpus]\nsource = "text"\npath = "text.txt"\ntokens = 200\ncontext_tokens = 32\n'


def refused(tmp_path: Path, capsys, source: str, hook: str = "blocks.0.hook_resid_post", more: str = "") -> str:
    """The one line that a run is refused with, before anything is written."""
    (tmp_path / "text.txt").write_text("\n".join(SENTENCES))
    (tmp_path / "run.toml").write_text(
        f'{CORPUS}[[models]]\nname = "m"\nload = "{source}"\n{more}\n'
        f'[[spaces]]\nname = "n"\nmodel = "m"\nkind = "neurons"\nhook = "{hook}"\n'
    )
    assert main(["run", str(tmp_path / "run.toml"), "--out", str(tmp_path / "store")]) == 2
    assert not (tmp_path / "store").exists()
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    ("source", "more", "line"),
    [
        (f"huggingface:{GPT2}x", "", f"no network and not in the cache: {GPT2}x; fetch it where there is a network (hf download {GPT2}x), or give a folder; in the cache: {GPT2}"),
        ("transformer-lens:EleutherAI/pythia-1b", "", "no network and not in the cache: EleutherAI/pythia-1b; fetch"),
        ("transformer-lens:pythia70m", "", "'pythia70m' is no name of TransformerLens; close to it: pythia-70m"),
        (f"huggingface:{GPT2}", 'revision = "step3000"', f"not in the cache: {GPT2} at revision 'step3000'"),
        ("huggingface:a/b/c", "", "'a/b/c' is neither a folder nor the name of a repository"),
        ("huggingface:./gone", "", "there is no folder"),
        ("huggingface:./text", "", "has no config.json; give a folder that save_pretrained has written"),
        (f"huggingface:{GPT2}", 'device = "cuda:99"', "device is 'cuda:99', but this machine has "),
        (f"huggingface:{GPT2}", 'device = "tpu"', "models[0].device: string should match pattern"),
        (f"huggingface:{GPT2}", 'dtype = "int8"', "models[0].dtype: input should be 'auto', 'float32', 'bfloat16' or 'float16'; got 'int8'"),
    ],
)  # fmt: skip
def test_names_that_lead_nowhere(hub, tmp_path, capsys, source, more, line):
    (tmp_path / "text").mkdir()
    assert line in refused(tmp_path, capsys, source, more=more)


def test_a_hook_that_the_model_does_not_have(hub, tmp_path, capsys):
    error = refused(tmp_path, capsys, f"huggingface:{BERT}", "encoder.layer.0.intermediate.act_fn")
    assert "model 'm' has no hook 'encoder.layer.0.intermediate.act_fn'; it has encoder.layer.0.intermediate" in error
    assert "blocks.0.hook_resid_post, blocks.3.hook_resid_post, ..." in error
    error = refused(tmp_path, capsys, f"transformer-lens:{PYTHIA_70M}", "blocks.1.hook_resid_mid")  # parallel residual
    assert "model 'm' has no hook 'blocks.1.hook_resid_mid'; it has blocks.1.hook_resid_pre" in error


def test_folders_that_cannot_be_loaded(hub, tmp_path, capsys):
    def said(folder: str) -> str:
        for library in LIBRARIES:
            error = refused(tmp_path, capsys, f"{library}:./{folder}")
            assert "model 'm': " in error
        return error

    changed(hub[GPT2], tmp_path / "strange", model_type="frobnicator")
    assert "strange is not supported (The checkpoint you are trying to load has model type `frobnicator`" in said(
        "strange"
    )
    weights = changed(hub[GPT2], tmp_path / "cut") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert "a weights file of cut is damaged (" in said("cut")
    weights.unlink()
    assert "no file named model.safetensors" in said("cut")
    changed(hub[GPT2], tmp_path / "shapes", n_embd=64)
    assert "the weights of shapes do not have the shapes that its config.json says" in said("shapes")
    changed(hub[GPT2], tmp_path / "own", model_type="own", auto_map={"AutoConfig": "configuration_own.Own"})
    assert "brings its own code, which is not run" in said("own")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (changed(hub[GPT2], tmp_path / f"no_{name}") / name).unlink()
    (tmp_path / "no_tokenizer.json" / "tokenizer_config.json").unlink()
    assert "no_tokenizer.json has no tokenizer; give it its tokenizer.json" in said("no_tokenizer.json")
    (changed(hub[GPT2], tmp_path / "text_json") / "config.json").write_text('{"model_type": "gpt2"')
    assert "is not a valid JSON file" in said("text_json")


def test_a_slow_tokenizer(hub, tmp_path, capsys):
    from transformers.models.canine import CanineTokenizer

    folder = changed(hub[BERT], tmp_path / "slow")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    CanineTokenizer().save_pretrained(folder)
    assert "the tokenizer of slow (CanineTokenizer) is a slow one" in refused(tmp_path, capsys, "huggingface:./slow")


def test_an_encoder_decoder(hub, tmp_path, capsys):
    from transformers import T5Config, T5Model

    folder = changed(hub[BERT], tmp_path / "t5")
    T5Model(T5Config(vocab_size=300, d_model=8, d_ff=8, num_layers=1, num_heads=1, d_kv=8)).save_pretrained(folder)
    assert "t5 is an encoder-decoder, which reads two texts" in refused(tmp_path, capsys, "huggingface:./t5")


def test_a_cache_with_the_configuration_alone(hub, tmp_path, capsys):
    (tmp_path / "part").mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(hub[GPT2] / name, tmp_path / "part" / name)
    add(Path(os.environ["HF_HOME"]), "someone/part", tmp_path / "part")
    for library in LIBRARIES:
        assert "no network and not in the cache: the weights of someone/part; fetch" in refused(
            tmp_path, capsys, f"{library}:someone/part"
        )


class Hub(http.server.BaseHTTPRequestHandler):
    """A hub that knows a gated repository, and no other."""

    def do_HEAD(self):
        gated = "google/gemma-2-2b" in self.path
        self.send_response(403 if gated else 404)
        self.send_header("X-Error-Code", "GatedRepo" if gated else "RepoNotFound")
        self.send_header("X-Error-Message", "no")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *_):
        pass


@pytest.fixture
def online(monkeypatch):
    """The client's own requests, answered by `Hub` on this machine."""
    from huggingface_hub import constants

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    yield
    server.shutdown()
    server.server_close()


def test_a_hub_that_says_no(hub, online, tmp_path, capsys):
    error = refused(tmp_path, capsys, "huggingface:google/gemma-2-2b")
    assert (
        "google/gemma-2-2b is gated; accept its terms at https://huggingface.co/google/gemma-2-2b, then `hf auth login`"
        in error
    )
    assert "the hub has no repository nobody/nothing, or it is private" in refused(
        tmp_path, capsys, "huggingface:nobody/nothing"
    )


def test_cached_names(hub, tmp_path, monkeypatch):
    """A repository that was renamed is found under either name."""
    from huggingface_hub import constants

    assert files.cached()
    held = Path(constants.HF_HUB_CACHE)
    only = tmp_path / "hub"
    shutil.copytree(held / "models--openai-community--gpt2", only / "models--openai-community--gpt2", symlinks=True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(only))
    assert load("transformer-lens:gpt2-small").load == f"transformer-lens:{GPT2}"


RUN = f"""
[corpus]
source = "text"
path = "text.txt"
tokens = 500
context_tokens = 32
[[models]]
name = "bert"
load = "huggingface:{BERT}"
[[models]]
name = "pythia"
load = "huggingface:{PYTHIA_70M}"
[[spaces]]
name = "b1"
model = "bert"
kind = "neurons"
hook = "encoder.layer.1.attention.self.value"
active = 6
[[spaces]]
name = "p2"
model = "pythia"
kind = "neurons"
hook = "gpt_neox.layers.2.mlp.dense_h_to_4h"
active = 6
[scores]
permutations = 19
"""


def test_an_encoder_against_a_decoder_in_a_process_of_its_own(hub, loaded, tmp_path):
    """The command a lab types, in a process that cannot open a connection. Neither space has decoder rows."""
    (tmp_path / "run.toml").write_text(RUN)
    (tmp_path / "text.txt").write_text("\n".join(SENTENCES * 2))
    (tmp_path / "off").mkdir()
    (tmp_path / "off" / "sitecustomize.py").write_text(
        "import socket\ndef refuse(self, address, *more):\n    raise SystemExit(f'opened a connection to {address}')\n"
        "socket.socket.connect = socket.socket.connect_ex = refuse\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "off"), os.getcwd()])}
    command = [sys.executable, "-m", "ingest", "run", str(tmp_path / "run.toml"), "--out", str(tmp_path / "store")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert check(tmp_path / "store") == []
    with duckdb.connect(tmp_path / "store" / "homolog.duckdb", read_only=True) as database:
        facts = database.execute(
            "SELECT model, load, n_layers, d_model, dtype, device FROM models ORDER BY 1"
        ).fetchall()
        ends = "SELECT model, list(DISTINCT text ORDER BY text) FROM tokens WHERE is_special GROUP BY 1 ORDER BY 1"
        special = database.execute(ends).fetchall()
        (text,) = database.execute("SELECT text FROM passages WHERE passage_id = 0").fetchone()
        found = dict(database.execute(
            "SELECT position, activation FROM activations JOIN tokens USING (token_index) "
            "WHERE space = 'b1' AND tokens.model = 'bert' AND feature = 7 AND passage_id = 0").fetchall())  # fmt: skip
        n_matches = database.execute("SELECT count(*) FROM matches").fetchone()[0]
    assert facts == [
        ("bert", f"huggingface:{BERT}", 4, 32, "float32", "cpu"),
        ("pythia", f"huggingface:{PYTHIA_70M}", 6, 32, "float32", "cpu"),
    ]
    assert special == [("bert", ["[CLS]", "[SEP]"]), ("pythia", ["<|endoftext|>"])]
    assert n_matches > 0
    model = loaded["huggingface", BERT]
    ids = torch.tensor([model.tokenizer(text)["input_ids"]])
    hook = "encoder.layer.1.attention.self.value"
    x = model.network.read(ids, torch.ones_like(ids, dtype=torch.bool), [hook])[hook][0]
    kept = baselines.strongest(torch.cat([x, -x], 1), 6)[1:-1, 7]  # without [CLS] and [SEP]
    assert found == {p + 1: pytest.approx(float(v), rel=1e-4) for p, v in enumerate(kept) if v > 0}

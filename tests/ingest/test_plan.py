"""`python -m ingest plan`: what a run would take, from the run file and the ends of files alone."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from scipy.sparse import csr_array

from ingest import config, costs, machines, models, plan
from ingest.__main__ import main
from ingest.config import ComparisonSpec
from ingest.errors import IngestError
from ingest.machines import Machine
from ingest.matching import device
from ingest.matching.moments import Side
from ingest.plan import SpacePlan
from ingest.planned import lines
from tests import hub_datasets, tiny

TWO_CORES = Machine(2, 50e9, None, False)
WIDE = {"d_sae": 131_072, "d_in": 128, "architecture": "standard", "dtype": "float32",
        "metadata": {"hook_name": "blocks.0.hook_resid_post"}}  # fmt: skip

DEMO = Path(plan.__file__).parent / "demo" / "run.toml"
RUN = """
[corpus]
source = "text"
path = "text.txt"
tokens = 10_000
[[models]]
name = "tiny-1l"
load = "demo:tiny-1l"
[[spaces]]
name = "wide"
model = "tiny-1l"
kind = "sae"
path = "sae"
[[spaces]]
name = "given"
model = "tiny-1l"
kind = "imported"
path = "given.parquet"
[[comparisons]]
a = "wide"
b = "given"
"""


def write(folder: Path, sae: str | dict[str, object]) -> Path:
    """The run file; its SAE's configuration is the text given, or what SAELens writes with the values given."""
    if not isinstance(sae, str):
        made = {"sae_lens_version": "6.54.12"} | sae.get("metadata", {})  # type: ignore[operator]
        sae = {"architecture": "topk", "d_in": 64, **sae, "metadata": made}
    (folder / "sae").mkdir()
    (folder / "sae" / "cfg.json").write_text(sae if isinstance(sae, str) else json.dumps(sae))
    pq.write_table(pa.table({"feature": [3, 99, 7], "passage": [0, 0, 1]}), folder / "given.parquet")
    (folder / "run.toml").write_text(RUN)
    return folder / "run.toml"


def planned(job: config.Job) -> plan.Plan:
    return plan.plan(job, TWO_CORES)


def test_a_plan_reads_widths_and_activity_where_they_are_written(tmp_path):
    job, _ = config.read(write(tmp_path, WIDE))
    found = planned(job)
    (wide, given), (comparison,) = found.spaces, found.comparisons
    assert (wide.n_features, wide.width, wide.n_activations) == (131_072, 128, 640_000)
    assert (wide.active, wide.assumed, wide.hook) == (64, {"active"}, "blocks.0.hook_resid_post")
    assert (given.n_features, given.active, given.n_activations, given.width) == (100, 0.0003, 3, None)
    assert (comparison.name, comparison.n_pairs) == ("wide~given", 13_107_200)


@pytest.mark.parametrize("said", [{"k": 20}, {"l0": 20.0}, {"training_architecture_details": {"k": 20}}])
def test_what_an_sae_says_of_its_activity_is_taken(tmp_path, said):
    metadata = {key: value for key, value in said.items() if key != "k"} | WIDE["metadata"]
    sae = WIDE | {"d_sae": 512, "metadata": metadata} | ({"architecture": "topk", **said} if "k" in said else {})
    (wide, _) = planned(config.read(write(tmp_path, sae))[0]).spaces
    assert (wide.active, wide.n_activations, wide.assumed) == (20, 200_000, frozenset())


def test_it_grows_with_what_it_depends_on():
    def of(tokens: int, width: int, active: int) -> plan.ComparisonPlan:
        sides = {name: SpacePlan(name, width, active, active * tokens) for name in "ab"}
        return plan.compare(ComparisonSpec(a="a", b="b"), sides, tokens, 999, TWO_CORES)

    small = of(10**5, 4096, 32)
    held = costs.BASE + costs.TILE_BYTES
    assert of(10**6, 4096, 32).memory - held == pytest.approx(10 * (small.memory - held))
    assert of(10**6, 4096, 32).core_seconds == pytest.approx(
        10 * small.core_seconds - 9 * costs.PER_PAIR * small.n_pairs
    )
    assert of(10**5, 8192, 32).n_pairs == 4 * small.n_pairs
    assert of(10**5, 8192, 32).memory == small.memory
    assert of(10**5, 4096, 64).core_seconds > 3 * small.core_seconds
    assert small.gpu_seconds is None


def test_scores_grow_with_draws_pairs_and_dimensions():
    def of(features: int, width: int | None, draws: int) -> float:
        sides = {name: SpacePlan(name, features, 16, 16_000, width) for name in "ab"}
        return plan.compare(ComparisonSpec(a="a", b="b"), sides, 1000, draws, TWO_CORES).score_seconds

    assert of(4096, 128, 999) == pytest.approx(999 * of(4096, 128, 1))
    assert of(4096, None, 999) == pytest.approx(999 * costs.PER_DRAW)
    assert of(4096, 128, 999) < of(8192, 128, 999) < of(8192, 256, 999)
    # 4,096 of 10,240 features matched in 64 dimensions.
    by_hand = 4096**2 * costs.PER_ROW_PAIR + 4096 * 64**2 * costs.PER_PRODUCT_ENTRY + 64**3 * costs.PER_DECOMPOSED
    assert of(10_240, 64, 1) == pytest.approx(costs.PER_DRAW + by_hand)


def test_maps_and_rows_are_counted(tmp_path):
    job, _ = config.read(write(tmp_path, WIDE | {"d_sae": 1000, "k": 1, "architecture": "topk"}))
    said = list(lines(planned(job)))
    assert "maps         about 19 s, on one core" in said
    # 10,003 activations, 1,100 features, 316 matched rows and one comparison's scores.
    assert "disk         store 5 MB, shards 5 MB, at most" in said
    assert said[0] == "text         10,000 tokens, in passages of 128 or fewer, of text.txt"


HUB = """
[corpus]
source = "huggingface"
dataset = "lab/tales"
tokens = 10_000_000
context_tokens = 101
[[models]]
name = "gpt2"
load = "transformer-lens:gpt2"
[[spaces]]
name = "wide"
model = "gpt2"
kind = "sae"
release = "gpt2-small-resid-post-v5-128k"
sae_id = "blocks.7.hook_resid_post"
[[spaces]]
name = "other"
model = "gpt2"
kind = "sae"
release = "gpt2-small-resid-post-v5-128k"
sae_id = "blocks.3.hook_resid_post"
[[comparisons]]
a = "wide"
b = "other"
"""


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The network off, and nothing in the cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "nothing"))


def hub_plan(tmp_path: Path, machine: Machine = machines.KNOWN["h100"], **changed: str) -> plan.Plan:
    text = HUB
    for old, new in changed.values():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "hub.toml").write_text(text)
    return plan.plan(config.read(tmp_path / "hub.toml")[0], machine)


def test_ten_million_tokens_and_131072_features(tmp_path, no_hub):
    """What the plan is made for, worked out by hand; GPT-2 small has 7,087,872 parameters a block."""
    found = hub_plan(tmp_path)
    (gpt2,), (wide, other), (comparison,) = found.models, found.spaces, found.comparisons
    assert (wide.n_features, wide.width, wide.active, wide.n_activations) == (131_072, 768, 32, 320_000_000)
    assert wide.n_bytes == other.n_bytes == 131_072 * 768 * 2 * 4 == 805_306_368
    assert wide.assumed == frozenset()
    # 8 blocks of 12, read with a BOS before every 100 tokens; each dictionary encodes and decodes; the H100 reaches 40 %.
    forward, coded = 2 * 8 * 7_087_872, 2 * 4 * 131_072 * 768
    assert gpt2.pass_seconds == pytest.approx(10_100_000 * (forward + coded) / (0.4 * 67e12))
    assert (gpt2.n_blocks, gpt2.dtype, gpt2.n_bytes) == (8, "float32", 124_439_808 * 4)
    assert gpt2.weights == 124_439_808 * 4 + 2 * 805_306_368
    assert comparison.n_pairs == 131_072**2 == 17_179_869_184
    assert comparison.core_seconds == pytest.approx(27e-9 * 1e7 * 32 * 32 + 16e-9 * 17_179_869_184)
    assert comparison.gpu_seconds is None
    said = "\n".join(lines(found))
    assert "text         10,000,000 tokens, in passages of 101 or fewer, of the dataset lab/tales, streamed" in said
    assert "download     about 2.1 GB of weights, less what the cache holds" in said
    # 640 million activations of 8 and 5 bytes; 262,144 features; as many rows of matches.
    assert "disk         store 6.2 GB, shards 4.3 GB, at most" in said
    assert "17,179,869,184  11.7 GB  about 34 s" in said
    assert "assumed" not in said


def test_the_gpu_matches_where_that_is_sooner_done():
    """The search by dense products costs what the spaces have features, the sparse one what is active."""
    h100 = machines.KNOWN["h100"]

    def of(features: int, machine: Machine = h100) -> plan.ComparisonPlan:
        sides = {name: SpacePlan(name, features, 64, 64_000_000, 128) for name in "ab"}
        return plan.compare(ComparisonSpec(a="a", b="b"), sides, 10**6, 99, machine)

    assert of(2048).gpu_seconds == pytest.approx(6 * 1e6 * 2048**2 / (0.4 * 67e12))
    assert of(2048).gpu_seconds < of(2048).core_seconds / 16
    assert of(2048, machines.KNOWN["cpu"]).gpu_seconds is None
    assert of(24_576).gpu_seconds is None
    assert of(24_576).core_seconds / 16 < 6 * 1e6 * 24_576**2 / (0.4 * 67e12)


def test_a_run_matches_on_the_device_that_the_plan_names(monkeypatch):
    """Five units: two features of A that fire on three and one of them, two of B. On a GPU that is nothing."""
    sides = [
        Side(csr_array(np.array(x, np.float32))).moments for x in ([[1, 0]] * 3 + [[0, 1]] + [[0, 0]], [[1, 1]] * 5)
    ]
    assert device.sooner(*sides) == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    asked = []
    monkeypatch.setattr(machines, "here", lambda: machines.KNOWN["h100"])
    monkeypatch.setattr(costs, "sooner_on_gpu", lambda *given: asked.append(given) or len(asked) > 1)
    assert [device.sooner(*sides), device.sooner(*sides)] == ["cpu", "cuda"]
    assert asked[0] == (5, 4 / 5, 10 / 5, 4, machines.KNOWN["h100"])


def test_what_nobody_says_is_assumed_and_said(tmp_path, no_hub):
    release = (
        'release = "gpt2-small-resid-post-v5-128k"\nsae_id = "blocks.3.hook_resid_post"',
        'release = "gpt2-small-res_sll-ajt"\nsae_id = "blocks.2.hook_resid_pre"',
    )
    said = "\n".join(
        lines(hub_plan(tmp_path, release=release, model=("transformer-lens:gpt2", "huggingface:lab/unheard-of")))
    )
    assert re.search(r"other +32,768 assumed +64\.0 assumed +640,000,000", said)
    assert re.search(r"gpt2 +unknown", said)
    assert "without the passes of gpt2, whose size is not known here" in said


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("v5-128k", "v5-129k", "lists no release 'gpt2-small-resid-post-v5-129k'; it lists 170, the closest: gpt2-small-resid-post-v5-128k"),
        ("blocks.7.", "blocks.17.", "has no sae_id 'blocks.17.hook_resid_post'; it has 12, the closest: blocks.7.hook_resid_post, blocks.1"),
        ("transformer-lens:gpt2", "transformer-lens:gpt3", "'gpt3' is no name of TransformerLens"),
        ("context_tokens = 101", "context_tokens = 2048", "model 'gpt2' reads at most 1024 tokens, and corpus.context_tokens is 2048"),
        ('release = "gpt2-small-resid-post-v5-128k"\nsae_id = "blocks.7.hook_resid_post"', 'release = "gemma-scope-2b-pt-transcoders"\nsae_id = "layer_0/width_16k/average_l0_76"', "it is a transcoder"),
    ],
)  # fmt: skip
def test_wrong_names_are_refused_without_the_hub(tmp_path, capsys, no_hub, old, new, line):
    assert old in HUB
    (tmp_path / "hub.toml").write_text(HUB.replace(old, new))
    assert main(["plan", str(tmp_path / "hub.toml")]) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1


def test_a_configuration_in_the_cache_counts_more_than_the_table(tmp_path, monkeypatch):
    """A GPT-2 of another size under GPT-2's name: it is laid out without weights, and its parameters counted."""
    from huggingface_hub import constants
    from transformers import GPT2Config, GPT2LMHeadModel

    snapshot = tmp_path / "hub" / "models--openai-community--gpt2" / "snapshots" / ("0" * 40)
    small = GPT2Config(n_embd=16, n_layer=3, n_head=2, vocab_size=100, n_positions=256)
    small.save_pretrained(snapshot)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    spec = config.ModelSpec(name="m", load="transformer-lens:openai-community/gpt2")
    shape = models.network_shape(spec, False)
    network = GPT2LMHeadModel(small)
    assert shape is not None
    assert (shape.n_layers, shape.d_model, shape.d_mlp, shape.context, shape.gated_mlp) == (3, 16, 64, 256, False)
    assert shape.n_parameters == sum(p.numel() for p in network.parameters())
    assert shape.layer_parameters == sum(p.numel() for p in network.transformer.h[1].parameters())


@pytest.mark.parametrize("name", ["EleutherAI/pythia-70m-deduped", "EleutherAI/pythia-160m-deduped", "openai-community/gpt2", "google/gemma-2-2b"])  # fmt: skip
def test_the_table_of_models_says_what_their_networks_have(name, monkeypatch, tmp_path):
    """The networks of these sizes, laid out by transformers without weights."""
    from huggingface_hub import constants
    from transformers import AutoModelForCausalLM, Gemma2Config, GPT2Config, GPTNeoXConfig

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "nothing"))
    facts = models.network_shape(config.ModelSpec(name="m", load=f"huggingface:{name}"), False)
    sizes = {"hidden_size": facts.d_model, "num_hidden_layers": facts.n_layers, "intermediate_size": facts.d_mlp}
    made = {
        "gemma-2-2b": lambda: Gemma2Config(**sizes, num_attention_heads=8, num_key_value_heads=4, head_dim=256, vocab_size=256_000),
        "gpt2": lambda: GPT2Config(n_embd=facts.d_model, n_layer=facts.n_layers, n_head=12, n_positions=facts.context),
    }  # fmt: skip
    neox = lambda: GPTNeoXConfig(**sizes, num_attention_heads=8, vocab_size=50_304, tie_word_embeddings=False)  # noqa: E731
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(made.get(name.split("/")[1], neox)())
    sizes_of = {key: p.numel() for key, p in network.named_parameters()}
    assert facts.n_parameters == sum(sizes_of.values())
    assert facts.layer_parameters == sum(size for key, size in sizes_of.items() if ".1." in key)
    assert facts.gated_mlp == any("gate_proj" in key for key in sizes_of)


def test_the_machine_here_is_measured():
    found = machines.named("here")
    assert found.measured
    assert 1e7 < found.core_rate < 1e13
    assert found.cores >= 1
    with pytest.raises(IngestError, match="there is no 'abacus'; give here, h100, a100"):
        machines.named("abacus")


def test_a_hub_that_does_not_answer_is_out_of_reach(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with models.hub_or_cache() as reachable:
        assert not reachable
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE
    with hub_datasets.serve({}) as (url, asked):
        monkeypatch.setattr(constants, "ENDPOINT", url)
        with models.hub_or_cache() as reachable:
            assert reachable
            assert not constants.HF_HUB_OFFLINE
    assert asked == ["HEAD /"]


def test_the_command_prints_it_and_makes_nothing(tmp_path, capsys):
    assert main(["plan", str(tiny.write(tmp_path / "tiny"))]) == 0
    said = capsys.readouterr().out
    assert "left~right" in said
    assert "pairs" in said
    assert main(["plan", str(DEMO)]) == 0
    said = capsys.readouterr().out
    assert "tiny-2l.1~tiny-2l.1-seed1" in said
    assert "assumed" not in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tiny"]


@pytest.mark.parametrize(
    ("sae", "said"),
    [
        ("no json", "is not an SAE that SAELens reads (JSONDecodeError"),
        ({"d_in": 4}, "is not an SAE that SAELens reads (KeyError: 'd_sae'); give a folder or a release in its format"),
    ],
)
def test_a_folder_that_is_no_sae(tmp_path, capsys, sae, said):
    assert main(["plan", str(write(tmp_path, sae))]) == 2
    assert said in capsys.readouterr().err


def test_an_imported_file_that_is_no_parquet(tmp_path, capsys):
    run_file = write(tmp_path, {"d_sae": 8})
    (tmp_path / "given.parquet").write_text("feature,passage")
    assert main(["plan", str(run_file)]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "space 'given'" in line

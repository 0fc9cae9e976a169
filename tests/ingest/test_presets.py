"""The presets: as far as a configuration can be held against what is public, without network, cache or weights.

`python -m tests.ingest.test_presets` writes what `plan` prints into their comments, after a change to its constants.
"""

import sys
from pathlib import Path

import pytest

from ingest import config, machines, models, planned, presets
from ingest.__main__ import main
from ingest.config import ImportedSpec, NeuronsSpec, RandomSaeSpec, SaeSpec
from ingest.errors import IngestError
from ingest.models import releases
from ingest.plan import Plan, plan
from ingest.training import config as training

SAID = "# What `python -m ingest plan FILE --machine h100` prints where nothing is in the hub's cache:"
NAMES = ["gemma-2-2b", "gpt2-two-releases", "pythia-70m-160m", "tinystories"]
CONTEXTS = {"gpt2-small-res-jb": 128, "gpt2-small-resid-post-v5-32k": 64, "gpt2-small-resid-post-v5-128k": 64,
            "pythia-70m-deduped-res-sm": 128, "gemma-scope-2b-pt-res-canonical": 1024}  # fmt: skip
"""Tokens of the contexts that the releases were trained on."""
ON_THE_HUB = {"gemma-2-2b": "google/gemma-2-2b", "gpt2-small": "openai-community/gpt2",
              "pythia-70m-deduped": "EleutherAI/pythia-70m-deduped"}  # fmt: skip
"""SAELens's names of models."""


def preset(name: str) -> config.Job:
    return config.read(presets.files(name)[0])[0]


def offline(name: str, nothing: Path) -> Plan:
    """The plan with the network off and an empty cache."""
    from huggingface_hub import constants

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        patch.setattr(constants, "HF_HUB_CACHE", str(nothing))
        return plan(preset(name), machines.KNOWN["h100"])


def block(name: str, nothing: Path) -> list[str]:
    return [SAID, "#", *(f"#   {line}".rstrip() for line in planned.lines(offline(name, nothing)))]


def test_there_are_these():
    assert presets.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_says_what_plan_prints(name, tmp_path):
    text = presets.files(name)[0].read_text(encoding="utf-8").splitlines()
    said = text[text.index(SAID) :]
    assert said[: said.index("")] == block(name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_its_dictionaries_are_listed_and_fit_its_models(name):
    """Release and id exist; the directory's model is the one that is loaded; the hook that the id names is in it."""
    job = preset(name)
    loads = {model.name: model.load.partition(":")[2] for model in job.models}
    for space in job.spaces:
        if not isinstance(space, SaeSpec | RandomSaeSpec) or space.release is None:
            continue
        found = releases.entry(space.release, str(space.sae_id))
        assert releases.unusable(found) is None
        assert ON_THE_HUB[found.model] == loads[space.model]
        shape = models.network_shape(next(m for m in job.models if m.name == space.model), False)
        hook = releases.hook_of(space.release, str(space.sae_id))
        assert hook is not None
        assert 0 <= int(hook.split(".")[1]) < shape.n_layers
        assert job.corpus.context_tokens <= CONTEXTS[space.release]
        assert job.corpus.context_tokens <= shape.context


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_read_with_one_framing(name):
    """Releases of one author share prepend_bos and weight processing: no model of a preset is read by two of them."""
    job = preset(name)
    for model in job.models:
        framings = {s.release for s in job.spaces if s.model == model.name and getattr(s, "release", None)}
        assert len({release.removesuffix("-32k").removesuffix("-128k") for release in framings}) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_floor_and_says_what_it_compares(name):
    job = preset(name)
    floors = {space.name for space in job.spaces if isinstance(space, RandomSaeSpec)}
    assert any({pair.a, pair.b} & floors for pair in job.comparisons)
    compared = {side for pair in job.comparisons for side in (pair.a, pair.b)}
    assert compared == {space.name for space in job.spaces}
    assert not any(isinstance(space, ImportedSpec) for space in job.spaces)
    assert job.corpus.demanded


@pytest.mark.parametrize("name", NAMES)
def test_its_training_files_make_what_it_reads(name):
    """Every folder that it reads has its training file, and the other way round; of the model, at a hook it has."""
    job = preset(name)
    files = {path.name.removesuffix(".train.toml"): training.read(path) for path in presets.files(name)[1:]}
    folders = {s.path.name: s for s in job.spaces if isinstance(s, SaeSpec) and s.path is not None}
    assert folders.keys() == files.keys()
    loads = {model.name: model.load for model in job.models}
    for folder, space in folders.items():
        trained = files[folder]
        assert trained.model.load == loads[space.model]
        shape = models.network_shape(trained.model, False)
        assert int(trained.sae.hook.split(".")[1]) < shape.n_layers
        assert trained.corpus.context_tokens == job.corpus.context_tokens
        assert (trained.corpus.dataset, trained.corpus.split) != (job.corpus.dataset, job.corpus.split)
    active = {trained.sae.k for trained in files.values()}
    assert all(space.active in active for space in job.spaces if isinstance(space, NeuronsSpec))
    seeds = [(t.model.load, t.sae.hook, t.training.seed) for t in files.values()]
    assert len(set(seeds)) == len(seeds)


def test_the_command_lists_and_copies_and_overwrites_nothing(tmp_path, capsys):
    assert main(["presets"]) == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()] == NAMES
    assert "tinystories           Which features do a one-layer and a two-layer model" in said
    assert main(["presets", "tinystories", "--into", str(tmp_path / "mine")]) == 0
    assert f"python -m ingest plan {tmp_path / 'mine' / 'tinystories.toml'}" in capsys.readouterr().out
    copied = sorted(path.name for path in (tmp_path / "mine").iterdir())
    assert copied == ["tinystories.1l.train.toml", "tinystories.2l-l0.train.toml", "tinystories.2l-l1-seed1.train.toml",
                      "tinystories.2l-l1.train.toml", "tinystories.toml"]  # fmt: skip
    (tmp_path / "mine" / "tinystories.toml").write_text("mine")
    assert main(["presets", "tinystories", "--into", str(tmp_path / "mine")]) == 2
    assert "tinystories.toml is there already" in capsys.readouterr().err
    assert (tmp_path / "mine" / "tinystories.toml").read_text() == "mine"
    assert main(["presets", "stories"]) == 2
    assert f"there is no preset 'stories'; presets: {', '.join(NAMES)}" in capsys.readouterr().err


def test_a_training_file_that_is_wrong_is_refused_by_plan(tmp_path):
    for source in presets.files("tinystories"):
        (tmp_path / source.name).write_text(source.read_text().replace("width = 8_192", "width = 0"))
    with pytest.raises(IngestError, match=r"tinystories\.1l\.train\.toml: sae\.width"):
        plan(config.read(tmp_path / "tinystories.toml")[0], machines.KNOWN["h100"])


def rewrite(name: str, nothing: Path) -> None:
    path = presets.files(name)[0]
    text = path.read_text(encoding="utf-8").splitlines()
    begin = next(i for i, line in enumerate(text) if line in (SAID, "# PLAN"))
    path.write_text("\n".join([*text[:begin], *block(name, nothing), *text[text.index("", begin) :]]) + "\n")


if __name__ == "__main__":
    for each in NAMES:
        rewrite(each, Path("/nonexistent"))
        print("wrote", each, file=sys.stderr)

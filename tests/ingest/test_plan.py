"""`python -m ingest plan`: what a run would take, from the run file and the ends of files alone."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import config, plan
from ingest.__main__ import main
from ingest.config import ComparisonSpec
from ingest.plan import SpacePlan
from tests import tiny

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
        made = {"sae_lens_version": "6.54.12"} | sae.pop("metadata", {})  # type: ignore[operator]
        sae = {"architecture": "topk", "d_in": 64, **sae, "metadata": made}
    (folder / "sae").mkdir()
    (folder / "sae" / "cfg.json").write_text(sae if isinstance(sae, str) else json.dumps(sae))
    pq.write_table(pa.table({"feature": [3, 99, 7], "passage": [0, 0, 1]}), folder / "given.parquet")
    (folder / "run.toml").write_text(RUN)
    return folder / "run.toml"


def test_a_plan_reads_widths_and_activity_where_they_are_written(tmp_path):
    job, _ = config.read(write(tmp_path, {"d_sae": 131_072}))
    (wide, given), (comparison,) = plan.plan(job)
    assert wide == SpacePlan("wide", 131_072, 64, True, 640_000, 64)
    assert given == SpacePlan("given", 100, 0.0003, False, 3)
    assert (comparison.name, comparison.n_pairs) == ("wide~given", 13_107_200)


@pytest.mark.parametrize(
    "sae",
    [
        {"d_sae": 512, "k": 20},
        {"d_sae": 512, "metadata": {"l0": 20.0}},
        {"d_sae": 512, "metadata": {"training_architecture_details": {"k": 20}}},
    ],
)
def test_what_an_sae_says_of_its_activity_is_taken(tmp_path, sae):
    job, _ = config.read(write(tmp_path, sae))
    assert plan.plan(job)[0][0] == SpacePlan("wide", 512, 20, False, 200_000, 64)


def test_it_grows_with_what_it_depends_on():
    def of(tokens: int, width: int, active: int) -> plan.ComparisonPlan:
        sides = {name: SpacePlan(name, width, active, False, active * tokens) for name in "ab"}
        return plan.compare(ComparisonSpec(a="a", b="b"), sides, tokens, 999)

    small = of(10**5, 4096, 32)
    held = plan.BASE + plan.TILE_BYTES
    assert of(10**6, 4096, 32).memory - held == pytest.approx(10 * (small.memory - held))
    assert of(10**6, 4096, 32).core_seconds == pytest.approx(
        10 * small.core_seconds - 9 * plan.PER_PAIR * small.n_pairs
    )
    assert of(10**5, 8192, 32).n_pairs == 4 * small.n_pairs
    assert of(10**5, 8192, 32).memory == small.memory
    assert of(10**5, 4096, 64).core_seconds > 3 * small.core_seconds


def test_scores_grow_with_draws_pairs_and_dimensions():
    def of(features: int, width: int | None, draws: int) -> float:
        sides = {name: SpacePlan(name, features, 16, False, 16_000, width) for name in "ab"}
        return plan.compare(ComparisonSpec(a="a", b="b"), sides, 1000, draws).score_seconds

    assert of(4096, 128, 999) == pytest.approx(999 * of(4096, 128, 1))
    assert of(4096, None, 999) == pytest.approx(999 * plan.PER_DRAW)
    assert of(4096, 128, 999) < of(8192, 128, 999) < of(8192, 256, 999)
    # 4,096 of 10,240 features matched in 64 dimensions.
    by_hand = 4096**2 * plan.PER_ROW_PAIR + 4096 * 64**2 * plan.PER_PRODUCT_ENTRY + 64**3 * plan.PER_DECOMPOSED
    assert of(10_240, 64, 1) == pytest.approx(plan.PER_DRAW + by_hand)


def test_maps_and_rows_are_counted(tmp_path):
    job, _ = config.read(write(tmp_path, {"d_sae": 1000, "d_in": 64, "k": 1}))
    (wide, given), _ = plan.plan(job)
    assert (wide.width, given.width) == (64, None)
    said = list(plan.lines(job))
    assert "maps         about 19 s, on one core" in said
    # 10,003 activations, 1,100 features, 316 matched rows and one comparison's scores.
    assert "disk         store 5 MB, shards 5 MB, at most" in said


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

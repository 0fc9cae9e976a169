"""Wrong input: one line that says what was asked and what exists, exit status 2, nothing written."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.__main__ import main
from store.check import check
from tests import tiny


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    return tiny.write(tmp_path / "run")


def refused(run_file: Path, capsys: pytest.CaptureFixture[str], out: Path | None = None) -> str:
    """The line that the command answers with, after seeing that nothing was written."""
    out = out or run_file.parent.parent / "store"
    before = sorted(out.rglob("*")) if out.exists() else None
    assert main(["run", str(run_file), "--out", str(out)]) == 2
    assert (sorted(out.rglob("*")) if out.exists() else None) == before
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("homolog: ").strip()


def edit(run_file: Path, old: str, new: str) -> Path:
    text = run_file.read_text()
    assert old in text
    run_file.write_text(text.replace(old, new, 1))
    return run_file


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "[corpus]",
            "[corpus]\ntokns = 5",
            "corpus.tokns is not a key; the keys here are tokens, context_tokens, source, path, field",
        ),
        (
            "[[models]]",
            "[[model]]\nname='x'\n[[models]]",
            "model is not a key; the keys here are corpus, models, spaces, comparisons",
        ),
        ('kind = "imported"', 'kind = "imported"\nlayer = 3', "spaces[0].layer is not a key"),
        ('name = "one"', "", "models[0].name is missing"),
        ('name = "one"', 'name = "One!"', "models[0].name: string should match pattern"),
        (
            'source = "parquet"',
            'source = "books"',
            "source has to be one of installed-docs, stories, text, jsonl, parquet, huggingface; got 'books'",
        ),
        ('model = "one"', 'model = "three"', "space 'left' reads model 'three'; models: one, two"),
        ('name = "right"', 'name = "left"', "two spaces are called 'left'"),
        (
            'load = "tokens:tokens.parquet"',
            'load = "demo:huge"',
            "there is no demo model 'huge'; demo models: tiny-1l, tiny-2l",
        ),
        ('load = "tokens:tokens.parquet"', 'load = "gpt2"', "models[0].load: string should match pattern"),
        ('path = "left.parquet"', 'path = "gone.parquet"', "there is no file"),
        ('path = "passages.parquet"', 'path = "gone.parquet"', "cannot be read as Parquet"),
        ("[corpus]", "[[comparisons]]\na='left'\nb='middle'\n[corpus]", "names 'middle'; spaces: left, right"),
        ("[corpus]", "[[comparisons]]\na='left'\nb='left'\n[corpus]", "compares a space with itself"),
        ("[corpus]", "[corpus", "is not a readable TOML file"),
    ],
)
def test_run_file(run_file, capsys, old, new, line):
    assert line in refused(edit(run_file, old, new), capsys)


def test_no_run_file(tmp_path, capsys):
    assert "there is no run file" in refused(tmp_path / "a" / "none.toml", capsys)


def test_the_command_itself_exits_with_2_and_no_traceback(tmp_path):
    command = [sys.executable, "-m", "ingest", "run", str(tmp_path / "none.toml"), "--out", str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"homolog: there is no run file .*none\.toml; .*\n", done.stderr)


def test_a_folder_that_is_no_store_is_left_alone(run_file, tmp_path, capsys):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.tex").write_text("important")
    assert "papers is not a store: it holds 'thesis.tex'" in refused(run_file, capsys, tmp_path / "papers")


def test_a_file_is_no_store(run_file, tmp_path, capsys):
    (tmp_path / "store.txt").write_text("")
    assert main(["run", str(run_file), "--out", str(tmp_path / "store.txt")]) == 2
    assert "is a file; --out wants a folder" in capsys.readouterr().err


def replace_column(path: Path, column: str, values: object) -> None:
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.column_names.index(column), column, pa.array(values)), path)


def change(path: Path, column: str, row: int, value: object) -> None:
    values = pq.read_table(path)[column].to_pylist()
    values[row] = value
    replace_column(path, column, values)


@pytest.mark.parametrize(
    ("column", "value", "line"),
    [
        ("activation", float("nan"), "row 5 is not a number"),
        ("activation", -1.0, "row 5 is negative"),
        ("position", 99, "row 5 names position 99 of passage"),
        ("passage", 500, "of passage 500, which the model's tokens do not have"),
        ("feature", -1, "has a feature below 0"),
        ("activation", None, "is not a number"),
    ],
)
def test_imported_activations(run_file, capsys, column, value, line):
    change(run_file.parent / "left.parquet", column, 5, value)
    out = run_file.parent.parent / "store"
    assert main(["run", str(run_file), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1
    assert not (out / "homolog.duckdb").exists()


def test_imported_activations_with_a_column_missing_or_twice(run_file, capsys):
    path = run_file.parent / "left.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(0, 1)]), path)
    assert main(["run", str(run_file), "--out", str(run_file.parent.parent / "store")]) == 2
    assert "gives feature 3 twice at position 0 of passage 0" in capsys.readouterr().err
    pq.write_table(table.drop(["position"]), path)
    assert main(["run", str(run_file), "--out", str(run_file.parent.parent / "store")]) == 2
    assert "has no column 'position'; it needs feature, passage, position, activation" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("column", "value", "line"),
    [
        ("position", 4, "has position 4 where 5 belongs"),
        ("char_end", 1000, "spans characters"),
        ("passage", 119, "differ"),
    ],
)
def test_imported_tokens(run_file, capsys, column, value, line):
    change(run_file.parent / "tokens.parquet", column, 5, value)
    if column == "passage":
        table = pq.read_table(run_file.parent / "tokens.parquet")
        pq.write_table(table.slice(7), run_file.parent / "tokens.parquet")
    assert line in refused(run_file, capsys)


def test_an_empty_corpus(run_file, capsys):
    table = pq.read_table(run_file.parent / "passages.parquet")
    pq.write_table(table.slice(0, 0), run_file.parent / "passages.parquet")
    assert "holds no passage" in refused(run_file, capsys)


def test_an_empty_text_for_a_real_model(tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "empty.txt").write_text("")
    run_file = tmp_path / "run" / "run.toml"
    sae = Path("ingest/demo/checkpoints/saes/tiny-1l.0").resolve()
    run_file.write_text(
        "[corpus]\nsource='text'\npath='empty.txt'\n[[models]]\nname='m'\nload='demo:tiny-1l'\n"
        f"[[spaces]]\nname='s'\nmodel='m'\nkind='sae'\npath='{sae}'\n"
    )
    assert "the source 'text' holds no text of 8 tokens or more" in refused(run_file, capsys)


def test_an_sae_that_does_not_fit_its_hook(tmp_path, capsys):
    """An SAE of 64 dimensions at a residual stream of 128; a hook that the model does not have; a folder without one."""
    from safetensors.numpy import save_file

    (tmp_path / "run").mkdir()
    folder = tmp_path / "run" / "narrow"
    folder.mkdir()
    shapes = {"W_enc": (64, 16), "W_dec": (16, 64), "b_enc": (16,), "b_dec": (64,)}
    save_file({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}, folder / "sae_weights.safetensors")
    config = {"d_in": 64, "d_sae": 16, "dtype": "float32", "device": "cpu", "architecture": "standard", "apply_b_dec_to_input": True,
              "normalize_activations": "none", "reshape_activations": "none", "metadata": {"sae_lens_version": "6.54.12", "hook_name": "blocks.0.hook_resid_post"}}  # fmt: skip
    (folder / "cfg.json").write_text(json.dumps(config))
    run_file = tmp_path / "run" / "run.toml"
    run_file.write_text(
        "[corpus]\nsource='stories'\ntokens=1000\n[[models]]\nname='m'\nload='demo:tiny-1l'\n"
        "[[spaces]]\nname='s'\nmodel='m'\nkind='sae'\npath='narrow'\n"
    )
    assert "the SAE reads 64 dimensions, but blocks.0.hook_resid_post of 'm' has 128" in refused(run_file, capsys)
    config["metadata"]["hook_name"] = "blocks.7.hook_resid_post"
    (folder / "cfg.json").write_text(json.dumps(config))
    assert "model 'm' has no hook 'blocks.7.hook_resid_post'; it has blocks.0.hook_resid_post" in refused(
        run_file, capsys
    )
    (folder / "cfg.json").unlink()
    assert "has no cfg.json; give a folder in SAELens's format" in refused(run_file, capsys)


def test_a_damaged_shard_is_named(run_file, tmp_path, capsys):
    out = tmp_path / "store"
    assert main(["run", str(run_file), "--out", str(out)]) == 0
    shard = next((out / "shards" / "sparse").glob("left-*.parquet"))
    shard.write_bytes(shard.read_bytes()[:100])
    for table in (out / "shards" / "features").glob("left-*"):
        table.unlink()
    capsys.readouterr()
    assert main(["run", str(run_file), "--out", str(out)]) == 2
    assert f"{shard.name} is damaged" in capsys.readouterr().err
    assert (out / "homolog.duckdb").exists()


def test_a_run_killed_while_publishing_is_taken_up_again(run_file, tmp_path, capsys):
    """A killed process leaves the database it was writing, DuckDB's log beside it, and its folder for spilling."""
    out = tmp_path / "store"
    code = (
        "import os, signal, sys\nfrom ingest import publish\nfrom ingest.__main__ import main\n"
        "publish.checksum_sql = lambda name: os.kill(os.getpid(), signal.SIGKILL)\nmain(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "run", str(run_file), "--out", str(out)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    (out / "homolog.duckdb.part.tmp").mkdir()
    (out / "homolog.duckdb.part.tmp" / "spilled").write_text("")
    assert [path.name for path in out.glob("homolog.duckdb.part*")]
    assert not (out / "homolog.duckdb").exists()
    assert main(["run", str(run_file), "--out", str(out)]) == 0, capsys.readouterr().err
    assert check(out) == []
    assert sorted(path.name for path in out.iterdir()) == ["SHA256SUMS", "homolog.duckdb", "run.log", "shards"]


def test_the_log_of_a_program_that_wrote_into_the_old_store_does_not_spoil_the_new_one(run_file, tmp_path, capsys):
    out = tmp_path / "store"
    assert main(["run", str(run_file), "--out", str(out)]) == 0
    writes = "c.execute('CREATE TABLE mine AS SELECT 1'); os._exit(0)"
    code = f"import duckdb, os; c = duckdb.connect({str(out / 'homolog.duckdb')!r}); {writes}"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (out / "homolog.duckdb.wal").exists()
    run_file.write_text(run_file.read_text() + '\n[[concepts]]\nname = "cats"\nkeywords = ["cat"]\n')
    assert main(["run", str(run_file), "--out", str(out)]) == 0, capsys.readouterr().err
    assert check(out) == []

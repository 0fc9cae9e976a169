"""The arrows: dashboard -> store, ingest -> store, store -> nothing; and which module may import which library."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parent.parent
OURS = {"ingest", "store", "dashboard", "tests"}
MAY_IMPORT = {"store": set(), "ingest": {"store"}, "dashboard": {"store"}}
HEAVY = {"torch", "transformer_lens", "sae_lens", "transformers"}


def imports(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_arrows(package):
    assert files(package)
    for path in files(package):
        others = imports(path) & (OURS - {package})
        assert others <= MAY_IMPORT[package], f"{path.relative_to(ROOT)} imports {sorted(others)}"


@pytest.mark.parametrize("package", ["store", "dashboard"])
def test_reading_needs_no_model_library(package):
    forbidden = HEAVY | {"numba", "scipy", "sklearn", "umap", "pydantic"}
    for path in files(package):
        assert not imports(path) & forbidden, path


def test_the_store_knows_no_dashboard_library():
    for path in files("store"):
        assert not imports(path) & {"streamlit", "altair", "pandas"}, path


def test_only_models_imports_the_model_libraries():
    for path in files("ingest"):
        found = imports(path) & {"transformer_lens", "sae_lens", "transformers"}
        assert not found or path.parent == ROOT / "ingest" / "models", (
            f"{path.relative_to(ROOT)} imports {sorted(found)}"
        )


@pytest.mark.parametrize("module", ["links.py", "charts.py", "words.py"])
def test_what_can_be_tested_without_streamlit_does_not_import_it(module):
    assert "streamlit" not in imports(ROOT / "dashboard" / module)


def test_pages_hold_no_sql_and_ask_only_data():
    for path in files("dashboard"):
        if path.name not in {"data.py", "__main__.py"}:  # __main__ looks whether the folder is a store
            assert "Store(" not in path.read_text(encoding="utf-8"), path
            assert not imports(path) & {"duckdb"}, path


def test_store_and_dashboard_run_where_torch_is_not_installed():
    """A fresh interpreter in which importing any model library fails."""
    block = "import sys\nfor name in ('torch', 'transformer_lens', 'sae_lens', 'transformers', 'numba', 'scipy'):\n    sys.modules[name] = None\n"
    code = (
        block
        + "import store.read, store.console, store.check, store.__main__, dashboard.links, dashboard.charts, dashboard.data"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_top_level_is_what_the_design_says():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    allowed = {"ingest", "store", "dashboard", "tests", "pyproject.toml", "Makefile", "README.md", "LICENSE", "CHANGELOG.md",
               ".gitignore", ".ci", ".streamlit", "requirements.lock"}  # fmt: skip
    assert {name.split("/")[0] for name in tracked} <= allowed


def test_every_command_of_the_readme_exists():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in ("demo", "test", "setup", "store", "check", "bench"):
        assert f"make {word}" in readme
        assert f"\n{word}:" in makefile
    ingest = ("run", "plan", "presets", "train-sae")
    others = ("python -m store info", "python -m store sql", "python -m dashboard")
    for line in (*(f"python -m ingest {command}" for command in ingest), *others):
        assert line in readme


@pytest.mark.parametrize("fence", ["sh", "python"])
def test_what_the_readme_offers_for_other_tools_runs(
    tiny_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fence: str
) -> None:
    """In the folder above the store. polars is no dependency: its lines differ from those of pandas in their last word."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme[readme.index("## Leave with it") : readme.index("## Commands")]
    blocks = [block.strip() for block in re.findall(rf"```{fence}\n(.*?)```", section, re.DOTALL)]
    assert [len(block.split("\n")) - block.count("\n\n") for block in blocks] == [3] * len(blocks)
    (tmp_path / "stores").mkdir()
    (tmp_path / "stores" / "demo").symlink_to(tiny_store)
    monkeypatch.chdir(tmp_path)
    if fence == "python":
        pandas, polars = blocks
        assert polars == f"{pandas.removesuffix('df()')}pl()"
        names: dict[str, object] = {}
        exec(pandas, names)
        with names["store"]:  # type: ignore[attr-defined]
            assert list(names["pairs"]["feature_a"]) == [1]  # type: ignore[index]
        return
    command, *statements = blocks[0].splitlines()
    assert command == "duckdb -readonly stores/demo/homolog.duckdb"
    with duckdb.connect(command.split()[-1], read_only=True) as store:
        assert [len(store.execute(one.replace("tiny-1l.0", "left")).fetchall()) for one in statements] == [1, 1]
        fires = store.execute("SELECT count(*) FROM 'fires.parquet'").fetchone()
    assert fires == (60,)

"""The documentation of the installed scientific libraries: real English and code, on every machine, no download.

Documents come in the order of the SHA-256 of their text: a shuffle that needs no seed and that is the same everywhere,
so "the first 600,000 tokens" is a fair sample of all the libraries, and the rest can be trained on without overlap.
"""

import ast
import hashlib
import importlib.util
import inspect
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

from ingest.errors import IngestError
from ingest.sources.document import Document

PACKAGES = ("numpy", "scipy", "sklearn", "pandas", "networkx", "torch")
SKIPPED_FOLDERS = {"tests", "test", "testing", "_internal", "include", "__pycache__", "_vendor"}
SHORTEST = 80
"""Characters: shorter docstrings are labels, not text."""


def read(packages: tuple[str, ...] = PACKAGES) -> Iterator[Document]:
    """Yield every docstring of the packages once, in the order of its SHA-256. Holds all of them (about 20 MB)."""
    files = list(chain.from_iterable(_python_files(package) for package in packages))
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        found: dict[str, Document] = {}
        for source, text in chain.from_iterable(pool.map(_docstrings, files, chunksize=64)):
            found.setdefault(hashlib.sha256(text.encode()).hexdigest(), Document(source=source, text=text))
    for digest in sorted(found):
        yield found[digest]


def _python_files(package: str) -> list[tuple[Path, Path]]:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise IngestError(
            f"corpus.packages names {package!r}, which is not installed here; install it or choose among "
            f"{', '.join(p for p in PACKAGES if importlib.util.find_spec(p))}"
        )
    root = Path(spec.submodule_search_locations[0])
    return [
        (root.parent, path)
        for path in sorted(root.rglob("*.py"))
        if not SKIPPED_FOLDERS.intersection(path.relative_to(root).parts)
    ]


def _docstrings(file: tuple[Path, Path]) -> list[tuple[str, str]]:
    """(source, text) of one file: docstrings, and what `add_newdoc` / `add_docstr` give to compiled code."""
    parent, path = file
    try:
        code = path.read_text(encoding="utf-8")
        tree = ast.parse(code) if ('"""' in code or "'''" in code) else ast.Module([], [])
    except (SyntaxError, UnicodeDecodeError):  # templates and files for other versions of Python hold no documentation
        return []
    module = ".".join(path.relative_to(parent).with_suffix("").parts)
    return [(f"{module}:{name}", text) for name, text in _walk(tree, "") if len(text) >= SHORTEST]


def _walk(tree: ast.AST, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        text = ast.get_docstring(tree)
        if text:
            yield prefix or "module", text
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _walk(node, f"{prefix}.{node.name}".lstrip("."))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield from _added_docs(node.value)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _walk(node, prefix)


def _added_docs(call: ast.Call) -> Iterator[tuple[str, str]]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name not in {"add_newdoc", "add_docstr", "add_docstr_all"}:
        return
    strings = [n.value for n in ast.walk(call) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    names = [s for s in strings if len(s) < SHORTEST and s.isidentifier()]
    for text in strings:
        if len(text) >= SHORTEST:
            yield ".".join(names) or name, inspect.cleandoc(text)

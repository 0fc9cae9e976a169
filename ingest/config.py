"""The run file: small frozen models, one docstring per field. Validation reads nothing but the file itself."""

import itertools
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ingest.errors import IngestError
from ingest.sources.installed_docs import PACKAGES

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class InstalledDocs(Frozen):
    source: Literal["installed-docs"]
    packages: tuple[str, ...] = PACKAGES
    """Importable packages whose docstrings are read."""
    tokens: int = Field(1_000_000, gt=0)
    """Stop after this many tokens, counted with the first model's tokenizer."""
    context_tokens: int = Field(128, ge=4)
    """Longest passage, BOS included, in tokens of the first model."""


class Stories(Frozen):
    source: Literal["stories"]
    seed: int = 0
    """Seed of the grammar: another seed, other stories."""
    tokens: int = Field(100_000, gt=0)
    """Stop after this many tokens."""
    context_tokens: int = Field(128, ge=4)
    """Longest passage, BOS included, in tokens of the first model."""


class TextFiles(Frozen):
    source: Literal["text", "jsonl", "parquet"]
    path: Path
    """A file, relative to the run file. `text`: one document; `jsonl`, `parquet`: one a row."""
    field: str = "text"
    """Where a row of `jsonl` or `parquet` holds its text. A Parquet file with a `passage` column is taken uncut."""
    tokens: int = Field(1_000_000, gt=0)
    """Stop after this many tokens, counted with the first model's tokenizer."""
    context_tokens: int = Field(128, ge=4)
    """Longest passage, BOS included, in tokens of the first model."""


Corpus = Annotated[InstalledDocs | Stories | TextFiles, Field(discriminator="source")]


class ModelSpec(Frozen):
    name: Slug
    """How the store calls it."""
    load: str = Field(pattern=r"^(demo|tokens):.+$")
    """`demo:<name>`, a model that ships with Homolog; `tokens:<file>`, tokens of a model that somebody else ran."""


class SpaceSpec(Frozen):
    name: Slug
    """How the store calls it."""
    model: Slug
    """The model it reads."""
    kind: Literal["sae", "imported"]
    """`sae`: a folder in SAELens's format; `imported`: a Parquet file of feature, passage, position, activation."""
    path: Path
    """That folder or file, relative to the run file."""
    hook: str | None = None
    """Place in the model, where the SAE's own configuration does not say."""
    decoder: Path | None = None
    """`imported` only: an .npy file of decoder rows, float of shape (feature, dimension)."""


class ComparisonSpec(Frozen):
    a: Slug
    """Space A."""
    b: Slug
    """Space B."""

    @property
    def name(self) -> str:
        return f"{self.a}~{self.b}"


class Job(Frozen):
    corpus: Corpus
    """The text."""
    models: tuple[ModelSpec, ...] = Field(min_length=1)
    """The first one's tokenizer cuts the passages."""
    spaces: tuple[SpaceSpec, ...] = Field(min_length=1)
    """The dictionaries of features."""
    comparisons: tuple[ComparisonSpec, ...] = ()
    """Which spaces to compare; none given: every pair of spaces of different models."""

    @model_validator(mode="after")
    def _names_agree(self) -> "Job":
        models, spaces = [m.name for m in self.models], [s.name for s in self.spaces]
        for kind, names in (("model", models), ("space", spaces), ("comparison", [c.name for c in self.comparisons])):
            if twice := sorted({n for n in names if names.count(n) > 1}):
                raise ValueError(f"two {kind}s are called {twice[0]!r}; give each its own name")
        for space in self.spaces:
            if space.model not in models:
                raise ValueError(f"space {space.name!r} reads model {space.model!r}; models: {', '.join(models)}")
        for comparison in self.comparisons:
            for side in (comparison.a, comparison.b):
                if side not in spaces:
                    raise ValueError(f"comparison {comparison.name!r} names {side!r}; spaces: {', '.join(spaces)}")
            if comparison.a == comparison.b:
                raise ValueError(f"comparison {comparison.name!r} compares a space with itself; name two spaces")
        return self

    @property
    def pairs(self) -> tuple[ComparisonSpec, ...]:
        """The comparisons of the run: those given, or every pair of spaces of different models."""
        return self.comparisons or tuple(
            ComparisonSpec(a=a.name, b=b.name) for a, b in itertools.combinations(self.spaces, 2) if a.model != b.model
        )

    def space(self, name: str) -> SpaceSpec:
        return next(space for space in self.spaces if space.name == name)


def read(path: Path) -> tuple[Job, str]:
    """The validated run file, its paths made absolute against its folder, and its text.

    Raises `IngestError`, one line: which key, what was given, what would do.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except FileNotFoundError:
        raise IngestError(f"there is no run file {path}; the demo's is ingest/demo/run.toml") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise IngestError(f"{path} is not a readable TOML file: {error}") from None
    _resolve(values, path.resolve().parent)
    try:
        return Job.model_validate(values), text
    except ValidationError as error:
        raise IngestError(f"{path}: {_first_line(error)}") from None


def _resolve(values: dict[str, Any], folder: Path) -> None:
    tables = [values.get("corpus", {}), *values.get("spaces", [])] if isinstance(values.get("spaces", []), list) else []
    for table in tables:
        for key in ("path", "decoder"):
            if isinstance(table, dict) and isinstance(table.get(key), str):
                table[key] = folder / table[key]
    for model in values.get("models", []) if isinstance(values.get("models", []), list) else []:
        load = model.get("load") if isinstance(model, dict) else None
        if isinstance(load, str) and load.startswith("tokens:"):
            model["load"] = f"tokens:{folder / load.removeprefix('tokens:')}"


TABLES: dict[str, tuple[type[Frozen], ...]] = {
    "corpus": (InstalledDocs, Stories, TextFiles),
    "models": (ModelSpec,),
    "spaces": (SpaceSpec,),
    "comparisons": (ComparisonSpec,),
}


def _first_line(error: ValidationError) -> str:
    """Pydantic's first complaint as one line that names the key, what was given and what exists."""
    first = error.errors()[0]
    where = [part for part in first["loc"] if part not in ("installed-docs", "stories", "text", "jsonl", "parquet")]
    name = ".".join(f"[{part}]" if isinstance(part, int) else str(part) for part in where).replace(".[", "[")
    if first["type"] == "extra_forbidden":
        return f"{name} is not a key; the keys here are {', '.join(_known_keys(first['loc']))}"
    if first["type"] == "missing":
        return f"{name} is missing; it has to be given"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"].startswith("union_tag"):
        known = "installed-docs, stories, text, jsonl, parquet"
        return f"{name}: source has to be one of {known}; got {first['input'].get('source')!r}"
    return f"{name}: {first['msg'][0].lower() + first['msg'][1:]}; got {first['input']!r}"


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    if location[0] not in TABLES or len(location) == 1:
        return list(Job.model_fields)
    classes = TABLES[str(location[0])]
    if location[0] == "corpus":
        classes = tuple(c for c in classes if str(location[1]) in str(c.model_fields["source"].annotation)) or classes
    return list(dict.fromkeys(key for c in classes for key in c.model_fields))

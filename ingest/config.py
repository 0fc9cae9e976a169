"""The run file: small frozen models, one docstring per field. Validation reads nothing but the file itself."""

import itertools
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ingest import toml
from ingest.frozen import Frozen
from ingest.sources.settings import Corpus, HuggingFace, InstalledDocs, Stories, TextFiles

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class ModelSpec(Frozen):
    name: Slug
    """How the store calls it."""
    load: str = Field(pattern=r"^(demo|tokens|transformer-lens|huggingface):.+$")
    """`transformer-lens:<name or ORG/NAME>`, read at TransformerLens's hooks; `huggingface:<ORG/NAME or folder>`, read
    at its modules; `demo:<name>`, a model that ships with Homolog; `tokens:<file>`, tokens of a model that somebody
    else ran. A folder is relative to the run file."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Numbers the network computes in. `auto`: bfloat16 on a CUDA GPU where the weights are stored in 16 bits, float32
    elsewhere."""
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    """Where the network computes. `auto`: a CUDA GPU where there is one."""
    revision: str | None = None
    """Branch, tag or commit of the repository; its main branch where not given."""
    prepend_bos: bool | None = None
    """Whether a passage begins with the tokenizer's BOS (or an encoder's [CLS]). Not given: as the SAEs that read the
    model say; where none says, yes if the tokenizer has one."""


class SpaceBase(Frozen):
    name: Slug
    """How the store calls it."""
    model: Slug
    """The model it reads."""


class DictionaryBase(SpaceBase):
    path: Path | None = None
    """A folder in SAELens's format, relative to the run file."""
    release: str | None = Field(None, min_length=1)
    """In place of `path`: a release of SAELens's directory, or a hub repository in SAELens's format."""
    sae_id: str | None = Field(None, min_length=1)
    """Which of the release's SAEs."""
    hook: str | None = None
    """Place in the model, where the SAE's own configuration does not say."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """What it computes in. `auto`: the wider of its own and the model's."""
    device: str = Field("auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    """Where it computes. `auto`: where the model does."""

    @model_validator(mode="after")
    def _whole_name(self) -> Self:
        if (self.release is None) != (self.sae_id is None):
            has, lacks = ("release", "sae_id") if self.sae_id is None else ("sae_id", "release")
            raise ValueError(f"space {self.name!r} gives {has} without {lacks}; give both, or path alone")
        return self

    @property
    def named(self) -> str:
        """How its files are called in messages: the folder, or `release/sae_id`."""
        return str(self.path) if self.path is not None else f"{self.release}/{self.sae_id}"


class SaeSpec(DictionaryBase):
    kind: Literal["sae"]
    """A sparse autoencoder: `path`, or `release` and `sae_id`."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.path is None) == (self.release is None):
            raise ValueError(f"space {self.name!r} is one SAE; give either path, or release and sae_id")
        return self


class ImportedSpec(SpaceBase):
    kind: Literal["imported"]
    """Sparse activations that somebody computed elsewhere."""
    path: Path
    """A Parquet file of feature, passage, position, activation, relative to the run file."""
    hook: str | None = None
    """Place in the model that they were read at; None where unknown."""
    decoder: Path | None = None
    """An .npy file of decoder rows, float of shape (feature, dimension)."""


class NeuronsSpec(SpaceBase):
    kind: Literal["neurons"]
    """The model's own units at a hook: what there is without any SAE."""
    hook: str
    """Place in the model. At `blocks.N.mlp.hook_post` a feature is a unit, clipped at 0 (of a gated MLP, and in the
    residual stream, where both signs count alike, a unit makes two: its positive part, then its negative part)."""
    active: int = Field(64, gt=0)
    """Most features a token: the strongest are kept, so that the space is sparse. Every unit above 0 where there are
    fewer. Compare like with like: give the SAE's own number of active features a token."""


class RandomSaeSpec(DictionaryBase):
    kind: Literal["random_sae"]
    """An SAE of the same shape and sparsity as another, with random directions: the floor. That other one is `like`,
    `path`, or `release` and `sae_id`."""
    like: Slug | None = None
    """In place of `path`: that SAE as a space of this run file, of the same model."""
    seed: int = Field(0, ge=0)
    """Another seed, other directions."""
    active: int | None = Field(None, gt=0)
    """Active features a token, where the SAE's own configuration does not say."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.path, self.like, self.release)) != 1:
            raise ValueError(
                f"space {self.name!r}: a random_sae mimics one SAE; give one of like, path, or release and sae_id"
            )
        return self


SpaceSpec = Annotated[SaeSpec | ImportedSpec | NeuronsSpec | RandomSaeSpec, Field(discriminator="kind")]


class ComparisonSpec(Frozen):
    a: Slug
    """Space A."""
    b: Slug
    """Space B."""

    @property
    def name(self) -> str:
        return f"{self.a}~{self.b}"


class ConceptSpec(Frozen):
    name: Slug
    """How the store calls it; the name of a list that ships with Homolog replaces that list."""
    keywords: tuple[str, ...] = Field(min_length=1)
    """Words or phrases; a feature belongs to the concept by the share of its activation on them."""

    @model_validator(mode="after")
    def _spelled(self) -> "ConceptSpec":
        for keyword in self.keywords:
            if not any(character.isalnum() for character in keyword):
                raise ValueError(f"keyword {keyword!r} of concept {self.name!r} has no letter or digit; give a word")
        return self


class ScoresSpec(Frozen):
    permutations: int = Field(999, ge=19)
    """Draws of each score's null: p-values cannot be smaller than 1 / (1 + permutations)."""


class Job(Frozen):
    corpus: Corpus
    """The text."""
    models: tuple[ModelSpec, ...] = Field(min_length=1)
    """The first one's tokenizer cuts the passages."""
    spaces: tuple[SpaceSpec, ...] = Field(min_length=1)
    """The dictionaries of features."""
    comparisons: tuple[ComparisonSpec, ...] = ()
    """Which spaces to compare; none given: every pair of spaces of different models."""
    concepts: tuple[ConceptSpec, ...] = ()
    """Lists of words beside those that ship with Homolog."""
    scores: ScoresSpec = ScoresSpec(permutations=999)
    """How the similarity metrics are tested."""

    @model_validator(mode="after")
    def _names_agree(self) -> "Job":
        models, spaces = [m.name for m in self.models], [s.name for s in self.spaces]
        compared, concepts = [c.name for c in self.comparisons], [c.name for c in self.concepts]
        every = (("model", models), ("space", spaces), ("comparison", compared), ("concept", concepts))
        for kind, names in every:
            if twice := sorted({n for n in names if names.count(n) > 1}):
                raise ValueError(f"two {kind}s are called {twice[0]!r}; give each its own name")
        for space in self.spaces:
            if space.model not in models:
                raise ValueError(f"space {space.name!r} reads model {space.model!r}; models: {', '.join(models)}")
            if isinstance(space, RandomSaeSpec) and space.like is not None:
                self._mimicked(space)
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

    def _mimicked(self, space: RandomSaeSpec) -> SaeSpec:
        saes = {s.name: s for s in self.spaces if isinstance(s, SaeSpec) and s.model == space.model}
        if space.like not in saes:
            raise ValueError(
                f"space {space.name!r} is like {space.like!r}; SAEs of {space.model!r}: {', '.join(saes) or 'none'}"
            )
        return saes[space.like]

    def with_likes(self) -> "Job":
        """Each space that is `like` another reads that one's files at its hook, on its device and in its dtype."""
        spaces = []
        for space in self.spaces:
            if isinstance(space, RandomSaeSpec) and space.like is not None:
                sae = self._mimicked(space)
                given = space.model_fields_set
                taken = {key: getattr(sae, key) for key in DictionaryBase.model_fields if key not in {*given, "name"}}
                space = space.model_copy(update=taken)
            spaces.append(space)
        return self.model_copy(update={"spaces": tuple(spaces)})


def read(path: Path) -> tuple[Job, str]:
    """The validated run file, its paths made absolute against its folder and its `like`s looked up, and its text.

    Raises `IngestError`, one line: which key, what was given, what would do.
    """
    values, text = toml.load(path, "run file", "ingest/demo/run.toml")
    resolve(values, path.resolve().parent)
    job = toml.validated(Job, values, TABLES, TAGS, path)
    return job.with_likes(), text


def resolve(values: dict[str, Any], folder: Path) -> None:
    """Make the paths in a file's values absolute against its folder."""
    tables = [values.get("corpus", {}), *values.get("spaces", [])] if isinstance(values.get("spaces", []), list) else []
    for table in tables:
        for key in ("path", "decoder"):
            if isinstance(table, dict) and isinstance(table.get(key), str):
                table[key] = folder / table[key]
        dataset = table.get("dataset") if isinstance(table, dict) else None
        if isinstance(dataset, str) and dataset.startswith(("./", "../", "/")):
            table["dataset"] = str(folder / dataset)
    listed = values.get("models", []) if isinstance(values.get("models", []), list) else []
    for model in (values.get("model"), *listed):
        load = model.get("load") if isinstance(model, dict) else None
        kind, _, name = load.partition(":") if isinstance(load, str) else ("", "", "")
        is_folder = kind in FROM_FILES and (name.startswith((".", "/")) or (folder / name).is_dir())
        if kind == "tokens" or is_folder:
            model["load"] = f"{kind}:{folder / name}"


FROM_FILES = ("huggingface", "transformer-lens")

TABLES: toml.Tables = {
    "corpus": (InstalledDocs, Stories, TextFiles, HuggingFace),
    "models": (ModelSpec,),
    "spaces": (SaeSpec, ImportedSpec, NeuronsSpec, RandomSaeSpec),
    "comparisons": (ComparisonSpec,),
    "concepts": (ConceptSpec,),
    "scores": (ScoresSpec,),
}
TAGS = {"corpus": (1, "source"), "spaces": (2, "kind")}
"""Tables that differ by the value of one key: where that value stands in a location, and which key it is."""

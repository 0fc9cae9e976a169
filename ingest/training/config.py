"""The training file: which SAE is trained at which hook of which model, on which text."""

from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, model_validator

from ingest import config, toml
from ingest.config import Corpus, Frozen, ModelSpec

Architecture = Literal["standard", "gated", "jumprelu", "topk", "batchtopk", "matryoshka-batchtopk"]
ARCHITECTURES = get_args(Architecture)
SPARSITY = {"standard": "l1_coefficient", "gated": "l1_coefficient", "jumprelu": "l0_coefficient"}
"""Which key says how sparse an SAE becomes; `k` where not named here."""
EXAMPLE = "ingest/demo/train-sae.toml"


class NewSae(Frozen):
    hook: str
    """Place in the model whose activations it reconstructs, such as `blocks.0.hook_resid_post`."""
    architecture: Architecture = "batchtopk"
    """SAELens's class of it. The two BatchTopK kinds are saved as JumpReLU."""
    width: int | None = Field(None, gt=0)
    """Features; or `expansion`."""
    expansion: float | None = Field(None, gt=0)
    """In place of `width`: features for each dimension of the hook."""
    k: float | None = Field(None, gt=0)
    """Active features a token: at every token (topk, a whole number), or on average over a batch (batchtopk kinds)."""
    l1_coefficient: float | None = Field(None, gt=0)
    """Weight of the sparsity penalty of `standard` and `gated`, against the squared error of activations whose mean
    norm was scaled to the square root of their dimension. A larger one, fewer active features."""
    l0_coefficient: float | None = Field(None, gt=0)
    """The same of `jumprelu`: for each active feature of a token."""
    samples: int = Field(gt=0)
    """Activations seen, with repetition: the text is read as often as that takes."""
    nested: tuple[int, ...] = ()
    """Widths of the nested dictionaries of `matryoshka-batchtopk`, ascending; none given: an eighth, a quarter and a
    half of the width. The whole width is always the last."""

    @model_validator(mode="after")
    def _complete(self) -> "NewSae":
        if (self.width is None) == (self.expansion is None):
            raise ValueError("sae: give width (features) or expansion (features for each dimension), one of the two")
        wanted = SPARSITY.get(self.architecture, "k")
        for key in ("k", "l1_coefficient", "l0_coefficient"):
            if key != wanted and getattr(self, key) is not None:
                raise ValueError(f"sae.{key} means nothing to {self.architecture!r}; its sparsity is set by {wanted}")
        if getattr(self, wanted) is None:
            raise ValueError(f"sae.{wanted} is missing; it sets how sparse {self.architecture!r} becomes")
        if self.architecture == "topk" and self.k != int(self.k or 0):
            raise ValueError(f"sae.k of 'topk' is a whole number of features; got {self.k}")
        if self.nested and self.architecture != "matryoshka-batchtopk":
            raise ValueError(f"sae.nested means nothing to {self.architecture!r}; 'matryoshka-batchtopk' has it")
        return self


class Optimisation(Frozen):
    batch: int = Field(4096, gt=0)
    """Activations in a step."""
    lr: float = Field(1e-3, gt=0)
    """Peak learning rate of Adam."""
    warm_up: float = Field(0.05, ge=0, lt=1)
    """Share of the steps over which the learning rate rises from 0, and with it an L1 or L0 coefficient."""
    decay: float = Field(1 / 3, ge=0, lt=1)
    """Share of the steps, the last ones, over which the learning rate falls to 0."""
    dead_after: int = Field(200, gt=0)
    """Steps without firing after which a feature counts as dead: the topk kinds then pull it back."""
    buffer: int = Field(131_072, gt=0)
    """Activations held and shuffled at once, from passages in random order: 4 bytes x dimensions each."""
    checkpoints: int = Field(10, ge=0)
    """How often, evenly spaced, the state is written that an interrupted training goes on from. The newest is kept,
    and none once the SAE is finished; it takes three times the SAE's size, for a moment six."""
    seed: int = Field(0, ge=0)
    """Seed of the weights and of the order of the text."""

    @model_validator(mode="after")
    def _sound(self) -> "Optimisation":
        if self.buffer < self.batch:
            raise ValueError(f"training.buffer is {self.buffer}, less than one batch of {self.batch}; give more")
        if self.warm_up + self.decay > 1:
            raise ValueError(f"training.warm_up and training.decay are {self.warm_up} and {self.decay}; together <= 1")
        return self


class Report(Frozen):
    held_out: float = Field(0.05, gt=0, lt=1)
    """Share of the passages that is never trained on: the report measures on it."""
    tokens: int = Field(100_000, gt=0)
    """Most tokens that the report measures on; three whole forward passes of the model each."""


class TrainJob(Frozen):
    corpus: Corpus
    """The text, as in a run file."""
    model: ModelSpec
    """The model that is read, as in a run file's `[[models]]`."""
    sae: NewSae
    """What is trained."""
    training: Optimisation = Optimisation.model_validate({})
    """How."""
    report: Report = Report.model_validate({})
    """What it is measured on."""

    @model_validator(mode="after")
    def _takes_a_step(self) -> "TrainJob":
        if self.sae.samples < self.training.batch:
            raise ValueError(
                f"sae.samples is {self.sae.samples}, less than one training.batch of {self.training.batch}; give more"
            )
        return self


TABLES: toml.Tables = {
    **config.TABLES,
    "model": (ModelSpec,),
    "sae": (NewSae,),
    "training": (Optimisation,),
    "report": (Report,),
}


def read(path: Path) -> TrainJob:
    """The validated training file, its paths made absolute against its folder. Raises `IngestError`, one line."""
    values, _ = toml.load(path, "training file", EXAMPLE)
    config.resolve(values, path.resolve().parent)
    return toml.validated(TrainJob, values, TABLES, config.TAGS, path)

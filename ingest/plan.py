"""What a run would take, before anything is loaded: read from the run file, from the configurations of its models and
dictionaries (in their folders, in the hub's cache, or on the hub where it can be reached), and from the ends of Parquet
files. What nobody says is assumed, and marked so. The arithmetic is in `costs`, the page in `planned`.
"""

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import baselines, costs, models, wants
from ingest.config import ComparisonSpec, ImportedSpec, Job, ModelSpec, NeuronsSpec, RandomSaeSpec, SaeSpec, SpaceSpec
from ingest.errors import IngestError
from ingest.machines import Machine
from ingest.models import Expected, Network, NetworkShape, Shape
from ingest.training import config as training

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class SpacePlan:
    name: str
    n_features: int
    active: float
    """Active features a token."""
    n_activations: int
    width: int | None = None
    """Dimensions of a decoder row; None where there is no decoder, or it is not known before it is read."""
    hook: str | None = None
    """Place in the model; None where it is not known, or the space is imported."""
    n_bytes: int = 0
    """That its weights take on the hub; 0 where they are here."""
    assumed: frozenset[str] = frozenset()
    """Which of `n_features` and `active` are guesses."""
    untrained: str = ""
    """The training file of an SAE that is not there yet."""
    training_seconds: float = 0.0
    """Of the GPU, where there is one, else of all cores, to train it."""
    coded: bool = False
    """Whether it is a dictionary that encodes."""


@dataclass(frozen=True)
class ModelPlan:
    name: str
    shape: NetworkShape | None
    """None for imported tokens, and where nobody says."""
    dtype: str
    """Numbers that it computes in."""
    n_blocks: int
    """That are read: up to the deepest hook."""
    n_bytes: int
    """That its weights take on the hub; 0 where they are here."""
    weights: float
    """Bytes of its weights and its dictionaries', where they compute."""
    working: float
    """Bytes beside them while it is read."""
    pass_seconds: float
    """Of the GPU, where there is one, else of all cores."""
    host_seconds: float
    """Of one core: activations made sparse and written."""


@dataclass(frozen=True)
class ComparisonPlan:
    name: str
    n_pairs: int
    memory: float
    """Bytes, at the most."""
    core_seconds: float
    """Of one core, on a processor, for the matches."""
    gpu_seconds: float | None
    """Of the GPU, for the same, where it is sooner done; else None."""
    score_seconds: float
    """Of one core, for the scores and their nulls."""


@dataclass(frozen=True)
class Plan:
    job: Job
    machine: Machine
    models: list[ModelPlan]
    spaces: list[SpacePlan]
    comparisons: list[ComparisonPlan]


def plan(job: Job, machine: Machine) -> Plan:
    """Raises `IngestError` for what a run would refuse, as far as configurations tell: files that are missing, names
    that no directory lists, dictionaries of one model that want it framed differently, passages that are too long.
    """
    with models.hub_or_cache() as reachable:
        shapes = {spec.name: models.network_shape(spec, reachable) for spec in job.models}
        known = {s.name: _expected(s, shapes[s.model], reachable) for s in job.spaces if _is_sae(s)}
    _agree(job, known, shapes)
    spaces = {spec.name: _space(spec, job, shapes[spec.model], known.get(spec.name), machine) for spec in job.spaces}
    read = [_model(spec, shapes[spec.name], _mine(job, spec, spaces), job, machine) for spec in job.models]
    draws, tokens = job.scores.permutations, job.corpus.tokens
    compared = [compare(spec, spaces, tokens, draws, machine) for spec in job.pairs]
    return Plan(job, machine, read, list(spaces.values()), compared)


def _is_sae(spec: SpaceSpec) -> bool:
    return isinstance(spec, SaeSpec | RandomSaeSpec)


def _mine(job: Job, model: ModelSpec, spaces: dict[str, SpacePlan]) -> list[SpacePlan]:
    return [spaces[spec.name] for spec in job.spaces if spec.model == model.name]


@dataclass(frozen=True)
class _Known:
    sae: Expected
    untrained: str = ""
    """The training file of an SAE that is not yet there."""
    samples: int = 0
    """Activations that it is trained on."""


def _expected(spec: SpaceSpec, shape: NetworkShape | None, reachable: bool) -> _Known:
    """The SAE's own configuration; of one that is not yet trained, what its training file beside it says."""
    assert isinstance(spec, SaeSpec | RandomSaeSpec)
    train = None if spec.path is None else spec.path.with_name(spec.path.name + ".train.toml")
    if train is None or not train.is_file() or (spec.path is not None and (spec.path / "cfg.json").is_file()):
        return _Known(models.expected(spec, reachable))
    sae = training.read(train).sae
    d_in = shape.width(sae.hook) if shape is not None else None
    width = sae.width or round((sae.expansion or 1) * (d_in or 0))
    return _Known(Expected(width, d_in, sae.k, sae.hook, 0, False, None), train.name, sae.samples)


def _agree(job: Job, known: dict[str, _Known], shapes: dict[str, NetworkShape | None]) -> None:
    """What `run` would refuse: framings that differ, and passages longer than an SAE or a model reads."""
    for model in job.models:
        mine = {s.name: known[s.name].sae for s in job.spaces if s.model == model.name and s.name in known}
        models.agreed(model.name, {name: sae.wanted for name, sae in mine.items() if sae.wanted is not None})
        for name, sae in mine.items():
            if sae.wanted is not None:
                models.check_context(name, sae.wanted, job.corpus.context_tokens)
    wants.check_lengths(job, {name: shape.context for name, shape in shapes.items() if shape is not None})


def _space(spec: SpaceSpec, job: Job, shape: NetworkShape | None, known: _Known | None, machine: Machine) -> SpacePlan:
    tokens = job.corpus.tokens
    if isinstance(spec, ImportedSpec):
        return _imported(spec, tokens)
    if isinstance(spec, NeuronsSpec):
        return _neurons(spec, job, shape)
    assert known is not None
    sae = known.sae
    d_in = sae.d_in or (shape.width(sae.hook or "") if shape else None)
    said = sae.active
    if isinstance(spec, RandomSaeSpec) and (spec.active or said or sae.wanted is not None):
        said = min(baselines.mimicked_active(spec, said), sae.n_features)
    active = said or min(costs.ASSUMED_ACTIVE, sae.n_features)
    assumed = {"features"} if sae.assumed_features else set()
    n_bytes = 0 if isinstance(spec, RandomSaeSpec) and spec.like else sae.n_bytes
    if spec.release is not None and not sae.n_bytes and n_bytes == 0 and isinstance(spec, SaeSpec):
        n_bytes = models.weights_size(sae.n_features, d_in)
    return SpacePlan(
        spec.name,
        sae.n_features,
        active,
        round(active * tokens),
        d_in,
        sae.hook,
        n_bytes,
        frozenset(assumed | (set() if said else {"active"})),
        known.untrained,
        _training(known, d_in, shape, machine) if isinstance(spec, SaeSpec) else 0.0,
        True,
    )


def _training(known: _Known, d_in: int | None, shape: NetworkShape | None, machine: Machine) -> float:
    """Seconds to train an SAE that is not there yet: the model read at every activation, and its own steps."""
    if not known.samples or shape is None:
        return 0.0
    blocks = _depth(known.sae.hook, shape.n_layers)
    flop = costs.forward(shape.layer_parameters, blocks) + costs.trained(known.sae.n_features, d_in or shape.d_model)
    return costs.seconds(known.samples * flop, "float32", machine)


def _neurons(spec: NeuronsSpec, job: Job, shape: NetworkShape | None) -> SpacePlan:
    model = next(model for model in job.models if model.name == spec.model)
    if shape is None and not model.load.startswith("tokens:"):
        active = spec.active
        return SpacePlan(
            spec.name, active, active, active * job.corpus.tokens, None, spec.hook, 0, frozenset({"features"})
        )
    units = baselines.units(spec, _sides(model, shape))
    active = min(spec.active, units.n_features)
    return SpacePlan(spec.name, units.n_features, active, active * job.corpus.tokens, units.width, spec.hook)


def _sides(model: ModelSpec, shape: NetworkShape | None) -> Shape | Network | None:
    """What the units of a model are counted from: for `huggingface:` its network, which was laid out once already."""
    if shape is None:
        return None
    if model.load.startswith("huggingface:"):
        return models.planned_shape(model)
    return Shape(shape.n_layers, shape.d_model, shape.d_mlp, shape.gated_mlp)


def _imported(spec: ImportedSpec, tokens: int) -> SpacePlan:
    try:
        rows = pq.read_metadata(spec.path).num_rows
        features = pq.read_table(spec.path, columns=["feature"])["feature"]
        width = max(features.to_numpy(), default=-1) + 1
    except (OSError, pa.ArrowInvalid) as error:
        raise IngestError(
            f"space {spec.name!r}: {spec.path} cannot be read ({str(error).splitlines()[0]}); "
            "it is a Parquet file of feature, passage, position, activation"
        ) from None
    return SpacePlan(spec.name, int(width), rows / tokens, rows)


def _model(
    spec: ModelSpec, shape: NetworkShape | None, spaces: list[SpacePlan], job: Job, machine: Machine
) -> ModelPlan:
    """What one pass of a model over the text takes, with the dictionaries that read it."""
    coders = [space for space in spaces if space.coded and space.width]
    made = sum(space.n_activations for space in spaces)
    dtype = _dtype(spec, shape, machine)
    if shape is None:
        return ModelPlan(spec.name, None, dtype, 0, 0, 0.0, 0.0, 0.0, costs.PER_READ * made)
    context = job.corpus.context_tokens
    tokens = job.corpus.tokens * context / (context - 1)  # and the BOS of every passage
    n_blocks = max((_depth(space.hook, shape.n_layers) for space in spaces), default=0)
    forward = tokens * costs.forward(shape.layer_parameters, n_blocks)
    coded = tokens * sum(costs.coded(space.n_features, space.width or 0) for space in coders)
    seconds = costs.seconds(forward, dtype, machine) + costs.seconds(coded, "float32", machine)
    seconds += tokens * sum(costs.sifted(space.n_features, machine) for space in spaces)
    stored = 0 if spec.load.startswith("demo:") else shape.n_parameters * BYTES.get(shape.stored, 4)
    weights = shape.n_parameters * BYTES[dtype] + sum(models.weights_size(s.n_features, s.width) for s in coders)
    widest = max((space.n_features for space in spaces), default=0)
    active = sum(space.active for space in spaces)
    working = costs.reading_memory(context, shape.d_model, widest, active, len(spaces))
    return ModelPlan(spec.name, shape, dtype, n_blocks, stored, weights, working, seconds, costs.PER_READ * made)


def _dtype(spec: ModelSpec, shape: NetworkShape | None, machine: Machine) -> str:
    asked = getattr(spec, "dtype", "auto")
    if asked != "auto":
        return str(asked)
    half = machine.gpu is not None and shape is not None and BYTES.get(shape.stored, 4) == 2
    return "bfloat16" if half and not spec.load.startswith("demo:") else "float32"


def _depth(hook: str | None, n_layers: int) -> int:
    """Blocks that a forward pass needs for a hook: all of them where its name has no number."""
    found = re.search(r"\.(\d+)(\.|$)", hook or "")
    if found is None:
        return n_layers
    before = (hook or "").endswith("hook_resid_pre")
    return min(n_layers, int(found[1]) + (0 if before else 1))


def compare(
    spec: ComparisonSpec, spaces: dict[str, SpacePlan], tokens: int, draws: int, machine: Machine
) -> ComparisonPlan:
    """What the matches of two spaces and their null would take, and their scores with so many draws."""
    a, b = spaces[spec.a], spaces[spec.b]
    pairs = a.n_features * b.n_features
    width = min(a.width, b.width) if a.width and b.width else None
    on_gpu = costs.sooner_on_gpu(tokens, a.active, b.active, pairs, machine)
    gpu = costs.seconds(costs.dense_search(tokens, pairs), "float32", machine) if on_gpu else None
    return ComparisonPlan(
        spec.name,
        pairs,
        costs.matching_memory(a.n_activations, b.n_activations),
        costs.sparse_search(tokens, a.active, b.active, pairs),
        gpu,
        draws * costs.draw(min(a.n_features, b.n_features), width),
    )

"""What a run would take, before anything is loaded: read from the run file, the dictionaries' own configuration files
and the ends of Parquet files. Times are rough: they are those of `make bench` on two cores, shared out to those here.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from ingest import baselines
from ingest.config import ComparisonSpec, ImportedSpec, Job, NeuronsSpec, RandomSaeSpec, SaeSpec, SpaceSpec
from ingest.errors import IngestError

ASSUMED_ACTIVE = 64
"""Active features a token, where a dictionary does not say."""
STORE_BYTES, SHARD_BYTES = 8, 12
"""Bytes an activation takes in the database (at most) and in the shards."""
BASE = 0.6e9
"""Bytes that Python, torch and the compiled loops hold."""
TILE_BYTES = 12 * 8_000_000
STRATUM_SHARE = 0.2
"""Stratum sums that there are for each activation: 15 to 20 % on the demo's text and on the benchmark's."""
PER_PRODUCT, PER_PAIR = 27e-9, 16e-9
"""Core-seconds for each product of two activations at a unit, and for each pair of features, null included."""


@dataclass(frozen=True)
class SpacePlan:
    name: str
    n_features: int
    active: float
    """Active features a token."""
    assumed: bool
    """Whether `active` is a guess."""
    n_activations: int


@dataclass(frozen=True)
class ComparisonPlan:
    name: str
    n_pairs: int
    memory: float
    """Bytes, at the most."""
    core_seconds: float
    """Of one core, on a processor; a GPU does the search in less."""


def plan(job: Job) -> tuple[list[SpacePlan], list[ComparisonPlan]]:
    """Raises `IngestError` when a space's files are missing or cannot be read."""
    spaces = {spec.name: _space(spec, job) for spec in job.spaces}
    return list(spaces.values()), [compare(spec, spaces, job.corpus.tokens) for spec in job.pairs]


def _space(spec: SpaceSpec, job: Job) -> SpacePlan:
    tokens = job.corpus.tokens
    if isinstance(spec, ImportedSpec):
        return _imported(spec, tokens)
    if isinstance(spec, NeuronsSpec):
        model = next(model for model in job.models if model.name == spec.model)
        width = baselines.units(spec, baselines.planned_shape(model)).n_features
        active = min(spec.active, width)
        return SpacePlan(spec.name, width, active, False, active * tokens)
    config, width = _configuration(spec)
    if isinstance(spec, RandomSaeSpec):
        active = min(baselines.mimicked_active(spec, config), width)
        return SpacePlan(spec.name, width, active, False, active * tokens)
    said = baselines.said_active(config)
    n_activations = round((said or min(ASSUMED_ACTIVE, width)) * tokens)
    return SpacePlan(spec.name, width, n_activations / tokens, said is None, n_activations)


def _configuration(spec: SaeSpec | RandomSaeSpec) -> tuple[dict[str, Any], int]:
    """What an SAE's `cfg.json` holds, and its width."""
    where = (spec.folder if isinstance(spec, RandomSaeSpec) else spec.path) / "cfg.json"
    try:
        config = json.loads(where.read_text())
        return config, int(config["d_sae"])
    except (OSError, ValueError, KeyError) as error:
        problem = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        raise IngestError(
            f"space {spec.name!r}: {where} is not the configuration of an SAE ({problem}); "
            "path is a folder in SAELens's format"
        ) from None


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
    return SpacePlan(spec.name, int(width), rows / tokens, False, rows)


def compare(spec: ComparisonSpec, spaces: dict[str, SpacePlan], tokens: int) -> ComparisonPlan:
    """What the matches of two spaces and their null would take."""
    a, b = spaces[spec.a], spaces[spec.b]
    pairs = a.n_features * b.n_features
    sums = STRATUM_SHARE * (20 * a.n_activations + 32 * b.n_activations)
    memory = BASE + 8 * (a.n_activations + 2 * b.n_activations) + sums + TILE_BYTES
    work = PER_PRODUCT * tokens * a.active * b.active + PER_PAIR * pairs
    return ComparisonPlan(spec.name, pairs, memory, work)


def lines(job: Job) -> Iterator[str]:
    """The plan as text."""
    spaces, comparisons = plan(job)
    n_activations, cores = sum(space.n_activations for space in spaces), os.cpu_count() or 1
    where = "a GPU" if torch.cuda.is_available() else "no GPU"
    yield f"text         at most {job.corpus.tokens:,} tokens, in passages of {job.corpus.context_tokens} or fewer"
    yield f"machine      {cores} cores, {where}"
    store, shards = _size(STORE_BYTES * n_activations), _size(SHARD_BYTES * n_activations)
    yield f"disk         store {store}, shards {shards}, at most"
    width = max(len(name) for name in ("comparison", *(s.name for s in spaces), *(c.name for c in comparisons))) + 2
    yield ""
    yield f"{'space':{width}}{'features':>12}{'active a token':>18}{'activations':>16}"
    for space in spaces:
        active = f"{space.active:,.1f}{' assumed' if space.assumed else ''}"
        yield f"{space.name:{width}}{space.n_features:>12,}{active:>18}{space.n_activations:>16,}"
    yield ""
    yield f"{'comparison':{width}}{'pairs':>20}{'memory':>10}{'time':>16}"
    for comparison in comparisons:
        time = f"about {_time(comparison.core_seconds / cores)}"
        yield f"{comparison.name:{width}}{comparison.n_pairs:>20,}{_size(comparison.memory):>10}{time:>16}"
    if not comparisons:
        yield "none: the spaces read one model, and the run file names no [[comparisons]]"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.0f} MB"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

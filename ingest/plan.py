"""What a run would take, before anything is loaded: read from the run file, the dictionaries' own configuration files
and the ends of Parquet files. Times are rough: they are those of `make bench` and of the demo on two cores, shared out
to the cores here.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from ingest import baselines, models
from ingest.config import ComparisonSpec, ImportedSpec, Job, NeuronsSpec, RandomSaeSpec, SpaceSpec
from ingest.errors import IngestError
from ingest.similarity.pairs import ROWS

ASSUMED_ACTIVE = 64
"""Active features a token, where a dictionary does not say."""
STORE_BYTES, SHARD_BYTES = 8, 14
"""Bytes an activation takes in the database and in the working files, at most; the demo's: 6.0 and 13.5."""
FEATURE_BYTES, MATCH_BYTES, SCORE_BYTES = 3_000, 2_200, 1_200_000
"""Bytes, in either place: of a feature's examples, histogram, tokens, logits, neighbours and places on maps (2,900 in
the demo), of its matches in one comparison (2,000), and of all scores of a comparison with their draws (900,000)."""
BASE = 0.6e9
"""Bytes that Python, torch and the compiled loops hold."""
TILE_BYTES = 12 * 8_000_000
STRATUM_SHARE = 0.2
"""Stratum sums that there are for each activation: 15 to 20 % on the demo's text and on the benchmark's."""
PER_PRODUCT, PER_PAIR = 27e-9, 16e-9
"""Core-seconds for each product of two activations at a unit, and for each pair of features, null included."""
PER_PLACED, MAP_START = 4e-3, 15.0
"""Seconds for each feature on a UMAP, on one core however many there are, and until the first one begins."""
MATCHED = 0.4
"""Share of the narrower space's features that are mutual best matches: 0.1 to 0.5 in the demo."""
PER_DRAW, PER_ROW_PAIR, PER_PRODUCT_ENTRY, PER_DECOMPOSED = 14e-3, 4e-9, 5e-10, 3.5e-9
"""Core-seconds for each draw of all scores of a comparison: for those of one size (at units, on few pairs); for each
pair of its n matched pairs, of which up to 5,000 are compared; in d dimensions, for each of n d^2, and for each of d^3.
"""


@dataclass(frozen=True)
class SpacePlan:
    name: str
    n_features: int
    active: float
    """Active features a token."""
    assumed: bool
    """Whether `active` is a guess."""
    n_activations: int
    width: int | None = None
    """Dimensions of a decoder row; None where there is no decoder, or it is not known before it is read."""


@dataclass(frozen=True)
class ComparisonPlan:
    name: str
    n_pairs: int
    memory: float
    """Bytes, at the most."""
    core_seconds: float
    """Of one core, on a processor, for the matches; a GPU does the search in less."""
    score_seconds: float
    """Of one core, for the scores and their nulls."""


def plan(job: Job) -> tuple[list[SpacePlan], list[ComparisonPlan]]:
    """Raises `IngestError` when a space's files are missing or cannot be read."""
    spaces = {spec.name: _space(spec, job) for spec in job.spaces}
    draws = job.scores.permutations
    return list(spaces.values()), [compare(spec, spaces, job.corpus.tokens, draws) for spec in job.pairs]


def _space(spec: SpaceSpec, job: Job) -> SpacePlan:
    tokens = job.corpus.tokens
    if isinstance(spec, ImportedSpec):
        return _imported(spec, tokens)
    if isinstance(spec, NeuronsSpec):
        model = next(model for model in job.models if model.name == spec.model)
        units = baselines.units(spec, baselines.planned_shape(model))
        active = min(spec.active, units.n_features)
        return SpacePlan(spec.name, units.n_features, active, False, active * tokens, units.width)
    wanted = models.wanted_of(spec)
    n_features, width = wanted.n_features, wanted.d_in
    if isinstance(spec, RandomSaeSpec):
        active = min(baselines.mimicked_active(spec, wanted.active), n_features)
        return SpacePlan(spec.name, n_features, active, False, active * tokens, width)
    n_activations = round((wanted.active or min(ASSUMED_ACTIVE, n_features)) * tokens)
    return SpacePlan(spec.name, n_features, n_activations / tokens, wanted.active is None, n_activations, width)


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


def compare(spec: ComparisonSpec, spaces: dict[str, SpacePlan], tokens: int, draws: int) -> ComparisonPlan:
    """What the matches of two spaces and their null would take, and their scores with so many draws."""
    a, b = spaces[spec.a], spaces[spec.b]
    pairs = a.n_features * b.n_features
    sums = STRATUM_SHARE * (20 * a.n_activations + 32 * b.n_activations)
    memory = BASE + 8 * (a.n_activations + 2 * b.n_activations) + sums + TILE_BYTES
    work = PER_PRODUCT * tokens * a.active * b.active + PER_PAIR * pairs
    return ComparisonPlan(spec.name, pairs, memory, work, draws * _draw(a, b))


def _draw(a: SpacePlan, b: SpacePlan) -> float:
    """Core-seconds for one draw of every score of a comparison."""
    if not a.width or not b.width:
        return PER_DRAW
    matched = MATCHED * min(a.n_features, b.n_features)
    d = min(a.width, b.width, matched)
    compared = PER_ROW_PAIR * min(matched, ROWS) ** 2
    return PER_DRAW + compared + PER_PRODUCT_ENTRY * matched * d**2 + PER_DECOMPOSED * d**3


def lines(job: Job) -> Iterator[str]:
    """The plan as text."""
    spaces, comparisons = plan(job)
    n_activations, cores = sum(space.n_activations for space in spaces), os.cpu_count() or 1
    where = "a GPU" if torch.cuda.is_available() else "no GPU"
    yield f"text         at most {job.corpus.tokens:,} tokens, in passages of {job.corpus.context_tokens} or fewer"
    yield f"machine      {cores} cores, {where}"
    rows = FEATURE_BYTES * sum(space.n_features for space in spaces) + SCORE_BYTES * len(comparisons)
    rows += round(MATCH_BYTES * sum(one.n_pairs**0.5 for one in comparisons))
    store, shards = (_size(rows + each * n_activations) for each in (STORE_BYTES, SHARD_BYTES))
    yield f"disk         store {store}, shards {shards}, at most"
    if placed := sum(space.n_features for space in spaces if space.width):
        yield f"maps         about {_time(MAP_START + PER_PLACED * placed)}, on one core"
    width = max(len(name) for name in ("comparison", *(s.name for s in spaces), *(c.name for c in comparisons))) + 2
    yield ""
    yield f"{'space':{width}}{'features':>12}{'active a token':>18}{'activations':>16}"
    for space in spaces:
        active = f"{space.active:,.1f}{' assumed' if space.assumed else ''}"
        yield f"{space.name:{width}}{space.n_features:>12,}{active:>18}{space.n_activations:>16,}"
    yield ""
    yield f"{'comparison':{width}}{'pairs':>20}{'memory':>10}{'matches':>16}{'scores':>16}"
    for one in comparisons:
        times = [f"about {_time(seconds / cores)}" for seconds in (one.core_seconds, one.score_seconds)]
        yield f"{one.name:{width}}{one.n_pairs:>20,}{_size(one.memory):>10}{times[0]:>16}{times[1]:>16}"
    if not comparisons:
        yield "none: the spaces read one model, and the run file names no [[comparisons]]"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.0f} MB"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

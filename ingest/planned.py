"""The page that `python -m ingest plan` prints."""

from collections.abc import Iterator

from ingest import costs
from ingest.config import Corpus, HuggingFace, TextFiles
from ingest.machines import Machine
from ingest.plan import ComparisonPlan, ModelPlan, Plan, SpacePlan

GAP = 2
"""Spaces between the columns of a table."""


def lines(plan: Plan) -> Iterator[str]:
    """The plan as text."""
    yield from _whole(plan)
    yield ""
    yield from _table(["model", "parameters", "numbers", "blocks read", "memory", "pass"], _models(plan))
    yield ""
    yield from _table(["space", "features", "active a token", "activations", "tables", ""], _spaces(plan))
    yield ""
    if plan.comparisons:
        yield from _table(["comparison", "pairs", "memory", "matches", "scores"], _comparisons(plan))
    else:
        yield "none: the spaces read one model, and the run file names no [[comparisons]]"


def _whole(plan: Plan) -> Iterator[str]:
    job, machine = plan.job, plan.machine
    what = f"{job.corpus.tokens:,} tokens, in passages of {job.corpus.context_tokens} or fewer, of {_named(job.corpus)}"
    yield f"text         {what if job.corpus.demanded else f'at most {what}'}"
    yield f"machine      {machine.said}"
    made = sum(space.n_activations for space in plan.spaces)
    rows = costs.FEATURE_BYTES * sum(space.n_features for space in plan.spaces)
    rows += costs.SCORE_BYTES * len(plan.comparisons)
    rows += round(costs.MATCH_BYTES * sum(one.n_pairs**0.5 for one in plan.comparisons))
    store, shards = (_size(rows + each * made) for each in (costs.STORE_BYTES, costs.SHARD_BYTES))
    fetched = sum(model.n_bytes for model in plan.models) + sum(space.n_bytes for space in plan.spaces)
    yield f"download     {f'about {_size(fetched)} of weights, less what the cache holds' if fetched else 'nothing'}"
    yield f"disk         store {store}, shards {shards}, at most"
    yield f"memory       {_memory(plan)}"
    if placed := sum(space.n_features for space in plan.spaces if space.width):
        yield f"maps         about {_time(costs.MAP_START + costs.PER_PLACED * placed)}, on one core"
    if training := sum(space.training_seconds for space in plan.spaces):
        where = "of the GPU" if machine.gpu else "on all cores"
        yield f"training     about {_time(training)} {where}, before the run"
    yield f"time         {_total(plan)}"


def _named(corpus: Corpus) -> str:
    if isinstance(corpus, HuggingFace):
        return f"the dataset {corpus.dataset}, streamed"
    return corpus.path.name if isinstance(corpus, TextFiles) else corpus.source


def _memory(plan: Plan) -> str:
    """Of the step that holds most, and of the GPU."""
    on_gpu = plan.machine.gpu is not None
    steps = [(m.working + (0.0 if on_gpu else m.weights), f"reading {m.name}") for m in plan.models]
    steps += [(costs.BASE + costs.HELD * s.n_activations, f"the tables of {s.name}") for s in plan.spaces]
    steps += [(one.memory, f"matching {one.name}") for one in plan.comparisons]
    most, where = max(steps)
    gpu = f"; GPU {_size(max(m.weights + m.working - costs.BASE for m in plan.models))}" if on_gpu else ""
    return f"at most {_size(most)}, {where}{gpu}"


def _total(plan: Plan) -> str:
    cores = plan.machine.cores
    gpu = sum(m.pass_seconds for m in plan.models) if plan.machine.gpu else 0.0
    host = 0.0 if plan.machine.gpu else sum(m.pass_seconds for m in plan.models)
    host += sum(m.host_seconds for m in plan.models) + sum(_tables(plan, s) for s in plan.spaces)
    for one in plan.comparisons:
        seconds, on_gpu = _matches(one, plan.machine)
        gpu, host = (gpu + seconds, host) if on_gpu else (gpu, host + seconds)
        host += one.score_seconds / cores
    unknown = [m.name for m in plan.models if m.shape is None and m.dtype and not _imports(plan, m)]
    without = f", without the passes of {', '.join(unknown)}, whose size is not known here" if unknown else ""
    busy = f", of it {_hours(gpu)} of the GPU" if plan.machine.gpu else ""
    return f"about {_time(gpu + host)} in all{busy}{without}"


def _imports(plan: Plan, model: ModelPlan) -> bool:
    return next(spec for spec in plan.job.models if spec.name == model.name).load.startswith("tokens:")


def _tables(plan: Plan, space: SpacePlan) -> float:
    """Seconds for everything about one space: its tables, neighbours and map."""
    own = costs.PER_DESCRIBED * space.n_activations + costs.PER_FEATURE * space.n_features
    near = costs.close(space.n_features, space.width, plan.job.corpus.tokens, space.active, plan.machine)
    placed = costs.MAP_START + costs.PER_PLACED * space.n_features if space.width else 0.0
    return own + near + placed


def _matches(one: ComparisonPlan, machine: Machine) -> tuple[float, bool]:
    """Seconds for the matches, and whether the GPU makes them."""
    if one.gpu_seconds is not None:
        return one.gpu_seconds, True
    return one.core_seconds / machine.cores, False


def _models(plan: Plan) -> Iterator[list[str]]:
    for one in plan.models:
        if one.shape is None:
            yield [one.name, "-" if _imports(plan, one) else "unknown", "", "", "", f"about {_time(one.host_seconds)}"]
            continue
        blocks = f"{one.n_blocks} of {one.shape.n_layers}"
        seconds = f"about {_time(one.pass_seconds + one.host_seconds)}"
        yield [one.name, f"{one.shape.n_parameters:,}", one.dtype, blocks, _size(one.weights + one.working), seconds]


def _spaces(plan: Plan) -> Iterator[list[str]]:
    for one in plan.spaces:
        features = f"{one.n_features:,}{' assumed' if 'features' in one.assumed else ''}"
        active = f"{one.active:,.1f}{' assumed' if 'active' in one.assumed else ''}"
        yield [one.name, features, active, f"{one.n_activations:,}", f"about {_time(_tables(plan, one))}", _note(one)]


def _note(space: SpacePlan) -> str:
    if not space.untrained:
        return ""
    seconds = f", about {_time(space.training_seconds)}" if space.training_seconds else ""
    return f"to be trained: {space.untrained}{seconds}"


def _comparisons(plan: Plan) -> Iterator[list[str]]:
    for one in plan.comparisons:
        seconds, on_gpu = _matches(one, plan.machine)
        found = f"about {_time(seconds)}{' (GPU)' if on_gpu else ''}"
        scores = f"about {_time(one.score_seconds / plan.machine.cores)}"
        yield [one.name, f"{one.n_pairs:,}", _size(one.memory), found, scores]


def _table(head: list[str], rows: Iterator[list[str]]) -> Iterator[str]:
    cells = [head, *rows]
    widths = [max(len(row[i]) for row in cells) + GAP for i in range(len(head))]
    for first, *others in cells:
        *middle, last = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        last = f"  {others[-1]}" if head[-1] == "" else last
        yield "".join([f"{first:{widths[0]}}", *middle, last]).rstrip()


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.0f} MB"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else _hours(seconds)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 360 else f"{seconds / 3600:.2f} h"

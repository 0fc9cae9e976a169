"""The whole job, in order. Every step leaves finished files behind, so the same command again goes on where it stopped."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import activations, alignment, corpus, features, models, publish, tokens
from ingest.activations import Space
from ingest.config import ComparisonSpec, Job
from ingest.matching import match
from ingest.matching.moments import Side
from ingest.models import Model
from ingest.progress import log, logging_to, step
from ingest.workspace import Workspace, digest
from store.schema import BY_NAME, SCHEMA_VERSION, TABLES

FEATURE_TABLES = ("spaces", "features", "activations", "examples", "histograms", "logits", "feature_tokens")
METHOD = 1
"""Raised when a step's numbers change, so that no older working file is taken for a new one."""


def run(job: Job, run_file: str, out: Path) -> str:
    """Run the job into the store `out`; returns its fingerprint. `run_file` is the text the job was read from.

    Raises `IngestError` for input that cannot be used; what was finished by then is kept.
    """
    work = Workspace(out)
    with logging_to(out / "run.log") as begin:
        log.info("run: %d models, %d spaces, %d comparisons", len(job.models), len(job.spaces), len(job.pairs))
        loaded = {spec.name: models.load(spec) for spec in job.models}
        spaces = {spec.name: activations.load_space(spec, loaded[spec.model]) for spec in job.spaces}
        passages = corpus.read(job.corpus, loaded[job.models[0].name].tokenizer)
        text = digest(passages["source"].to_pylist(), passages["text"].to_pylist())
        read = {name: tokens.read(model, passages) for name, model in loaded.items()}
        texts = {name: digest(text, model.vocabulary, model.context) for name, model in loaded.items()}

        begin()  # the input is accepted: from here on files are written
        shards: dict[str, list[Path]] = {}
        for model in loaded.values():
            if mine := [space for space in spaces.values() if space.model is model]:
                shards |= activations.collect(mine, read[model.name], texts[model.name], work)

        described = {}
        for space in spaces.values():
            described[space.name] = describe(space, shards[space.name], read[space.model.name], work)
        compared = {}
        for spec in job.pairs:
            compared[spec.name] = compare(spec, spaces, shards, read, passages, work)

        fingerprint = digest(text, [m.weights for m in loaded.values()], [s.weights for s in spaces.values()],
                             tomllib.loads(run_file), SCHEMA_VERSION, METHOD, [t.ddl for t in TABLES])  # fmt: skip
        work.prune(path for paths in [*shards.values(), *map(dict.values, described.values()), *map(dict.values, compared.values())] for path in paths)
        publish.write(work, _tables(fingerprint, run_file, passages, loaded, read, described, compared, work))
        log.info("published %s", fingerprint)
    publish.seal(work)
    return fingerprint


def describe(space: Space, shards: list[Path], tokens: pa.Table, work: Workspace) -> dict[str, Path]:
    """The per-feature tables of a space, one file each; computed only where they are not there yet."""
    key = digest(METHOD, [path.name for path in shards])
    paths = {table: work.path(table, space.name, key) for table in FEATURE_TABLES}
    if not all(path.exists() for path in paths.values()):
        with step(f"features {space.name}", tokens.num_rows, "tokens") as advance:
            found = features.describe(space, activations.load(shards, tokens.num_rows, work), tokens)
            for table, path in paths.items():
                work.write(path, found[table])
            advance(tokens.num_rows)
    return paths


def compare(
    spec: ComparisonSpec,
    spaces: dict[str, Space],
    shards: dict[str, list[Path]],
    tokens: dict[str, pa.Table],
    passages: pa.Table,
    work: Workspace,
) -> dict[str, Path]:
    """Alignment and matches of one comparison, one file each; computed only where they are not there yet."""
    a, b = spaces[spec.a], spaces[spec.b]
    key = digest(METHOD, *([path.name for path in shards[space.name]] for space in (a, b)))
    paths = {table: work.path(table, spec.name, key) for table in ("comparisons", "units", "matches")}
    if all(path.exists() for path in paths.values()):
        return paths
    units = alignment.align(tokens[a.model.name], tokens[b.model.name], passages)
    sides = []
    for space, unit in ((a, units.unit_of_a), (b, units.unit_of_b)):
        found = activations.load(shards[space.name], len(unit), work)
        sides.append(Side(alignment.to_units(found.matrix, unit, units.n_units)))
    shared = a.model is b.model and a.hook == b.hook and a.decoder is not None and b.decoder is not None
    decoders = (a.decoder, b.decoder) if shared else None
    matches = match(spec.name, *sides, units.text, units.position, decoders)
    row = [[spec.name], [a.name], [b.name], [units.name], [units.n_units], [passages.num_rows]]
    schema = BY_NAME["comparisons"].arrow
    work.write(paths["comparisons"], pa.table(row, schema=schema))
    work.write(paths["units"], units.units)
    work.write(paths["matches"], matches)
    return paths


def _tables(
    fingerprint: str,
    run_file: str,
    passages: pa.Table,
    loaded: dict[str, Model],
    read: dict[str, pa.Table],
    described: dict[str, dict[str, Path]],
    compared: dict[str, dict[str, Path]],
    work: Workspace,
) -> dict[str, Iterator[pa.Table]]:
    """Every table of the store as an iterator over its parts, in the order of its key."""
    model_rows = [
        {"model": m.name, "load": m.load, **m.facts, "tokenizer": m.vocabulary} for m in sorted(loaded.values(), key=lambda m: m.name)
    ]
    tables = {
        "build": iter([publish.build_row(fingerprint, run_file)]),
        "passages": iter([passages]),
        "models": iter([pa.Table.from_pylist(model_rows, schema=BY_NAME["models"].arrow)]),
        "tokens": (read[name] for name in sorted(read)),
    }
    for table in FEATURE_TABLES:
        tables[table] = _parts([described[name][table] for name in sorted(described)], work)
    for table in ("comparisons", "matches"):
        tables[table] = _parts([compared[name][table] for name in sorted(compared)], work)
    tables["units"] = _once_each_alignment([compared[name]["units"] for name in sorted(compared)], work)
    return tables


def _parts(paths: list[Path], work: Workspace) -> Iterator[pa.Table]:
    """One part at a time, so that only one is held."""
    for path in paths:
        yield work.read(path)


def _once_each_alignment(paths: list[Path], work: Workspace) -> Iterator[pa.Table]:
    """Comparisons of the same two models share their units: each alignment is published once, in the order of its name."""
    by_name = {}
    for path in paths:
        names = pq.ParquetFile(path).read_row_group(0, ["alignment"])["alignment"] if pq.ParquetFile(path).num_row_groups else []
        if len(names):
            by_name.setdefault(names[0].as_py(), path)
    for name in sorted(by_name):
        yield work.read(by_name[name])

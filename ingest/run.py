"""The whole job, in order. Every step leaves finished files behind: the same command again goes on where it stopped."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import activations, alignment, corpus, features, models, publish, tokens
from ingest.activations import Space
from ingest.config import ComparisonSpec, Job
from ingest.matching import match
from ingest.matching.moments import Side
from ingest.progress import log, logging_to, step
from ingest.workspace import Workspace, digest
from store.schema import BY_NAME, SCHEMA_VERSION, TABLES

FEATURE_TABLES = ("spaces", "features", "activations", "examples", "histograms", "logits", "feature_tokens")
METHOD = 3
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

        finished = [
            describe(spaces[name], shards[name], read[spaces[name].model.name], work) for name in sorted(spaces)
        ]
        for spec in sorted(job.pairs, key=lambda spec: spec.name):
            finished.append(compare(spec, spaces, shards, read, passages, work))

        weights = [model.weights for model in loaded.values()], [space.weights for space in spaces.values()]
        ddl = [table.ddl for table in TABLES]
        fingerprint = digest(text, weights, tomllib.loads(run_file), SCHEMA_VERSION, METHOD, ddl)
        work.prune(path for paths in (*shards.values(), *(files.values() for files in finished)) for path in paths)
        tables = _written(finished, work) | {
            "build": [publish.build_row(fingerprint, run_file)],
            "passages": [passages],
            "models": [publish.model_rows(loaded.values())],
            "tokens": [read[name] for name in sorted(read)],
        }
        publish.write(work, tables)
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
    paths = {table: work.path(table, spec.name, key) for table in ("comparisons", "units", "matches", "match_nulls")}
    if all(path.exists() for path in paths.values()):
        return paths
    units = alignment.align(tokens[a.model.name], tokens[b.model.name], passages)
    sides = [
        Side(alignment.to_units(activations.load(shards[space.name], len(unit), work).matrix, unit, units.n_units))
        for space, unit in ((a, units.unit_of_a), (b, units.unit_of_b))
    ]
    decoders = None
    if a.model is b.model and a.hook == b.hook and a.decoder is not None and b.decoder is not None:
        decoders = (a.decoder, b.decoder)
    found = match(spec.name, sides[0], sides[1], units.text, units.position, units.passage, decoders)
    row = [[spec.name], [a.name], [b.name], [units.name], [units.n_units], [passages.num_rows]]
    schema = BY_NAME["comparisons"].arrow
    work.write(paths["comparisons"], pa.table(row, schema=schema))
    work.write(paths["units"], units.units)
    for table, rows in found.items():
        work.write(paths[table], rows)
    return paths


def _written(finished: list[dict[str, Path]], work: Workspace) -> dict[str, Iterable[pa.Table]]:
    """The finished files of every table, to be read one at a time, in the order of their spaces and comparisons."""
    paths: dict[str, list[Path]] = {}
    for files in finished:
        for table, path in files.items():
            paths.setdefault(table, []).append(path)
    paths["units"] = _once_each_alignment(paths.get("units", []))
    return {table: map(work.read, files) for table, files in paths.items()}


def _once_each_alignment(paths: list[Path]) -> list[Path]:
    """Comparisons of the same two models share their units: one file an alignment, in the order of their names."""
    by_name: dict[str, Path] = {}
    for path in paths:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows:
            by_name.setdefault(file.read_row_group(0, ["alignment"])["alignment"][0].as_py(), path)
    return [by_name[name] for name in sorted(by_name)]

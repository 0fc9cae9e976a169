"""The whole job, in order. Every step leaves finished files behind: the same command again goes on where it stopped."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import (
    activations,
    agreement,
    alignment,
    concepts,
    corpus,
    features,
    geometry,
    models,
    publish,
    scores,
    tokens,
)
from ingest.activations import Space
from ingest.config import ComparisonSpec, Job
from ingest.matching import match
from ingest.matching.moments import Side
from ingest.progress import log, logging_to, step
from ingest.workspace import Workspace, digest
from store.schema import BY_NAME, SCHEMA_VERSION, TABLES

FEATURE_TABLES = ("spaces", "features", "activations", "examples", "histograms", "logits", "feature_tokens")
GEOMETRY_TABLES = ("neighbours", "maps", "clusters")
COMPARISON_TABLES = ("comparisons", "units", "matches", "match_nulls", "map_agreement")
METHOD = 4
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

        described = {
            name: describe(spaces[name], shards[name], read[spaces[name].model.name], work) for name in sorted(spaces)
        }
        finished = list(described.values())
        arranged = {name: arrange(spaces[name], shards[name], read[spaces[name].model.name], work) for name in spaces}
        finished += [arranged[name] for name in sorted(spaces)]
        words = concepts.find(passages["text"].to_pylist(), concepts.gather(job.concepts))
        for name in sorted(spaces):
            finished.append(relate(spaces[name], shards[name], read[spaces[name].model.name], words, passages, work))
        rated = []
        for spec in sorted(job.pairs, key=lambda spec: spec.name):
            compared = compare(spec, spaces, shards, arranged, read, passages, work)
            read_features = [described[name]["features"] for name in sorted({spec.a, spec.b})]
            rated.append(
                rate(spec, spaces, shards, compared, read_features, read, passages, job.scores.permutations, work)
            )
            finished.append(compared)

        weights = [model.weights for model in loaded.values()], [space.weights for space in spaces.values()]
        ddl = [table.ddl for table in TABLES]
        fingerprint = digest(text, weights, tomllib.loads(run_file), SCHEMA_VERSION, METHOD, ddl, words.lists)
        work.prune(
            path for paths in (*shards.values(), *(files.values() for files in finished), rated) for path in paths
        )
        models_of = {spec.name: (spaces[spec.a].model.name, spaces[spec.b].model.name) for spec in job.pairs}
        scored = scores.together([work.read(path) for path in rated], models_of)
        tables = (
            _written(finished, work)
            | {name: [table] for name, table in scored.items()}
            | {
                "build": [publish.build_row(fingerprint, run_file)],
                "passages": [passages],
                "concepts": [concepts.rows(words)],
                "models": [publish.model_rows(loaded.values())],
                "tokens": [read[name] for name in sorted(read)],
            }
        )
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


def arrange(space: Space, shards: list[Path], tokens: pa.Table, work: Workspace) -> dict[str, Path]:
    """Neighbours, maps and clusters of a space, one file each; computed only where they are not there yet."""
    key = digest(METHOD, [path.name for path in shards])
    paths = {table: work.path(table, space.name, key) for table in GEOMETRY_TABLES}
    if not all(path.exists() for path in paths.values()):
        ordinary = ~tokens["is_special"].to_numpy(zero_copy_only=False)
        with step(f"neighbours and maps {space.name}", tokens.num_rows, "tokens") as advance:
            found = geometry.arrange(space, activations.load(shards, tokens.num_rows, work), ordinary)
            for table, path in paths.items():
                work.write(path, found[table])
            advance(tokens.num_rows)
    return paths


def relate(
    space: Space, shards: list[Path], tokens: pa.Table, words: concepts.Found, passages: pa.Table, work: Workspace
) -> dict[str, Path]:
    """Which features of a space fire on which concept's words, in one file; computed only where it is not there yet."""
    key = digest(METHOD, [path.name for path in shards], words.lists)
    path = work.path("concept_features", space.name, key)
    if not path.exists():
        with step(f"concepts {space.name}", tokens.num_rows, "tokens") as advance:
            matrix = activations.load(shards, tokens.num_rows, work).matrix
            marked = concepts.mark(words, tokens, passages["text"].to_pylist())
            ordinary = ~tokens["is_special"].to_numpy(zero_copy_only=False)
            work.write(path, concepts.shares(space.name, matrix, ordinary, marked))
            advance(tokens.num_rows)
    return {"concept_features": path}


def compare(
    spec: ComparisonSpec,
    spaces: dict[str, Space],
    shards: dict[str, list[Path]],
    arranged: dict[str, dict[str, Path]],
    tokens: dict[str, pa.Table],
    passages: pa.Table,
    work: Workspace,
) -> dict[str, Path]:
    """Alignment, matches and agreement of one comparison, a file each; computed only where they are not there yet."""
    a, b = spaces[spec.a], spaces[spec.b]
    key = digest(METHOD, *([path.name for path in shards[space.name]] for space in (a, b)))
    paths = {table: work.path(table, spec.name, key) for table in COMPARISON_TABLES}
    if all(path.exists() for path in paths.values()):
        return paths
    units = alignment.align(tokens[a.model.name], tokens[b.model.name], passages)
    sides = [
        Side(alignment.to_units(activations.load(shards[space.name], len(unit), work).matrix, unit, units.n_units))
        for space, unit in ((a, units.unit_of_a), (b, units.unit_of_b))
    ]
    decoders = None
    if a.model is b.model and a.hook == b.hook and a.decoder is not None and b.decoder is not None:
        decoders = (a.decoder, b.decoder) if a.decoder.shape[1] == b.decoder.shape[1] else None
    found = match(spec.name, sides[0], sides[1], units.text, units.position, units.passage, decoders)
    n_features = [side.moments.n_features for side in sides]
    found |= _agreement(spec, found["matches"], n_features, [arranged[space.name] for space in (a, b)], work)
    row = [[spec.name], [a.name], [b.name], [units.name], [units.n_units], [passages.num_rows]]
    found |= {"comparisons": pa.table(row, schema=BY_NAME["comparisons"].arrow), "units": units.units}
    for table, rows in found.items():
        work.write(paths[table], rows)
    return paths


def rate(
    spec: ComparisonSpec,
    spaces: dict[str, Space],
    shards: dict[str, list[Path]],
    compared: dict[str, Path],
    features: list[Path],
    tokens: dict[str, pa.Table],
    passages: pa.Table,
    permutations: int,
    work: Workspace,
) -> Path:
    """The similarity metrics of one comparison with their nulls, in one file; computed only where it is not there."""
    a, b = spaces[spec.a], spaces[spec.b]
    path = work.path("rated", spec.name, digest(METHOD, compared["matches"].name, permutations))
    if not path.exists():
        read = pa.concat_tables([work.read(file) for file in features])
        pairs = scores.matched(work.read(compared["matches"]), work.read(compared["comparisons"]), read)
        with step(f"scores {spec.name}", len(scores.plan(len(pairs.kept))), "scores") as advance:
            aligned = alignment.align(tokens[a.model.name], tokens[b.model.name], passages)
            units = [
                alignment.to_units(activations.load(shards[space.name], len(unit), work).matrix, unit, aligned.n_units)
                for space, unit in ((a, aligned.unit_of_a), (b, aligned.unit_of_b))
            ]
            decoders = a.decoder, b.decoder
            work.write(path, scores.score(spec.name, pairs, decoders, (units[0], units[1]), permutations, advance))
    return path


def _agreement(
    spec: ComparisonSpec, matches: pa.Table, n_features: list[int], arranged: list[dict[str, Path]], work: Workspace
) -> dict[str, pa.Table]:
    """The table `map_agreement`, and `matches` with what becomes of the neighbours of A, then B, as arranged."""
    maps, lists = ([work.read(paths[table]) for paths in arranged] for table in ("maps", "neighbours"))
    near = [geometry.Nearest.of(rows, "activation", n) for rows, n in zip(lists, n_features, strict=True)]
    with step(f"agreement {spec.name}", matches.num_rows, "pairs") as advance:
        found = agreement.with_company(matches, near[0], near[1])
        scores = agreement.agree(spec.name, found, (near[0], near[1]), (maps[0], maps[1]))
        advance(matches.num_rows)
    return {"matches": found, "map_agreement": scores}


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

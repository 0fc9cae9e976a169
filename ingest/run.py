"""The whole job, in order. Every step leaves finished files behind: the same command again goes on where it stopped."""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import activations, agreement, concepts, features, geometry, publish, scores
from ingest.config import ComparisonSpec, Job
from ingest.matching import match
from ingest.matching.moments import Side
from ingest.progress import log, logging_to, step
from ingest.reading import Read, collect, load, ordinary
from ingest.workspace import LOG, Workspace, digest
from store.schema import BY_NAME, SCHEMA_VERSION, TABLES

FEATURE_TABLES = ("spaces", "features", "examples", "histograms", "logits", "feature_tokens")
GEOMETRY_TABLES = ("neighbours", "maps", "clusters")
COMPARISON_TABLES = ("comparisons", "units", "matches", "match_nulls", "map_agreement")
METHOD = 6
"""Raised when a step's numbers change, so that no older working file is taken for a new one."""

Files = dict[str, Path]
"""Table -> the finished file of one space's or comparison's rows."""


def run(job: Job, run_file: str, out: Path) -> str:
    """Run the job into the store `out`; returns its fingerprint. `run_file` is the text the job was read from.

    Raises `IngestError` for input that cannot be used; what was finished by then is kept.
    """
    work = Workspace(out)
    with logging_to(out / LOG) as begin, work.claimed() as claim:
        log.info("run: %d models, %d spaces, %d comparisons", len(job.models), len(job.spaces), len(job.pairs))
        read = load(job, work)
        claim()
        begin()  # the input is accepted: from here on files are written
        read = replace(read, shards=collect(read))

        spaces, pairs = sorted(read.spaces), sorted(job.pairs, key=lambda spec: spec.name)
        described = {name: describe(read, name) for name in spaces}
        arranged = {name: arrange(read, name) for name in spaces}
        related = {name: relate(read, name) for name in spaces}
        compared = {spec.name: compare(read, spec, arranged) for spec in pairs}
        rated = {spec.name: rate(read, spec, compared[spec.name], described, related) for spec in pairs}

        finished = [*described.values(), *arranged.values(), *related.values(), *compared.values(), *rated.values()]
        fingerprint = fingerprint_of(read, run_file)
        build = publish.build_row(fingerprint, run_file)
        publish.write(work, {"build": [build]} | read_tables(read) | made_tables(read, finished))
        work.prune(path for files in (*read.shards.values(), *(f.values() for f in finished)) for path in files)
        log.info("published %s", fingerprint)
        publish.seal(work)
    return fingerprint


def describe(read: Read, name: str) -> Files:
    """The per-feature tables of a space."""

    def make(tokens: pa.Table) -> Iterable[dict[str, pa.Table]]:
        _, variance_explained = activations.summary(read.shards[name], read.work)
        return features.describe(read.spaces[name], read.blocks_of(name), variance_explained, tokens)

    return _of_space(read, name, FEATURE_TABLES, "features", make)


def arrange(read: Read, name: str) -> Files:
    """Neighbours, maps and clusters of a space."""

    def make(tokens: pa.Table) -> Iterable[dict[str, pa.Table]]:
        yield geometry.arrange(read.spaces[name], read.activations_of(name), ordinary(tokens))

    return _of_space(read, name, GEOMETRY_TABLES, "neighbours and maps", make)


def relate(read: Read, name: str) -> Files:
    """Which features of a space fire on which concept's words."""

    def make(tokens: pa.Table) -> Iterable[dict[str, pa.Table]]:
        marked = concepts.mark(read.words, tokens, read.passages["text"].to_pylist())
        yield {"concept_features": concepts.shares(name, read.blocks_of(name), ordinary(tokens), marked)}

    return _of_space(read, name, ("concept_features",), "concepts", make, read.words.lists)


def compare(read: Read, spec: ComparisonSpec, arranged: dict[str, Files]) -> Files:
    """Alignment, matches and agreement of one comparison."""
    a, b = read.spaces[spec.a], read.spaces[spec.b]

    def make() -> dict[str, pa.Table]:
        units, matrices = read.aligned(spec)
        sides = [Side(matrix) for matrix in matrices]
        decoders = None
        if a.model is b.model and a.hook == b.hook and a.decoder is not None and b.decoder is not None:
            decoders = (a.decoder, b.decoder) if a.decoder.shape[1] == b.decoder.shape[1] else None
        found = match(spec.name, sides[0], sides[1], units.text, units.position, units.passage, decoders)
        found |= _agreement(read, spec, found["matches"], [side.moments.n_features for side in sides], arranged)
        row = [[spec.name], [a.name], [b.name], [units.name], [units.n_units], [read.passages.num_rows]]
        return found | {"comparisons": pa.table(row, schema=BY_NAME["comparisons"].arrow), "units": units.units}

    return _made(read, COMPARISON_TABLES, spec.name, make, *map(read.names, (spec.a, spec.b)))


def rate(
    read: Read, spec: ComparisonSpec, compared: Files, described: dict[str, Files], related: dict[str, Files]
) -> Files:
    """The similarity metrics of one comparison with their nulls, as the working table `rated`."""
    permutations = read.job.scores.permutations
    sides = sorted({spec.a, spec.b})

    def make() -> dict[str, pa.Table]:
        judged, shares = (
            pa.concat_tables([read.work.read(files[name][table]) for name in sides])
            for table, files in (("features", described), ("concept_features", related))
        )
        comparison = read.work.read(compared["comparisons"])
        pairs = scores.matched(read.work.read(compared["matches"]), comparison, judged)
        pairs = scores.of_concepts(pairs, comparison, shares, concepts.rows(read.words))
        decoders = read.spaces[spec.a].decoder, read.spaces[spec.b].decoder
        with step(f"scores {spec.name}", len(scores.plan(pairs)), "scores") as advance:
            x, y = read.aligned(spec)[1]
            return {"rated": scores.score(spec.name, pairs, decoders, (x, y), permutations, advance)}

    return _made(read, ["rated"], spec.name, make, *map(read.names, (spec.a, spec.b)), read.words.lists, permutations)


def fingerprint_of(read: Read, run_file: str) -> str:
    """The same for the same inputs: text, weights, run file, keywords, schema and methods."""
    weights = [model.weights for model in read.models.values()], [space.weights for space in read.spaces.values()]
    ddl = [table.ddl for table in TABLES]
    return digest(read.text, weights, tomllib.loads(run_file), SCHEMA_VERSION, METHOD, ddl, read.words.lists)


def read_tables(read: Read) -> dict[str, Iterable[pa.Table]]:
    """The tables of what was read."""
    return {
        "passages": [read.passages],
        "concepts": [concepts.rows(read.words)],
        "models": [publish.model_rows(read.models.values())],
        "tokens": [read.tokens[name] for name in sorted(read.tokens)],
    }


def made_tables(read: Read, finished: Iterable[Files]) -> dict[str, Iterable[pa.Table]]:
    """The tables of what was made, read part by part, in the order of their spaces and comparisons."""
    paths: dict[str, list[Path]] = {}
    for files in finished:
        for table, path in files.items():
            paths.setdefault(table, []).append(path)
    scored = scores.together([read.work.read(path) for path in paths.pop("rated", [])], _contests(read))
    paths["units"] = _once_each_alignment(paths.get("units", []))
    parts = {table: _parts(read, files) for table, files in paths.items()}
    return parts | {"activations": _activations(read)} | {table: [rows] for table, rows in scored.items()}


def _parts(read: Read, paths: list[Path]) -> Iterable[pa.Table]:
    for path in paths:
        yield from read.work.parts(path)


def _activations(read: Read) -> Iterable[pa.Table]:
    """The table `activations`, straight from the shards: no working file holds them again."""
    for name in sorted(read.spaces):
        yield from features.activation_rows(read.spaces[name], read.blocks_of(name), ordinary(read.tokens_of(name)))


def _contests(read: Read) -> dict[str, tuple[str, str] | None]:
    """The models whose closest spaces a comparison may name; None for floors and baselines."""
    found: dict[str, tuple[str, str] | None] = {}
    for spec in read.job.pairs:
        a, b = read.spaces[spec.a], read.spaces[spec.b]
        is_reference = {a.kind, b.kind} & {"random_sae", "neurons"}
        found[spec.name] = None if is_reference else (a.model.name, b.model.name)
    return found


def _made(
    read: Read,
    tables: Iterable[str],
    name: str,
    make: Callable[[], dict[str, pa.Table] | Iterable[dict[str, pa.Table]]],
    *key: object,
) -> Files:
    """A finished file of each table; made only where they are not all there, from what `key` stands for."""
    paths = {table: read.work.path(table, name, digest(METHOD, *key)) for table in tables}
    if not all(path.exists() for path in paths.values()):
        found = make()
        read.work.write_parts(paths, [found] if isinstance(found, dict) else found)
    return paths


def _of_space(
    read: Read,
    name: str,
    tables: tuple[str, ...],
    what: str,
    make: Callable[[pa.Table], Iterable[dict[str, pa.Table]]],
    *key: object,
) -> Files:
    """What a step makes of a space's activations and its model's tokens, in parts."""

    def watched() -> Iterable[dict[str, pa.Table]]:
        tokens = read.tokens_of(name)
        with step(f"{what} {name}", tokens.num_rows, "tokens") as advance:
            yield from make(tokens)
            advance(tokens.num_rows)

    return _made(read, tables, name, watched, read.names(name), *key)


def _agreement(
    read: Read, spec: ComparisonSpec, matches: pa.Table, n_features: list[int], arranged: dict[str, Files]
) -> dict[str, pa.Table]:
    """The table `map_agreement`, and `matches` with what becomes of the neighbours of A."""
    maps, lists = (
        [read.work.read(arranged[name][table]) for name in (spec.a, spec.b)] for table in ("maps", "neighbours")
    )
    near = [geometry.Nearest.of(rows, "activation", n) for rows, n in zip(lists, n_features, strict=True)]
    with step(f"agreement {spec.name}", matches.num_rows, "pairs") as advance:
        found = agreement.with_company(matches, near[0], near[1])
        agreed = agreement.agree(spec.name, found, (near[0], near[1]), (maps[0], maps[1]))
        advance(matches.num_rows)
    return {"matches": found, "map_agreement": agreed}


def _once_each_alignment(paths: list[Path]) -> list[Path]:
    """Comparisons of the same two models share their units: one file an alignment, in the order of their names."""
    by_name: dict[str, Path] = {}
    for path in paths:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows:
            by_name.setdefault(file.read_row_group(0, ["alignment"])["alignment"][0].as_py(), path)
    return [by_name[name] for name in sorted(by_name)]

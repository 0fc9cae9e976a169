"""The whole job, in order. Every step leaves finished files behind: the same command again goes on where it stopped."""

import tomllib
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import activations, agreement, concepts, features, geometry, publish, scores
from ingest.config import ComparisonSpec, Job
from ingest.matching import match
from ingest.matching.moments import Side
from ingest.progress import log, logging_to, step
from ingest.ranks import ALONE, Ranks
from ingest.reading import Read, collect, load, ordinary
from ingest.workspace import LOG, Workspace, digest
from store.schema import BY_NAME, SCHEMA_VERSION, TABLES

FEATURE_TABLES = ("spaces", "features", "examples", "histograms", "logits", "feature_tokens")
GEOMETRY_TABLES = ("neighbours", "maps", "clusters")
COMPARISON_TABLES = ("comparisons", "units", "matched", "match_nulls")
AGREEMENT_TABLES = ("matches", "map_agreement")
METHOD = 6
"""Raised when a step's numbers change, so that no older working file is taken for a new one."""

Files = dict[str, Path]
"""Table -> the finished file of one space's or comparison's rows."""


def run(job: Job, run_file: str, out: Path, ranks: Ranks = ALONE) -> str:
    """Run the job into the store `out`; returns its fingerprint. `run_file` is the text the job was read from.

    Several ranks divide the steps among them, and each comparison's features; the first one publishes.
    Raises `IngestError` for input that cannot be used; what was finished by then is kept.
    """
    work = Workspace(out)
    claimed = work.claimed() if ranks.first else nullcontext(lambda: None)
    with logging_to(out / LOG, ranks.first) as begin, claimed as claim:
        log.info("run: %d models, %d spaces, %d comparisons", len(job.models), len(job.spaces), len(job.pairs))
        read = load(job, work, ranks)
        claim()
        begin()  # the input is accepted: from here on files are written
        read = replace(read, shards=collect(read))

        spaces, pairs = sorted(read.spaces), {spec.name: spec for spec in sorted(job.pairs, key=lambda one: one.name)}
        described = _each(read, spaces, partial(describe, read), read.n_activations)
        arranged = _each(read, spaces, partial(arrange, read), read.n_activations)
        related = _each(read, spaces, partial(relate, read), read.n_activations)
        compared = {name: compare(read, spec) for name, spec in pairs.items()}  # every rank takes part in each
        agreed = _each(read, pairs, lambda name: agree(read, pairs[name], compared[name], described, arranged))
        matched = {name: compared[name] | agreed[name] for name in pairs}
        rated = _each(read, pairs, lambda name: rate(read, pairs[name], matched[name], described, related))

        fingerprint = fingerprint_of(read, run_file)
        steps = (described, arranged, related, matched, rated)
        if ranks.first:
            write(read, [files for step in steps for files in step.values()], publish.build_row(fingerprint, run_file))
            log.info("published %s", fingerprint)
            publish.seal(work)
        ranks.meet()
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


def compare(read: Read, spec: ComparisonSpec) -> Files:
    """Alignment and matches of one comparison, by all ranks together."""
    a, b = read.spaces[spec.a], read.spaces[spec.b]

    def make() -> dict[str, pa.Table]:
        units, matrices = read.aligned(spec)
        sides = [Side(matrix) for matrix in matrices]
        decoders = None
        if a.model is b.model and a.hook == b.hook and a.decoder is not None and b.decoder is not None:
            decoders = (a.decoder, b.decoder) if a.decoder.shape[1] == b.decoder.shape[1] else None
        codes = units.text, units.position, units.passage
        found = match(spec.name, sides[0], sides[1], *codes, decoders, read.ranks)
        row = [[spec.name], [a.name], [b.name], [units.name], [units.n_units], [read.passages.num_rows]]
        comparison = pa.table(row, schema=BY_NAME["comparisons"].arrow)
        if not read.ranks.first:
            return {}
        found["matched"] = found.pop("matches")
        return found | {"comparisons": comparison, "units": units.units}

    return _made(read, COMPARISON_TABLES, spec.name, make, *map(read.names, (spec.a, spec.b)), ranks=read.ranks)


def agree(
    read: Read, spec: ComparisonSpec, compared: Files, described: dict[str, Files], arranged: dict[str, Files]
) -> Files:
    """The matches of a comparison with what becomes of the neighbours of A, and whether the maps agree."""
    sides = spec.a, spec.b

    def make() -> dict[str, pa.Table]:
        maps, lists = ([read.work.read(arranged[name][table]) for name in sides] for table in ("maps", "neighbours"))
        widths = [read.work.facts(described[name]["features"])[0] for name in sides]
        near = [geometry.Nearest.of(rows, "activation", n) for rows, n in zip(lists, widths, strict=True)]
        matches = read.work.read(compared["matched"])
        with step(f"agreement {spec.name}", matches.num_rows, "pairs") as advance:
            found = agreement.with_company(matches, near[0], near[1])
            agreed = agreement.agree(spec.name, found, (near[0], near[1]), (maps[0], maps[1]))
            advance(matches.num_rows)
        return {"matches": found, "map_agreement": agreed}

    return _made(read, AGREEMENT_TABLES, spec.name, make, *map(read.names, sides))


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


def write(read: Read, finished: list[Files], build: pa.Table) -> None:
    """Publish the store, and forget what no step of this run has used."""
    publish.write(read.work, {"build": [build]} | read_tables(read) | made_tables(read, finished))
    read.work.prune(path for files in (*read.shards.values(), *(f.values() for f in finished)) for path in files)


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
    paths.pop("matched", None)  # `matches` without their neighbours
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


def _each(
    read: Read, names: Iterable[str], do: Callable[[str], Files], weight: Callable[[str], float] | None = None
) -> dict[str, Files]:
    """A step's files of each name; ranks divide the names."""
    made = read.ranks.each(names, do, weight)
    read.ranks.find(path for files in made.values() for path in files.values())
    return made


def _made(
    read: Read,
    tables: Iterable[str],
    name: str,
    make: Callable[[], dict[str, pa.Table] | Iterable[dict[str, pa.Table]]],
    *key: object,
    ranks: Ranks = ALONE,
) -> Files:
    """A finished file of each table; made only where they are not all there, from what `key` stands for.

    Where several ranks make them together, the first one writes.
    """
    paths = {table: read.work.path(table, name, digest(METHOD, *key)) for table in tables}
    if ranks.broadcast(lambda: not all(path.exists() for path in paths.values())):
        found = make()
        if ranks.first:
            read.work.write_parts(paths, [found] if isinstance(found, dict) else found)
        ranks.meet()
        ranks.find(paths.values())
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


def _once_each_alignment(paths: list[Path]) -> list[Path]:
    """Comparisons of the same two models share their units: one file an alignment, in the order of their names."""
    by_name: dict[str, Path] = {}
    for path in paths:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows:
            by_name.setdefault(file.read_row_group(0, ["alignment"])["alignment"][0].as_py(), path)
    return [by_name[name] for name in sorted(by_name)]

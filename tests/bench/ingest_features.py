"""The tables of every feature beside what `sae-dashboard` makes of the same features, on the same SAE and tokens."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from ingest import publish, reading, run
from ingest.reading import Read
from ingest.run import Files
from store.schema import DATABASE
from tests.bench import ingest_inputs
from tests.bench.ingest_read import clock

SPACE = ingest_inputs.SAES[0]
BEFORE, BEHIND = 6, 5
"""Tokens at either end of a passage that `sae-dashboard` shows no example of, so that its excerpts are whole."""
NEAR = 2e-3
"""Activations that differ by less, or by less than this share, are one: it rounds to four decimals, and its batches
are of other sizes."""

Example = tuple[int, int, float]
"""Passage, position, activation."""


@dataclass(frozen=True)
class Made:
    """The tables of a space, and what they took."""

    read: Read
    files: Files
    collect: float
    """Seconds: forward pass, encoding, shards written."""
    describe: float
    """Seconds: shards read, every table of the features made and written."""
    peak: float
    """GB of this process by then."""


def make(run_file: Path, out: Path) -> Made:
    """Both steps of the real job on one space, into `out`."""
    whole = ingest_inputs.read(run_file, out, [SPACE])
    with clock() as collect:
        whole = replace(whole, shards=reading.collect(whole))
    with clock() as describe:
        files = run.describe(whole, SPACE)
    return Made(whole, files, collect(), describe(), ingest_inputs.peak())


def under_its_rules(made: Made, out: Path) -> Files:
    """The tables again, with the ends of passages left out as `sae-dashboard` leaves them out."""
    table = made.read.tokens[ingest_inputs.MODEL]
    position = table["position"].to_numpy()
    inside = (position >= BEFORE) & (position < ingest_inputs.CONTEXT - BEHIND)
    masked = table.set_column(table.column_names.index("is_special"), "is_special", pa.array(~inside))
    return run.describe(
        replace(made.read, tokens={ingest_inputs.MODEL: masked}, work=ingest_inputs.Workspace(out)), SPACE
    )


def tops(made: Made, files: Files) -> dict[int, list[Example]]:
    """Feature -> the strongest token of each of its strongest passages, strongest first."""
    table = made.read.work.read(files["examples"])
    table = table.filter(pa.compute.equal(table["stratum"], "top"))
    rows = (table[name].to_numpy() for name in ("feature", "passage_id", "token_index", "activation"))
    found: dict[int, list[Example]] = {}
    for feature, passage, token, value in zip(*rows, strict=True):
        found.setdefault(int(feature), []).append((int(passage), int(token) % ingest_inputs.CONTEXT, float(value)))
    return {feature: sorted(rows, key=lambda row: -row[2]) for feature, rows in found.items()}


def one_a_passage(examples: Iterable[Example]) -> list[Example]:
    """The strongest of each passage, the earlier of a tie; without those that do not fire."""
    best: dict[int, Example] = {}
    for passage, position, value in examples:
        if value > 0 and (passage not in best or (-value, position) < (-best[passage][2], best[passage][1])):
            best[passage] = (passage, position, value)
    return sorted(best.values(), key=lambda row: -row[2])


def agreement(ours: list[Example], theirs: list[Example]) -> str:
    """How the strongest examples of a feature compare, as many as `theirs` are.

    `same`: the same tokens with the same activations. `tied`: the same activations, rank by rank, and the tokens that
    only one side has are of the same activation as one that only the other has. `differ` otherwise.
    """
    ours = ours[: len(theirs)]
    values = [np.array([value for *_, value in rows]) for rows in (ours, theirs)]
    if len(ours) < len(theirs) or not np.allclose(*values, rtol=NEAR, atol=NEAR):
        return "differ"
    places = [{row[:2]: row[2] for row in rows} for rows in (ours, theirs)]
    common = places[0].keys() & places[1].keys()
    if not all(np.isclose(places[0][at], places[1][at], rtol=NEAR, atol=NEAR) for at in common):
        return "differ"
    alone = [sorted(value for at, value in side.items() if at not in common) for side in places]
    if not alone[0]:
        return "same"
    return "tied" if np.allclose(*alone, rtol=NEAR, atol=NEAR) else "differ"


def logit_agreement(made: Made, features: dict[int, dict[str, Any]]) -> float:
    """Share of the promoted and suppressed lists that hold the same tokens as ours."""
    table = made.read.work.read(made.files["logits"])
    spelled = made.read.models[ingest_inputs.MODEL].tokenizer.decode
    ours: dict[tuple[int, str], set[str]] = {}
    for feature, side, token in zip(*(table[c].to_pylist() for c in ("feature", "side", "token")), strict=True):
        ours.setdefault((feature, side), set()).add(token)
    same = [
        ours[feature, side] == {spelled([token]) for token in found[side]}
        for feature, found in features.items()
        for side in ("promoted", "suppressed")
    ]
    return float(np.mean(same))


def fired(made: Made) -> np.ndarray:
    """int64 of shape (feature,): ordinary tokens that each feature fires on."""
    return made.read.work.read(made.files["features"])["n_active"].to_numpy()


def bytes_per_activation(made: Made) -> dict[str, float]:
    """Bytes for each activation: of its shards, of its table in the database, and of the whole database."""
    shards = made.read.shards[SPACE]
    n_shard = made.read.activations_of(SPACE).matrix.nnz  # those on special tokens are there too
    tables = run.read_tables(made.read) | run.made_tables(made.read, [made.files])
    path = publish.write(made.read.work, tables)
    with duckdb.connect(path, read_only=True) as database:
        (n,) = database.execute("SELECT count(*) FROM activations").fetchone() or (0,)
        blocks = "SELECT count(DISTINCT block_id) FROM pragma_storage_info('activations') WHERE block_id >= 0"
        (used,) = database.execute(blocks).fetchone() or (0,)
        (size,) = database.execute("SELECT block_size FROM pragma_database_size()").fetchone() or (0,)
    assert path.name == DATABASE
    return {
        "activations": n,
        "shards": sum(path.stat().st_size for path in shards) / n_shard,
        "table": used * size / n,
        "database": path.stat().st_size / n,
    }

"""A synthetic store of any size, written with the schema's own DDL and order by set-based SQL: tests/bench/sql.

It is shaped like a real one: text by Zipf's law with passages of 128 tokens, firing counts that are log-normal with a few
dense features, features of one word and of none, two models with the same tokens and one with its own, homologues, hubs
and every reason. Where features fire is drawn once, and all that the store says about a feature is counted from it.
Evidence of matches and scores is drawn, not computed: it has the right shape and is about nothing.
"""

import argparse
import hashlib
import json
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from store.check import checksum_sql
from store.errors import StoreError
from store.read import Store
from store.schema import BY_NAME, CHECKSUMS, DATABASE, SCHEMA_VERSION, TABLES, macros

SQL = Path(__file__).parent / "sql"
FOLDER = Path(__file__).parents[2] / "stores" / "bench-large"
"""Where the store is kept between runs; it is made again when its recipe changes."""
PASSAGE = 128
"""Tokens of a passage, the special one included."""


@dataclass(frozen=True)
class Size:
    """How large a store is made. The defaults are those that the budgets are stated for."""

    passages: int = 78_125
    """Of 128 tokens each: ten million tokens."""
    features: int = 24_576
    """Of each of the two large spaces."""
    small: int = 4_096
    """Features of the two other spaces."""
    activations: int = 100_000_000
    """About as many in all spaces together."""
    candidates: int = 46
    """Candidate matches of each feature: with 24,576 features a million of the large comparison."""
    words: int = 50_000
    """Different words of the text."""

    @property
    def plain(self) -> int:
        """Tokens that are not special."""
        return self.passages * (PASSAGE - 1)


SMALL = Size(passages=400, features=512, small=96, activations=100_000, candidates=24, words=2_000)
"""A store of 50,000 tokens that takes seconds, for tests."""


@dataclass(frozen=True)
class Planned:
    """One feature space and how its features follow from the latents."""

    space: str
    model: str
    kind: str
    is_large: bool
    factor: int
    """Feature of a latent: (latent * factor + shift) % features; both models order theirs as they like."""
    shift: int
    shared: float
    """How much of a latent's sharing is left: none for random directions."""
    kept: float
    """Share of the latent's sites that it fires on."""


MODELS = ("one", "three", "two")
SPACES = (
    Planned("one.6", "one", "sae", True, 1, 0, 1.0, 1.0),
    Planned("three.3", "three", "sae", False, 1, 0, 0.7, 1.0),
    Planned("two.6", "two", "sae", True, 7919, 13, 1.0, 1.0),
    Planned("two.6-random", "two", "random_sae", False, 1, 0, 0.15, 0.3),
)
PAIRED = (("one.6", "three.3"), ("one.6", "two.6"), ("one.6", "two.6-random"))
ALIGNMENT = "one~three"


def ready(folder: Path = FOLDER, size: Size = Size()) -> Path:
    """The folder of a store of this recipe; made, in some minutes, unless it is there already."""
    try:
        with Store(folder) as store:
            if store.fingerprint == recipe(size):
                return folder
    except StoreError:
        pass
    shutil.rmtree(folder, ignore_errors=True)
    started = time.monotonic()
    print(f"Making a store of {size.activations:,} activations in {folder}", file=sys.stderr, flush=True)
    write(folder, size)
    print(f"made in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return folder


def recipe(size: Size) -> str:
    """A hash of all that the rows follow from."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(SQL.glob("*.sql"))]
    rest = [repr(SPACES), repr(PAIRED), duckdb.__version__, json.dumps(asdict(size))]
    return hashlib.sha256(
        "\n".join(
            [*texts, *rest, *(table.ddl for table in TABLES), *(table.insert for table in TABLES), *macros()]
        ).encode()
    ).hexdigest()


def write(folder: Path, size: Size) -> None:
    """The whole store with its checksums. Holds at most 4 GB, whatever the size; spills beside the store."""
    folder.mkdir(parents=True)
    beside = folder / "unfinished"
    config = {"memory_limit": "4GB", "temp_directory": str(folder / "spilled")}
    with duckdb.connect(beside, config=config) as database:
        # A filter pushed down from a join that spills loses rows (DuckDB 2.0.0, duckdb/duckdb#25702).
        database.execute("SET disabled_optimizers = 'join_filter_pushdown'")
        for statement in (*(table.ddl for table in TABLES), *macros()):
            database.execute(statement)
        _fill(database, size)
        _finish(database)
    shutil.rmtree(folder / "spilled", ignore_errors=True)
    beside.rename(folder / DATABASE)
    with (folder / DATABASE).open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    (folder / CHECKSUMS).write_text(f"{digest}  {DATABASE}\n", encoding="utf-8")


def _finish(database: duckdb.DuckDBPyConnection) -> None:
    """What the publisher does to a database whose tables are filled."""
    for table in TABLES:
        if table.derived and table.name != "vocabulary":
            database.execute(table.insert)
    for name in sorted(BY_NAME.keys() - {"contents"}):
        row = database.execute(checksum_sql(name)).fetchone()
        assert row is not None
        database.execute("INSERT INTO contents VALUES (?, ?, ?)", [name, *row])
    database.execute("CHECKPOINT")


def _fill(database: duckdb.DuckDBPyConnection, size: Size) -> None:
    known = {"n_words": size.words, "n_plain": size.plain, "n_features": size.features}
    # Four parts of the whole: two large spaces, and about a sixth of each for the two that follow from them.
    known["n_active"] = round(size.activations / (2 + 0.9 * size.small / size.features) / 0.97)
    known["n_small"] = size.small
    say = _Sayer(database, known)
    _named(database, size)
    say("setup")
    for first, last in _stretches(size.passages, 16_384):
        say("tokens_one", model="one", first=first, last=last)
        say("passages", model="one", first=first, last=last)
        say("units", model="one", alignment=ALIGNMENT, first=first, last=last)
    say("tokens_three", model="three")
    say("tokens_two", model="two", like="one")
    say("landing", model="three")
    database.execute(BY_NAME["vocabulary"].insert)
    for planned in SPACES:
        _space(say, planned, size)
    for space_a, space_b in PAIRED:
        _comparison(say, space_a, next(one for one in SPACES if one.space == space_b), size)
    say("scores")
    say("concepts")


class _Sayer:
    """Executes the statements of a file of `SQL`, with those of the values that each names."""

    def __init__(self, database: duckdb.DuckDBPyConnection, known: dict[str, int]) -> None:
        self.database, self.known = database, known

    def __call__(self, name: str, **values: object) -> None:
        text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
        # Macros take no parameters, so what holds for the whole store is written into the text.
        text = re.sub(r"\$(\w+)", lambda found: str(self.known.get(found[1], found[0])), text)
        for statement in self.database.extract_statements(text):
            self.database.execute(statement, {n: values[n] for n in statement.named_parameters})

    def one(self, text: str, *values: object) -> int:
        row = self.database.execute(text, values).fetchone()
        assert row is not None
        return int(row[0])


def _stretches(n: int, step: int) -> Iterator[tuple[int, int]]:
    for first in range(0, n, step):
        yield first, min(first + step, n)


def _named(database: duckdb.DuckDBPyConnection, size: Size) -> None:
    """The rows of `build` and `models`."""
    build = [
        recipe(size),
        SCHEMA_VERSION,
        "2026-01-02 03:04:05",
        "0.1.0",
        "# synthetic",
        json.dumps({"duckdb": duckdb.__version__}),
    ]
    database.execute("INSERT INTO build VALUES (?, ?, ?, ?, ?, ?)", build)
    for model in MODELS:
        tokenizer = hashlib.sha256(b"own" if model == "three" else b"shared").hexdigest()
        row = [model, "synthetic", 12, 768, size.words, 10**8, "float32", "cpu", tokenizer]
        database.execute("INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _space(say: _Sayer, planned: Planned, size: Size) -> None:
    """A space with everything about its features, some of them at a time."""
    n = size.features if planned.is_large else size.small
    n_tokens = say.one("SELECT count(*) FROM tokens WHERE model = ? AND NOT is_special", planned.model)
    own = {"space": planned.space, "n_tokens": n_tokens}
    # Features at a time: about four million activations.
    step = max(1, 4_000_000 * size.features * 2 // size.activations)
    for first, last in _stretches(n, step):
        part = own | {"first": first, "last": last}
        if planned.model == "three":
            say("batch_three", **part, like="one.6")
        else:
            how = {"factor": planned.factor, "shift": planned.shift, "shared": planned.shared, "kept": planned.kept}
            say("batch", **part, **how, n_own=n)
        say("describe", **part)
    say("geometry", **own)
    say.database.execute(
        "INSERT INTO spaces SELECT $space, $model, $kind, 'blocks.6.hook_resid_post', 768, count(*), 'synthetic',"
        " count(*) FILTER (n_active > 0), sum(n_active) / $n_tokens, 0.8, NULL FROM features WHERE space = $space",
        own | {"model": planned.model, "kind": planned.kind},
    )
    say.database.execute(
        "CREATE OR REPLACE TEMP TABLE part AS FROM strongest_tokens WHERE space = $space", {"space": planned.space}
    )
    say.database.execute(BY_NAME["feature_tokens"].insert)


def _comparison(say: _Sayer, space_a: str, b: Planned, size: Size) -> None:
    alignment = ALIGNMENT if b.model == "three" else "identical"
    n_units = size.plain if alignment == "identical" else say.one("SELECT count(*) FROM units")
    name = f"{space_a}~{b.space}"
    row = [name, space_a, b.space, alignment, n_units, size.passages]
    say.database.execute("INSERT INTO comparisons VALUES (?, ?, ?, ?, ?, ?)", row)
    candidates = size.candidates if b.is_large else min(5, size.candidates)
    n_b = size.features if b.is_large else size.small
    how = {"factor": b.factor, "shift": b.shift, "shared": b.shared, "candidates": candidates}
    say("matches", comparison=name, space_a=space_a, space_b=b.space, n_b=n_b, **how)
    say.database.execute(BY_NAME["matches"].insert)
    say("match_nulls", comparison=name, space_a=space_a)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.large", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--small", action="store_true", help="a store for tests")
    asked = parser.parse_args()
    print(ready(asked.folder, SMALL if asked.small else Size()))


if __name__ == "__main__":
    main()

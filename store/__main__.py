"""`python -m store info | check | sql`: what a store holds, whether it is whole, and one bounded query."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from store import cells, console
from store.check import examine
from store.errors import StoreError
from store.read import Store
from store.records import Table
from store.schema import dictionary

ROWS, BYTES, SECONDS = 10_000, 100_000_000, 60.0
"""Limits of one query from the command line: wider than a page's, since only its own user waits."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 when `check` found problems, 2 with one line on stderr for wrong input."""
    asked = _parser().parse_args(arguments)
    answer: Callable[[argparse.Namespace], int] = asked.answer
    try:
        status = answer(asked)
        sys.stdout.flush()
        return status
    except StoreError as error:
        print(f"store: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader (`head`, say) has enough; without this Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m store", description="Reads a published store; writes nothing.")
    commands = parser.add_subparsers(required=True, metavar="info|check|sql")
    info = commands.add_parser("info", help="what is in the store")
    info.add_argument("--dictionary", action="store_true", help="every table and column, with type, unit and meaning")
    info.set_defaults(answer=_info)
    check = commands.add_parser("check", help="verify every file, count, key and checksum; exit 1 with what is wrong")
    check.set_defaults(answer=_check)
    sql = commands.add_parser("sql", help="one reading statement; `-` takes it from standard input")
    sql.set_defaults(answer=_sql)
    for command in (info, check, sql):
        command.add_argument("folder", type=Path, metavar="DIR", help="folder of a published store")
    sql.add_argument("sql", metavar="SQL", help='such as "SELECT * FROM judged_matches() LIMIT 5"')
    sql.add_argument("--format", choices=("table", "csv", "json", "parquet"), default="table")
    sql.add_argument("--limit", type=_rows, default=ROWS, metavar="N", help=f"most rows (default {ROWS})")
    return parser


def _rows(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"wants a number of rows from 1; got {text}")
    return int(text)


def _info(asked: argparse.Namespace) -> int:
    with Store(asked.folder) as store:
        if asked.dictionary:
            columns = ("table", "column", "type", "unit", "meaning")
            sys.stdout.write(cells.to_text(Table(columns, ("VARCHAR",) * 5, tuple(dictionary()), False, 0.0)))
            return 0
        build = store.build()
        when = f"{build.created_at:%Y-%m-%d %H:%M} UTC"
        print(f"store {build.fingerprint[:8]}, published {when} by Homolog {build.homolog_version}")
        print("\nmodels")
        for model in store.models():
            where = f", {model.dtype} on {model.device}" if model.dtype and model.device else ""
            print(f"  {model.model}: {model.load}{where}")
        print("\nspaces")
        for space in store.spaces():
            print(
                f"  {space.space}: {space.kind} of {space.model} at {space.hook or 'an unnamed place'}, "
                f"{space.n_alive:,} of {space.n_features:,} features alive, {space.l0:.3g} active a token"
            )
        print("\ncomparisons")
        for found in store.summaries():
            print(
                f"  {found.comparison}: {found.n_candidates:,} candidates, {found.n_mutual:,} mutual best, "
                f"{found.n_homologues:,} contextual homologues"
            )
        print("\nrows")
        for table, n in store.counts().items():
            print(f"  {table}: {n:,}")
    return 0


def _check(asked: argparse.Namespace) -> int:
    if not asked.folder.is_dir():
        raise StoreError(f"{asked.folder} is no folder; give the folder that a store was published to")
    findings = examine(asked.folder)
    for line in findings.notes:
        print(f"note: {line}")
    for line in findings.problems:
        print(line)
    if not findings.problems:
        print(f"{asked.folder}: healthy")
    return 1 if findings.problems else 0


def _sql(asked: argparse.Namespace) -> int:
    text = sys.stdin.read() if asked.sql == "-" else asked.sql
    with Store(asked.folder) as store:
        found = console.run(store, text, max_rows=asked.limit, max_bytes=BYTES, seconds=SECONDS)
    if asked.format == "parquet":
        sys.stdout.buffer.write(cells.to_parquet(found))
    else:
        write = {"table": cells.to_text, "csv": cells.to_csv, "json": lambda table: cells.to_json(table) + "\n"}
        sys.stdout.write(write[asked.format](found))
    if found.truncated:
        print(f"store: cut after {len(found.rows)} rows; --limit allows more", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

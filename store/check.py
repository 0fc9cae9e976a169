"""Proves that a store is what was published: its files, then every count, key, order, reference and checksum inside."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from store.check_tables import Ask, checksum_sql, tables
from store.connection import connect, cursor
from store.errors import StoreError
from store.schema import CHECKSUMS, DATABASE

__all__ = ["Findings", "check", "checksum_sql", "examine", "files"]

SHOWN = 20
"""Most lines that one rule names; the rest is counted."""

_LINE = re.compile(r"([0-9a-f]{64}) [ *](\S.*)")


@dataclass
class Findings:
    problems: list[str] = field(default_factory=list)
    """One line each, naming where. None: the store is healthy."""
    notes: list[str] = field(default_factory=list)
    """What could not be checked, and why."""


def check(folder: Path | str) -> list[str]:
    """Problems of the store in `folder`, one line each; none when it is healthy. Writes nothing."""
    return examine(folder).problems


def examine(folder: Path | str) -> Findings:
    """Problems and notes. Memory is that of one question (`store.connection.MEMORY`), whatever the store's size."""
    folder = Path(folder)
    findings = Findings()
    if not folder.is_dir():
        findings.problems.append(f"{folder} is no folder; give the folder that a store was published to")
        return findings
    findings.problems += files(folder)
    if not (folder / DATABASE).is_file():
        return findings
    try:
        with connect(folder) as connection, cursor(connection) as own:
            for rule in tables(Ask(own)):
                findings.notes += rule.notes
                findings.problems += _first(rule.problems, rule.n)
    except StoreError as error:
        findings.problems.append(str(error))
    return findings


def files(folder: Path) -> list[str]:
    """Compares the folder with its `SHA256SUMS`. `shards/` may be gone as a whole, not in part."""
    sums = folder / CHECKSUMS
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} - {CHECKSUMS}
    if not sums.is_file():
        return [f"{CHECKSUMS} is missing; copy the store again, with it"]
    listed, problems = _listed(sums.read_bytes())
    has_shards = (folder / "shards").exists()
    missing = [name for name in listed if name not in there and (has_shards or not name.startswith("shards/"))]
    differs = [name for name, digest in listed.items() if name in there and _digest(folder / name) != digest]
    if DATABASE not in listed:
        problems.append(f"{CHECKSUMS} does not list {DATABASE}")
    return [
        *_first(problems),
        *_first([f"{name} is listed in {CHECKSUMS} and missing" for name in missing]),
        *_first([f"{name} differs from its checksum in {CHECKSUMS}" for name in differs]),
        *_first([f"{name} is not listed in {CHECKSUMS}" for name in sorted(there - set(listed))]),
    ]


def _listed(content: bytes) -> tuple[dict[str, str], list[str]]:
    """File -> digest, and the lines that are malformed, twice there or out of order."""
    found: dict[str, str] = {}
    problems: list[str] = []
    previous = ""
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        parsed = _LINE.fullmatch(line)
        name = parsed[2] if parsed else ""
        if parsed is None or name.startswith("/") or ".." in name.split("/"):
            problems.append(f"{CHECKSUMS} line {number} is malformed: {line[:80]!r}")
            continue
        if name <= previous:
            problems.append(f"{CHECKSUMS} line {number} ({name}) is not after the line before it")
        previous = name
        found[name] = parsed[1]
    return found, problems


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _first(problems: list[str], n: int | None = None) -> list[str]:
    """At most `SHOWN` of `n` problems, then how many more there are."""
    more = (len(problems) if n is None else n) - SHOWN
    if more <= 0:
        return problems
    what = problems[0].split(" ", 1)[0].rstrip(":")
    return [*problems[:SHOWN], f"{what}: and {more} more of this kind"]

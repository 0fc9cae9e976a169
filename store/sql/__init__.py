"""The store's questions, one a file. `load(name)` gives the text of `name.sql`."""

import re
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path

from store.records import Thresholds

_FOLDER = Path(__file__).parent
_INCLUDE = re.compile(r"^ *-- include: (\w+)$", re.MULTILINE)
_IF = re.compile(r"^(.*)-- if: (\w+)\n", re.MULTILINE)

_COMMENT = re.compile(r"--.*$", re.MULTILINE)
_VALUE = re.compile(r"\$(\w+)")
TEXTS = 1000
"""Texts that are kept: there are as many as there are sets of thresholds that visitors move."""


@lru_cache(TEXTS)
def load(name: str, bound: frozenset[str] = frozenset(), picked: bool = False) -> str:
    """The text of `name.sql`; each line `-- include: part` is replaced by the text of that file.

    What varies, since planning a question takes longer the more it says: a line that ends in `-- if: value` stands only
    where that value is `bound`. `$bits` are the reasons of a match, under the thresholds that are bound and else the
    default ones. `$hides` says that no reason holds of which `hides_<reason>` is bound: one by one, so that each is
    asked only of what is left; `$drops` are the same reasons as branches of a CASE. `$matches` is their table, all of
    them or the few that are picked, where these hold what is asked for.
    """

    def part(found: re.Match[str]) -> str:
        return _MADE[found[1]]() if found[1] in _MADE else load(found[1], bound, picked)

    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    text = _IF.sub(lambda line: f"{line[1].rstrip()}\n" if line[2] in bound else "", text)
    text = text.replace("$matches", "picked_matches" if picked else "matches")
    text = text.replace("$bits", bits(bound)).replace("$hides", hides(bound)).replace("$drops", drops(bound))
    return _INCLUDE.sub(part, text)


@lru_cache(TEXTS)
def named(text: str) -> tuple[str, ...]:
    """The values that a text binds: a threshold may be moved of which a question says nothing."""
    return tuple(dict.fromkeys(_VALUE.findall(_COMMENT.sub("", text))))


def bits(bound: frozenset[str]) -> str:
    """An expression over `matches`: the stored bits of its reasons, with those anew whose threshold is bound.

    A threshold that was not moved is not looked at, nor are the columns that it is about.
    """
    terms = anew("reasons")
    # Sums are watched for overflow, which takes longer than the rest of a term.
    moved = [f"({term})" for name, term in terms.items() if name in bound]
    stored = sum(1 << place for place, name in enumerate(terms) if name not in bound)
    return "(" + " | ".join([f"(reason_bits & {stored})", *moved]) + ")" if moved else "reason_bits"


def hides(bound: frozenset[str]) -> str:
    """That none of the reasons holds whose `hides_<reason>` is bound, over `matches`."""
    found = [f"NOT ({condition})" for name, condition in conditions("reasons").items() if f"hides_{name}" in bound]
    return " AND ".join(found) or "TRUE"


def drops(bound: frozenset[str]) -> str:
    """The reasons whose `hides_<reason>` is bound as branches of a CASE, without those behind the last moved threshold.

    2048 and its place for a reason whose threshold is bound; the stored bits for one of those between them, at once.
    """
    branches, stored = [], 0
    for place, (name, condition) in enumerate(conditions("reasons").items()):
        if f"hides_{name}" not in bound:
            continue
        if name not in bound:
            stored |= 1 << place
            continue
        if stored:
            branches.append(f"WHEN reason_bits & {stored} <> 0 THEN reason_bits")
        branches.append(f"WHEN {condition} THEN {2048 + place}")
        stored = 0
    return "\n    ".join(branches) or "WHEN FALSE THEN 0"


@cache
def conditions(file: str) -> dict[str, str]:
    """Reason -> when it holds, from a file of a reason and its condition a line."""
    lines = (_FOLDER / f"{file}.sql").read_text(encoding="utf-8").splitlines()
    return dict(one.split(maxsplit=1) for one in lines if not one.startswith("--"))


@cache
def anew(file: str) -> dict[str, str]:
    """Reason -> its bit where its condition holds."""
    return {
        name: f"{1 << place} * ({condition})::INTEGER"
        for place, (name, condition) in enumerate(conditions(file).items())
    }


def _named(file: str) -> str:
    """All bits, for a macro: its thresholds are names."""
    return "\n + ".join(anew(file).values()).replace("$", "")


def _default() -> str:
    """All bits at the default thresholds: what the publisher stores."""
    limits = asdict(Thresholds())
    return re.sub(r"\$(\w+)", lambda found: str(limits[found[1]]), "\n + ".join(anew("reasons").values()))


_MADE: dict[str, Callable[[], str]] = {
    "named_bits": lambda: _named("reasons"),
    "named_feature_bits": lambda: _named("reasons_of_feature"),
    "feature_bits": lambda: "\n + ".join(anew("reasons_of_feature").values()),
    "default_bits": _default,
}
"""Parts that are made of the files of reasons: with thresholds as a macro's names, as bound values, as the defaults."""

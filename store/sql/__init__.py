"""The store's questions, one a file. `load(name)` gives the text of `name.sql`."""

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path

from store.records import Thresholds

_FOLDER = Path(__file__).parent
_INCLUDE = re.compile(r"^-- include: (\w+)$", re.MULTILINE)


@cache
def load(name: str, moved: tuple[str, ...] = (), picked: bool = False) -> str:
    """The text of `name.sql`; each line `-- include: part` is replaced by the text of that file.

    What varies: the part `bits`, the reasons of a match under thresholds of which only `moved` are not the default
    ones; and the table `$matches`, all of them or the few that are picked, where these hold whatever is asked for.
    """

    def part(found: re.Match[str]) -> str:
        if found[1] in _MADE:
            return _MADE[found[1]]()
        if found[1] == "bits":
            return bits(moved)
        return load(found[1], moved, picked)

    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return _INCLUDE.sub(part, text.replace("$matches", "picked_matches" if picked else "matches"))


def bits(moved: Iterable[str]) -> str:
    """An expression over `matches`: the stored bits of its reasons, with those anew whose threshold was moved.

    A threshold that was not moved is not looked at, nor are the columns that it is about.
    """
    terms = anew("reasons")
    stored = sum(1 << place for place, name in enumerate(terms) if name not in moved)
    return "\n + ".join([f"(reason_bits & {stored})", *(term for name, term in terms.items() if name in moved)])


@cache
def anew(file: str) -> dict[str, str]:
    """Reason -> its bit where its condition holds, from a file of a reason and its condition a line."""
    lines = (_FOLDER / f"{file}.sql").read_text(encoding="utf-8").splitlines()
    found = [line.split(maxsplit=1) for line in lines if not line.startswith("--")]
    return {name: f"{1 << place} * ({condition})::INTEGER" for place, (name, condition) in enumerate(found)}


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

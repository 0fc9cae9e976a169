"""What the Pair page shows beside the pair and its filter, as a link carries it: `group=only_a&n=15`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dashboard import links
from dashboard.family_links import whole
from store.records import GROUPS

FIRST, MORE, MOST = 5, 10, 65
"""Passages at first, for each `show more`, and at most."""


@dataclass(frozen=True)
class Look:
    """Which passages of a pair are looked at."""

    group: str = "both"
    """One of `GROUPS`."""
    shown: int = FIRST


def look_query(look: Look) -> dict[str, str]:
    """Only what differs from the default."""
    query = {"group": look.group} if look.group != Look.group else {}
    return query | ({"n": str(look.shown)} if look.shown != FIRST else {})


def parse_look(query: Mapping[str, str]) -> tuple[Look, dict[str, str], list[str]]:
    """The look that a link asks for, the rest of its query, and a line for each part that could not be read."""
    look, problems = Look(), []
    if "group" in query:
        if query["group"] in GROUPS:
            look = replace(look, group=query["group"])
        else:
            problems.append(f"group={links.short(query['group'])} is ignored; choose from {', '.join(GROUPS)}")
    if "n" in query:
        shown = whole(query["n"])
        if shown is not None and 1 <= shown <= MOST:
            look = replace(look, shown=shown)
        else:
            problems.append(f"n={links.short(query['n'])} is ignored; write a whole number from 1 to {MOST}")
    return look, {name: value for name, value in query.items() if name not in ("group", "n")}, problems

"""The Scores page as a link, and which score it means in a given store."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard import links
from dashboard.family_links import strangers, whole
from store.score_records import ScoreVariant

TABLES = ("comparison", "metric", "all")
"""What the table lists: one comparison, one metric, or every score."""
NAMES = ("metric", "level", "subset", "parameters")
"""What names a score beside its comparison, in the order in which each bounds the next."""
PREFERRED = {"metric": ("rsa",), "level": ("decoder",), "subset": ("all",), "parameters": ("", "k=10")}
"""What is shown where a link does not say; else the first that there is."""
_KNOWN = frozenset({"store", "comparison", "table", "page", *NAMES})


@dataclass(frozen=True)
class ScoresView:
    """Everything the Scores page shows, as a link carries it. None where the link does not say."""

    metric: str | None = None
    parameters: str | None = None
    level: str | None = None
    subset: str | None = None
    comparison: str | None = None
    table: str = TABLES[0]
    page: int = 1
    """Page of the table, from 1."""


def scores_query(fingerprint: str, view: ScoresView) -> dict[str, str]:
    """Query of the Scores page. Parameters that are empty are what a link means that names none."""
    query = {"store": fingerprint[: links.FINGERPRINT_LENGTH]}
    query |= {name: value for name in (*NAMES, "comparison") if (value := getattr(view, name))}
    query |= {"table": view.table} if view.table != TABLES[0] else {}
    return query | ({"page": str(view.page)} if view.page != 1 else {})


def parse_scores(query: Mapping[str, str]) -> tuple[ScoresView, list[str]]:
    """The view that a link asks for, whatever the store holds, and a line for each parameter that cannot be read."""
    named = {name: query[name] for name in (*NAMES, "comparison") if query.get(name)}
    view, problems = ScoresView(**named), []  # type: ignore[arg-type]
    if "table" in query:
        if query["table"] in TABLES:
            view = replace(view, table=query["table"])
        else:
            problems.append(f"table={links.short(query['table'])} is ignored; choose from {', '.join(TABLES)}")
    if "page" in query:
        if page := whole(query["page"]):
            view = replace(view, page=page)
        else:
            problems.append(f"page={links.short(query['page'])} is ignored; write a whole number from 1")
    return view, problems + strangers(query, _KNOWN)


def options(view: ScoresView, variants: Sequence[ScoreVariant], name: str) -> list[str]:
    """What may stand for `name` (of `NAMES`), given what stands before it; numbers in their own order."""
    before = NAMES[: NAMES.index(name)]
    fitting = (one for one in variants if all(getattr(one, other) == getattr(view, other) for other in before))
    return sorted({getattr(one, name) for one in fitting}, key=_natural)


def settled(view: ScoresView, variants: Sequence[ScoreVariant]) -> tuple[ScoresView, list[str]]:
    """The view with a score that some comparison has, and a line for each name that could not be kept.

    `variants` must not be empty.
    """
    problems = []
    for name in NAMES:
        known, asked = options(view, variants, name), getattr(view, name)
        chosen = asked if asked in known else next((one for one in PREFERRED[name] if one in known), known[0])
        if asked is not None and asked != chosen:
            instead = ", ".join(one or "none" for one in known)
            problems.append(f"{name}={links.short(asked)} is ignored; {_of(view, name)} {instead}")
        view = replace(view, **{name: chosen})  # type: ignore[arg-type]
    return view, problems


def _of(view: ScoresView, name: str) -> str:
    """What the known values of a name depend on."""
    if name == "metric":
        return "choose from"
    where = {"level": "", "subset": f" at {view.level}", "parameters": f" at {view.level} on {view.subset}"}[name]
    return f"{view.metric}{where} has"


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """A key by which `k=5` comes before `k=10`."""
    parts = re.split(r"([0-9]+)", text)
    # Between the numbers may stand what is a digit only to Unicode, such as a raised 2.
    return [(at % 2 == 1, int(part) if at % 2 else 0, part) for at, part in enumerate(parts)]

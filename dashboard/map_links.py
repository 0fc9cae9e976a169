"""The Maps page as a link: which maps, in which colours, and the region that is selected on one of them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard import links
from dashboard.family_links import strangers, whole
from store.records import UnmatchedFilter

METHODS = ("umap", "pca")
"""The first that both spaces have is shown where a link does not say."""
COLOURS = ("cluster", "cluster_b", "rate", "concept", "r", "context", "overlap")
LEAST = UnmatchedFilter().below
"""r from which a best match counts as a match, as on the page of what has none."""
_KNOWN = frozenset({"store", "comparison", "method", "colour", "concept", "r", "region", "page"})
_NUMBER = r"-?[0-9]{1,7}(?:\.[0-9]{1,3})?"
_REGION = re.compile(rf"([ab]):({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})")
_WANTED = "a map and its corners, such as a:0,0,2.5,4"


@dataclass(frozen=True)
class Region:
    """A rectangle on a map, its border included, in the map's own coordinates."""

    side: str
    """`a` or `b`: whose map it lies on."""
    x0: float
    y0: float
    x1: float
    """At least `x0`."""
    y1: float

    def __str__(self) -> str:
        return f"{self.side}:{','.join(_short(value) for value in (self.x0, self.y0, self.x1, self.y1))}"


@dataclass(frozen=True)
class MapsView:
    """Everything the Maps page shows, as a link carries it."""

    comparison: str | None = None
    method: str | None = None
    """None: the first of `METHODS` that both spaces have."""
    colour: str = COLOURS[0]
    concept: str | None = None
    """Whose share is shown, where the colour is `concept`; None: the first."""
    least: float = LEAST
    """r that a best match must reach."""
    region: Region | None = None
    page: int = 1
    """Page of the table, from 1."""


def _short(value: float) -> str:
    """At most three decimals, and `-0` is `0`."""
    return f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip(".")


def parse_region(text: object) -> Region | None:
    """`a:x0,y0,x1,y1` in any order of corners; None for anything else, and for an area of nothing."""
    found = _REGION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    x0, y0, x1, y1 = (float(one) + 0.0 for one in found.groups()[1:])
    region = Region(found[1], min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return region if region.x1 > region.x0 and region.y1 > region.y0 else None


def maps_query(fingerprint: str, view: MapsView) -> dict[str, str]:
    """Query of the Maps page: the two maps, and of the rest only what differs from the default."""
    query = {"store": fingerprint[: links.FINGERPRINT_LENGTH]}
    query |= {name: value for name in ("comparison", "method") if (value := getattr(view, name))}
    query |= {"colour": view.colour} if view.colour != COLOURS[0] else {}
    query |= {"concept": view.concept} if view.concept and view.colour == "concept" else {}
    query |= {"r": repr(view.least).removesuffix(".0")} if view.least != LEAST else {}
    query |= {"region": str(view.region)} if view.region is not None else {}
    return query | ({"page": str(view.page)} if view.page != 1 else {})


def parse_maps(query: Mapping[str, str]) -> tuple[MapsView, list[str]]:
    """The view that a link asks for, whatever the store holds, and a line for each parameter that cannot be read."""
    view = MapsView(query.get("comparison") or None, query.get("method") or None, concept=query.get("concept") or None)
    problems: list[str] = []

    def read(name: str, attribute: str, value: object, wanted: str) -> None:
        nonlocal view
        if name not in query:
            return
        if value is None:
            problems.append(f"{name}={links.short(query[name])} is ignored; {wanted}")
        else:
            view = replace(view, **{attribute: value})  # type: ignore[arg-type]

    colour = query.get("colour")
    read("colour", "colour", colour if colour in COLOURS else None, f"choose from {', '.join(COLOURS)}")
    read("r", "least", _correlation(query.get("r", "")), "write a number between 0 and 1, such as 0.3")
    read("region", "region", parse_region(query.get("region")), f"write {_WANTED}")
    read("page", "page", whole(query.get("page", "")) or None, "write a whole number from 1")
    return view, problems + strangers(query, _KNOWN)


def _correlation(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= 1 else None


def settled(view: MapsView, methods: Sequence[str], concepts: Sequence[str]) -> tuple[MapsView, list[str]]:
    """The view with a method and a concept that there are, and a line for what could not be kept.

    `methods` (those of both spaces, not empty) and `concepts` in the order in which they are preferred.
    """
    problems = []
    if view.method is not None and view.method not in methods:
        problems.append(f"method={links.short(view.method)} is ignored; both spaces have {', '.join(methods)}")
    method = view.method if view.method in methods else methods[0]
    if view.colour != "concept":
        return replace(view, method=method, concept=None), problems
    if not concepts:
        problems.append("colour=concept is ignored; this store holds no concept")
        return replace(view, method=method, colour=COLOURS[0], concept=None), problems
    if view.concept is not None and view.concept not in concepts:
        problems.append(f"concept={links.short(view.concept)} is ignored; choose from {', '.join(concepts)}")
    concept = view.concept if view.concept in concepts else concepts[0]
    return replace(view, method=method, concept=concept), problems

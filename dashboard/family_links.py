"""The Families and Concepts pages as links; what they share with Pairs is read by `dashboard.links`."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from dashboard import links
from dashboard.links import FeatureRef, PairsView
from store.concepts import SHARE
from store.records import PairFilter

SMALLEST = 3
"""Spaces that a family spans at least, unless a link says otherwise."""
LONGEST = 100
"""Characters of a word that can be searched."""
ROWS, MOST = 10, 200
"""Features listed of each space: by default, and at most."""
_PAIRS = frozenset({"store", "r", "context", "fires", "show"})
_FAMILIES = frozenset({"family", "spaces", "page"})


@dataclass(frozen=True)
class FamiliesView:
    """Everything the Families page shows, as a link carries it."""

    family: FeatureRef | None = None
    """Any member of the one family to show; None for the list."""
    filter: PairFilter = field(default_factory=PairFilter)
    min_spaces: int = SMALLEST
    """Spaces that a listed family spans at least."""
    page: int = 1
    """Page of the list, from 1."""


def families_query(fingerprint: str, view: FamiliesView) -> dict[str, str]:
    """Query of the Families page: of the filter only what differs from the default."""
    query = links.pairs_query(fingerprint, PairsView(filter=view.filter, page=view.page))
    if view.min_spaces != SMALLEST:
        query["spaces"] = str(view.min_spaces)
    return query | ({"family": str(view.family)} if view.family is not None else {})


def parse_families(query: Mapping[str, str]) -> tuple[FamiliesView, list[str]]:
    """The view that a link asks for, and a line for each parameter that could not be read; LinkError for no family."""
    family = links.parse_feature(query["family"], "family") if "family" in query else None
    inner = {name: value for name, value in query.items() if name in _PAIRS or name.startswith("t_") or name == "page"}
    read, problems = links.parse_pairs(inner)
    chosen = read.filter
    if "not_mutual" not in chosen.hide:
        chosen = replace(chosen, hide=tuple(name for name in links.REASONS if name in (*chosen.hide, "not_mutual")))
        problems.append("show=not_mutual is ignored; families are made of mutual best matches only")
    view = FamiliesView(family, chosen, page=read.page)
    if "spaces" in query:
        spaces = whole(query["spaces"])
        if spaces is not None and spaces >= SMALLEST:
            view = replace(view, min_spaces=spaces)
        else:
            problems.append(f"spaces={links.short(query['spaces'])} is ignored; write a whole number from {SMALLEST}")
    return view, problems + strangers(query, inner.keys() | _FAMILIES)


@dataclass(frozen=True)
class SearchView:
    """Everything that a search on the Concepts page shows, as a link carries it."""

    text: str = ""
    """The word; empty for no search."""
    rows: int = ROWS
    """Features listed of each space, at most."""
    concept: str | None = None
    """The one concept to show; None for all. A word goes before."""
    share: float = SHARE
    """Share of its activation from which a feature belongs to a concept."""


def search_query(fingerprint: str, view: SearchView) -> dict[str, str]:
    """Query of the Concepts page that searches a word."""
    query = {"store": fingerprint[: links.FINGERPRINT_LENGTH]}
    if view.text:
        query["q"] = view.text
    if view.concept is not None:
        query["concept"] = view.concept
    if view.share != SHARE:
        query["share"] = repr(view.share).removesuffix(".0")
    return query | ({"n": str(view.rows)} if view.rows != ROWS else {})


def parse_search(query: Mapping[str, str]) -> tuple[SearchView, list[str]]:
    """The search that a link asks for, and a line for each parameter that could not be read."""
    problems = strangers(query, frozenset({"store", "q", "n", "concept", "share"}))
    view = SearchView(query.get("q", ""), concept=query.get("concept"))
    if len(view.text) > LONGEST:
        problems.insert(0, f"q is ignored; a word has at most {LONGEST} characters, and this has {len(view.text):,}")
        view = replace(view, text="")
    if "share" in query:
        share = fraction(query["share"])
        if share is not None:
            view = replace(view, share=share)
        else:
            problems.append(
                f"share={links.short(query['share'])} is ignored; write a number from 0.01 to 1, such as 0.3"
            )
    if "n" in query:
        rows = whole(query["n"])
        if rows is not None and 1 <= rows <= MOST:
            view = replace(view, rows=rows)
        else:
            problems.append(f"n={links.short(query['n'])} is ignored; write a whole number from 1 to {MOST}")
    return view, problems


def fraction(text: str) -> float | None:
    """A number from .01, below which no share is stored, to 1; or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.01 <= value <= 1 else None


def whole(text: str) -> int | None:
    """A whole number of up to four digits, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def strangers(query: Mapping[str, str], known: Set[str]) -> list[str]:
    """A line for each parameter that means nothing here."""
    return [
        f"{links.short(name)}={links.short(value)} is no filter and is ignored"
        for name, value in query.items()
        if name not in known and not name.startswith("embed")
    ]

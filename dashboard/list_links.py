"""A reading list as a link, `list?pairs=a:1~b:2,a:3~b:4&title=..`: the link is the list, nothing else holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard import links
from dashboard.family_links import strangers
from dashboard.links import FeatureRef, LinkError

MOST = 40
"""Pairs of a list; `dashboard/browser/tray.js` has the same number. Longer addresses are cut by some programs."""
LONGEST = 80
"""Characters of a title."""
Pair = tuple[FeatureRef, FeatureRef]


@dataclass(frozen=True)
class ListView:
    """Everything the reading list shows, as a link carries it."""

    pairs: tuple[Pair, ...] = ()
    title: str = ""


def written(pairs: Sequence[Pair]) -> str:
    """Pairs as a link names them."""
    return ",".join(f"{a}~{b}" for a, b in pairs)


def list_query(fingerprint: str, view: ListView) -> dict[str, str]:
    """Query of the reading list."""
    query = {"store": fingerprint[: links.FINGERPRINT_LENGTH]}
    query |= {"pairs": written(view.pairs)} if view.pairs else {}
    return query | ({"title": view.title} if view.title else {})


def parse_list(query: Mapping[str, str]) -> tuple[ListView, list[str]]:
    """The list that a link names, without repetitions, and a line for each part that could not be read."""
    problems, found = strangers(query, frozenset({"store", "pairs", "title"})), []
    for text in [one for one in query.get("pairs", "").split(",") if one]:
        first, _, second = text.partition("~")
        try:
            found.append((links.parse_feature(first, "pairs"), links.parse_feature(second, "pairs")))
        except LinkError:
            problems.append(f"{links.short(text)} is no pair; write space:number~space:number")
    kept = tuple(dict.fromkeys(found))
    if len(kept) > MOST:
        problems.append(f"the list is cut to its first {MOST} pairs of {len(kept)}")
    view = ListView(kept[:MOST], query.get("title", "").strip())
    if len(view.title) > LONGEST:
        problems.append(f"the title is cut to {LONGEST} characters")
        view = replace(view, title=view.title[:LONGEST])
    return view, problems

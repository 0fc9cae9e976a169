"""Identity and filters <-> URL. Nothing a link needs lives in a session.

Identity is parsed and raises `LinkError`; a filter that cannot be read is left at its default and reported in a line,
so that an old or hand-written link still opens. A URL holds only what differs from the defaults.
"""

import math
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import astuple, dataclass, field, fields, replace
from urllib.parse import urlencode

from dashboard import marks
from store.records import ONE_SIDED, REASONS, SORTS, UNMATCHED_SORTS, PairFilter, Region, Thresholds, UnmatchedFilter

PAGES = (
    "", "pairs", "unmatched", "scores", "maps", "pair", "feature", "neighbourhood",
    "families", "concepts", "sql", "glossary", "list",
)  # fmt: skip
"""URL paths of the pages; the empty one is the overview."""
FINGERPRINT_LENGTH = 8
LARGEST = 2**31 - 1
"""Features and offsets are 32-bit integers in the store."""
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")
_FEATURE = re.compile(r"([a-z0-9][a-z0-9._-]*):([0-9]{1,10})")
_NEURONPEDIA = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_DEFAULT = PairFilter()
_UNMATCHED_DEFAULT = UnmatchedFilter()
BOUNDS = ("min_pearson", "min_context", "min_active")
"""Limits of the filter; each is a step of the funnel, like a reason."""
STEPS = (*BOUNDS, *REASONS)
_NUMBERS = {"r": "min_pearson", "context": "min_context"}
_COUNTS = {"fires": "min_active", "fa": "feature_a", "fb": "feature_b"}
_LIMITS = tuple(f"t_{item.name}" for item in fields(Thresholds))
_PAIRS = frozenset({"store", "comparison", "sort", "page", "show", "only", "region", "a", "b", "f", "q"})
_UNMATCHED = frozenset({"store", "comparison", "side", "below", "fires", "show", "sort", "page"})
_CORRELATION = "a number between -1 and 1, such as 0.5"
_FRACTION = "a number between 0 and 1, such as 0.5"
_WHOLE = "a whole number from 0"
_RECTANGLE = "token part and r from, token part and r to, such as 0,0.5,0.2,1"


class LinkError(ValueError):
    """A link that names nothing: one line that says what was asked and how to write it."""


@dataclass(frozen=True)
class FeatureRef:
    """One feature of one space, written `space:number`."""

    space: str
    feature: int

    def __str__(self) -> str:
        return f"{self.space}:{self.feature}"


@dataclass(frozen=True)
class PairsView:
    """Everything the Pairs page shows, as a link carries it."""

    comparison: str | None = None
    filter: PairFilter = field(default_factory=PairFilter)
    sort: str = "pearson_context"
    page: int = 1
    """Page of the table, from 1."""


@dataclass(frozen=True)
class UnmatchedView:
    """Everything the Unmatched page shows, as a link carries it."""

    comparison: str | None = None
    side: str = "a"
    """Whose features are listed: `a` or `b`."""
    filter: UnmatchedFilter = field(default_factory=UnmatchedFilter)
    sort: str = UNMATCHED_SORTS[0]
    page: int = 1
    """Page of the table, from 1."""


def parse_feature(text: str, name: str) -> FeatureRef:
    """`space:number` -> FeatureRef; `name` is the parameter, for the message of the LinkError."""
    found = _FEATURE.fullmatch(text)
    if found is None or int(found[2]) > LARGEST:
        raise LinkError(f"{name}={short(text)} is not a feature; write it as space:number, such as tiny-1l.0:1655")
    return FeatureRef(found[1], int(found[2]))


def short(text: str, limit: int = 60) -> str:
    """Text for a message: printable, on one line, at most `limit` characters."""
    clean = "".join(c if c.isprintable() and c not in marks.UNSEEN else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def parse_pair(query: Mapping[str, str]) -> tuple[FeatureRef, FeatureRef] | None:
    """The pair that a link names; None when it names no feature at all; LinkError when only one, or nonsense."""
    if "a" not in query and "b" not in query:
        return None
    for name in ("a", "b"):
        if name not in query:
            raise LinkError(f"the link has no {name}; a pair is written a=space:number&b=space:number")
    return parse_feature(query["a"], "a"), parse_feature(query["b"], "b")


def pair_query(fingerprint: str, a: FeatureRef, b: FeatureRef, view: PairsView | None = None) -> dict[str, str]:
    """Query of the Pair page; `view` is the filter among whose pairs it is looked at."""
    query = {"store": fingerprint[:FINGERPRINT_LENGTH], "a": str(a), "b": str(b)}
    return query | (_filter_query(view) if view else {})


def parse_one(query: Mapping[str, str]) -> FeatureRef | None:
    """The feature that a link names, or None; LinkError on nonsense."""
    return parse_feature(query["f"], "f") if "f" in query else None


def feature_query(fingerprint: str, f: FeatureRef, stratum: str = "top") -> dict[str, str]:
    """Query of the Feature page; `stratum` is which of its examples are looked at."""
    query = {"store": fingerprint[:FINGERPRINT_LENGTH], "f": str(f)}
    return query | ({"stratum": stratum} if stratum != "top" else {})


def parse_stratum(query: Mapping[str, str], known: tuple[str, ...]) -> tuple[str, list[str]]:
    """Which of a feature's examples a link asks for, and a line for each parameter that could not be read."""
    problems: list[str] = []
    chosen = _chosen(query, "stratum", known, problems).get("stratum", "top")
    return str(chosen), problems + _strangers(query, {"store", "f", "stratum"})


def sql_query(fingerprint: str, sql: str, table: str | None = None) -> dict[str, str]:
    """Query of the SQL page; `table` is which one its schema browser shows, `all` for all of them in short."""
    asked = {"q": sql, "table": table}
    return {"store": fingerprint[:FINGERPRINT_LENGTH], **{name: value for name, value in asked.items() if value}}


def parse_table(query: Mapping[str, str], known: tuple[str, ...]) -> tuple[str | None, list[str]]:
    """Which table a link shows beside its question, and a line for each parameter that could not be read."""
    problems: list[str] = []
    chosen = _chosen(query, "table", known, problems).get("table")
    return (None if chosen is None else str(chosen)), problems + _strangers(query, {"store", "q", "table"})


def overview_query(fingerprint: str, value: str) -> dict[str, str]:
    """Query of the Overview; `value` is what its grid shows."""
    query = {"store": fingerprint[:FINGERPRINT_LENGTH]}
    return query | ({"show": value} if value != "n_homologues" else {})


def parse_overview(query: Mapping[str, str], known: tuple[str, ...]) -> tuple[str, list[str]]:
    """What the Overview's grid shows, and a line for each parameter that could not be read."""
    problems: list[str] = []
    value = _chosen(query, "show", known, problems).get("show", "n_homologues")
    return str(value), problems + _strangers(query, {"store", "show"})


def glossary_query(fingerprint: str, text: str) -> dict[str, str]:
    """Query of the Glossary, which then shows what holds the text."""
    return {"store": fingerprint[:FINGERPRINT_LENGTH]} | ({"q": text} if text else {})


def pairs_query(fingerprint: str, view: PairsView) -> dict[str, str]:
    """Query of the Pairs page: the comparison, and of the filter only what differs from the default."""
    query = {"store": fingerprint[:FINGERPRINT_LENGTH]}
    if view.comparison is not None:
        query["comparison"] = view.comparison
    query |= _filter_query(view)
    return query | ({"page": str(view.page)} if view.page != 1 else {})


def _filter_query(view: PairsView) -> dict[str, str]:
    query = {}
    chosen = view.filter
    for name, attribute in (_NUMBERS | _COUNTS).items():
        value = getattr(chosen, attribute)
        if value != getattr(_DEFAULT, attribute):
            query[name] = _number(value)
    shown = [reason for reason in REASONS if reason not in chosen.hide]
    if shown:
        query["show"] = ",".join(shown)
    if chosen.only is not None:
        query["only"] = chosen.only
    if chosen.region is not None:
        query["region"] = ",".join(_number(edge) for edge in astuple(chosen.region))
    query |= _limits_query(chosen.thresholds)
    if view.sort != SORTS[0]:
        query["sort"] = view.sort
    return query


def _limits_query(thresholds: Thresholds) -> dict[str, str]:
    limits = {item.name: getattr(thresholds, item.name) for item in fields(Thresholds)}
    return {f"t_{name}": _number(x) for name, x in limits.items() if x != getattr(_DEFAULT.thresholds, name)}


def unmatched_query(fingerprint: str, view: UnmatchedView) -> dict[str, str]:
    """Query of the Unmatched page: the comparison and the side, and of the rest only what differs from the default."""
    query = {"store": fingerprint[:FINGERPRINT_LENGTH]}
    if view.comparison is not None:
        query["comparison"] = view.comparison
    query["side"] = view.side
    chosen = view.filter
    if chosen.below != _UNMATCHED_DEFAULT.below:
        query["below"] = _number(chosen.below)
    if chosen.min_active:
        query["fires"] = _number(chosen.min_active)
    if shown := [reason for reason in ONE_SIDED if reason not in chosen.hide]:
        query["show"] = ",".join(shown)
    query |= _limits_query(chosen.thresholds)
    query |= {"sort": view.sort} if view.sort != UNMATCHED_SORTS[0] else {}
    return query | ({"page": str(view.page)} if view.page != 1 else {})


def parse_unmatched(query: Mapping[str, str]) -> tuple[UnmatchedView, list[str]]:
    """The view that a link asks for, and a line for each parameter that could not be read."""
    problems: list[str] = []
    chosen = _read(query, "below", "below", _fraction, _FRACTION, problems)
    chosen |= _read(query, "fires", "min_active", _count, _WHOLE, problems)
    chosen |= _hidden(query, ONE_SIDED, problems) | _limits(query, problems)
    outer = _read(query, "page", "page", _page, "a whole number from 1", problems)
    outer |= _chosen(query, "side", ("a", "b"), problems) | _chosen(query, "sort", UNMATCHED_SORTS, problems)
    filter = replace(_UNMATCHED_DEFAULT, **chosen)  # type: ignore[arg-type]
    view = UnmatchedView(query.get("comparison"), filter=filter)
    return replace(view, **outer), problems + _strangers(query, _UNMATCHED)  # type: ignore[arg-type]


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def parse_pairs(query: Mapping[str, str]) -> tuple[PairsView, list[str]]:
    """The view that a link asks for, and a line for each parameter that could not be read."""
    problems: list[str] = []
    chosen: dict[str, object] = {}
    for name, attribute in _NUMBERS.items():
        chosen |= _read(query, name, attribute, _decimal, _CORRELATION, problems)
    for name, attribute in _COUNTS.items():
        chosen |= _read(query, name, attribute, _count, _WHOLE, problems)
    chosen |= _hidden(query, tuple(REASONS), problems) | _chosen(query, "only", STEPS, problems)
    chosen |= _read(query, "region", "region", parse_region, _RECTANGLE, problems) | _limits(query, problems)
    view = PairsView(query.get("comparison"), replace(_DEFAULT, **chosen))  # type: ignore[arg-type]
    view = replace(view, **_read(query, "page", "page", _page, "a whole number from 1", problems))  # type: ignore[arg-type]
    view = replace(view, **_chosen(query, "sort", SORTS, problems))  # type: ignore[arg-type]
    return view, problems + _strangers(query, _PAIRS | set(_NUMBERS) | set(_COUNTS))


def _hidden(query: Mapping[str, str], names: tuple[str, ...], problems: list[str]) -> dict[str, object]:
    """`show` lists the reasons that are not hidden."""
    if "show" not in query:
        return {}
    shown = [name for name in query["show"].split(",") if name]
    problems += [_unknown("show", name, names) for name in shown if name not in names]
    return {"hide": tuple(name for name in names if name not in shown)}


def _limits(query: Mapping[str, str], problems: list[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for item in fields(Thresholds):
        parse, wanted = (_count, _WHOLE) if isinstance(item.default, int) else (_fraction, _FRACTION)
        found |= _read(query, f"t_{item.name}", item.name, parse, wanted, problems)
    return {"thresholds": Thresholds(**found)} if found else {}  # type: ignore[arg-type]


def _chosen(query: Mapping[str, str], name: str, known: tuple[str, ...], problems: list[str]) -> dict[str, object]:
    if name not in query:
        return {}
    if query[name] in known:
        return {name: query[name]}
    problems.append(_unknown(name, query[name], known))
    return {}


def _strangers(query: Mapping[str, str], known: Set[str]) -> list[str]:
    return [
        f"{short(name)}={short(value)} is no filter and is ignored"
        for name, value in query.items()
        if name not in known and name not in _LIMITS and not name.startswith("embed")
    ]


def _read(
    query: Mapping[str, str],
    name: str,
    attribute: str,
    parse: Callable[[str], object],
    wanted: str,
    problems: list[str],
) -> dict[str, object]:
    if name not in query:
        return {}
    value = parse(query[name])
    if value is None:
        problems.append(f"{name}={short(query[name])} is ignored; write {wanted}")
        return {}
    return {attribute: value}


def parse_region(text: str) -> Region | None:
    """Corners in any order; None for anything but four numbers between -1 and 1, and for an area of nothing."""
    edges = [edge for part in text.split(",") if (edge := _decimal(part)) is not None]
    if len(edges) != 4 or text.count(",") != 3:
        return None
    (x0, x1), (y0, y1) = sorted(edges[::2]), sorted(edges[1::2])
    return Region(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _decimal(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and -1 <= value <= 1 else None


def _fraction(text: str) -> float | None:
    value = _decimal(text)
    return None if value is None or value < 0 else value


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) and int(text) <= LARGEST else None


def _page(text: str) -> int | None:
    return _count(text) or None


def _unknown(name: str, value: str, known: tuple[str, ...]) -> str:
    return f"{name}={short(value)} is ignored; choose from {', '.join(known)}"


def is_slug(text: str) -> bool:
    """Whether this may be the name of a space."""
    return _SLUG.fullmatch(text) is not None


def stale(query: Mapping[str, str], fingerprint: str) -> bool:
    """Whether the link was made from another store than this one."""
    return "store" in query and query["store"] != fingerprint[:FINGERPRINT_LENGTH]


def other_store(query: Mapping[str, str]) -> str:
    """The store that a link names, for a text in markdown: named only if it looks like a fingerprint."""
    name = query.get("store", "")
    return f"store `{name}`" if re.fullmatch(r"[0-9a-f]{8,64}", name) else "another store"


def neuronpedia(sae: str | None, feature: int) -> str | None:
    """Where Neuronpedia shows a feature of the SAE that it calls `<model>/<sae>`; None where it has no such SAE."""
    return f"https://neuronpedia.org/{sae}/{feature}" if sae is not None and _NEURONPEDIA.fullmatch(sae) else None


def href(page: str, query: Mapping[str, str]) -> str:
    """A relative link, which holds wherever the dashboard is mounted."""
    return f"{page or './'}?{urlencode(query, safe=':~,')}" if query else page or "./"

"""The answer of the SQL console as a data frame whose ids are links."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import family_links, links, score_links
from dashboard.family_links import FamiliesView, SearchView
from dashboard.links import FeatureRef, PairsView
from dashboard.score_links import ScoresView
from store import records as r

LONGEST = 1000
"""Characters of a cell that are shown; the console cuts the others, and says how many there were."""
Cells = Mapping[str, object]
"""One row, by the name of its column."""


def targets(table: r.Table, fingerprint: str, comparisons: Sequence[r.Comparison]) -> dict[str, list[str | None]]:
    """Link columns that the result's own columns make possible: name -> a relative link or None for each row."""
    known = {one.comparison: one for one in comparisons}
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    found: dict[str, list[str | None]] = {}
    for name, wanted, target in _targets(fingerprint, known):
        if wanted <= set(table.columns) and name not in found:
            found[name] = [target(row) for row in rows]
    if "pair" in found or "score" in found:
        found.pop("pairs", None)
    return found


def _targets(
    fingerprint: str, known: Mapping[str, r.Comparison]
) -> list[tuple[str, set[str], Callable[[Cells], str | None]]]:
    """(name, columns that it needs, row -> link); of two with one name the first that fits."""

    def feature(space: str, number: str) -> Callable[[Cells], str | None]:
        def target(row: Cells) -> str | None:
            ref = _ref(row[space], row[number])
            return links.href("feature", links.feature_query(fingerprint, ref)) if ref else None

        return target

    def pair(row: Cells) -> str | None:
        if "comparison" in row:
            c = known.get(str(row["comparison"]))
            spaces: tuple[object, object] = (c.space_a, c.space_b) if c else (None, None)
        else:
            spaces = row["space_a"], row["space_b"]
        a, b = _ref(spaces[0], row["feature_a"]), _ref(spaces[1], row["feature_b"])
        return links.href("pair", links.pair_query(fingerprint, a, b)) if a and b else None

    def pairs(row: Cells) -> str | None:
        name = row["comparison"]
        return links.href("pairs", links.pairs_query(fingerprint, PairsView(str(name)))) if name in known else None

    def score(row: Cells) -> str | None:
        named = {name: row[name] for name in (*score_links.NAMES, "comparison")}
        if row["comparison"] not in known or not all(isinstance(value, str) for value in named.values()):
            return None
        view = ScoresView(**named)  # type: ignore[arg-type]
        return links.href("scores", score_links.scores_query(fingerprint, view))

    def family(row: Cells) -> str | None:
        space, _, number = str(row["family"]).partition(":")
        ref = _ref(space, int(number) if number.isascii() and number.isdigit() else None)
        view = FamiliesView(ref)
        return links.href("families", family_links.families_query(fingerprint, view)) if ref else None

    def concept(row: Cells) -> str | None:
        name = row["concept"]
        query = family_links.search_query(fingerprint, SearchView(concept=str(name)))
        return links.href("concepts", query) if isinstance(name, str) else None

    def passage(row: Cells) -> str | None:
        number = row["passage_id"]
        if not isinstance(number, int):
            return None
        sql = f"SELECT passage_id, source, text\nFROM passages\nWHERE passage_id = {number}"
        return links.href("sql", links.sql_query(fingerprint, sql))

    return [
        ("pair", {"comparison", "feature_a", "feature_b"}, pair),
        ("pair", {"space_a", "feature_a", "space_b", "feature_b"}, pair),
        ("pairs", {"comparison"}, pairs),
        ("score", {"comparison", *score_links.NAMES}, score),
        ("feature", {"space", "feature"}, feature("space", "feature")),
        ("A", {"space_a", "feature_a"}, feature("space_a", "feature_a")),
        ("B", {"space_b", "feature_b"}, feature("space_b", "feature_b")),
        ("neighbour", {"space", "neighbour"}, feature("space", "neighbour")),
        ("family", {"family"}, family),
        ("concept", {"concept"}, concept),
        ("passage", {"passage_id"}, passage),
    ]


def _ref(space: object, feature: object) -> FeatureRef | None:
    if not isinstance(space, str) or not isinstance(feature, int) or isinstance(feature, bool):
        return None
    return FeatureRef(space, feature) if links.is_slug(space) and 0 <= feature <= links.LARGEST else None


def shown(value: object) -> object:
    """A value as a cell: lists and other nested values as text, NaN as unknown."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if value is None or isinstance(value, bool | int | float):
        return value
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)


def frame(table: r.Table, fingerprint: str, comparisons: Sequence[r.Comparison]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Rows with their links in front, and how to show the columns. Equal column names are told apart by a number."""
    columns: dict[str, pd.Series[Any]] = {}
    config: dict[str, Any] = {}
    for name, values in targets(table, fingerprint, comparisons).items():
        title = f"{name} ↗"
        columns[title] = pd.Series(values, dtype="object")
        config[title] = st.column_config.LinkColumn("", display_text=title, width="small")
    for at, name in enumerate(table.columns):
        # Nor may a visitor's own column stand in the place of one whose cells are opened as links.
        title = next(one for n in count(1) if (one := f"{name} ({n})" if n > 1 else name) not in columns)
        columns[title] = pd.Series([shown(row[at]) for row in table.rows], dtype=_dtype(table.types[at]))
    return pd.DataFrame(columns), config


def _dtype(kind: str) -> str:
    """Nullable integers keep their digits where pandas would turn a column with a gap into floats."""
    if kind.upper() in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"):
        return "Int64"
    return "float64" if kind.upper() in ("FLOAT", "DOUBLE") else "object"

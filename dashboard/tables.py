"""The answer of the SQL console as a data frame whose ids are links."""

import math
from collections.abc import Sequence
from itertools import count
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import links
from dashboard.links import FeatureRef, PairsView
from store import records as r


def targets(table: r.Table, fingerprint: str, comparisons: Sequence[r.Comparison]) -> dict[str, list[str | None]]:
    """Link columns that the result's own columns make possible: name -> a relative link or None for each row.

    `comparison`, `feature_a`, `feature_b` give the pair; `space`, `feature` the feature; `comparison` alone its pairs.
    """
    place = {name: at for at, name in enumerate(table.columns)}
    known = {one.comparison: one for one in comparisons}
    found: dict[str, list[str | None]] = {}
    if {"comparison", "feature_a", "feature_b"} <= place.keys():
        found["pair"] = [_pair(row, place, fingerprint, known) for row in table.rows]
    elif "comparison" in place:
        found["pairs"] = [
            links.href("pairs", links.pairs_query(fingerprint, PairsView(str(name))))
            if (name := row[place["comparison"]]) in known
            else None
            for row in table.rows
        ]
    if {"space", "feature"} <= place.keys():
        found["open"] = [_feature(row[place["space"]], row[place["feature"]], fingerprint) for row in table.rows]
    return found


def _pair(row: Sequence[object], place: dict[str, int], fingerprint: str, known: dict[str, r.Comparison]) -> str | None:
    comparison = known.get(str(row[place["comparison"]]))
    a, b = row[place["feature_a"]], row[place["feature_b"]]
    if comparison is None or not isinstance(a, int) or not isinstance(b, int):
        return None
    refs = FeatureRef(comparison.space_a, a), FeatureRef(comparison.space_b, b)
    return links.href("pair", links.pair_query(fingerprint, *refs))


def _feature(space: object, feature: object, fingerprint: str) -> str | None:
    if not isinstance(space, str) or not isinstance(feature, int) or not links.is_slug(space):
        return None
    return links.href("feature", links.feature_query(fingerprint, FeatureRef(space, feature)))


def shown(value: object) -> object:
    """A value as a cell: lists and other nested values as text, NaN as unknown."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


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

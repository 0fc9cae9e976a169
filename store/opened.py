"""A published store that is open: the names in it, and how a question is put to it."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb
import pyarrow as pa

from store import filters, sql
from store import records as r
from store.connection import MEMORY, THREADS, connect, cursor, one_line
from store.errors import NotAStore, UnknownName
from store.lists import numbers
from store.recent import Recent
from store.schema import DATABASE

Answer = TypeVar("Answer")
Record = TypeVar("Record")


class Opened:
    """The part of `Store` that every question rests on; open a `Store`."""

    folder: Path
    fingerprint: str

    def __init__(self, folder: Path | str, memory: str = MEMORY, threads: int = THREADS) -> None:
        self.folder = Path(folder)
        self._recent = Recent()
        self._tables: dict[tuple[str, ...], pa.Table] = {}
        self._connection = connect(self.folder, memory, threads)
        try:
            self._build = self._rows("build", r.Build)[0]
            self._models = {m.model: m for m in self._rows("models", r.Model)}
            self._spaces = {s.space: s for s in self._rows("spaces", r.Space)}
            self._comparisons = {c.comparison: c for c in self._rows("comparisons", r.Comparison)}
        except NotAStore:
            self.close()
            raise
        self.fingerprint = self._build.fingerprint

    def close(self) -> None:
        """Lets go of the file and of all that was kept of it; questions asked afterwards fail.

        Somebody may hold a closed store for long: a page that nobody has reloaded.
        """
        self._connection.close()
        self._recent.clear()
        self._tables.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own over the store, for the SQL console; close it after use."""
        return cursor(self._connection)

    # What is in it -----------------------------------------------------------------------------------------------
    def build(self) -> r.Build:
        return self._build

    def models(self) -> list[r.Model]:
        return list(self._models.values())

    def spaces(self) -> list[r.Space]:
        return list(self._spaces.values())

    def space(self, space: str) -> r.Space:
        """Raises `UnknownName`, which says which spaces exist."""
        filters.one_of("space", space, self._spaces)
        return self._spaces[space]

    def comparisons(self) -> list[r.Comparison]:
        return list(self._comparisons.values())

    def comparison(self, comparison: str) -> r.Comparison:
        """Raises `UnknownName`, which says which comparisons exist."""
        filters.one_of("comparison", comparison, self._comparisons)
        return self._comparisons[comparison]

    def comparison_of(self, space_a: str, space_b: str) -> r.Comparison | None:
        """The comparison of two spaces in this order, or None. Raises `UnknownName` for an unknown space."""
        self.space(space_a), self.space(space_b)
        wanted = (space_a, space_b)
        return next((c for c in self._comparisons.values() if (c.space_a, c.space_b) == wanted), None)

    def counts(self) -> dict[str, int]:
        """Rows of every table, as published."""
        return {row["table_name"]: row["n_rows"] for row in self._dicts("counts")}

    # How a question is asked -------------------------------------------------------------------------------------
    def _pair(self, comparison: str, feature_a: int, feature_b: int) -> r.Comparison:
        c = self.comparison(comparison)
        self._feature(c.space_a, feature_a)
        self._feature(c.space_b, feature_b)
        return c

    def _feature(self, space: str, feature: int | None) -> dict[str, Any]:
        n = self.space(space).n_features
        if feature is None or not 0 <= feature < n:
            raise UnknownName(f"{space} has features 0 to {n - 1}; got {feature}")
        return {"space": space, "feature": feature}

    def _models_of(self, c: r.Comparison) -> dict[str, str]:
        return {"model_a": self._spaces[c.space_a].model, "model_b": self._spaces[c.space_b].model}

    def _rows(self, name: str, record: type[Record], **asked: Any) -> list[Record]:
        """Rows of a question as records; its columns are named as their fields, in any order."""
        columns, rows = self._answer(name, **asked)
        names = [field.name for field in fields(record)]  # type: ignore[arg-type]
        if names == columns:
            return [record(*row) for row in rows]
        places = [columns.index(name) for name in names]
        return [record(*(row[place] for place in places)) for row in rows]

    def _dicts(self, name: str, **asked: Any) -> list[dict[str, Any]]:
        """Rows of a question by column name."""
        columns, rows = self._answer(name, **asked)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def _answer(
        self,
        name: str,
        thresholds: r.Thresholds | None = None,
        picked: bool = False,
        **asked: Any,
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows of `store/sql/<name>.sql`, lists as tuples. Raises `NotAStore` for a damaged file.

        `thresholds` belong to a question that has `$bits`; `picked`: `$matches` are the picked ones.
        """

        def take(own: duckdb.DuckDBPyConnection, text: str, values: dict[str, Any]) -> tuple[Any, list[Any]]:
            answer = own.execute(text, values)
            return answer.description or (), answer.fetchall()

        found = self._asked(name, take, thresholds, picked, **asked)
        columns, rows = [column[0] for column in found[0]], found[1]
        lists = {place for place, column in enumerate(found[0]) if column[1].id == "list"}
        if lists:
            rows = [
                tuple(tuple(cell) if place in lists and cell is not None else cell for place, cell in enumerate(row))
                for row in rows
            ]
        return columns, rows

    def _columns(self, name: str, thresholds: r.Thresholds | None = None, **asked: Any) -> dict[str, Any]:
        """Columns of numbers, -1 for NULL."""
        found = self._asked(name, lambda own, text, values: own.execute(text, values).fetchnumpy(), thresholds, **asked)
        return {column: numbers(values) for column, values in found.items()}

    def _arrow(self, name: str, **asked: Any) -> pa.Table:
        """The whole answer of a question as a table."""
        return self._asked(name, lambda own, text, values: own.sql(text, params=values).to_arrow_table(), **asked)

    def _held(self, name: str, **asked: str) -> pa.Table:
        """The same, asked for once and kept: for names, words and sources, of which every page shows some."""
        key = (name, *asked.values())
        if key not in self._tables:
            self._tables[key] = self._arrow(name, **asked).combine_chunks()
        return self._tables[key]

    def _asked(
        self,
        name: str,
        take: Callable[[duckdb.DuckDBPyConnection, str, dict[str, Any]], Answer],
        thresholds: r.Thresholds | None = None,
        picked: bool = False,
        **asked: Any,
    ) -> Answer:
        """What `take` makes of a cursor, a question's SQL and its values. Raises `NotAStore` for a damaged file."""
        values = asked | (filters.moved(thresholds) if thresholds is not None else {})
        try:
            with cursor(self._connection) as own:
                text = sql.load(name, frozenset(values), picked)
                return take(own, text, {one: values[one] for one in sql.named(text)})
        except duckdb.Error as error:
            said = f"{self.folder / DATABASE} could not answer `{name}`: {one_line(error)}"
            raise NotAStore(f"{said}; try `python -m store check {self.folder}`") from error

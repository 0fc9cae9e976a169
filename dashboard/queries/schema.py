"""Queries that the schema browser offers: a look into a table, into one of its columns, and the macros."""

from dataclasses import fields

from store.records import ONE_SIDED, Thresholds
from store.schema import Column, Table

ROWS = 20
_RESERVED = frozenset({"by"})
_COUNTED = ("VARCHAR", "BOOLEAN")

MACROS = {
    "judged_matches": (
        "Every row of matches with the reasons why it may be trivial, the top tokens and the firing of both sides. "
        "Thresholds are its arguments",
        tuple(item.name for item in fields(Thresholds)),
        "SELECT *\nFROM judged_matches({})\nWHERE mutual_best\nORDER BY pearson_context DESC\nLIMIT 20",
    ),
    "judged_features": (
        "Every row of features with the reasons that it brings into any match of its own",
        ONE_SIDED,
        "SELECT *\nFROM judged_features({})\nLIMIT 20",
    ),
}
"""Name -> (meaning, its arguments, a query with room for them)."""


def arguments(names: tuple[str, ...]) -> str:
    """The arguments of a macro with their defaults."""
    return ", ".join(f"{name} := {getattr(Thresholds(), name)!r}" for name in names)


def macro(name: str) -> str:
    """A query that calls a macro with all its arguments, to be changed."""
    _, names, query = MACROS[name]
    return query.format(arguments(names))


def first_rows(table: Table) -> str:
    return f"SELECT *\nFROM {table.name}\nLIMIT {ROWS}"


def column(table: Table, one: Column) -> str:
    """What a column holds: how often each text, or the rows with its largest numbers and their key."""
    name = _name(one.name)
    if one.type in _COUNTED or one.name in table.key:
        return (
            f"SELECT {name}, count(*) AS n_rows\nFROM {table.name}\nGROUP BY {name}\n"
            f"ORDER BY n_rows DESC, {name}\nLIMIT {ROWS}"
        )
    key = ", ".join(_name(part) for part in table.key)
    return f"SELECT {key}, {name}\nFROM {table.name}\nORDER BY {name} DESC NULLS LAST, {key}\nLIMIT {ROWS}"


def _name(text: str) -> str:
    return f'"{text}"' if text in _RESERVED else text

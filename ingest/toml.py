"""TOML files whose tables are pydantic models: what is wrong with one is said in one line."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from ingest.errors import IngestError

M = TypeVar("M", bound=BaseModel)
Tables = dict[str, tuple[type[BaseModel], ...]]
"""Table of the file -> the models that it may hold."""
Tags = dict[str, tuple[int, str]]
"""Tables that differ by the value of one key: where that value stands in a location, and which key it is."""


def load(path: Path, what: str, example: str) -> tuple[dict[str, Any], str]:
    """The values and the text of a TOML file. Raises `IngestError` where it is not there or not TOML."""
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text), text
    except FileNotFoundError:
        raise IngestError(f"there is no {what} {path}; an example is {example}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise IngestError(f"{path} is not a readable TOML file: {error}") from None


def validated(model: type[M], values: dict[str, Any], tables: Tables, tags: Tags, path: Path) -> M:
    """The values as a model. Raises `IngestError`, one line: which key, what was given, what would do."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise IngestError(f"{path}: {_first_line(error, model, tables, tags)}") from None


def _first_line(error: ValidationError, model: type[BaseModel], tables: Tables, tags: Tags) -> str:
    """Pydantic's first complaint as one line that names the key, what was given and what exists."""
    first = error.errors()[0]
    place, tag = tags.get(str(first["loc"][0]) if first["loc"] else "", (None, ""))
    where = [part for i, part in enumerate(first["loc"]) if i != place]
    name = ".".join(f"[{part}]" if isinstance(part, int) else str(part) for part in where).replace(".[", "[")
    if first["type"] == "extra_forbidden":
        return f"{name} is not a key; the keys here are {', '.join(_known_keys(first['loc'], model, tables, tags))}"
    if first["type"] == "missing":
        return f"{name} is missing; it has to be given"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"].startswith("union_tag"):
        known = ", ".join(value for c in tables[str(first["loc"][0])] for value in _tagged(c, tag))
        return f"{name}: {tag} has to be one of {known}; got {first['input'].get(tag)!r}"
    return f"{name}: {first['msg'][0].lower() + first['msg'][1:]}; got {first['input']!r}"


def _known_keys(location: tuple[int | str, ...], model: type[BaseModel], tables: Tables, tags: Tags) -> list[str]:
    if location[0] not in tables or len(location) == 1:
        return list(model.model_fields)
    classes = tables[str(location[0])]
    if location[0] in tags:
        place, tag = tags[str(location[0])]
        classes = tuple(c for c in classes if location[place] in _tagged(c, tag))
    return list(dict.fromkeys(key for c in classes for key in c.model_fields))


def _tagged(table: type[BaseModel], key: str) -> tuple[str, ...]:
    """The values of `key` that make a table this one."""
    return get_args(table.model_fields[key].annotation)

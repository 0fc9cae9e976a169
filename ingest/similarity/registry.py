"""The metrics by name. A family registers its own when it is imported; every file of `families` is a family."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

Blind = Mapping[tuple[tuple[str, object], ...], frozenset[str]]
"""Parameters -> names of `TRANSFORMS`."""
PERMUTED = "the pairing of rows permuted"
TRANSFORMS = {
    "rotation": "a rotation or reflection of one side's columns",
    "scale": "one positive factor on all of one side",
    "shift": "one vector added to every row of one side",
    "rows": "the same permutation of both sides' rows",
    "columns": "a permutation of one side's columns",
    "pairing": "a permutation of one side's rows alone",
}
"""What can be done to an input without a metric noticing; which metric is blind to what is data in the registry."""
GEOMETRY = frozenset({"rotation", "scale", "shift", "rows", "columns"})
"""What a metric is blind to that sees the shape of a centred cloud of rows and nothing else."""


@dataclass(frozen=True)
class Prepared:
    """Two inputs with everything done that a permutation leaves alone. One of the two nulls is there."""

    value: Callable[[], float]
    permuted: Callable[[np.ndarray], float] | None = None
    """order, int64 of shape (row,) -> the value of X and Y[order]. Called from several threads at once."""
    drawn: Callable[[np.random.Generator], float] | None = None
    """One draw of the null of an unpaired metric, whose value no permutation changes."""
    note: str | None = None


@dataclass(frozen=True)
class Metric:
    """A metric and what is true of it."""

    name: str
    prepare: Callable[..., Prepared]
    """(X, Y, **parameters) -> Prepared. float64 matrices without NaN; raises `Undefined` or, for a wrong parameter,
    `ValueError`."""
    parameters: Mapping[str, float | int | str]
    """Parameter -> default."""
    range: tuple[float, float]
    """Smallest and largest value."""
    unchanged_by: Blind
    """Parameters -> names of `TRANSFORMS` that leave the value alone; `()` stands for any parameters not named."""
    higher_is_similar: bool = True
    instead: Mapping[str, str] = field(default_factory=dict)
    """Parameter without a default -> the one whose place it takes."""
    null: str = PERMUTED
    """What a null value is, in words."""
    same_width: bool = False
    """X and Y must have the same number of columns."""
    row_limit: int | None = None
    """More rows than this are sub-sampled with a fixed seed: memory grows with their square."""

    @property
    def paired(self) -> bool:
        """Row i of X belongs to row i of Y."""
        return not any("pairing" in names for names in self.unchanged_by.values())

    def unchanged(self, parameters: Mapping[str, object]) -> frozenset[str]:
        """Names of `TRANSFORMS` that leave the value alone under these parameters."""
        for given, names in self.unchanged_by.items():
            if given and all(parameters.get(key) == value for key, value in given):
                return names
        return self.unchanged_by[()]

    def settled(self, given: Mapping[str, object]) -> dict[str, float | int | str]:
        """The parameters in force. Raises `ValueError` for one that does not exist, or two that exclude each other."""
        known = [*self.parameters, *self.instead]
        for name in given:
            if name not in known:
                raise ValueError(f"{self.name} has no parameter {name!r}; it has {', '.join(known) or 'none'}")
        replaced = {self.instead[name] for name in given if name in self.instead}
        for name in replaced & set(given):
            raise ValueError(f"{self.name} takes {name} or what replaces it, not both: got {', '.join(given)}")
        defaults = {name: value for name, value in self.parameters.items() if name not in replaced}
        return {**defaults, **given}  # type: ignore[dict-item]


REGISTRY: dict[str, Metric] = {}


def metric(
    *,
    unchanged_by: frozenset[str] | Blind,
    range: tuple[float, float] = (0.0, 1.0),
    instead: Mapping[str, str] | None = None,
    higher_is_similar: bool = True,
    null: str = PERMUTED,
    same_width: bool = False,
    row_limit: int | None = None,
) -> Callable[[Callable[..., Prepared]], Callable[..., Prepared]]:
    """Register the decorated `prepare` under its own name; its keyword arguments are the metric's parameters.

    What leaves the metric alone is added to its docstring. The fields are those of `Metric`.
    """
    table: Blind = {(): unchanged_by} if isinstance(unchanged_by, frozenset) else unchanged_by

    def register(prepare: Callable[..., Prepared]) -> Callable[..., Prepared]:
        name = prepare.__name__
        if name in REGISTRY:
            raise ValueError(f"two metrics are named {name}: {REGISTRY[name].prepare.__module__}, {prepare.__module__}")
        defaults = {
            key: parameter.default
            for key, parameter in inspect.signature(prepare).parameters.items()
            if parameter.default not in (inspect.Parameter.empty, None)
        }
        REGISTRY[name] = Metric(
            name, prepare, defaults, range, table, higher_is_similar, instead or {}, null, same_width, row_limit
        )
        prepare.__doc__ = f"{inspect.cleandoc(prepare.__doc__ or '')}\n\n{_facts(REGISTRY[name])}"
        return prepare

    return register


def _facts(found: Metric) -> str:
    """The lines of a docstring that come from the registry."""
    lines = [
        f"Range: {found.range[0]:g} to {found.range[1]:g}, {'more' if found.higher_is_similar else 'less'} is similar."
    ]
    for given, names in found.unchanged_by.items():
        where = "".join(f" with {key}={value!r}" for key, value in given)
        blind = "; ".join(text for name, text in TRANSFORMS.items() if name in names)
        lines.append(f"Unchanged by{where}: {blind}. Nothing else of {', '.join(TRANSFORMS)}.")
    lines.append(f"Null: {found.null}.")
    if found.row_limit:
        lines.append(f"Memory: more than {found.row_limit:,} rows are sub-sampled, with a fixed seed.")
    return "\n".join(lines)


def find(name: str) -> Metric:
    """The metric of that name. Raises `ValueError` that says which there are."""
    if name not in REGISTRY:
        raise ValueError(f"no metric is named {name!r}; there are {', '.join(sorted(REGISTRY))}")
    return REGISTRY[name]


def load_families() -> None:
    """Import every file of `families`, so that each has registered its metrics."""
    from ingest.similarity import families

    for module in pkgutil.iter_modules(families.__path__):
        importlib.import_module(f"{families.__name__}.{module.name}")

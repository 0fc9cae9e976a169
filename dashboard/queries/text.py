"""Pieces of SQL that several queries share."""

from collections.abc import Iterable, Sequence
from dataclasses import fields

from dashboard import reasons
from dashboard.links import BOUNDS
from store.records import PairFilter, Thresholds

THRESHOLDS = tuple(item.name for item in fields(Thresholds))


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def listed(texts: Iterable[str]) -> str:
    """String literals with commas between them."""
    return ", ".join(literal(text) for text in texts)


def judged(thresholds: Thresholds, macro: str = "judged_matches", names: Sequence[str] = THRESHOLDS) -> str:
    """A macro of the store with the thresholds, of those named, that were moved."""
    changed = [f"{name} := {getattr(thresholds, name)!r}" for name in reasons.changed(thresholds, names)]
    return f"{macro}({', '.join(changed)})"


def bounds(chosen: PairFilter) -> dict[str, str]:
    """Name of a limit of the filter -> its test of a row of `judged_matches()`."""
    return {
        "min_pearson": f"pearson >= {chosen.min_pearson!r}",
        "min_context": f"pearson_context >= {chosen.min_context!r}",
        "min_active": f"least(n_active_a, n_active_b) >= {chosen.min_active}",
    }


def limits(chosen: PairFilter, names: Sequence[str] = BOUNDS) -> list[str]:
    """The tests of those of the limits that can drop a row: no token explains more than an r of 1."""
    lax = {name for name in ("min_context", "min_active") if getattr(chosen, name) == getattr(PairFilter, name)}
    return [test for name, test in bounds(chosen).items() if name in names and (name not in lax or _low(chosen, name))]


def _low(chosen: PairFilter, name: str) -> bool:
    return name == "min_context" and chosen.min_pearson < 0


def without(reasons: Iterable[str], column: str = "reasons") -> list[str]:
    """The test, if any, that a row has none of these reasons."""
    hidden = listed(reasons)
    return [f"NOT list_has_any({column}, [{hidden}])"] if hidden else []


def passing(chosen: PairFilter) -> list[str]:
    """The tests of a mutual best match that passes; its `only` and its two features are left out of account."""
    return ["mutual_best", *limits(chosen), *without(name for name in chosen.hide if name != "not_mutual")]


def top_tokens(space: str, feature: str) -> str:
    """A list of the five token texts with most of a feature's activation; both arguments are SQL."""
    return (
        "(SELECT list(token ORDER BY rank) FROM feature_tokens AS w\n"
        f"        WHERE w.space = {space} AND w.feature = {feature} AND w.rank <= 5)"
    )


def where(tests: Sequence[str], indent: str = "") -> str:
    return f"{indent}WHERE " + f"\n{indent}  AND ".join(tests)

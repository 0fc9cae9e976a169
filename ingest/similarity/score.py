"""What a measurement says: a value or the reason why there is none, and the null it is held against."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

SAMPLE = 100
"""Null values that a score keeps for the plot."""
TIE = 1e-12
"""Values nearer than this are equal: the same sum in another order must not decide a p-value."""


class Undefined(ValueError):
    """The metric has no value for these inputs. Its text is the reason, in words."""


@dataclass(frozen=True, eq=False)
class Null:
    """Values of a metric when there is nothing to find."""

    kind: str
    """What was drawn, in words."""
    draws: np.ndarray
    """float64 of shape (draw,), in the order of the permutations."""
    higher_is_similar: bool

    def p_value(self, value: float) -> float:
        """(1 + draws at least as similar as `value`) / (1 + draws) (North et al. 2002)."""
        sign = 1 if self.higher_is_similar else -1
        return float((1 + (sign * self.draws >= sign * value - TIE).sum()) / (1 + len(self.draws)))

    @cached_property
    def q95(self) -> float:
        """95 % of the draws are at most as similar as this: the 5 % quantile of a distance."""
        return float(np.quantile(self.draws, 0.95 if self.higher_is_similar else 0.05))

    @property
    def sample(self) -> list[float]:
        """The first draws, at most `SAMPLE`: permutations are drawn at random, so the first are as good as any."""
        return [float(value) for value in self.draws[:SAMPLE]]


@dataclass(frozen=True)
class Score:
    """One metric of two matrices. `value` is None exactly where `reason` says why."""

    name: str
    parameters: dict[str, float | int | str]
    """Every parameter that had a say, defaults included."""
    value: float | None
    reason: str | None
    higher_is_similar: bool
    """False for a distance."""
    n_rows: int
    """Rows of X that were used."""
    note: str | None = None
    """What a reader must know besides: rows that were sub-sampled, columns left out, ties."""
    null: Null | None = None
    """None before `tested`, and where there is no value."""

    @property
    def p_value(self) -> float | None:
        return None if self.null is None or self.value is None else self.null.p_value(self.value)

    @property
    def null_kind(self) -> str | None:
        return None if self.null is None else self.null.kind

    @property
    def null_mean(self) -> float | None:
        return None if self.null is None else float(self.null.draws.mean())

    @property
    def null_sd(self) -> float | None:
        """Population standard deviation of the draws."""
        return None if self.null is None else float(self.null.draws.std())

    @property
    def null_q95(self) -> float | None:
        """What 95 % of the null values are at most as similar as; below the mean for a distance."""
        return None if self.null is None else self.null.q95

    @property
    def null_sample(self) -> list[float]:
        return [] if self.null is None else self.null.sample

    @property
    def n_permutations(self) -> int:
        """Null values drawn."""
        return 0 if self.null is None else len(self.null.draws)

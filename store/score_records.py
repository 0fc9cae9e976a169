"""Frozen row types of what `Store` says about scores. Names and units are those of `store.schema`."""

from dataclasses import dataclass

LEVELS = ("decoder", "activations")
"""Where a score is taken: on decoder rows of the pairs, or on activations at units."""
SWEEPS = ("k", "pairs")
"""What a score is swept over: its number of neighbours, or the number of pairs."""


@dataclass(frozen=True)
class Score:
    """One similarity metric of a comparison, with its null. `value` is None where `reason` says why."""

    comparison: str
    metric: str
    parameters: str
    subset: str
    level: str
    value: float | None
    reason: str | None
    null_kind: str | None
    null_mean: float | None
    null_sd: float | None
    null_q95: float | None
    """What the null reaches once in twenty: its 95 % quantile, of a distance the 5 % quantile."""
    p_value: float | None
    q_value: float | None
    p_best: float | None
    n_permutations: int
    n_rows: int
    n_columns_a: int
    n_columns_b: int
    higher_is_similar: bool

    @property
    def above_null(self) -> bool | None:
        """Whether it is more similar than what its null reaches once in twenty; None where either is unknown."""
        if self.value is None or self.null_q95 is None:
            return None
        return self.value > self.null_q95 if self.higher_is_similar else self.value < self.null_q95


@dataclass(frozen=True)
class ScoreVariant:
    """A score that the store holds, of whatever comparison."""

    metric: str
    parameters: str
    subset: str
    level: str
    n_scores: int
    """Comparisons that it was asked of."""
    n_values: int
    """Those of them that have a value."""


@dataclass(frozen=True)
class ScoreCell:
    """A comparison and one score of it."""

    comparison: str
    space_a: str
    space_b: str
    kind: str
    """`floor` (a side with random weights), `baseline` (a model's own units), `ceiling` (two dictionaries of one model
    at one hook), `within` (one model elsewhere) or `finding` (two models)."""
    score: Score | None
    """None where this score was never asked of the comparison."""


@dataclass(frozen=True)
class SweepPoint:
    """One step of a sweep."""

    size: int
    """Neighbours, or pairs."""
    score: Score

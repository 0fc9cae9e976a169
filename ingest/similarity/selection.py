"""When several scores are looked at: the best of them, and all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control

from ingest.similarity.score import TIE, Score


@dataclass(frozen=True)
class Best:
    """The most similar of several comparisons, judged as such."""

    index: int
    """Place of the best score in what was given."""
    value: float
    p_value: float
    """(1 + draws whose most similar comparison is at least as similar as the best observed) / (1 + draws)."""
    null_mean: float
    """Mean over the draws of the most similar comparison."""
    null_q95: float
    """95 % of the draws' most similar comparisons are at most as similar as this."""


def best_of(scores: Sequence[Score]) -> Best | None:
    """The best of several comparisons by one metric, against the best of each draw (Westfall and Young 1993).

    The scores must have been tested with the same permutations; those without a value take no part. None where none has
    one. Raises `ValueError` for different metrics, parameters or numbers of draws.
    """
    known = [i for i, score in enumerate(scores) if score.value is not None and score.null is not None]
    if not known:
        return None
    first = scores[known[0]]
    for i in known:
        score = scores[i]
        if (score.name, score.parameters, score.n_permutations) != (first.name, first.parameters, first.n_permutations):
            raise ValueError(
                f"the best of one metric is asked for; got {first.name} {first.parameters} with {first.n_permutations} "
                f"permutations and {score.name} {score.parameters} with {score.n_permutations}"
            )
    sign = 1 if first.higher_is_similar else -1
    observed = np.array([scores[i].value for i in known], float)
    draws = np.array([scores[i].null.draws for i in known])  # type: ignore[union-attr]
    best = int(np.argmax(sign * observed))
    most = sign * np.max(sign * draws, axis=0)
    above = int((sign * most >= sign * observed[best] - TIE).sum())
    q95 = float(np.quantile(most, 0.95 if sign > 0 else 0.05))
    return Best(known[best], float(observed[best]), (1 + above) / (1 + len(most)), float(most.mean()), q95)


def q_values(scores: Sequence[Score]) -> list[float | None]:
    """Benjamini-Hochberg (1995) over all scores of a table that have a p-value; None for those that have none."""
    known = [score.p_value for score in scores if score.p_value is not None]
    adjusted = iter(false_discovery_control(known) if known else [])
    return [None if score.p_value is None else float(next(adjusted)) for score in scores]

"""The best of several comparisons, and the rates of false discovery of a table."""

import numpy as np
import pytest

from ingest import similarity
from ingest.similarity import Null, Score
from tests.ingest.similarity.cases import normal, related


def score(value, draws, higher=True, name="cka"):
    return Score(name, {}, value, None, higher, 9, null=Null("drawn", np.array(draws), higher))


def test_the_best_by_hand():
    """The larger of the two in each draw: .5, .4, .3, .9. Two of four reach .45."""
    best = similarity.best_of([score(0.3, [0.5, 0.1, 0.2, 0.1]), score(0.45, [0.1, 0.4, 0.3, 0.9])])
    assert (best.index, best.value, best.p_value) == (1, 0.45, 3 / 5)
    assert best.null_mean == pytest.approx(0.525)
    assert best.null_q95 == pytest.approx(0.84)


def test_the_best_of_distances_is_the_smallest():
    """The smaller in each draw: .1, .1, .2, .1. One of four is at most .1... all but one."""
    best = similarity.best_of([score(0.15, [0.5, 0.1, 0.2, 0.1], False), score(0.45, [0.1, 0.4, 0.3, 0.9], False)])
    assert (best.index, best.value, best.p_value) == (0, 0.15, 4 / 5)
    assert best.null_mean == pytest.approx(0.125)


def test_scores_without_a_value_take_no_part():
    unknown = Score("cka", {}, None, "too few rows", True, 1)
    best = similarity.best_of([unknown, score(0.3, [0.1, 0.2])])
    assert (best.index, best.p_value) == (1, 1 / 3)
    assert similarity.best_of([unknown]) is None


def test_only_one_metric_with_one_set_of_draws_has_a_best():
    with pytest.raises(ValueError, match="the best of one metric is asked for; got cka"):
        similarity.best_of([score(0.3, [0.1]), score(0.4, [0.1], name="rsa")])
    with pytest.raises(ValueError, match="with 1 permutations and cka"):
        similarity.best_of([score(0.3, [0.1]), score(0.4, [0.1, 0.2])])


def test_the_best_of_many_unrelated_pairs_is_chance():
    """Fifty unrelated pairs: one has a small p of its own; the best, judged as the best, has not."""
    orders = similarity.permutations(40, 199)
    scores = [similarity.tested("cka", normal(2 * i, 40, 3), normal(2 * i + 1, 40, 3), orders) for i in range(50)]
    best = similarity.best_of(scores)
    assert min(score.p_value for score in scores) <= 0.05 < best.p_value
    x, y = related(3, 40, 3)
    assert similarity.best_of([*scores, similarity.tested("cka", x, y, orders)]).index == 50


def test_q_values_by_hand():
    """p = .01, .02, .03 of three: 3/1, 3/2 and 3/3 times p, made monotone, are .03 each."""
    hundred = [np.concatenate([np.ones(n), np.zeros(99 - n)]) for n in (0, 1, 2)]
    unknown = Score("cka", {}, None, "too few rows", True, 1)
    q = similarity.q_values([score(0.5, hundred[1]), unknown, score(0.5, hundred[0]), score(0.5, hundred[2])])
    assert q[1] is None
    assert [q[0], q[2], q[3]] == pytest.approx([0.03, 0.03, 0.03])
    assert similarity.q_values([unknown]) == [None]

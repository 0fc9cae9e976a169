"""Input that has no answer, or hardly one: a value that is defined, or None with the reason in words. Never NaN."""

import numpy as np
import pytest

from ingest import similarity
from ingest.similarity import REGISTRY
from tests.ingest.similarity.cases import VARIANTS, normal, related

variants = pytest.mark.parametrize(("name", "parameters"), VARIANTS, ids=[f"{n}-{p}" for n, p in VARIANTS])
X, Y = related(2, 12, 4)


def with_row(m, row):
    return np.concatenate([m[:-1], np.broadcast_to(row, (1, m.shape[1]))])


def with_column(m, column):
    return np.concatenate([m[:, :-1], np.broadcast_to(column, (len(m), 1))], axis=1)


INPUTS = {
    "zeros": (np.zeros((12, 4)), Y),
    "all rows equal": (np.tile(X[:1], (12, 1)), Y),
    "all rows equal, large": (np.tile(X[:1] * 1e8, (12, 1)), Y),
    "one row of zeros": (X, with_row(Y, 0.0)),
    "one constant row": (with_row(X, 0.3), Y),
    "one constant column": (X, with_column(Y, 0.3)),
    "all columns but one constant": (np.concatenate([np.ones((12, 3)), Y[:, :1]], axis=1), Y),
    "all columns equal": (np.tile(X[:, :1], (1, 4)), Y),
    "every row twice": (np.concatenate([X[:6], X[:6]]), np.concatenate([Y[:6], Y[:6]])),
    "two distinct rows": (np.tile(X[:2], (6, 1)), np.tile(Y[:2], (6, 1))),
    "equally far apart": (np.eye(12), np.eye(12)),
    "fewer rows than columns": (normal(1, 12, 40), normal(2, 12, 40)),
    "no rows": (X[:0], Y[:0]),
    "no columns": (X[:, :0], Y[:, :0]),
    "one row": (X[:1], Y[:1]),
    "two rows": (X[:2], Y[:2]),
    "three rows": (X[:3], Y[:3]),
    "four rows": (X[:4], Y[:4]),
    "one column": (X[:, :1], Y[:, :1]),
    "different widths": (X, Y[:, :2]),
    "enormous": (X * 1e200, Y * 1e-200),
    "float32": (X.astype(np.float32), Y.astype(np.float32)),
    "whole numbers": (np.arange(48).reshape(12, 4) ** 2 % 7, np.arange(48).reshape(12, 4) ** 3 % 11),
}


@pytest.mark.parametrize("case", INPUTS)
@variants
def test_a_value_in_its_range_or_a_reason_in_words(name, parameters, case):
    x, y = INPUTS[case]
    score = similarity.tested(name, x, y, similarity.permutations(len(x), 3), **parameters)
    if score.value is None:
        assert len(score.reason.split()) > 3
        assert (score.null, score.p_value, score.null_mean, score.null_sample) == (None, None, None, [])
        with pytest.raises(similarity.Undefined, match=r"\w"):
            similarity.null(name, x, y, similarity.permutations(len(x), 3), **parameters)
    else:
        low, high = REGISTRY[name].range
        assert score.reason is None
        assert low <= score.value <= high
        assert ((score.null.draws >= low) & (score.null.draws <= high)).all()


@variants
def test_scale_does_not_leave_the_floats(name, parameters):
    expected = similarity.measure(name, X, Y, **parameters).value
    assert similarity.measure(name, X * 1e200, Y * 1e-200, **parameters).value == pytest.approx(expected, abs=1e-9)


REASONS = [
    (
        "cca",
        INPUTS["fewer rows than columns"],
        {},
        "too few rows: 12; X fills all 11 dimensions of as many centred rows",
    ),
    ("pwcca", INPUTS["four rows"], {}, "too few rows: 4; X fills all 3 dimensions"),
    (
        "pwcca",
        (normal(1, 12, 7), normal(2, 12, 6)),
        {},
        "too few rows: 12; 2 of 6 correlations are 1 whatever the data, and their variates, so the weights, are arbitrary",
    ),
    ("pc1_correlation", INPUTS["two rows"], {}, "too few rows: 2; X fills all 1 dimensions"),
    ("svcca", (X, Y), {"components": 5}, "5 components are asked for; X has 4"),
    ("cka", INPUTS["all rows equal"], {}, "all rows of X are equal: nothing varies"),
    ("cka_debiased", INPUTS["three rows"], {}, "too few rows: 3; at least 4 are needed"),
    ("cka_debiased", INPUTS["equally far apart"], {}, "the unbiased HSIC of X with itself is 0"),
    ("distance_correlation_debiased", INPUTS["three rows"], {}, "too few rows: 3; at least 4 are needed"),
    ("distance_correlation_debiased", INPUTS["equally far apart"], {}, "the distance variance of X is 0"),
    ("rsa", INPUTS["equally far apart"], {}, "all pairs of rows of X are equally similar"),
    ("rsa", INPUTS["one constant row"], {}, "1 of 12 rows of X are constant and have no correlation; leave them out"),
    ("rsa", INPUTS["two rows"], {}, "too few rows: 2; at least 3 are needed"),
    (
        "knn_jaccard",
        INPUTS["one row of zeros"],
        {"k": 3},
        "1 of 12 rows of Y are zero and have no direction; leave them out",
    ),
    ("knn_jaccard", (X, Y), {"k": 11}, "too few rows: 12; at least 13 are needed for k = 11"),
    ("mutual_knn", (X, Y), {"k": 11}, "otherwise every list holds all other rows"),
    ("rank_similarity", (X, Y), {"k": 12}, "too few rows: 12; at least 13 are needed for k = 12"),
    ("rank_biased_overlap", INPUTS["two rows"], {}, "too few rows: 2; at least 3 are needed"),
    ("mmcs", INPUTS["different widths"], {}, "mmcs needs sides of one width: X has 4 columns, Y 2"),
    ("hungarian_cosine", INPUTS["zeros"], {}, "12 of 12 rows of X are zero"),
    ("singular_value_l2", INPUTS["different widths"], {}, "X has 4 singular values and Y 2"),
    ("singular_value_l2", INPUTS["zeros"], {}, "X is zero everywhere"),
    ("hard_match", INPUTS["all rows equal"], {}, "all columns of X are constant"),
    ("soft_match", INPUTS["two rows"], {}, "too few rows: 2; at least 3 are needed"),
    ("cka", INPUTS["no rows"], {}, "X is empty: 0 rows, 4 columns"),
    ("cka", INPUTS["no columns"], {}, "X is empty: 12 rows, 0 columns"),
]


@pytest.mark.parametrize(
    ("name", "pair", "parameters", "words"), REASONS, ids=[f"{r[0]}: {r[3][:40]}" for r in REASONS]
)
def test_the_reason(name, pair, parameters, words):
    score = similarity.measure(name, *pair, **parameters)
    assert score.value is None
    assert words in score.reason


def test_what_is_noted_beside_a_value():
    twice = INPUTS["every row twice"]
    note = similarity.measure("knn_jaccard", *twice, k=3).note
    assert note.startswith(
        "12 of 12 rows of X have the direction of another; row numbers break the tie; 12 of 12 rows of Y"
    )
    assert similarity.measure("rank_biased_overlap", X, Y).note == "depth 11: there are no more other rows"
    assert (
        similarity.measure("hard_match", *INPUTS["one constant column"]).note
        == "1 of 4 columns of Y are constant and left out"
    )
    few = similarity.measure("cca", X[:7], Y[:7])
    assert few.note == "few rows: 2 of 4 correlations are 1 whatever the data"


def test_duplicated_rows_are_each_others_neighbours():
    """Six rows, each twice: the nearest neighbour of each is its double, on unrelated sides too."""
    x, y = (np.concatenate([m, m]) for m in (normal(1, 6, 4), normal(2, 6, 4)))
    assert similarity.measure("mutual_knn", x, y, k=1).value == 1.0


def test_rows_that_every_metric_takes():
    x, y = with_row(X, 0.0), np.concatenate([[[0.5] * 4], Y[1:]])
    assert np.flatnonzero(~similarity.with_direction(x, y)).tolist() == [0, 11]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: similarity.measure("cka", with_row(X, np.nan), Y),
            "X holds NaN or infinity in 1 of 12 rows, first in row 11",
        ),
        (lambda: similarity.measure("cka", X, with_row(Y, np.inf)), "Y holds NaN or infinity in 1 of 12 rows"),
        (lambda: similarity.measure("cka", X, Y[:5]), "cka pairs the rows of X and Y: X has 12, Y 5"),
        (lambda: similarity.measure("cka", X[0], Y), r"X must be a matrix of rows and columns; got shape \(4,\)"),
        (lambda: similarity.measure("ckaa", X, Y), "no metric is named 'ckaa'; there are cca, cka, cka_debiased"),
        (lambda: similarity.measure("cka", X, Y, k=3), "cka has no parameter 'k'; it has none"),
        (lambda: similarity.measure("svcca", X, Y, q=3), "svcca has no parameter 'q'; it has variance, components"),
        (
            lambda: similarity.measure("svcca", X, Y, variance=0.9, components=3),
            "svcca takes variance or what replaces it",
        ),
        (lambda: similarity.measure("svcca", X, Y, variance=0), "variance is a share above 0 and at most 1; got 0"),
        (lambda: similarity.measure("svcca", X, Y, components=0), "components must be a whole number from 1; got 0"),
        (lambda: similarity.measure("knn_jaccard", X, Y, k=2.5), "k must be a whole number from 1; got 2.5"),
        (lambda: similarity.measure("rank_biased_overlap", X, Y, p=1), "p lies between 0 and 1; got 1"),
        (
            lambda: similarity.measure("rsa", X, Y, inner="cosine"),
            "inner is one of correlation, euclidean; got 'cosine'",
        ),
    ],
)
def test_wrong_input_is_one_clear_line(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)


def test_the_parameters_in_force_are_told():
    assert similarity.measure("svcca", X, Y).parameters == {"variance": 0.99}
    assert similarity.measure("svcca", X, Y, components=2).parameters == {"components": 2}
    assert similarity.measure("rank_biased_overlap", X, Y, p=0.8).parameters == {"p": 0.8, "depth": 100}

'''How alike two matrices are: every metric behind one function, each with its null.

    measure("cka", X, Y)                                     a Score: value, or None and the reason
    tested("knn_jaccard", X, Y, permutations(len(X), 999), k=20)   the same with its null and p-value
    null("rsa", X, Y, orders, inner="euclidean")             the null values alone
    best_of(scores)                                          the best of several comparisons, judged as the best
    q_values(scores)                                         Benjamini-Hochberg over a table

Rows of X and Y belong to each other unless the metric is unpaired (`REGISTRY[name].paired`). Input is taken as float64.

To add a metric, write one file in `families` (or a function in the file of its family):

    @metric(unchanged_by=GEOMETRY, range=(0.0, 1.0))
    def my_metric(X: np.ndarray, Y: np.ndarray, k: int = 10) -> Prepared:
        """What it is, as a formula.

        Source: who defined it, and where.
        Pitfalls: what misleads in it.
        """
        ...                                  # all that a permutation of Y's rows leaves alone, once
        def of(order): ...                   # the value of X and Y[order]
        return Prepared(lambda: of(np.arange(len(X))), of)

The function's name is the metric's, its keyword arguments are the parameters; nothing else is to be registered. It
raises `Undefined("why")` where the metric has no value and `ValueError` for a wrong parameter; it need not look for
NaN, empty sides or sides of different lengths. `unchanged_by` names what it is blind to (`registry.TRANSFORMS`). An
unpaired metric, one that is blind to "pairing", gives `drawn` in the place of `permuted`, and `null` says what is
drawn. One whose memory grows with the rows squared takes `row_limit`. The tests then ask for what is missing: an
obvious implementation in `tests/ingest/similarity/slow.py`, against which its value and its null are checked.
'''

from ingest.similarity.arrays import with_direction
from ingest.similarity.engine import measure, null, permutations, tested
from ingest.similarity.registry import PERMUTED, REGISTRY, TRANSFORMS, Metric, Prepared, load_families, metric
from ingest.similarity.score import Null, Score, Undefined
from ingest.similarity.selection import Best, best_of, q_values

load_families()

__all__ = [
    "PERMUTED",
    "REGISTRY",
    "TRANSFORMS",
    "Best",
    "Metric",
    "Null",
    "Prepared",
    "Score",
    "Undefined",
    "best_of",
    "load_families",
    "measure",
    "metric",
    "null",
    "permutations",
    "q_values",
    "tested",
    "with_direction",
]

"""One-to-one assignment on the candidate graph."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching


def assign(feature_a: np.ndarray, feature_b: np.ndarray, pearson: np.ndarray) -> np.ndarray:
    """bool of shape (pair,): the pairs of the one-to-one assignment that maximises the sum of pearson.

    The pairs are the edges of a bipartite graph; pearson lies in (0, 1]. Features may stay alone: each feature of A has
    a partner of its own for that, which costs as much as a pair with pearson 0 (SciPy's algorithm, Jonker and Volgenant
    1987 in the sparse form of Karp 1980, wants every row matched).
    """
    if not len(feature_a):
        return np.zeros(0, bool)
    rows, row = np.unique(feature_a, return_inverse=True)
    columns, column = np.unique(feature_b, return_inverse=True)
    alone = np.arange(len(rows))
    cost = np.concatenate([2.0 - pearson, np.full(len(rows), 2.0)])
    place = (np.concatenate([row, alone]), np.concatenate([column, len(columns) + alone]))
    graph = csr_array((cost, place), shape=(len(rows), len(columns) + len(rows)))
    matched, partner = min_weight_full_bipartite_matching(graph)
    chosen = np.full(len(rows), -1)
    chosen[matched] = partner
    return chosen[row] == column

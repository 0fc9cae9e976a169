"""Every metric again, as obviously as it can be written: loops over rows and pairs, nothing shared with the fast code."""

from itertools import combinations, permutations

import numpy as np
from scipy.linalg import sqrtm
from scipy.stats import pearsonr, spearmanr


def centred(m):
    return m - m.mean(axis=0)


def variates(x, y):
    """Canonical correlations, largest first, and X's variates: eigenvectors of Sxx^-1 Sxy Syy^-1 Syx (Hotelling)."""
    x, y = centred(x), centred(y)
    sxx, syy, sxy = x.T @ x, y.T @ y, x.T @ y
    values, vectors = np.linalg.eig(np.linalg.solve(sxx, sxy) @ np.linalg.solve(syy, sxy.T))
    first = np.argsort(-values.real)[: min(x.shape[1], y.shape[1])]
    z = x @ vectors[:, first].real
    return np.sqrt(np.maximum(values.real[first], 0)), z / z.std(axis=0)


def cca(x, y):
    return variates(x, y)[0].mean()


def pca(m, keep):
    """Scores of the first components; `keep` takes the eigenvalues, largest first, and says how many."""
    m = centred(m)
    values, vectors = np.linalg.eigh(m.T @ m)
    return m @ vectors[:, ::-1][:, : keep(values[::-1])]


def svcca(x, y, variance=0.99, components=None):
    def keep(values):
        if components:
            return components
        return next(k for k in range(1, len(values) + 1) if values[:k].sum() >= variance * values.sum() * (1 - 1e-12))

    return cca(pca(x, keep), pca(y, keep))


def pc1_correlation(x, y):
    return abs(pearsonr(pca(x, lambda _: 1)[:, 0], pca(y, lambda _: 1)[:, 0])[0])


def pwcca(x, y):
    rho, z = variates(x, y)
    weights = [sum(abs(value) for value in z[:, i]) for i in range(len(rho))]
    return sum(w * r for w, r in zip(weights, rho, strict=True)) / sum(weights)


def cka(x, y):
    k, ell = centred(x) @ centred(x).T, centred(y) @ centred(y).T
    return np.sum(k * ell) / np.sqrt(np.sum(k * k) * np.sum(ell * ell))


def hsic(k, ell):
    """Song et al. 2012: means over distinct i, j, q, r, in the closed form with matrices."""
    k, ell, n = k - np.diag(np.diag(k)), ell - np.diag(np.diag(ell)), len(k)
    one = np.ones(n)
    inner = np.trace(k @ ell) + (one @ k @ one) * (one @ ell @ one) / ((n - 1) * (n - 2))
    return (inner - 2 / (n - 2) * (one @ k @ ell @ one)) / (n * (n - 3))


def hsic_of_quadruples(k, ell):
    """The U-statistic itself: k_ij (l_ij + l_qr - 2 l_iq), the mean over all distinct i, j, q, r."""
    quadruples = list(permutations(range(len(k)), 4))
    return sum(k[i, j] * (ell[i, j] + ell[q, r] - 2 * ell[i, q]) for i, j, q, r in quadruples) / len(quadruples)


def cka_debiased(x, y):
    k, ell = x @ x.T, y @ y.T
    return hsic(k, ell) / np.sqrt(hsic(k, k) * hsic(ell, ell))


def rsa(x, y, inner="correlation"):
    def between(a, b):
        return round(pearsonr(a, b)[0] if inner == "correlation" else -np.linalg.norm(a - b), 12)

    pairs = list(combinations(range(len(x)), 2))
    return spearmanr(*([between(m[i], m[j]) for i, j in pairs] for m in (x, y)))[0]


def procrustes(x, y):
    """1 - trace of the square root of (X'Y)'(X'Y)."""
    x, y = centred(x), centred(y)
    cross = x.T @ y / (np.linalg.norm(x) * np.linalg.norm(y))
    small = cross.T @ cross if cross.shape[0] >= cross.shape[1] else cross @ cross.T
    return 1 - np.trace(sqrtm(small)).real


def singular_value_l2(x, y):
    s, t = (np.sort(np.sqrt(np.maximum(np.linalg.eigvalsh(m.T @ m), 0))) for m in (x, y))
    return np.linalg.norm(s / np.linalg.norm(s) - t / np.linalg.norm(t))


def cosine(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


def near(m, i, k):
    """The k nearest other rows, nearest first, the smaller number first of equals."""
    return sorted((j for j in range(len(m)) if j != i), key=lambda j: (-round(cosine(m[i], m[j]), 12), j))[:k]


def over_rows(x, y, k, of):
    return np.mean([of(near(x, i, k), near(y, i, k)) for i in range(len(x))])


def knn_jaccard(x, y, k=10):
    return over_rows(x, y, k, lambda a, b: len(set(a) & set(b)) / len(set(a) | set(b)))


def mutual_knn(x, y, k=10):
    return over_rows(x, y, k, lambda a, b: len(set(a) & set(b)) / k)


def rbo(a, b, p):
    """Webber et al. 2010, equation 32, with the overlap counted anew at each depth."""
    k = len(a)
    overlap = [len(set(a[:d]) & set(b[:d])) for d in range(1, k + 1)]
    return overlap[-1] / k * p**k + (1 - p) / p * sum(overlap[d - 1] / d * p**d for d in range(1, k + 1))


def rank_biased_overlap(x, y, p=0.9, depth=100):
    return over_rows(x, y, depth, lambda a, b: rbo(a, b, p))


def rank_similarity(x, y, k=10):
    def of(a, b):
        shared = [(a.index(j) + 1, b.index(j) + 1) for j in a if j in b]
        total = sum(2 / ((1 + abs(r - s)) * (r + s)) for r, s in shared)
        return total / sum(1 / i for i in range(1, len(shared) + 1)) if shared else 0.0

    return over_rows(x, y, k, of)


def distances(m):
    return np.array([[np.linalg.norm(a - b) for b in m] for a in m])


def distance_correlation(x, y):
    def doubly_centred(d):
        return d - d.mean(axis=0) - d.mean(axis=1)[:, None] + d.mean()

    a, b = doubly_centred(distances(x)), doubly_centred(distances(y))
    return np.sqrt(np.mean(a * b) / np.sqrt(np.mean(a * a) * np.mean(b * b)))


def distance_correlation_debiased(x, y):
    def u_centred(d):
        n = len(d)
        u = d - d.sum(axis=0) / (n - 2) - d.sum(axis=1)[:, None] / (n - 2) + d.sum() / ((n - 1) * (n - 2))
        return u - np.diag(np.diag(u))

    a, b = u_centred(distances(x)), u_centred(distances(y))
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


def mmcs(x, y):
    return np.mean([max(cosine(a, b) for b in y) for a in x])


def best_assignment(table):
    """Largest mean over one-to-one assignments, by dynamic programming over sets of columns."""
    table = table if table.shape[0] <= table.shape[1] else table.T
    best = {frozenset(): 0.0}
    for row in table:
        grown: dict[frozenset, float] = {}
        for taken, total in best.items():
            for column in set(range(len(row))) - taken:
                key = taken | {column}
                grown[key] = max(grown.get(key, -np.inf), total + row[column])
        best = grown
    return max(best.values()) / len(table)


def hungarian_cosine(x, y):
    return best_assignment(np.array([[cosine(a, b) for b in y] for a in x]))


def correlations(x, y):
    return np.array([[pearsonr(a, b)[0] for b in y.T] for a in x.T])


def hard_match(x, y):
    return best_assignment(correlations(x, y))


def soft_match(x, y):
    r = correlations(x, y)
    return (np.mean([max(row) for row in r]) + np.mean([max(column) for column in r.T])) / 2


SLOW = {
    of.__name__: of
    for of in (
        cca, svcca, pc1_correlation, pwcca, cka, cka_debiased, rsa, procrustes, singular_value_l2, knn_jaccard, mutual_knn,
        rank_biased_overlap, rank_similarity, distance_correlation, distance_correlation_debiased, mmcs, hungarian_cosine,
        hard_match, soft_match,
    )
}  # fmt: skip

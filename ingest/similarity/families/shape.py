"""The two clouds of rows as shapes: after the best rotation, and by their singular values alone."""

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

from ingest.similarity.arrays import centred, compact, singular_values
from ingest.similarity.registry import GEOMETRY, Prepared, metric
from ingest.similarity.score import Undefined


@metric(unchanged_by=GEOMETRY, higher_is_similar=False)
def procrustes(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """1 - nuclear norm of X'Y, both with centred columns and Frobenius norm 1: a distance.

    Half the squared distance that the best rotation leaves; padding the narrower side with zeros changes nothing.
    Source: Schönemann 1966; Williams et al. 2021; Ding, Denain and Steinhardt 2021.
    Pitfalls: other normalisations go by the same name (1 - norm^2 in SciPy, sqrt(2 - 2 norm), arccos(norm)); with few
    rows a rotation brings any two sides near: see the null.
    """
    x, y = (compact(centred(m, side)) for m, side in ((X, "X"), (Y, "Y")))
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)

    def of(rows: np.ndarray) -> float:
        return 1.0 - float(singular_values(x.T @ rows).sum())

    return Prepared(lambda: of(y), lambda order: of(y[order]))


@metric(
    unchanged_by=frozenset({"rotation", "scale", "rows", "columns", "pairing"}),
    range=(0.0, float(np.sqrt(2))),
    higher_is_similar=False,
    null="Y replaced by a Gaussian matrix of its shape",
)
def singular_value_l2(X: np.ndarray, Y: np.ndarray) -> Prepared:
    """norm(s/norm(s) - t/norm(t)), s and t the singular values of X and Y, not centred: a distance.

    A null value has the singular values of a Gaussian matrix of Y's shape in the place of t. They are drawn from their
    exact law, those of a bidiagonal matrix with chi-distributed entries (Dumitriu and Edelman 2002).
    Source: compares spectra only, as several published feature comparisons do.
    Pitfalls: unpaired, and blind to what the directions mean: unrelated matrices of like shape score near 0. Mean rows
    of different length change it. Both sides must have as many singular values: min(rows, columns).
    """
    s, t = _spectrum(X, "X"), _spectrum(Y, "Y")
    if len(s) != len(t):
        raise Undefined(f"X has {len(s)} singular values and Y {len(t)}; they are compared one by one")

    def drawn(rng: np.random.Generator) -> float:
        return float(np.linalg.norm(s - gaussian_spectrum(len(Y), Y.shape[1], rng)))

    return Prepared(lambda: float(np.linalg.norm(s - t)), drawn=drawn)


def _spectrum(matrix: np.ndarray, side: str) -> np.ndarray:
    s = np.linalg.svd(matrix, compute_uv=False)
    if not s[0] > 0:
        raise Undefined(f"{side} is zero everywhere: it has no direction to speak of")
    return s / np.linalg.norm(s)


def gaussian_spectrum(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """Singular values, largest first and of norm 1, of a matrix of independent Gaussians of that shape."""
    longer, shorter = max(rows, columns), min(rows, columns)
    diagonal = rng.chisquare(longer - np.arange(shorter))
    beside = rng.chisquare(np.arange(shorter - 1, 0, -1))
    squares = diagonal + np.append(0, beside)
    found = np.maximum(eigvalsh_tridiagonal(squares, np.sqrt(diagonal[:-1] * beside)), 0)[::-1]
    return np.sqrt(found / found.sum())

"""Small steps that several families take."""

import operator

import numpy as np

from ingest.similarity.score import Undefined

EPSILON = 1e-12
"""A length below this share of what it was computed from is rounding, and counts as 0."""


def need_rows(matrix: np.ndarray, fewest: int, why: str = "") -> None:
    """Raises `Undefined` for fewer rows than that."""
    if len(matrix) < fewest:
        raise Undefined(f"too few rows: {len(matrix)}; at least {fewest} are needed{why}")


def whole(name: str, value: object, least: int = 1) -> int:
    """A parameter that counts something. Raises `ValueError` in one line."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(f"{name} must be a whole number from {least}; got {value!r}")
    return number


def centred(matrix: np.ndarray, side: str) -> np.ndarray:
    """Columns of mean 0, and exactly 0 where they are constant. Raises `Undefined` where all are."""
    result = matrix - matrix.mean(axis=0)
    result[:, np.ptp(matrix, axis=0) == 0] = 0
    if np.linalg.norm(result) <= EPSILON * np.linalg.norm(matrix):
        raise Undefined(f"all rows of {side} are equal: nothing varies")
    return result


def compact(matrix: np.ndarray) -> np.ndarray:
    """The same rows up to a rotation, with no more columns than their rank where rows are few: inner products stay."""
    if matrix.shape[1] <= matrix.shape[0]:
        return matrix
    u, s, _ = np.linalg.svd(matrix, full_matrices=False)
    rank = max(1, int((s > s[0] * max(matrix.shape) * np.finfo(float).eps).sum())) if s.size else 0
    return np.ascontiguousarray((u * s)[:, :rank])


def singular_values(matrix: np.ndarray) -> np.ndarray:
    """Largest first, to 1e-11 of the largest.

    Roots of the eigenvalues of the smaller Gram matrix, in two thirds of the time of a decomposition, unless the
    smallest would lose digits by the square.
    """
    small = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    squares = np.linalg.eigvalsh(small)[::-1]
    return np.sqrt(squares) if squares[-1] > 1e-7 * squares[0] else np.linalg.svd(matrix, compute_uv=False)


def directions(matrix: np.ndarray, side: str) -> np.ndarray:
    """Rows of length 1. Raises `Undefined` where a row is 0 and has no direction."""
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    if zero := int((length <= 1e-150).sum()):
        raise Undefined(f"{zero} of {len(matrix)} rows of {side} are zero and have no direction; leave them out")
    return matrix / length


def row_centred(matrix: np.ndarray, side: str) -> np.ndarray:
    """Rows of mean 0 and length 1. Raises `Undefined` where a row is constant."""
    result = matrix - matrix.mean(axis=1, keepdims=True)
    length = np.linalg.norm(result, axis=1, keepdims=True)
    constant = (np.ptp(matrix, axis=1) == 0) | (length[:, 0] <= EPSILON * np.linalg.norm(matrix, axis=1))
    if constant.any():
        raise Undefined(
            f"{constant.sum()} of {len(matrix)} rows of {side} are constant and have no correlation; leave them out"
        )
    return result / length


def with_direction(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """bool of shape (row,): rows that vary on both sides, so that every metric's cosine or correlation is defined."""
    return np.logical_and(*(np.ptp(np.asarray(m, float), axis=1) > 0 for m in (X, Y)))

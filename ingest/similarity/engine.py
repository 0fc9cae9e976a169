"""Measure, permute, test: what is the same for every metric."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from ingest.ranks import cores
from ingest.similarity.registry import Metric, Prepared, find
from ingest.similarity.score import Null, Score, Undefined


@dataclass(frozen=True)
class _Inputs:
    """The rows that a metric works on."""

    x: np.ndarray
    y: np.ndarray
    rows: np.ndarray | None
    """int64, ascending: the rows of both sides that were kept, where rows were sub-sampled and belong to each other."""
    note: str | None


def measure(name: str, X: np.ndarray, Y: np.ndarray, **parameters: object) -> Score:
    """The metric of X, float of shape (row, column), and Y; see the docstring of the metric in its family.

    Input for which the metric is not defined gives value None and a reason. Raises `ValueError` for a metric or a
    parameter that does not exist, for NaN, and for paired sides with different numbers of rows.
    """
    return _scored(find(name), X, Y, parameters)[0]


def null(
    name: str,
    X: np.ndarray,
    Y: np.ndarray,
    permutations: np.ndarray,
    advance: Callable[[int], None] = lambda _: None,
    **parameters: object,
) -> np.ndarray:
    """float64 of shape (K,): the metric of X and Y[order] for each row `order` of `permutations`.

    Whatever a permutation leaves alone is computed once. An unpaired metric does not change under a permutation: its
    null is as many draws of what its registry entry says. Where rows are sub-sampled, the pairing is permuted among the
    kept rows, in the order in which `permutations` places them. `advance` is called with 1 after each value.

    Raises `ValueError` as `measure` does, and its kind `Undefined` where the metric has no value.
    """
    with threadpool_limits(1, user_api="blas"):
        score, prepared, inputs = _scored(find(name), X, Y, parameters)
        if prepared is None or inputs is None:
            raise Undefined(score.reason)
        return _draws(find(name), prepared, inputs, _checked(permutations, X), advance)


def tested(
    name: str,
    X: np.ndarray,
    Y: np.ndarray,
    permutations: np.ndarray,
    advance: Callable[[int], None] = lambda _: None,  # noqa: PT028 (it is no test)
    **parameters: object,
) -> Score:
    """`measure` with its null: mean, standard deviation, 95 % quantile, p-value and a sample of its values.

    Raises as `measure` does, and for permutations of another number of rows.
    """
    found = find(name)
    with threadpool_limits(1, user_api="blas"):
        score, prepared, inputs = _scored(found, X, Y, parameters)
        orders = _checked(permutations, X)
        if prepared is None or inputs is None:
            return score
        draws = _draws(found, prepared, inputs, orders, advance)
    return replace(score, null=Null(found.null, draws, found.higher_is_similar))


def permutations(rows: int, k: int, seed: int = 0) -> np.ndarray:
    """int32 of shape (k, rows): the same for every comparison with as many rows, so that their maxima can be compared.

    Holds 4 bytes x k x rows.
    """
    rng = np.random.default_rng(seed)
    return rng.permuted(np.broadcast_to(np.arange(rows, dtype=np.int32), (k, rows)), axis=1)


def _scored(
    found: Metric, X: np.ndarray, Y: np.ndarray, given: dict[str, object]
) -> tuple[Score, Prepared | None, _Inputs | None]:
    """The score without a null, and what its null needs; None for both where there is no value."""
    settled = found.settled(given)
    x, y = _matrix(X, "X"), _matrix(Y, "Y")
    if "scale" in found.unchanged(settled):
        x, y = _moderate(x), _moderate(y)
    inputs = _kept(found, x, y)
    blank = Score(found.name, settled, None, None, found.higher_is_similar, len(inputs.x), inputs.note)
    try:
        _fits(found, inputs)
        prepared = found.prepare(inputs.x, inputs.y, **settled)
        notes = [note for note in (inputs.note, prepared.note) if note]
        value = float(_within(np.array([prepared.value()]), found.range)[0])
        return replace(blank, value=value, note="; ".join(notes) or None), prepared, inputs
    except Undefined as reason:
        return replace(blank, reason=str(reason)), None, None


def _matrix(given: np.ndarray, side: str) -> np.ndarray:
    matrix = np.ascontiguousarray(given, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"{side} must be a matrix of rows and columns; got shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        rows = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
        raise ValueError(f"{side} holds NaN or infinity in {len(rows)} of {len(matrix)} rows, first in row {rows[0]}")
    return matrix


def _moderate(matrix: np.ndarray) -> np.ndarray:
    """Numbers whose fourth powers would leave the floats are scaled by a power of two, which loses nothing."""
    _, exponent = np.frexp(np.abs(matrix).max(initial=0.0))
    return matrix if abs(exponent) < 100 else np.ldexp(matrix, -exponent)


def _kept(found: Metric, x: np.ndarray, y: np.ndarray) -> _Inputs:
    """The rows to work on. Two sides of one length keep the same rows, so that partners stay together."""
    if found.paired and len(x) != len(y):
        raise ValueError(f"{found.name} pairs the rows of X and Y: X has {len(x)}, Y {len(y)}")
    limit = found.row_limit
    if limit is None or max(len(x), len(y)) <= limit:
        return _Inputs(x, y, None, None)
    kept_x, kept_y = (_sample(len(m), limit) for m in (x, y))
    note = f"{limit} of {max(len(x), len(y))} rows, drawn with a fixed seed"
    return _Inputs(x[kept_x], y[kept_y], kept_x, note)


def _sample(rows: int, limit: int) -> np.ndarray:
    if rows <= limit:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, limit, replace=False))


def _fits(found: Metric, inputs: _Inputs) -> None:
    x, y = inputs.x, inputs.y
    for side, matrix in (("X", x), ("Y", y)):
        if not matrix.size:
            raise Undefined(f"{side} is empty: {matrix.shape[0]} rows, {matrix.shape[1]} columns")
    if found.same_width and x.shape[1] != y.shape[1]:
        raise Undefined(f"{found.name} needs sides of one width: X has {x.shape[1]} columns, Y {y.shape[1]}")


def _checked(orders: np.ndarray, X: np.ndarray) -> np.ndarray:
    orders = np.asarray(orders)
    if orders.ndim != 2 or not len(orders) or orders.dtype.kind not in "iu":
        raise ValueError(f"permutations must be integers of shape (K, rows), K > 0; got {orders.dtype} {orders.shape}")
    if orders.shape[1] != len(X):
        raise ValueError(f"permutations are of {orders.shape[1]} rows, X has {len(X)}")
    return orders


def _draws(
    found: Metric, prepared: Prepared, inputs: _Inputs, orders: np.ndarray, advance: Callable[[int], None]
) -> np.ndarray:
    """The null values, several at once. Callers leave one BLAS thread to each: small products and decompositions share
    badly, and beside other work wait for each other."""
    if prepared.permuted is not None:
        permuted = prepared.permuted
        jobs = [partial(_permuted, permuted, order, inputs.rows) for order in orders]
    else:
        drawn = prepared.drawn
        assert drawn is not None, f"{found.name} has no null"
        seeds = np.random.SeedSequence([int(i) for i in orders[0, :16]]).spawn(len(orders))
        jobs = [partial(_drawn, drawn, seed) for seed in seeds]
    values = np.empty(len(jobs))
    with ThreadPoolExecutor(cores()) as pool:
        for i, value in enumerate(pool.map(lambda job: job(), jobs)):
            values[i] = value
            advance(1)
    return _within(values, found.range)


def _within(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Rounding that leaves the range is taken back; nothing else is."""
    for bound, over in zip(bounds, (values < bounds[0], values > bounds[1]), strict=True):
        values = np.where(over & (np.abs(values - bound) < 1e-9), bound, values)
    return values


def _permuted(of: Callable[[np.ndarray], float], order: np.ndarray, rows: np.ndarray | None) -> float:
    return of(_among(order, rows))


def _drawn(of: Callable[[np.random.Generator], float], seed: np.random.SeedSequence) -> float:
    return of(np.random.default_rng(seed))


def _among(order: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
    """The permutation itself, or the one of the kept rows that puts them in the order of their images."""
    if rows is None:
        return order.astype(np.int64)
    return np.argsort(np.argsort(order[rows]))

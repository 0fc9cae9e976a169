"""Permutation nulls beside a naive loop, in one run: every metric, on as many matched pairs as a real comparison has.

The loop calls `measure` on permuted rows, as is usual; a few rounds of it are timed and scaled up. An unpaired metric has
draws in the place of permutations, and its loop measures as many fresh random matrices.
"""

import argparse
import resource
import time

import numpy as np

from ingest import similarity
from ingest.similarity import REGISTRY

ROWS, COLUMNS, DRAWS = 5_000, 512, 1_000


def sides(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """A cloud with a spectrum that falls, and a noisy rotation of it."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, columns)) / np.sqrt(np.arange(1, columns + 1))
    rotation = np.linalg.qr(rng.standard_normal((columns, columns)))[0]
    return x, x @ rotation + 0.05 * rng.standard_normal((rows, columns))


def timed(name: str, x: np.ndarray, y: np.ndarray, draws: int, measured: int, rounds: int) -> tuple[float, float]:
    """Seconds for `draws` values of the null, scaled up from `measured`, and for the loop, from `rounds` of it.

    What is done once, before the first value is there, is not scaled.
    """
    orders, times = similarity.permutations(len(x), measured + 1), [time.perf_counter()]
    similarity.null(name, x, y, orders, lambda _: times.append(time.perf_counter()))
    once, each = times[1] - times[0], (times[-1] - times[1]) / measured
    rng = np.random.default_rng(1)
    started = time.perf_counter()
    for order in orders[:rounds]:
        similarity.measure(name, x, y[order] if REGISTRY[name].paired else rng.standard_normal(y.shape))
    return once + each * draws, (time.perf_counter() - started) / rounds * draws


def report(measured: int = DRAWS, rounds: int = 1) -> None:
    """Print the seconds of every metric and the ratio; fewer `measured` permutations are scaled up, and it says so."""
    x, y = sides(ROWS, COLUMNS)
    scaled = "" if measured == DRAWS else f", scaled up from {measured}"
    print(
        f"Nulls: {DRAWS:,} permutations of {ROWS:,} pairs x {COLUMNS} dimensions{scaled}; a loop of {rounds}, scaled up"
    )
    print(f"{'':32}{'null, s':>10}{'loop, s':>10}{'ratio':>8}")
    total = np.zeros(2)
    for name in sorted(REGISTRY):
        small = sides(60, 8)
        similarity.null(name, *small, similarity.permutations(60, 2))  # the compiled loops, before the clock runs
        ours, loop = timed(name, x, y, DRAWS, measured, rounds)
        total += ours, loop
        print(f"{name:32}{ours:10.1f}{loop:10.1f}{loop / ours:7.1f}x", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{'all':32}{total[0]:10.1f}{total[1]:10.1f}{total[1] / total[0]:7.1f}x   peak {peak:.1f} GB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measured", type=int, default=DRAWS, help="permutations that are timed")
    report(parser.parse_args().measured)

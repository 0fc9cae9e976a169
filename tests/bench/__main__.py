"""`make bench`: the matching engine beside a blocked dense correlation of the same activations, in one run, as a ratio.

Both sides get random sparse activations whose firing rates follow a power law, as those of real SAEs do, over tokens
whose frequencies follow Zipf's law. The dense loop computes pearson only; some of its blocks are timed and the rest is
scaled up from them. The engine computes everything that a match stores.
"""

import argparse
import resource
import time

import numpy as np
import torch
from scipy.sparse import csr_array

from ingest.matching import match
from ingest.matching.moments import Side

BLOCK = 1024
"""Features of each side in a block of the dense loop."""
BLOCKS = 4
"""Blocks that are timed."""


def activations(tokens: int, features: int, active: int, seed: int) -> csr_array:
    """float32 of shape (token, feature) with about `active` entries a row."""
    rng = np.random.default_rng(seed)
    rates = 1.0 / (np.arange(features) + 20.0)
    places = np.searchsorted(np.cumsum(rates) / rates.sum(), rng.random((tokens, active), np.float32)).astype(np.int32)
    places = np.sort(np.minimum(places, features - 1), axis=1)
    indptr = np.arange(tokens + 1) * active
    matrix = csr_array(
        (rng.exponential(1, tokens * active).astype(np.float32), places.ravel(), indptr), shape=(tokens, features)
    )
    matrix.sum_duplicates()
    return matrix


def dense_seconds(a: csr_array, b: csr_array, chunk: int = 50_000) -> float:
    """Seconds of a blocked dense pearson of all pairs, scaled from `BLOCKS` of its blocks."""
    started = time.perf_counter()
    left, right = a[:, :BLOCK].tocsr(), [b[:, i * BLOCK : (i + 1) * BLOCK].tocsr() for i in range(BLOCKS)]
    for block in right:
        total = torch.zeros(left.shape[1], block.shape[1])
        for first in range(0, a.shape[0], chunk):
            x, y = (torch.from_numpy(m[first : first + chunk].toarray()) for m in (left, block))
            total += x.T @ y
        total.topk(min(10, total.shape[1]), dim=1)
    blocks = -(-a.shape[1] // BLOCK) * -(-b.shape[1] // BLOCK)
    return (time.perf_counter() - started) * blocks / BLOCKS


def engine_seconds(a: csr_array, b: csr_array) -> float:
    """Seconds of the engine, all evidence included, after it was compiled."""
    tokens = a.shape[0]
    text = np.random.default_rng(2).zipf(1.3, tokens) % 50_000
    started = time.perf_counter()
    match("a~b", Side(a), Side(b), text, np.arange(tokens) % 128, np.arange(tokens) // 128, None)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--tokens", type=int, default=200_000)
    parser.add_argument("--features", type=int, default=8192)
    parser.add_argument("--active", type=int, default=32, help="active features a token")
    asked = parser.parse_args()
    engine_seconds(*(activations(2000, 256, 8, seed) for seed in (0, 1)))
    a, b = (activations(asked.tokens, asked.features, asked.active, seed) for seed in (0, 1))
    engine = engine_seconds(a, b)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    dense = dense_seconds(a, b)
    print(
        f"{asked.features:,} x {asked.features:,} features, {asked.tokens:,} tokens, {asked.active} active a token, {torch.get_num_threads()} threads"
    )
    print(f"engine, all evidence      {engine:10.1f} s    peak {peak:.2f} GB")
    print(
        f"dense loop, pearson only  {dense:10.1f} s    scaled from {BLOCKS} of {(-(-asked.features // BLOCK)) ** 2} blocks"
    )
    print(f"ratio                     {dense / engine:10.1f} x")


if __name__ == "__main__":
    main()

"""Synthetic activations of two related models at any size, for the benchmarks.

What makes sparse products cheap or dear in real spaces is here too: firing rates follow a power law; tokens follow
Zipf's law; most of what fires follows the token, so that n occurrences of a token fire about sqrt(n) times as many
distinct features as one does (measured on the demo's SAEs: 124, 190, 293 and 431 distinct features for tokens that
occur 20, 53, 164 and 543 times, with 16 active of 2,048); half of what fires is shared by both models, with noise.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

PASSAGE = 128
VOCABULARY = 50_000
_CHUNK = 20_000


@dataclass(frozen=True)
class World:
    """Two spaces over the same units."""

    a: csr_array
    b: csr_array
    text: np.ndarray
    position: np.ndarray
    passage: np.ndarray


def world(units: int, features: int, active: int) -> World:
    """About `active` features of each side fire at a unit."""
    rng = np.random.default_rng(0)
    text = rng.zipf(1.1, 4 * units)
    text = text[text < VOCABULARY][:units]
    unit = np.arange(units)
    a, b = (_space(text, features, active, side) for side in (1, 2))
    return World(a, b, text, unit % PASSAGE, unit // PASSAGE)


def _space(text: np.ndarray, features: int, active: int, side: int) -> csr_array:
    parts = [_rows(text, first, features, active, side) for first in range(0, len(text), _CHUNK)]
    size, feature, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return csr_array((value, feature, np.concatenate([[0], np.cumsum(size)])), shape=(len(text), features))


def _rows(
    text: np.ndarray, first: int, features: int, active: int, side: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(entries of each unit, feature, activation) of a chunk of units."""
    here = np.arange(first, min(first + _CHUNK, len(text)))
    shared, own = np.random.default_rng([first, 0]), np.random.default_rng([first, side])
    drawn = round(1.19 * active)  # some come twice and are dropped
    shape = (len(here), drawn)
    kind, rank = shared.random(shape), np.minimum(drawn * (shared.random(shape) ** (-1 / 2.2) - 1), 1e6).astype(int)
    stirred = kind > 0.99
    follows = np.where(kind < 0.97, text[here][:, None] + 2**20, (here // PASSAGE)[:, None])
    both = np.arange(drawn) % 2 == 0
    chance = _hash(follows, rank, np.where(both, 0, side))
    chance[stirred] = own.random(int(stirred.sum()))
    feature = np.minimum(features * chance**1.3, features - 1).astype(np.int32)
    value = (shared.exponential(1, shape) * np.where(both, own.lognormal(0, 0.5, shape), 1)).astype(np.float32)
    order = np.argsort(feature, axis=1, kind="stable")
    feature, value = np.take_along_axis(feature, order, 1), np.take_along_axis(value, order, 1)
    kept = np.append(np.ones((len(here), 1), bool), np.diff(feature, axis=1) > 0, axis=1)
    return kept.sum(1), feature[kept], value[kept]


def _hash(*parts: np.ndarray) -> np.ndarray:
    """float64 in [0, 1) of the shape that the parts, whole numbers, broadcast to (the finaliser of splitmix64)."""
    mixed = np.uint64(0)
    for part in parts:
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + part.astype(np.uint64) + np.uint64(0x632BE59BD9B4E019)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2**53

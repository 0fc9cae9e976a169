"""Inputs that several tests use, and the parameters with which every metric is tried on few rows."""

import numpy as np

VARIANTS = [
    ("cca", {}),
    ("svcca", {}),
    ("svcca", {"variance": 0.8}),
    ("svcca", {"components": 2}),
    ("pc1_correlation", {}),
    ("pwcca", {}),
    ("cka", {}),
    ("cka_debiased", {}),
    ("rsa", {}),
    ("rsa", {"inner": "euclidean"}),
    ("procrustes", {}),
    ("singular_value_l2", {}),
    ("knn_jaccard", {"k": 3}),
    ("mutual_knn", {"k": 4}),
    ("rank_biased_overlap", {"p": 0.8, "depth": 6}),
    ("rank_similarity", {"k": 5}),
    ("distance_correlation", {}),
    ("distance_correlation_debiased", {}),
    ("mmcs", {}),
    ("hungarian_cosine", {}),
    ("hard_match", {}),
    ("soft_match", {}),
]


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def related(seed: int, rows: int, columns: int, noise: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """X, and Y = a rotation of X with noise; neither is centred."""
    rotation = np.linalg.qr(normal(seed, columns, columns))[0]
    x = normal(seed + 1, rows, columns) * np.linspace(1, 2, columns) + 0.5
    return x, x @ rotation + noise * normal(seed + 2, rows, columns)

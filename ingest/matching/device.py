"""On which device a comparison's matches are searched for."""

import torch

from ingest import costs, machines
from ingest.matching.moments import Moments


def sooner(a: Moments, b: Moments) -> str:
    """The device, `cpu` or `cuda`, that finds the matches first; the matches are the same on either."""
    if not torch.cuda.is_available():
        return "cpu"
    active_a, active_b = (float(side.n_active.sum()) / max(1, side.n_units) for side in (a, b))
    pairs = a.n_features * b.n_features
    return "cuda" if costs.sooner_on_gpu(a.n_units, active_a, active_b, pairs, machines.here()) else "cpu"

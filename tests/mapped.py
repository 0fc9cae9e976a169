"""A store with two maps of any size: the small store of tests/store/build.py, and 'a' and 'b' laid out in islands.

Feature i of A is matched with feature n - 1 - i of B, r growing from .1 to .9 over every ten features; every seventh
match is not mutual. Islands are clusters; the last one is called none. Matches of one island of A lie on one of B. Every fourth feature
belongs to the concept `letters`, by half.
"""

from typing import Any

import numpy as np

from tests.store import build

ISLANDS = 6


def island(i: np.ndarray | int, n: int) -> Any:
    return i * ISLANDS // n


def tables(n: int) -> dict[str, build.Rows]:
    """The rows of a store whose spaces `a` and `b` have `n` features each."""
    found = build.tables()
    for space in ("a", "b"):
        _space(found, space, n)
    found["matches"] = [row for row in found["matches"] if row["comparison"] != "a~b"]
    matches = [_match(i, n) for i in range(n)]
    found["matches"] = matches + found["matches"]
    found["concepts"] = [{"concept": "letters", "keyword": "ab", "n_found": 4}]
    share = {"concept": "letters", "mass_share": 0.5, "n_active": 3}
    found["concept_features"] = [
        {**share, "space": space, "feature": i} for space in ("a", "b") for i in range(0, n, 4)
    ]
    return found


def _space(found: dict[str, build.Rows], space: str, n: int) -> None:
    for row in found["spaces"]:
        if row["space"] == space:
            row |= {"n_features": n, "n_alive": n}
    known = {row["feature"]: row for row in found["features"] if row["space"] == space}
    blank: dict[str, Any] = dict.fromkeys(next(iter(known.values())))
    features = [
        {**blank, "space": space, "feature": i, "n_active": 10 + i % 90, "firing_rate": (10 + i % 90) / 1000,
         "top_token": f" t{i % 50}", "top_token_share": 0.25}
        for i in range(n)
    ]  # fmt: skip
    rest = [row for row in found["features"] if row["space"] != space]
    found["features"] = sorted(features + rest, key=lambda row: (row["space"], row["feature"]))
    number = np.arange(n)
    own = island(number, n)
    angle = 2 * np.pi * own / ISLANDS + (1.0 if space == "b" else 0.0)
    rng = np.random.default_rng(ord(space))
    x, y = (3 * turn(angle) + 0.4 * rng.standard_normal(n) for turn in (np.cos, np.sin))
    here = [{"space": space, "feature": i, "x": float(x[i]), "y": float(y[i])} for i in range(n)]
    maps = [row for row in found["maps"] if row["space"] != space]
    maps += [{**row, "method": method} for method in ("pca", "umap") for row in here]
    found["maps"] = sorted(maps, key=lambda row: (row["space"], row["method"], row["feature"]))
    clusters = [row for row in found["clusters"] if row["space"] != space]
    last = ISLANDS - 1
    clusters += [{"space": space, "feature": i, "cluster": int(own[i]) if own[i] < last else None} for i in range(n)]
    found["clusters"] = sorted(clusters, key=lambda row: (row["space"], row["feature"]))


def _match(i: int, n: int) -> dict[str, Any]:
    r = 0.1 + 0.8 * (i % 10) / 9
    mutual = i % 7 != 6
    evidence = {"pearson": r, "pearson_token": r / 4, "pearson_context": 3 * r / 4, "n_both": 5}
    return build.match("a~b", i, n - 1 - i, rank_ba=1 if mutual else 2, mutual_best=mutual, **evidence)

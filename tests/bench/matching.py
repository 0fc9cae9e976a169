"""The engine beside a blocked dense correlation of the same activations, in one run, as a ratio.

Every figure comes from a process of its own, so that its peak memory is its own. The dense loop computes pearson alone,
in float32: once with blocks of 1,024 features of either side, as is usual, and once with blocks of 4,096, the fastest
that we found. One of its blocks over a part of the units is timed, and the rest scaled up from it. The engine computes
all that a match stores.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import csr_array, hstack

from ingest.config import ComparisonSpec
from ingest.matching import match, nulls
from ingest.matching.moments import Side
from ingest.plan import SpacePlan, compare
from tests.bench.activations import World, world

DENSE = {1024: 32_768, 4096: 8192}
"""Features of a side in a block -> units made dense at once."""
CHUNKS = 4
"""Chunks that are timed, after one that is not."""
ARRAYS = ("text", "position", "passage")


def save(made: World, folder: Path) -> None:
    for name in ARRAYS:
        np.save(folder / f"{name}.npy", getattr(made, name))
    for name, side in (("a", made.a), ("b", made.b)):
        for part in ("indptr", "indices", "data"):
            np.save(folder / f"{name}-{part}.npy", getattr(side, part))
        np.save(folder / f"{name}-shape.npy", side.shape)


def load(folder: Path) -> World:
    def side(name: str) -> csr_array:
        parts = [np.load(folder / f"{name}-{part}.npy") for part in ("data", "indices", "indptr", "shape")]
        return csr_array(tuple(parts[:3]), shape=tuple(parts[3]))

    return World(side("a"), side("b"), *(np.load(folder / f"{name}.npy") for name in ARRAYS))


def engine(folder: Path) -> dict[str, float]:
    """Seconds of the engine after it was compiled: for the matches, and for their null."""
    taken = []
    null = nulls.best_match_null

    def timed(*arguments):  # type: ignore[no-untyped-def]
        started = time.perf_counter()
        found = null(*arguments)
        taken.append(time.perf_counter() - started)
        return found

    nulls.best_match_null = timed
    _compile()
    whole, kept = _matched(load(folder))
    return {"matches": whole - taken[-1], "null": taken[-1], "kept": kept}


def _compile() -> None:
    """Run every compiled loop once, those of the second search too: thirty equal features make it necessary."""
    made = world(2000, 64, 8)
    equal = csr_array(hstack([made.b, *[made.a[:, :1]] * 30]))
    _matched(World(made.a, equal, made.text, made.position, made.passage))


def _matched(made: World) -> tuple[float, int]:
    """Seconds of a match, and the matches kept."""
    sides = Side(made.a), Side(made.b)
    units = made.text, made.position, made.passage
    del made
    started = time.perf_counter()
    found = match("a~b", *sides, *units, None)
    return time.perf_counter() - started, found["matches"].num_rows


def dense(folder: Path, block: int) -> dict[str, float]:
    """Seconds of the dense loop, scaled from one block over a few chunks."""
    made, chunk = load(folder), DENSE[block]
    n_units, n_features = made.a.shape
    left, right = (side[: chunk * (CHUNKS + 1), :block].tocsr() for side in (made.a, made.b))
    total = torch.zeros(left.shape[1], right.shape[1])
    seconds, done = 0.0, 0
    for first in range(0, left.shape[0], chunk):
        started = time.perf_counter()
        x, y = (torch.from_numpy(side[first : first + chunk].toarray()) for side in (left, right))
        total.addmm_(x.T, y)
        if first:
            seconds, done = seconds + time.perf_counter() - started, done + len(x)
    started = time.perf_counter()
    total.topk(min(10, total.shape[1]), dim=1)
    once = time.perf_counter() - started
    blocks = (n_features / min(block, n_features)) ** 2
    return {"seconds": blocks * (seconds * n_units / max(1, done) + once), "blocks": blocks, "units": done}


def measured(what: str, folder: Path) -> dict[str, float]:
    """The figures of `what` from a process of its own, with its peak memory in GB as `peak`."""
    command = [sys.executable, "-m", "tests.bench.matching", "--figures", what, str(folder)]
    done = subprocess.run(command, env=os.environ | {"TQDM_DISABLE": "1"}, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def versus(units: int, features: int, active: int) -> None:
    """The engine and the dense loop on the same activations."""
    with tempfile.TemporaryDirectory() as name:
        made = world(units, features, active)
        save(made, Path(name))
        fired = made.a.nnz / units
        del made
        fast = measured("engine", Path(name))
        slow = {block: measured(str(block), Path(name)) for block in DENSE}
    print(
        f"Matching {features:,} x {features:,} features over {units:,} units, {fired:.0f} active a unit, "
        f"{torch.get_num_threads()} threads"
    )
    sides = {name: SpacePlan(name, features, fired, False, round(fired * units)) for name in "ab"}
    planned = compare(ComparisonSpec(a="a", b="b"), sides, units).memory / 1e9
    memory = f"peak {fast['peak']:.2f} GB, where the plan said {planned:.2f}"
    print(f"  engine: matches with all evidence   {fast['matches']:9.1f} s   {fast['kept']:,.0f} kept")
    print(f"  engine: null, {nulls.ROUNDS} more searches       {fast['null']:9.1f} s   {memory}")
    searches, both = 1 + nulls.ROUNDS, fast["matches"] + fast["null"]
    for block, loop in slow.items():
        how = f"scaled from 1 of {loop['blocks']:,.0f} blocks and {loop['units']:,.0f} of its units"
        print(f"  dense loop, blocks of {block:,}         {loop['seconds']:9.0f} s   peak {loop['peak']:.2f} GB; {how}")
        print(f"    one loop / matches                {loop['seconds'] / fast['matches']:9.0f} x")
        print(f"    {searches} loops / matches and null       {searches * loop['seconds'] / both:9.0f} x", flush=True)


def growth() -> None:
    """How the engine's time and memory grow with units, with width, and with active features a unit."""
    print("Growth of the engine: matches and null in seconds, peak in GB")
    print(f"{'units':>12}{'features':>10}{'active':>8}{'matches':>9}{'null':>8}{'peak':>7}{'kept':>12}")
    for units, features, active in (
        *((units, 8192, 32) for units in (50_000, 100_000, 200_000, 400_000)),
        *((100_000, features, 32) for features in (4096, 16_384, 32_768, 65_536)),
        *((100_000, 8192, active) for active in (16, 64, 128)),
    ):
        with tempfile.TemporaryDirectory() as name:
            save(world(units, features, active), Path(name))
            found = measured("engine", Path(name))
        print(
            f"{units:12,}{features:10,}{active:8}{found['matches']:9.1f}{found['null']:8.1f}{found['peak']:7.2f}"
            f"{found['kept']:12,.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.matching", description=__doc__)
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=24_576)
    parser.add_argument("--active", type=int, default=64, help="active features a unit")
    parser.add_argument("--figures", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.figures is None:
        versus(asked.units, asked.features, asked.active)
        return
    what, folder = asked.figures
    figures = engine(Path(folder)) if what == "engine" else dense(Path(folder), int(what))
    print(json.dumps(figures | {"peak": _peak()}))


def _peak() -> float:
    """Peak memory of this process in GB. Linux's ru_maxrss would count what the parent held when it started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9


if __name__ == "__main__":
    main()

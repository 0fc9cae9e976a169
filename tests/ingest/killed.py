"""Kills real processes at chosen steps of a run: `python -m tests.ingest.killed RUN.toml FOLDER`.

One interpreter imports the job once and forks a child for each run, so that a kill costs no start. For each step of
`STEPS` and each share of `MOMENTS`, a child runs into a folder of its own and is killed there with SIGKILL; a second
child runs the same command again. Prints one line of JSON: what an uninterrupted run gives, then what each of these gave.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from ingest import (
    activations,
    agreement,
    concepts,
    config,
    corpus,
    features,
    geometry,
    publish,
    run,
    scores,
    shards,
    tokens,
    workspace,
)
from ingest.matching import candidates, nulls

SHARD = 32
"""Passages in a shard, so that the tiny run has several."""
STEPS: dict[str, tuple[Any, str, int]] = {
    "reading the text": (corpus, "read", 1),
    "reading the second model's tokens": (tokens, "read", 2),
    "before a shard is written": (shards, "write", 3),
    "a shard is written, not renamed": (workspace._Beside, "rename", 2),
    "describing": (features, "_examples", 1),
    "describing the second space": (features, "_histograms", 2),
    "neighbours and maps": (geometry, "arrange", 2),
    "concepts": (concepts, "shares", 1),
    "matching": (candidates, "search", 1),
    "null": (nulls, "best_match_null", 1),
    "agreement": (agreement, "agree", 1),
    "scores": (scores, "score", 1),
    "publishing, tables filled": (publish, "checksum_sql", 1),
    "published, working files not pruned": (workspace.Workspace, "prune", 1),
    "published, not sealed": (publish, "seal", 1),
}
"""What is going on -> the function that kills the process in place of its n-th call."""
MOMENTS = (0.2, 0.45, 0.7, 0.95)
"""Shares of the time that an uninterrupted run takes, at which another process kills one."""


def forked(do: Callable[[], None]) -> int:
    """Run in a child; returns its exit status as `os.wait` gives it."""
    child = os.fork()
    if not child:
        try:
            do()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def deadly(owner: Any, name: str, nth: int) -> None:
    """From now on the n-th call of a function kills this process."""
    original, calls = getattr(owner, name), [0]

    def called(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(owner, name, called)


def whole(run_file: Path, out: Path) -> None:
    activations.SHARD = SHARD
    run.run(*config.read(run_file), out)


def cut_short(run_file: Path, out: Path, step: str) -> None:
    deadly(*STEPS[step])
    whole(run_file, out)


def timed_out(run_file: Path, out: Path, seconds: float) -> None:
    threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    whole(run_file, out)


def contents(out: Path) -> dict[str, Any]:
    """Fingerprint, and the checksum of every table but `build`, which holds the time."""
    with duckdb.connect(out / "homolog.duckdb", read_only=True) as database:
        tables = database.execute("SELECT table_name, n_rows, checksum FROM contents WHERE table_name <> 'build'")
        found = {name: [n_rows, checksum] for name, n_rows, checksum in tables.fetchall()}
        (fingerprint,) = database.execute("SELECT fingerprint FROM build").fetchone()  # type: ignore[misc]
    return {"fingerprint": fingerprint, "tables": found}


def main(run_file: Path, folder: Path) -> None:
    forked(lambda: whole(run_file, folder / "warm-up"))  # compiled loops are read from their cache from now on
    begun = time.perf_counter()
    assert forked(lambda: whole(run_file, folder / "whole")) == 0
    seconds = time.perf_counter() - begun
    results = []
    kills: dict[str, Callable[[Path], None]] = {
        step: lambda out, step=step: cut_short(run_file, out, step)  # type: ignore[misc]
        for step in STEPS
    }
    kills |= {
        f"{share:.0%} of the time": lambda out, share=share: timed_out(run_file, out, share * seconds)  # type: ignore[misc]
        for share in MOMENTS
    }
    for number, (step, kill) in enumerate(kills.items()):
        out = folder / f"killed-{number}"
        died = forked(lambda kill=kill, out=out: kill(out))  # type: ignore[misc]
        files = sorted(path.name for path in out.rglob("*.parquet")) if out.exists() else []
        again = forked(lambda out=out: whole(run_file, out))  # type: ignore[misc]
        left = sorted(path.name for path in out.rglob("*.part*"))
        results.append({"step": step, "died": died, "kept": len(files), "again": again, "left": left, **contents(out)})
    print(json.dumps({"whole": contents(folder / "whole"), "killed": results}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

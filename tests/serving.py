"""A dashboard on a store, started as a user starts it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


@contextmanager
def serving(store: Path, log: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a dashboard; what it says goes to `log`."""
    with started(store, log, *options, environment=environment) as (address, _):
        yield address


@contextmanager
def started(
    store: Path,
    log: Path,
    *options: str,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    through: Sequence[str] = (),
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a dashboard and its process; `through` is a command that becomes the one given to it."""
    port = free_port() if port is None else port
    command = [*through, sys.executable, "-m", "dashboard", str(store), "--port", str(port), *options]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env={**os.environ, **(environment or {})})
        try:
            address = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 90
            while not answers(f"{address}/_stcore/health"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.3)
            yield address, process
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False

"""Jobs in real processes that are killed at a given place: each is a fork of one process that has imported everything
and started no thread, so that a job costs no start of an interpreter.
"""

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

ENV = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "TQDM_DISABLE": "1"}


class Forks:
    """The process that forks. `run` answers with what a job ended with, and what it said on standard error."""

    def __init__(self, folder: Path, setting: dict[str, Any]) -> None:
        """`folder` holds what jobs say; `setting`: dotted name -> value, set in every job."""
        self.setting = setting
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ingest.forks", str(folder / "said")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ENV,
            cwd=Path(__file__).parents[2],
        )

    def run(self, *arguments: object, **how: Any) -> tuple[int, str]:
        """`python -m ingest <arguments>`: its exit status, minus the signal where one ended it, and its standard
        error without warnings.

        `kill`: (dotted name of a function, which of its calls from 1, "before" or "after"): the job is killed there.
        `new_file`: "before" or "after": it is killed where it renames something to a name that is not there yet.
        `largest`: bytes that a file may have. `pause`: dotted name of a function; it is stopped there, not killed, until
        another job has ended.
        """
        assert self.process.stdin is not None
        job = {"arguments": [*map(str, arguments)], "setting": self.setting, **how}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout is not None
        status, said = json.loads(self.process.stdout.readline())
        return status, "".join(line for line in said.splitlines(True) if not line.startswith("homolog: warning: "))

    def close(self) -> None:
        self.process.communicate()


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stop(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _at(name: str, call: int, when: str, act: Callable[..., None]) -> None:
    """Let something happen before or after one call of a function or method."""
    owner, attribute = _owner(name)
    real, calls = getattr(owner, attribute), [0]

    def instead(*given: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] == call and when == "before":
            act()
        result = real(*given, **more)
        if calls[0] == call:
            act()
        return result

    setattr(owner, attribute, instead)


def _owner(name: str) -> tuple[Any, str]:
    path, _, attribute = name.rpartition(".")
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            owner = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            owner = getattr(owner, part)
        return owner, attribute
    raise ModuleNotFoundError(name)


def _at_new_file(when: str) -> None:
    real = Path.replace

    def instead(self: Path, target: Path) -> Path:
        is_new = not Path(target).exists()
        if is_new and when == "before":
            _die()
        real(self, target)
        if is_new:
            _die()
        return Path(target)

    Path.replace = instead  # type: ignore[assignment, method-assign]


def _job(job: dict[str, Any], error: Path) -> None:
    """What a fork does; it does not return."""
    os.dup2(os.open(error, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for name, value in job["setting"].items():
        setattr(*_owner(name), value)
    if kill := job.get("kill"):
        _at(*kill, _die)
    if pause := job.get("pause"):
        _at(pause, 1, "before", _stop)
    if when := job.get("new_file"):
        _at_new_file(when)
    if largest := job.get("largest"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    from ingest.__main__ import main

    status = 1
    try:
        status = main(job["arguments"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def serve() -> None:
    """Fork a job for each line of standard input."""
    import ingest.models.libraries
    import ingest.run  # noqa: F401

    for name in ("sae_lens", "transformer_lens", "transformers", "umap", "sklearn.cluster", "duckdb"):
        importlib.import_module(name)
    error, stopped = Path(sys.argv[1]), 0
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _job(json.loads(line), error)
        _, status = os.waitpid(child, os.WUNTRACED)
        ended = -signal.SIGSTOP if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)
        if stopped:
            os.kill(stopped, signal.SIGKILL)
            os.waitpid(stopped, 0)
        stopped = child if ended == -signal.SIGSTOP else 0
        print(json.dumps([ended, error.read_text()]), flush=True)


if __name__ == "__main__":
    serve()

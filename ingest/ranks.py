"""Several processes at one job: the ranks that torchrun starts, on one machine or on many.

    torchrun --nproc-per-node 2 -m ingest run RUN.toml --out DIR

The store's folder, which every rank sees under the same path, is the message: each rank writes whole files there, then
they meet. What is too small for a file (a decision, a short list, the text) goes over gloo, on processors; tensors stay
on their devices, and rank n of a machine takes its n-th GPU. A process that nobody started so is alone: it is `ALONE`,
meets nobody and waits for nothing.

What ranks do is divided by shards, spaces, comparisons and features, and put together in the order of those, never in
the order of their ends. So the store is that of one process. A rank that fails says why, once for all ranks, and ends;
the others lose their connection to it at the next meeting and end too (torchrun does not even wait for that).
"""

import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ingest.errors import IngestError

T = TypeVar("T")

ARRIVAL = timedelta(minutes=10)
"""How long ranks wait for each other when they start."""
MEETING = timedelta(days=1)
"""How long a rank waits for the others later: longer than any step. A rank that ends is missed at once; this is for a
machine that vanishes without a word."""
SETTLED = 60.0
"""Seconds that a file of another machine may take to be seen in a shared folder: caches of NFS live that long."""
PAUSE = 2e-3
"""Seconds between two looks at a meeting, so that Ctrl-C is heard there too."""
FAILED, SAID = "homolog/failed", "homolog/said"


class Alone(IngestError):
    """The other ranks, or one of them, have ended before their work."""


@dataclass(frozen=True)
class Ranks:
    """Which process this is among how many."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the rank that shows progress, keeps the log and publishes."""
        return self.rank == 0

    def gather(self, mine: T) -> list[T]:
        """What each rank brings, in the order of ranks; all have to come. Raises `Alone` when one has ended."""
        return [mine] if self.size == 1 else _gathered(self.rank, mine)

    def meet(self) -> None:
        """Wait for the others: what they have written is there. Raises `Alone` when one has ended."""
        self.gather(None)

    def broadcast(self, make: Callable[[], T]) -> T:
        """What rank 0 makes; the others wait for it."""
        return self.gather(make() if self.first else None)[0]  # type: ignore[return-value]

    def mine(self, items: Iterable[T]) -> list[T]:
        """This rank's part of the items as rank 0 sees them: each item is one rank's, in turn.

        Raises `Alone` when a rank has ended.
        """
        return self.broadcast(lambda: list(items))[self.rank :: self.size]

    def each(
        self, names: Iterable[str], do: Callable[[str], T], weight: Callable[[str], float] | None = None
    ) -> dict[str, T]:
        """`do` of each name, by one rank each, which share the weights evenly; all get all results, by name.

        `weight` has to be the same on all ranks; without one all names weigh the same.
        """
        names = list(names)
        if self.size == 1:
            return {name: do(name) for name in names}
        owner = dealt([1.0 if weight is None else weight(name) for name in names], self.size)
        own = {name: do(name) for name, rank in zip(names, owner, strict=True) if rank == self.rank}
        every: dict[str, T] = {}
        for part in self.gather(own):
            every |= part
        return {name: every[name] for name in names}

    def agree(self, facts: Mapping[str, object]) -> None:
        """Raises `IngestError` when a rank holds another value than rank 0 for a fact; facts are named in words."""
        for rank, theirs in enumerate(all_facts := self.gather(dict(facts))):
            for name, value in all_facts[0].items():
                if theirs.get(name) != value:
                    raise IngestError(
                        f"rank {rank} reads another {name} than rank 0; give every machine the same files"
                    )

    def find(self, paths: Iterable[Path]) -> None:
        """Wait until files that other ranks have finished are seen here. Raises `IngestError` for one that is not."""
        if self.size == 1:
            return
        until = time.monotonic() + SETTLED
        for path in paths:
            while not path.exists():
                if time.monotonic() > until:
                    raise IngestError(
                        f"rank {self.rank} does not see {path}, which another rank wrote; "
                        "--out has to be one folder that all ranks share"
                    )
                with suppress(OSError):
                    os.listdir(path.parent)  # asks the server again, where a lookup would be answered from a cache
                time.sleep(PAUSE)

    def say(self, line: str) -> None:
        """Write a line to standard error, unless another rank has said why they all end; returns when it is said."""
        if self.size > 1 and not _is_to_speak():
            return
        print(line, file=sys.stderr, flush=True)
        if self.size > 1:
            _tell_torchrun(line)


ALONE = Ranks()
"""A single process."""


def dealt(weights: Sequence[float], size: int) -> np.ndarray:
    """int64 of shape (item,): which of `size` ranks takes each item. The heaviest first, to whom has the least so far.

    At most 4/3 of the best division's largest share (Graham 1969, "Bounds on multiprocessing timing anomalies").
    """
    owner, load = np.zeros(len(weights), np.int64), np.zeros(size)
    for item in np.argsort(-np.asarray(weights, float), kind="stable"):
        owner[item] = np.argmin(load)
        load[owner[item]] += weights[item]
    return owner


def cores() -> int:
    """Cores for this process: those of the machine, shared among its ranks; more where OMP_NUM_THREADS asks for more.

    torchrun sets OMP_NUM_THREADS to 1 where nobody has set it, and numba does not look at it: left alone, torch would
    use one core of many, and the compiled loops of every rank all of them.
    """
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ranks = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    asked = os.environ.get("OMP_NUM_THREADS", "") if ranks > 1 else ""
    return max(1, here // ranks, int(asked) if asked.isdecimal() else 1)


@contextmanager
def joined() -> Iterator[Ranks]:
    """The ranks that torchrun's environment (RANK, WORLD_SIZE, ...) names, connected while inside."""
    size = int(os.environ.get("WORLD_SIZE", 1))
    if size < 2:
        yield ALONE
        return
    import torch.distributed as dist  # here, so that a single process starts as fast as ever

    dist.init_process_group("gloo", timeout=ARRIVAL)
    try:
        _take_share()
        yield Ranks(dist.get_rank(), size)
    finally:
        # Not `destroy_process_group`: it waits for ranks that may have ended. The process ends here anyway.
        _connection.clear()


def _take_share() -> None:
    """This rank's cores and its GPU."""
    import numba
    import pyarrow as pa
    import torch

    own = cores()
    torch.set_num_threads(own)
    numba.set_num_threads(min(own, numba.get_num_threads()))
    pa.set_cpu_count(own)
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())


_connection: list[Any] = []
"""The gloo group of the meetings, once there was one."""


def _gathered(rank: int, mine: T) -> list[T]:
    import torch
    import torch.distributed as dist

    try:
        if not _connection:
            _connection.append(dist.new_group(timeout=MEETING))
        bytes_of_mine = torch.frombuffer(bytearray(pickle.dumps(mine)), dtype=torch.uint8)
        sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(dist.get_world_size())]
        own = torch.tensor([len(bytes_of_mine)])
        _wait(dist.all_gather(sizes, own, group=_connection[0], async_op=True))
        brought = []
        for sender, length in enumerate(sizes):
            part = bytes_of_mine if sender == rank else torch.empty(int(length), dtype=torch.uint8)
            _wait(dist.broadcast(part, sender, group=_connection[0], async_op=True))
            brought.append(mine if sender == rank else pickle.loads(part.numpy().data))
        return brought
    except RuntimeError:
        raise Alone(
            "another rank has ended before its work was done; the finished steps are kept, "
            "run the same command again, with any number of ranks"
        ) from None


def _wait(work: Any) -> None:
    while not work.is_completed():
        time.sleep(PAUSE)
    work.wait()  # raises what went wrong


def _is_to_speak() -> bool:
    """True for the first rank that asks; the others come back when that one has spoken, or has had the time to."""
    import torch.distributed as dist

    try:
        store = dist.distributed_c10d._get_default_store()
        if store.add(FAILED, 1) == 1:
            return True
        store.wait([SAID], timedelta(seconds=10))
    except RuntimeError:  # the store has gone with the rank that held it
        return False
    return False


def _tell_torchrun(line: str) -> None:
    """Say that the line is said, and leave it where torchrun looks for it: its report on standard error ends so."""
    import torch.distributed as dist

    if name := os.environ.get("TORCHELASTIC_ERROR_FILE"):
        with suppress(OSError):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            told = {"message": line, "extraInfo": {"py_callstack": line, "timestamp": str(int(time.time()))}}
            Path(name).write_text(json.dumps({"message": told}))
    with suppress(RuntimeError):
        dist.distributed_c10d._get_default_store().set(SAID, "1")

"""The machine that a plan is for: this one, measured, or one from the list, by what its maker says of it."""

import os
import time
from dataclasses import dataclass

import torch

from ingest.errors import IngestError

PATIENCE = 0.1
"""Seconds that a measurement takes."""


@dataclass(frozen=True)
class Gpu:
    """One GPU; rates of dense products, in FLOP/s."""

    name: str
    memory: float
    """Bytes."""
    half: float
    """In bfloat16 or float16."""
    full: float
    """In float32, no TF32."""

    def rate(self, dtype: str) -> float:
        return self.full if dtype == "float32" else self.half


@dataclass(frozen=True)
class Machine:
    cores: int
    core_rate: float
    """FLOP/s of one core in dense products of float32."""
    gpu: Gpu | None
    measured: bool

    @property
    def said(self) -> str:
        """How a plan calls it."""
        rates = f"{self.cores} cores of about {self.core_rate / 1e9:.0f} GFLOP/s"
        gpu = "no GPU"
        if self.gpu is not None:
            gpu = f"one {self.gpu.name} of {self.gpu.half / 1e12:,.0f} TFLOP/s, {self.gpu.full / 1e12:,.0f} in float32"
        return f"{rates}, {gpu} ({'measured' if self.measured else 'as its maker says'})"


CORE = 50e9
"""FLOP/s of a server's core that is not measured: AVX2 with two multiply-adds a cycle reaches about that."""
KNOWN = {
    "h100": Machine(16, CORE, Gpu("H100", 80e9, 989e12, 67e12), False),
    "a100": Machine(16, CORE, Gpu("A100", 80e9, 312e12, 19.5e12), False),
    "l4": Machine(8, CORE, Gpu("L4", 24e9, 121e12, 30.3e12), False),
    "rtx4090": Machine(16, CORE, Gpu("RTX 4090", 24e9, 165e12, 82.6e12), False),
    "cpu": Machine(16, CORE, None, False),
}
"""Machines by name: dense rates without sparsity from NVIDIA's data sheets, beside cores as such machines have them."""


def named(name: str) -> Machine:
    """One of `KNOWN`, or this machine for `here`. Raises `IngestError` for another name."""
    if name == "here":
        return here()
    if name not in KNOWN:
        raise IngestError(f"--machine: there is no {name!r}; give here, {', '.join(KNOWN)}")
    return KNOWN[name]


def here() -> Machine:
    """This machine: what its processor and its first GPU do in a tenth of a second each."""
    cores = os.cpu_count() or 1
    threads = torch.get_num_threads()
    core_rate = _measured("cpu", torch.float32, 512) / max(1, threads)
    gpu = None
    if torch.cuda.is_available():
        facts = torch.cuda.get_device_properties(0)
        half, full = (_measured("cuda", dtype, 8192) for dtype in (torch.bfloat16, torch.float32))
        gpu = Gpu(facts.name, float(facts.total_memory), half, full)
    return Machine(cores, core_rate, gpu, True)


def _measured(device: str, dtype: torch.dtype, side: int) -> float:
    """FLOP/s of square products."""
    x = torch.rand(side, side, device=device, dtype=dtype)
    done, started = 0, 0.0
    for turn in range(10_000):
        x @ x
        if device == "cuda":
            torch.cuda.synchronize()
        now = time.perf_counter()
        if turn == 0:  # the first one also sets things up
            started = now
            continue
        done += 1
        if now - started > PATIENCE:
            break
    return 2 * side**3 * done / (time.perf_counter() - started)

"""On which device and in which numbers a network computes."""

from typing import Any

import torch

from ingest.errors import IngestError

HALVES = (torch.bfloat16, torch.float16)


def device(spec: Any) -> torch.device:
    """The device of a `[[models]]` entry: with "auto" a CUDA GPU where there is one. Raises `IngestError`."""
    if spec.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    asked = torch.device(spec.device)
    if asked.type == "cuda" and (not torch.cuda.is_available() or (asked.index or 0) >= torch.cuda.device_count()):
        has = f"{torch.cuda.device_count()} CUDA GPUs" if torch.cuda.is_available() else "no CUDA GPU"
        raise IngestError(f'model {spec.name!r}: device is {spec.device!r}, but this machine has {has}; set "auto"')
    if asked.type == "mps" and not torch.backends.mps.is_available():
        raise IngestError(f"model {spec.name!r}: device is 'mps', which this machine does not have; set \"auto\"")
    return asked


def dtype(spec: Any, stored: torch.dtype | None, where: torch.device) -> torch.dtype:
    """The numbers of a `[[models]]` entry: with "auto" bfloat16 on a CUDA GPU for weights that are stored in 16 bits,
    float32 otherwise."""
    if spec.dtype != "auto":
        return getattr(torch, spec.dtype)
    return torch.bfloat16 if where.type == "cuda" and stored in HALVES else torch.float32


def name(dtype: torch.dtype) -> str:
    """`float32`, as the run file spells it."""
    return str(dtype).removeprefix("torch.")

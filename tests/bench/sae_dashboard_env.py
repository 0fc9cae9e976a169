"""PyPI's `sae-dashboard` in an environment of its own, beside this project's: its pins fit no current installation."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
DRIVER = Path(__file__).with_name("sae_dashboard_driver.py")
ENVIRONMENT = ROOT / "stores" / "bench-env"
LOCK = Path(__file__).with_name("sae_dashboard.lock")
"""What it imports, pinned; installed without dependencies, but for torch's, which differ from machine to machine."""
MINUTES = 20
"""Longest installation."""


class NotInstalled(Exception):
    """Why there is nothing to compare with, in one line."""


@dataclass(frozen=True)
class Found:
    """What it made of some features."""

    seconds: float
    """Of its whole run, forward passes included; imports and loading apart."""
    forward: float
    """Those of its forward passes, encoding and correlations."""
    peak: float
    """GB."""
    features: dict[int, dict[str, Any]]
    """Feature -> top, fired, promoted, suppressed, as `sae_dashboard_driver.row` says."""

    @property
    def own(self) -> float:
        """Seconds for examples, histograms and logits alone."""
        return self.seconds - self.forward


def install(folder: Path = ENVIRONMENT) -> Path:
    """The interpreter of the environment, made where it is not there. Raises `NotInstalled`."""
    wanted = hashlib.sha256(LOCK.read_bytes() + repr(sys.version_info[:2]).encode()).hexdigest()
    python, ready = folder / "bin" / "python", folder / "ready"
    if ready.is_file() and ready.read_text() == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    torch = next(line for line in LOCK.read_text().splitlines() if line.startswith("torch=="))
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    check([sys.executable, "-m", "venv", str(folder)])
    check([*pip, "--constraint", str(LOCK), torch])
    check([*pip, "--no-deps", "--requirement", str(LOCK)])
    check([str(python), "-c", "import sae_dashboard.sae_vis_runner"])
    ready.write_text(wanted)
    return python


def check(command: list[str]) -> None:
    """Run a step of the installation. Raises `NotInstalled` with its first error, or else its last line."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60 * MINUTES, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"sae-dashboard could not be installed: {error}") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        first = next((line for line in lines if line.startswith("ERROR")), lines[-1])
        raise NotInstalled(f"sae-dashboard could not be installed: {first.strip()}")


def run(
    python: Path, model: Path, sae: Path, tokens: Path, features: int, bos: int, threads: int, device: str
) -> Found:
    """What it makes of `features` features spread over an SAE, on the token ids of a `.npy` file, in a process of its own.

    `model` is a demo checkpoint and `sae` a folder of SAELens.
    """
    out = tokens.with_name("sae-dashboard.json")
    command = [str(python), "-P", str(DRIVER), str(model), str(sae), str(out), "--tokens", str(tokens)]
    command += ["--features", str(features), "--bos", str(bos), "--threads", str(threads), "--device", device]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ""}, check=False)
    if done.returncode:
        raise NotInstalled(f"sae-dashboard did not run: {done.stderr.strip().splitlines()[-1]}")
    figures = json.loads(done.stdout.splitlines()[-1])
    rows = {int(feature): row for feature, row in json.loads(out.read_text()).items()}
    return Found(figures["seconds"], figures["forward"], figures["peak"], rows)

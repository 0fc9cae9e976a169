"""The folder of a trained SAE: SAELens's own two files, a report, and while it is made, checkpoints.

`inputs.json` is written first and says what the folder is made from; `report.json` is put there last, and its presence
means finished.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from ingest.errors import IngestError

CFG, WEIGHTS, REPORT = "cfg.json", "sae_weights.safetensors", "report.json"
INPUTS, LOG, STATES, MADE = "inputs.json", "train.log", "checkpoints", "finished"
BESIDE = f"{INPUTS}.part"


class Folder:
    """Raises `IngestError` when it holds something that no training made."""

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.is_dir():
            raise IngestError(f"{path} is a file; --out wants a folder for the SAE")
        names = sorted(p.name for p in path.iterdir()) if path.exists() else []
        others = [n for n in names if n not in (CFG, WEIGHTS, REPORT, INPUTS, BESIDE, LOG, STATES)]
        if not others and INPUTS not in names:
            others = [n for n in names if n not in (BESIDE, LOG)]  # an SAE, but not one of a training file's
        if others:
            raise IngestError(
                f"{path} is not the folder of a training: it holds {others[0]!r}; choose an empty folder or one that "
                "an earlier training made"
            )
        self.path = path
        self.states = path / STATES
        self.made = self.states / MADE

    @property
    def is_finished(self) -> bool:
        return (self.path / REPORT).is_file()

    def check(self, inputs: dict[str, Any]) -> None:
        """Raises `IngestError` where the folder is made from something else than `inputs`, as far as both say."""
        file = self.path / INPUTS
        known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        for key in inputs:
            if key in known and known[key] != inputs[key]:
                raise IngestError(
                    f"{self.path} is made with {key} = {known[key]!r}, not {inputs[key]!r}; choose another folder"
                )

    def begin(self, inputs: dict[str, Any]) -> None:
        """Say what the folder is made from."""
        self.states.mkdir(parents=True, exist_ok=True)
        beside = self.path / BESIDE
        beside.write_text(json.dumps(inputs, indent=1) + "\n", encoding="utf-8")
        _flush(beside)
        beside.replace(self.path / INPUTS)

    def finish(self) -> None:
        """Put what was made in its place, the report last, and delete the checkpoints."""
        for name in (WEIGHTS, CFG, REPORT):
            _flush(self.made / name)
            (self.made / name).replace(self.path / name)
        shutil.rmtree(self.states)

    def report(self) -> dict[str, Any]:
        return json.loads((self.path / REPORT).read_text(encoding="utf-8"))


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())

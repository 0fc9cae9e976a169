"""The read on a GPU against the read on a processor. Skipped where there is no GPU."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ingest import config, reading
from ingest.models import DEMO
from ingest.ranks import ALONE
from ingest.workspace import Workspace

DEVICES = "cpu", "cuda"
RUN = f"""
[corpus]
source = "stories"
tokens = 4000
[[models]]
name = "m"
load = "demo:tiny-2l"
device = "DEVICE"
[[spaces]]
name = "s"
model = "m"
kind = "sae"
path = "{DEMO}/saes/tiny-2l.1"
[[spaces]]
name = "r"
model = "m"
kind = "random_sae"
like = "s"
[[spaces]]
name = "n"
model = "m"
kind = "neurons"
hook = "blocks.0.mlp.hook_post"
active = 16
"""


def activations(folder: Path, device: str) -> dict[str, np.ndarray]:
    run_file = folder / f"{device}.toml"
    run_file.write_text(RUN.replace("DEVICE", device))
    read = reading.load(config.read(run_file)[0], Workspace(folder / device), ALONE)
    read = replace(read, shards=reading.collect(read))
    return {name: read.activations_of(name).matrix.toarray() for name in read.spaces}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU; there is none here")
def test_a_gpu_reads_what_a_processor_reads(tmp_path):
    here, there = (activations(tmp_path, device) for device in DEVICES)
    for name in here:
        both = (here[name] > 0) & (there[name] > 0)
        np.testing.assert_allclose(there[name][both], here[name][both], rtol=1e-2, atol=1e-3)
        assert both.sum() / max((here[name] > 0).sum(), (there[name] > 0).sum()) > 0.99

"""The hub cache that tests load models from."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def hub() -> dict[str, Path]:
    """Repository name -> its snapshot folder: the cache of this process, filled with the checkpoints of `tests.hub`."""
    from tests.hub import fill

    return fill(Path(os.environ["HF_HOME"]))

"""The tiny run's store, made once by the real job and shared by every test."""

import os
from pathlib import Path

os.environ["TQDM_DISABLE"] = "1"

import pytest

from tests import tiny


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run's run file, beside its inputs."""
    return tiny.write(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_store(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published store of the tiny run. Do not change it: copy it first."""
    from ingest import config
    from ingest.run import run

    out = tmp_path_factory.mktemp("stores") / "tiny"
    run(*config.read(tiny_run), out)
    return out

"""The tiny run's store, made once by the real job and shared by every test; and a hub cache that is nobody's own."""

import os
import tempfile
from pathlib import Path

HUB = tempfile.TemporaryDirectory(prefix="hub-")
"""`HF_HOME` of the tests and of the processes they start: no test reaches a hub, or reads the cache of who runs it."""
os.environ |= {"TQDM_DISABLE": "1", "HF_HOME": HUB.name, "HF_HUB_OFFLINE": "1"}
os.environ.pop("HF_HUB_CACHE", None)

import pytest

from tests import tiny


def pytest_unconfigure() -> None:
    HUB.cleanup()


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

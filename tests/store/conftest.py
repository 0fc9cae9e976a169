from collections.abc import Iterator
from pathlib import Path

import pytest

from store.read import Store
from tests.bench import large
from tests.store import build


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small store; tests only read it."""
    return build.publish(tmp_path_factory.mktemp("stores") / "healthy", build.tables())


@pytest.fixture(scope="session")
def store(healthy: Path) -> Iterator[Store]:
    with Store(healthy) as opened:
        yield opened


@pytest.fixture(scope="session")
def shaped_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store shaped like a real one (tests/bench/large.py), small; tests only read it."""
    return large.ready(tmp_path_factory.mktemp("shaped") / "store", large.SMALL)


@pytest.fixture(scope="session")
def shaped(shaped_folder: Path) -> Iterator[Store]:
    with Store(shaped_folder) as opened:
        yield opened

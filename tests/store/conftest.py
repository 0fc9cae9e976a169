from collections.abc import Iterator
from pathlib import Path

import pytest

from store.read import Store
from tests.store import build


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small store; tests only read it."""
    return build.publish(tmp_path_factory.mktemp("stores") / "healthy", build.tables())


@pytest.fixture(scope="session")
def store(healthy: Path) -> Iterator[Store]:
    with Store(healthy) as opened:
        yield opened

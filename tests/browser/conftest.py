"""A real browser against a real server. Without Chromium these tests are skipped, unless they are required."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.serving import serving

REQUIRED = os.environ.get("HOMOLOG_REQUIRE_BROWSER") == "1"
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT = 60_000
"""Milliseconds: a busy machine is slow, and none of these tests is about speed."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        assert not REQUIRED, "HOMOLOG_REQUIRE_BROWSER=1, but there is no chromium on the PATH"
        pytest.skip("no chromium; HOMOLOG_REQUIRE_BROWSER=1 makes this a failure")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(browser: Browser, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the tiny store."""
    with serving(tiny_store, tmp_path_factory.mktemp("dashboard") / "log") as address:
        yield address


@pytest.fixture
def visitor(browser: Browser, server: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=server, permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    yield context
    context.close()

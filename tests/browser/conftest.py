"""A real browser against a real server. Without Chromium these tests are skipped, unless they are required."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

REQUIRED = os.environ.get("HOMOLOG_REQUIRE_BROWSER") == "1"
CHROMIUM = shutil.which("chromium")
ROOT = Path(__file__).parents[2]
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


@contextmanager
def serving(store: Path, log: Path) -> Iterator[str]:
    """The address of a dashboard on a store, started as a user starts it; what it says goes to `log`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", str(store), "--port", str(port)], cwd=ROOT, stdout=out, stderr=out
        )
        try:
            address = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 90
            while not answers(f"{address}/_stcore/health"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.3)
            yield address
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="session")
def server(browser: Browser, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the tiny store."""
    with serving(tiny_store, tmp_path_factory.mktemp("dashboard") / "log") as address:
        yield address


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@pytest.fixture
def visitor(browser: Browser, server: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=server, permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    yield context
    context.close()

"""`python -m dashboard DIR`: serves a store on this machine. Looks at the folder before it starts anything."""

import argparse
import ipaddress
import os
import resource
import sys
from pathlib import Path

from streamlit import config

from dashboard import auth
from dashboard.auth import AuthError
from dashboard.theme import options
from store.errors import StoreError
from store.read import Store

APP = Path(__file__).with_name("server.py")
CACHE = "256mb"
"""Most that answers kept for other visitors take, serialized: 512 answers of the largest kind would be gigabytes."""

ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""The heaps among which the C library spreads threads: each of many would keep what one page needed for a moment."""


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dashboard", description="Browse a Homolog store.")
    parser.add_argument("store", metavar="DIR", type=Path, help="folder that holds homolog.duckdb")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on (8501)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 127.0.0.1 is this machine only")
    parser.add_argument("--base-path", default="", metavar="PATH", help="path under which a reverse proxy serves it")
    parser.add_argument("--secrets", type=Path, metavar="FILE", help="TOML file whose [auth] asks visitors to sign in")
    return parser.parse_args(given)


def command(asked: argparse.Namespace) -> list[str]:
    """`streamlit run` in this environment, without a browser window and without usage statistics."""
    flags = {
        "server.port": str(asked.port),
        "server.address": asked.host,
        "server.baseUrlPath": asked.base_path.strip("/"),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.maxCacheDataSize": CACHE,
        # Megabytes. Nothing is uploaded here, and nothing that a visitor types is long.
        "server.maxUploadSize": "1",
        # Seconds. A tab that was closed or loaded anew leaves a session with open handles behind.
        "server.disconnectedSessionTTL": "30",
        "server.maxWidgetStateSize": "2",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "runner.magicEnabled": "false",
        "runner.postScriptGC": "false",
        **options(),
    }
    if asked.secrets:
        flags["secrets.files"] = str(asked.secrets.resolve())
    settings = [f"--{name}={value}" for name, value in flags.items()]
    return [sys.executable, "-m", "streamlit", "run", str(APP), *settings, "--", str(asked.store.resolve())]


def main(given: list[str] | None = None) -> int:
    """Exit status 2 for wrong input; does not come back once the server runs."""
    asked = arguments(sys.argv[1:] if given is None else given)
    if not 1 <= asked.port <= 65535:
        print(f"--port {asked.port} is no port; choose one from 1 to 65535, such as 8501", file=sys.stderr)
        return 2
    try:
        Store(asked.store).close()
    except StoreError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        is_signed_in = _signs_in(asked.secrets)
    except AuthError as error:
        print(error, file=sys.stderr)
        return 2
    if not is_signed_in and not _is_loopback(asked.host):
        reach = f"everybody who reaches port {asked.port} can read this store"
        print(f"--host {asked.host}: {reach}; --secrets FILE asks for sign-in", file=sys.stderr)
    # The package may not be installed: then it is importable from here only.
    paths = [str(APP.parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    sys.stdout.flush()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Becomes the server, so that whoever stops this process stops the server and not only its parent.
    os.execve(sys.executable, command(asked), {**ARENAS, **os.environ, "PYTHONPATH": os.pathsep.join(paths)})


def _signs_in(secrets: Path | None) -> bool:
    """Whether visitors will have to sign in. Raises `AuthError` when they should and cannot."""
    if secrets is not None:
        if not secrets.is_file():
            raise AuthError(f"--secrets {secrets} is no file; the README shows one (Serve it to a lab)")
        config.set_option("secrets.files", [str(secrets)])
    found = auth.section()
    if secrets is not None and found is None:
        raise AuthError(f"--secrets {secrets} has no [auth]; the README shows one (Serve it to a lab)")
    return found is not None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    sys.exit(main())

"""What the secrets say about sign-in: read, refused in a line, and closed when in doubt."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import auth, data
from dashboard.__main__ import main
from tests.dashboard.test_pages import APP, said

OWN = {
    "client_id": "a",
    "client_secret": "b",
    "server_metadata_url": "http://127.0.0.1:1/.well-known/openid-configuration",
}
WHOLE = {"redirect_uri": "http://lab:8501/oauth2callback", "cookie_secret": "c" * 32, **OWN}
SHARED = {name: WHOLE[name] for name in auth.SHARED}
FLAWS: list[tuple[Any, str]] = [
    ("yes", "is no table; write [auth] on a line of its own"),
    (
        {},
        "lacks redirect_uri, cookie_secret, client_id, client_secret, server_metadata_url; the README's section on a lab shows one",
    ),
    (WHOLE | {"client_secret": ""}, "lacks client_secret; the README's section on a lab shows one"),
    (SHARED | {"google": {**OWN, "client_id": ""}}, "lacks google.client_id; the README's section on a lab shows one"),
    (SHARED | {"my_lab": OWN}, "names the provider my_lab; Streamlit allows no underscore in that name"),
    (
        WHOLE | {"redirect_uri": "http://lab:8501"},
        "has redirect_uri = http://lab:8501; it is the dashboard's own address followed by /oauth2callback",
    ),
    (WHOLE | {"cookie_secret": "short"}, "has a cookie_secret of 5 characters; make a random one of 32 or more"),
]


def open_with(folder: Path, monkeypatch: pytest.MonkeyPatch, secrets: dict[str, Any]) -> AppTest:
    monkeypatch.setenv(data.ENVIRONMENT, str(folder))
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in secrets.items():
        app.secrets[name] = value
    return app.run()


@pytest.mark.parametrize(("section", "flaw"), FLAWS, ids=[flaw[:40] for _, flaw in FLAWS])
def test_a_flaw_closes_the_dashboard_and_is_said(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch, section: Any, flaw: str
) -> None:
    app = open_with(tiny_store, monkeypatch, {"auth": section})
    text = said(app)
    assert f"[auth] in the secrets {flaw}".replace("'", "&#x27;") in text
    assert "right" not in text
    assert list(app.button) == []


def test_secrets_without_auth_ask_nobody(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_with(tiny_store, monkeypatch, {"other": {"a": 1}})
    assert "right" in said(app)
    assert [one for one in app.button if one.key == "sign_out"] == []


def test_a_stranger_sees_a_button_for_each_provider(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_with(tiny_store, monkeypatch, {"auth": WHOLE})
    assert [one.label for one in app.button] == ["Sign in"]
    assert "right" not in said(app)
    app = open_with(tiny_store, monkeypatch, {"auth": SHARED | {"google": OWN, "lab": OWN}})
    assert [one.label for one in app.button] == ["Sign in with google", "Sign in with lab"]


def test_sign_in_belongs_to_one_origin() -> None:
    assert auth.elsewhere(WHOLE, "http://lab:8501/pair?a=1") is None
    assert auth.elsewhere(WHOLE, "http://127.0.0.1:8501/") == "http://lab:8501"
    assert auth.elsewhere(WHOLE, "https://lab:8501/") == "http://lab:8501"
    assert auth.elsewhere(WHOLE, None) is None


def started_with(folder: Path, secrets: Path, *options: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """`python -m dashboard`, in a process of its own that does not become a server."""
    code = f"import os, sys\n{before}\nos.execve = lambda *given: sys.exit(0)\nfrom dashboard.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, str(folder), "--secrets", str(secrets), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=APP.parents[1])


def toml(path: Path, section: dict[str, str]) -> Path:
    path.write_text("[auth]\n" + "".join(f"{name} = {value!r}\n" for name, value in section.items()))
    return path


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "--secrets {path} is no file; the README shows one (Serve it to a lab)\n"),
        ("[other]\na = 1\n", "--secrets {path} has no [auth]; the README shows one (Serve it to a lab)\n"),
        ("[auth]\n", "[auth] in {path} lacks redirect_uri, cookie_secret, "),
        ("[auth\n", "the secrets cannot be read: Error parsing secrets file at {path}: "),
    ],
)
def test_the_command_refuses_secrets_that_cannot_work(
    tiny_store: Path, tmp_path: Path, text: str | None, line: str
) -> None:
    path = tmp_path / "secrets.toml"
    if text is not None:
        path.write_text(text)
    done = started_with(tiny_store, path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(line.format(path=path))
    assert done.stderr.count("\n") == 1


def test_the_command_says_which_package_is_missing(tiny_store: Path, tmp_path: Path) -> None:
    path = toml(tmp_path / "secrets.toml", WHOLE)
    done = started_with(tiny_store, path, before="sys.modules['authlib'] = None")
    assert done.stderr == "the secrets ask for sign-in ([auth]), which needs Authlib: pip install 'homolog[auth]'\n"
    assert done.returncode == 2
    assert started_with(tiny_store, path, "--host", "0.0.0.0").stderr == ""


@pytest.mark.parametrize(
    ("host", "is_said"), [("0.0.0.0", True), ("::", True), ("lab.example.org", True), ("127.0.0.1", False), ("::1", False), ("localhost", False)]
)  # fmt: skip
def test_an_open_port_is_said_on_start(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str, is_said: bool
) -> None:
    monkeypatch.setattr("os.execve", lambda *given: None)
    main([str(tiny_store), "--host", host, "--port", "9000"])
    line = f"--host {host}: everybody who reaches port 9000 can read this store; --secrets FILE asks for sign-in\n"
    assert capsys.readouterr().err == (line if is_said else "")

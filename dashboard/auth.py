"""Whether visitors must sign in: what Streamlit's secrets say in `[auth]`, and what is wrong with it.

A file of secrets that cannot be read closes the dashboard rather than opening it to everybody.
"""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit import config
from streamlit.errors import StreamlitSecretNotFoundError

SHARED = ("redirect_uri", "cookie_secret")
OWN = ("client_id", "client_secret", "server_metadata_url")
CALLBACK = "/oauth2callback"
SHORTEST = 32
"""Characters of `cookie_secret`: who guesses it can sign in as anybody."""


class AuthError(ValueError):
    """Sign-in is asked for and cannot work: one line that says what to mend."""


def files() -> list[str]:
    """Where Streamlit looks for secrets, those that exist."""
    return [path for path in config.get_option("secrets.files") if Path(path).exists()]


def section() -> Mapping[str, Any] | None:
    """`[auth]` of the secrets, or None when there is none and everybody may look. Raises `AuthError`."""
    try:
        found = st.secrets.get("auth")
    except StreamlitSecretNotFoundError as error:
        if not files():
            return None
        raise AuthError(f"the secrets cannot be read: {' '.join(str(error).split())}") from None
    if found is None:
        return None
    if flaw := _flaw(found):
        raise AuthError(f"[auth] in {', '.join(files()) or 'the secrets'} {flaw}")
    if importlib.util.find_spec("authlib") is None:
        raise AuthError("the secrets ask for sign-in ([auth]), which needs Authlib: pip install 'homolog[auth]'")
    return found  # type: ignore[no-any-return]


def providers(auth: Mapping[str, Any]) -> list[str | None]:
    """What `st.login` takes: None for the one that `[auth]` itself describes, else the names of `[auth.NAME]`."""
    if "client_id" in auth:
        return [None]
    return [name for name, value in auth.items() if isinstance(value, Mapping) and name != "client_kwargs"]


def elsewhere(auth: Mapping[str, Any], url: str | None) -> str | None:
    """Where the dashboard has to be opened to sign in, when `url` is not below it: cookies belong to one origin."""
    home = str(auth["redirect_uri"]).removesuffix(CALLBACK)
    if url is None or urlsplit(url)[:2] == urlsplit(home)[:2]:
        return None
    return home


def _flaw(auth: Any) -> str | None:
    if not isinstance(auth, Mapping):
        return "is no table; write [auth] on a line of its own"
    named = providers(auth)
    parts: list[tuple[str, Mapping[str, Any], tuple[str, ...]]] = [("", auth, SHARED)]
    parts += [("", auth, OWN)] if named in ([None], []) else [(f"{name}.", auth[str(name)], OWN) for name in named]
    missing = [f"{name}{key}" for name, part, keys in parts for key in keys if not part.get(key)]
    if missing:
        return f"lacks {', '.join(missing)}; the README's section on a lab shows one"
    if under := [name for name in named if name and "_" in name]:
        return f"names the provider {under[0]}; Streamlit allows no underscore in that name"
    if not str(auth["redirect_uri"]).endswith(CALLBACK):
        return f"has redirect_uri = {auth['redirect_uri']}; it is the dashboard's own address followed by {CALLBACK}"
    if (length := len(str(auth["cookie_secret"]))) < SHORTEST:
        return f"has a cookie_secret of {length} characters; make a random one of {SHORTEST} or more"
    return None

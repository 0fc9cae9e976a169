"""An OpenID Connect provider on loopback: discovery, a page with a button, codes, signed ID tokens, sign-out.

It checks what a provider checks: client, redirect address, code, and that a code is used once.
"""

import json
import secrets
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "homolog-tests", "a secret of the tests"
WHO = {"sub": "ada", "name": "Ada *Lovelace*", "email": "ada@example.org"}


@dataclass
class Provider:
    """One running provider and what it was asked."""

    issuer: str
    redirect_uri: str
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "tests", "use": "sig", "alg": "RS256"})
    )
    codes: dict[str, str] = field(default_factory=dict)
    """Codes that were given out and not used -> the nonce that they belong to."""
    signed_out: int = 0

    def secrets_toml(self) -> str:
        """What a dashboard's file of secrets says to use it."""
        values = {
            "redirect_uri": self.redirect_uri, "cookie_secret": "c" * 40, "client_id": CLIENT, "client_secret": SECRET,
            "server_metadata_url": f"{self.issuer}/.well-known/openid-configuration",
        }  # fmt: skip
        return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())

    def discovery(self) -> dict[str, object]:
        at = {name: f"{self.issuer}/{name}" for name in ("authorize", "token", "jwks", "leave")}
        return {
            "issuer": self.issuer, "authorization_endpoint": at["authorize"], "token_endpoint": at["token"],
            "jwks_uri": at["jwks"], "end_session_endpoint": at["leave"], "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip

    def authorize(self, query: dict[str, str]) -> str:
        """A page that asks who it is; its two links lead back, with a code or with a refusal."""
        wrong = query.get("client_id") != CLIENT or query.get("redirect_uri") != self.redirect_uri
        if wrong or query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
            return "<h1>This client is not known</h1>"
        code = secrets.token_urlsafe()
        self.codes[code] = query["nonce"]
        yes = urlencode({"code": code, "state": query["state"]})
        no = urlencode({"error": "access_denied", "state": query["state"]})
        links = "".join(
            f'<p><a href="{escape(f"{self.redirect_uri}?{back}")}">{name}</a>'
            for back, name in ((yes, "I am Ada"), (no, "Not me"))
        )
        return f"<h1>The lab's accounts</h1>{links}"

    def token(self, client: tuple[str, str], form: dict[str, str]) -> dict[str, object] | None:
        """What a code is worth: None for a wrong client, address or code, and for one that was used."""
        known = client == (CLIENT, SECRET) and form.get("redirect_uri") == self.redirect_uri
        nonce = self.codes.pop(form.get("code", ""), None)
        if not known or nonce is None:
            return None
        now = int(time.time())
        claims = {**WHO, "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": nonce}
        signed = jwt.encode({"alg": "RS256", "kid": "tests"}, claims, self.key)
        return {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "expires_in": 600, "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path:
            case "/.well-known/openid-configuration":
                self._send(json.dumps(self.provider.discovery()), "application/json")
            case "/jwks":
                keys = {"keys": [self.provider.key.as_dict(private=False)]}
                self._send(json.dumps(keys), "application/json")
            case "/authorize":
                self._send(self.provider.authorize(query), "text/html")
            case "/leave":
                self.provider.signed_out += 1
                self.send_response(302)
                self.send_header("Location", query["post_logout_redirect_uri"])
                self.end_headers()
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        answer = self.provider.token(self._client(form), form)
        if answer is None:
            self._send(json.dumps({"error": "invalid_grant"}), "application/json", 400)
        else:
            self._send(json.dumps(answer), "application/json")

    def _client(self, form: dict[str, str]) -> tuple[str, str]:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return form.get("client_id", ""), form.get("client_secret", "")
        name, _, secret = b64decode(given).decode().partition(":")
        return unquote(name), unquote(secret)

    def _send(self, text: str, kind: str, status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def providing(home: str) -> Iterator[Provider]:
    """A provider for the dashboard at `home`, such as http://127.0.0.1:8501."""

    class Handler(_Handler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = Provider(f"http://127.0.0.1:{server.server_address[1]}", f"{home}/oauth2callback")
        Handler.provider = provider
        Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()

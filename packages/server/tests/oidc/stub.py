"""A small identity provider on loopback, which can also do everything wrong: for what a certified one never does."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from packages.server.tests.site import Client, Reply

CLIENT, SECRET = "steelyard", "s3cret of/the+client"


@cache
def rsa_key(name: str = "one", size: int = 2048) -> RSAKey:
    return RSAKey.generate_key(size, {"kid": name})


@cache
def ec_key(name: str = "curve") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": name})


def signed(claims: dict[str, Any], key: Any = None, alg: str = "RS256", **header: Any) -> str:
    key = key or rsa_key()
    return jwt.encode({"alg": alg, "kid": key.kid, **header}, claims, key, algorithms=[alg])


@dataclass
class Stub:
    """What it publishes and gives; a test changes what it likes."""

    address: str
    published: list[dict[str, Any]] = field(default_factory=lambda: [rsa_key().as_dict(private=False)])
    discovery: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=lambda: {"sub": "248289761001"})
    status: int = 200  # of everything
    asked: list[str] = field(default_factory=list)
    tunnels: list[str] = field(default_factory=list)
    key: Any = None
    header: dict[str, Any] = field(default_factory=dict)

    def code(self, query: dict[str, str], subject: str = "248289761001", **claims: Any) -> str:
        """A code, with the claims of a good ID token but for those given; None leaves one out."""
        now = int(time.time())
        good = {
            "iss": self.address,
            "aud": query["client_id"],
            "sub": subject,
            "nonce": query["nonce"],
            "iat": now,
            "exp": now + 300,
            "preferred_username": "grace",
        }
        code = secrets.token_urlsafe(16)
        kept = {name: value for name, value in {**good, **claims}.items() if value is not None}
        self.codes[code] = {"query": query, "claims": kept}
        return code

    def answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        self.asked.append(path)
        if self.status != 200:
            return self.status, {"error": "server_error", "error_description": "<script>"}
        if path == "/.well-known/openid-configuration":
            return 200, self._discovery()
        if path == "/jwks":
            return 200, {"keys": self.published}
        if path == "/userinfo":
            return 200, self.userinfo
        found = self.codes.pop(form.get("code", ""), None)  # once
        basic = base64.b64encode(b"steelyard:s3cret%20of%2Fthe%2Bclient").decode()
        if found is None or authorization != f"Basic {basic}":
            return 400, {"error": "invalid_grant"}
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        query = found["query"]
        if digest.decode() != query["code_challenge"] or form["redirect_uri"] != query["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        token = signed(found["claims"], self.key, **self.header)
        return 200, {"id_token": token, "access_token": "access", "token_type": "Bearer"}

    def _discovery(self) -> dict[str, Any]:
        good = {
            "issuer": self.address,
            "authorization_endpoint": self.address + "/authorize",
            "token_endpoint": self.address + "/token",
            "jwks_uri": self.address + "/jwks",
            "userinfo_endpoint": self.address + "/userinfo",
        }
        return {name: value for name, value in {**good, **self.discovery}.items() if value is not None}


@contextmanager
def stub_provider() -> Iterator[Stub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            status, document = stub.answer(self.path, form, self.headers.get("authorization", ""))
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status in (301, 302, 307):
                self.send_header("Location", stub.address + "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def do_CONNECT(self) -> None:
            stub.tunnels.append(self.path)
            self.send_error(502)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stub = Stub(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()


def oidc_options(folder: Path, issuer: str) -> list[str]:
    """The options of ``steelyard serve``."""
    secret = folder / "client-secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    return ["--oidc-issuer", issuer, "--oidc-client-id", CLIENT, "--oidc-client-secret-file", str(secret)]


def query_of(reply: Reply) -> dict[str, str]:
    """What a redirect to the provider asks."""
    assert reply.status == 303, reply.text
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}


def come_back(client: Client, code: str, state: str, more: str = "") -> Reply:
    return client.get(f"/sign-in/callback?code={code}&state={state}{more}")


def sign_in(stub: Stub, client: Client, subject: str = "248289761001", **claims: Any) -> Reply:
    """The whole way, as a browser goes it."""
    query = query_of(client.get("/sign-in/provider"))
    return come_back(client, stub.code(query, subject, **claims), query["state"])

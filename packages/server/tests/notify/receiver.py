"""A receiver of webhooks that verifies signatures by itself, and a pool, a project and webhooks to send with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from psycopg_pool import ConnectionPool

from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.encryption.key_file import SecretKeyFile
from steelyard_server.http.facts import RequestFacts
from steelyard_server.notify.form import read_place, read_target
from steelyard_server.notify.places import Places
from steelyard_server.notify.webhooks import Webhooks

FACTS = RequestFacts("0123456789abcdef", address="203.0.113.7")
PROJECT = Membership(1, "default", Role.ADMIN)


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As the specification says it, and without our own code: whether one of the signatures is by this secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return wanted in headers["webhook-signature"].split(" ")


@dataclass
class Got:
    """One request: its headers in lower case, and its body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Where it listens, what it got, and how it answers: a function of the number of the request, from 1."""

    port: int
    got: list[Got] = field(default_factory=list)
    answer: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda _: (204, {}, b"")
    before: Callable[[int], None] = lambda _: None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            number = len(receiver.got)
            receiver.before(number)
            status, headers, reply = receiver.answer(number)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(reply)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply)

        def do_GET(self) -> None:
            receiver.got.append(Got(self.path, {}, b""))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Whoever sent may have been killed meanwhile."""

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(server.server_port)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()


def added(
    pool: ConnectionPool, file: SecretKeyFile, url: str, person: int, kinds: tuple[str, ...] = ("run.verified",)
) -> tuple[int, str]:
    """A webhook of the first project at an address whose place is put into the list; its number and its secret."""
    caller, place = Caller(person=person, session=1), url.split("/", 3)
    target = read_place("/".join(place[:3]))
    if not any(each.address == f"{target.scheme}://{target.host}:{target.port}" for each in Places(pool).all()):
        Places(pool).add(target, caller, FACTS)
    return Webhooks(pool, file).add(PROJECT, read_target(url), kinds, caller, FACTS)


def rows(pool: ConnectionPool, query: str, *values: object) -> list[tuple[Any, ...]]:
    with pool.connection() as connection:
        return connection.execute(query.encode(), values).fetchall()


def make_due(pool: ConnectionPool) -> None:
    """As if the time until each next attempt, and each lease, had passed."""
    with pool.connection() as connection:
        connection.execute(
            "UPDATE steelyard.delivery SET next_at = now() - interval '1 second', leased_until = NULL "
            "WHERE state = 'waiting'"
        )

from __future__ import annotations

import asyncio
import http.client
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from packages.server.tests.site import Site
from steelyard_server.http.facts import RequestFacts, begin_facts, facts_of
from steelyard_server.settings import ServeSettings, serve_settings
from steelyard_server.web.hosts import Hosts


def answer(settings: ServeSettings, headers: list[tuple[bytes, bytes]], peer: str) -> tuple[int, str]:
    """The status that the layer gives, and the address that it found."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def take(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "headers": headers, "client": (peer, 1), "method": "GET", "path": "/"}
    begin_facts(scope, RequestFacts("x"))
    asyncio.run(Hosts(app, settings)(scope, None, take))  # type: ignore[arg-type]
    return sent[0]["status"], facts_of(scope).address


LOCAL = serve_settings(data=Path("x"), bind="127.0.0.1:8420")
PROXIED = serve_settings(
    data=Path("x"), bind="10.0.0.9:8420", public_url="https://evals.example.com", proxies=("10.0.0.5/32", "10.1.0.0/16")
)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"127.0.0.1:8420", 200), (b"LOCALHOST:8420", 200), (b"[::1]:8420", 200),
        (b"evil.example:8420", 403), (b"127.0.0.1", 403), (b"127.0.0.1:8421", 403), (b"", 403),
        (b"127.0.0.1:8420.evil.example", 403),
    ],
)  # fmt: skip
def test_a_name_that_is_not_its_own_is_refused(host: bytes, status: int) -> None:
    assert answer(LOCAL, [(b"host", host)], "127.0.0.1")[0] == status


def test_no_host_and_two_hosts_are_refused() -> None:
    assert answer(LOCAL, [], "127.0.0.1")[0] == 403
    assert answer(LOCAL, [(b"host", b"127.0.0.1:8420")] * 2, "127.0.0.1")[0] == 403


def test_forwarded_addresses_are_believed_from_a_trusted_proxy_alone() -> None:
    host = (b"host", b"evals.example.com")
    forwarded = (b"x-forwarded-for", b"6.6.6.6, 192.0.2.7, 10.1.2.3")
    assert answer(PROXIED, [host, forwarded], "10.0.0.5") == (200, "192.0.2.7"), "what stands before it, anybody wrote"
    assert answer(PROXIED, [host, forwarded], "10.0.0.6")[0] == 403, "nobody else in the network is served"
    assert answer(LOCAL, [(b"host", b"127.0.0.1:8420"), forwarded], "127.0.0.1") == (200, "127.0.0.1")
    assert answer(PROXIED, [host, (b"x-forwarded-for", b"nonsense")], "10.0.0.5") == (200, "10.0.0.5")
    assert answer(PROXIED, [host, (b"x-forwarded-proto", b"http")], "10.0.0.5")[0] == 403


def test_an_ipv4_address_by_an_ipv6_socket_is_that_address() -> None:
    everywhere = replace(PROXIED, host="::")
    host, forwarded = (b"host", b"evals.example.com"), (b"x-forwarded-for", b"::ffff:192.0.2.7, ::FFFF:10.1.2.3")
    assert answer(everywhere, [host, forwarded], "::ffff:10.0.0.5") == (200, "192.0.2.7")
    assert answer(everywhere, [host], "::ffff:10.0.0.6")[0] == 403
    assert answer(LOCAL, [(b"host", b"127.0.0.1:8420")], "::ffff:127.0.0.1") == (200, "127.0.0.1")


def test_a_real_server_refuses_a_rebound_name(site: Site) -> None:
    with closing(http.client.HTTPConnection(urlsplit(site.base).netloc)) as connection:
        connection.request("GET", "/healthz", headers={"Host": f"evil.example:{urlsplit(site.base).port}"})
        reply = connection.getresponse()
    assert reply.status == 403
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")

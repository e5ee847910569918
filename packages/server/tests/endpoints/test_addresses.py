"""The address that is connected to: in numbers, by a name that changes its mind, and after a redirect."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from steelyard_server.endpoints.addresses import OwnPlaces, RefusedAddressError, checked_sockets, refusal, refused_host

OWN = OwnPlaces(ports=(8420,), places=(("10.9.9.9", 5432), ("evals.example.invalid", 443)))


@pytest.mark.parametrize(
    "address",
    ["10.0.0.7", "192.168.1.4", "172.16.0.1", "127.0.0.1", "::1", "fd12:3456::1", "93.184.216.34", "2606:2800::1",
     "100.64.0.1", "10.9.9.9", "::ffff:10.0.0.7"],
)  # fmt: skip
def test_public_and_private_addresses_may_be_called(address: str) -> None:
    assert refusal(address, 8000, OWN) == ""


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "febf::1", "fd00:ec2::254", "fd20:ce::254",
     "100.100.100.200", "168.63.129.16", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1", "255.255.255.255",
     "240.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe",
     "2002:a9fe:a9fe::1", "::169.254.169.254", "2001:0:a9fe:a9fe::1", "fd12::5efe:169.254.169.254", "localhost", ""],
)  # fmt: skip
def test_others_may_not_also_in_another_spelling(address: str) -> None:
    assert refusal(address, 8000, OWN) != ""


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1"]
)
def test_the_platforms_own_port_is_not_called_by_any_address_of_this_machine(address: str) -> None:
    assert refusal(address, 8420, OWN) == "this is the platform itself, or its database"
    assert refusal(address, 8421, OWN) == ""


def test_an_address_of_an_interface_is_this_machine_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("no interface but loopback")
        own = probe.getsockname()[0]
    assert refusal(own, 8420, OWN) != ""


def test_the_database_elsewhere_is_not_called() -> None:
    assert refusal("10.9.9.9", 5432, OWN) == "this is the platform itself, or its database"
    assert refusal("::ffff:10.9.9.9", 5432, OWN) != ""
    assert refusal("10.9.9.9", 5433, OWN) == ""


def test_a_name_is_refused_on_the_form_for_any_of_its_addresses() -> None:
    assert refused_host("localhost", 8420, OWN) != ""
    assert refused_host("localhost", 8421, OWN) == ""
    assert refused_host("169.254.169.254", 80, OWN) != ""
    assert refused_host("2852039166", 80, OWN) != "", "as the C library reads it"
    assert refused_host("no-such-name.invalid", 80, OWN) == "", "no address: it is looked at again when it is called"


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_and_its_ipv6_forms_have_one_answer(number: int) -> None:
    address = ip_address(number)
    forms = [f"::ffff:{address}", f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"]
    for port in (80, 8420):
        assert {bool(refusal(each, port, OWN)) for each in (str(address), *forms)} in ({True}, {False})


@given(st.ip_addresses())
def test_what_is_link_local_multicast_or_nobodys_is_always_refused(address: Any) -> None:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        assert refusal(str(address), 443, OWN)


# ── in use ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Page(BaseHTTPRequestHandler):
    """Sends on to ``/to?URL``, else says hello."""

    def do_GET(self) -> None:
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
        else:
            self.server.hits += 1  # type: ignore[attr-defined]
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def page_server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        server.hits = 0  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def name_server(answers: list[str]) -> Iterator[int]:
    """A DNS server on loopback that answers each question with the next address; the last one stays. Its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def run() -> None:
            while True:
                question, client = server.recvfrom(512)
                if not question:
                    return
                address = answers.pop(0) if len(answers) > 1 else answers[0]
                head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0)
                answer = struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(address)
                server.sendto(head + question[12:] + answer, client)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", server.getsockname())
            thread.join()


class DnsResolver(AbstractResolver):
    """Asks a DNS server over UDP for each connection, as aiodns does, and keeps nothing."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = await asyncio.to_thread(self._ask, host)
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    def _ask(self, host: str) -> str:
        name = b"".join(bytes([len(part)]) + part.encode() for part in host.split(".")) + b"\0"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(20)
            client.sendto(b"\1\2\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1", ("127.0.0.1", self._port))
            return socket.inet_ntoa(client.recv(512)[-4:])

    async def close(self) -> None:
        pass


def get(urls: list[str], own: OwnPlaces, dns: int = 0) -> list[int]:
    """Ask for each URL in turn, following redirects, without keeping connections; the statuses."""

    async def ask() -> list[int]:
        more: dict[str, Any] = {"resolver": DnsResolver(dns), "use_dns_cache": False} if dns else {}
        connector = aiohttp.TCPConnector(socket_factory=checked_sockets(own), force_close=True, **more)
        found = []
        async with aiohttp.ClientSession(connector=connector) as session:
            for url in urls:
                async with session.get(url) as reply:
                    found.append(reply.status)
        return found

    return asyncio.run(ask())


def test_a_name_that_leads_elsewhere_the_second_time_is_not_followed() -> None:
    """DNS rebinding: the first answer is a server that may be called, the second the platform's own port."""
    with page_server() as allowed, page_server() as forbidden:
        port, own = allowed.server_port, OwnPlaces(places=(("127.0.0.3", allowed.server_port),))
        url = f"http://rebinding.example:{port}/"
        with name_server(["127.0.0.1", "127.0.0.1"]) as dns:
            assert get([url, url], own, dns) == [200, 200]
        for second in ("127.0.0.3", "169.254.169.254", "0.0.0.0"):
            with (
                name_server(["127.0.0.1", second]) as dns,
                pytest.raises(aiohttp.ClientConnectorError, match="is not called") as caught,
            ):
                get([url, url], own, dns)
            assert isinstance(caught.value.os_error, RefusedAddressError)
        assert (allowed.hits, forbidden.hits) == (5, 0)  # type: ignore[attr-defined]


def test_a_redirect_to_what_may_not_be_called_is_not_followed() -> None:
    with page_server() as allowed, page_server() as forbidden:
        own = OwnPlaces(ports=(forbidden.server_port,))
        start = f"http://127.0.0.1:{allowed.server_port}"
        assert get([f"{start}/to?{start}/"], own) == [200]
        for target in (
            f"http://127.0.0.1:{forbidden.server_port}/",
            f"http://localhost:{forbidden.server_port}/",
            "http://169.254.169.254/latest/meta-data/",
        ):
            with pytest.raises(aiohttp.ClientConnectorError, match="is not called"):
                get([f"{start}/to?{target}"], own)
        assert forbidden.hits == 0  # type: ignore[attr-defined]

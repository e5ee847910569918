"""How many connections are held, on real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from packages.server.tests.site import Site, environment
from steelyard.errors import InputError
from steelyard_server.listener import MAX_OF_ADDRESS, Listener, TimedLoop, listen, raise_file_limit
from steelyard_server.settings import serve_settings


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match="port 0 takes any free one"):
            listen(serve_settings(data=Path(os.devnull), bind=f"127.0.0.1:{port}"))


@contextmanager
def bounded(most: int, most_of_address: int) -> Iterator[Listener]:
    with listen(serve_settings(data=Path("x"), bind="127.0.0.1:0")) as listener:
        listener.most, listener.most_of_address = most, most_of_address
        yield listener


def connect(stack: ExitStack, listener: Listener, source: str = "127.0.0.1") -> socket.socket:
    return stack.enter_context(socket.create_connection(listener.getsockname(), 5, (source, 0)))


def test_no_reply_on_a_kept_connection_waits_for_an_acknowledgement() -> None:
    with bounded(3, 3) as listener, ExitStack() as stack:
        connect(stack, listener)
        accepted = stack.enter_context(listener.accept()[0])
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(("most", "most_of_address"), [(3, 100), (100, 3)])
def test_one_too_many_is_closed_and_there_is_room_when_another_has_gone(most: int, most_of_address: int) -> None:
    with bounded(most, most_of_address) as listener, ExitStack() as stack:
        held = []
        for number in range(3):  # this machine is one address
            connect(stack, listener, f"127.0.0.{number + 1}")
            held.append(listener.accept()[0])
        late = connect(stack, listener)
        with pytest.raises(ConnectionAbortedError):
            listener.accept()
        assert late.recv(1) == b""
        held[0].close()
        held[0].close()
        connect(stack, listener)
        held.append(listener.accept()[0])
        connect(stack, listener)
        with pytest.raises(ConnectionAbortedError):
            listener.accept()
        for each in held:
            each.close()


def test_a_trusted_proxy_may_hold_more() -> None:
    with bounded(100, 1) as listener, ExitStack() as stack:
        listener.proxies = (ip_network("127.0.0.0/8"),)
        for _ in range(3):
            connect(stack, listener)
            stack.enter_context(listener.accept()[0])


def test_many_silent_connections_of_one_address_leave_the_server_answering(site: Site) -> None:
    address, before = urlsplit(site.base), len(site.lines)
    with ExitStack() as stack:
        for _ in range(3 * MAX_OF_ADDRESS):
            stack.enter_context(socket.create_connection((address.hostname, address.port), 5))
        closed = stack.enter_context(socket.create_connection((address.hostname, address.port), 5))
        assert closed.recv(1) == b"", "one too many is closed at once"
    for _ in range(200):  # those have gone
        try:
            if site.client().get("/healthz").status == 200:
                break
        except OSError:
            continue
    else:
        raise AssertionError("it does not answer any more")
    assert all(json.loads(line)["message"] == "request" for line in site.lines[before:] if line.startswith("{"))


async def _silent(listener: Listener, context: ssl.SSLContext, seconds: float) -> bytes:
    """What a client gets that never begins its handshake."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, sock=listener, ssl=context, ssl_handshake_timeout=seconds)
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    found = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    server.close()
    return found


def test_a_handshake_that_never_begins_is_ended_and_counted_no_more(certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with bounded(1, 1) as listener, asyncio.Runner(loop_factory=TimedLoop) as runner:
        assert runner.run(_silent(listener, context, 0.2)) == b""
        assert listener.count == 0


def test_servers_of_the_loop_bound_the_handshake(certificate: tuple[Path, Path]) -> None:
    program = """
import asyncio, ssl, sys
from steelyard_server.listener import HANDSHAKE_SECONDS, TimedLoop
async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*sys.argv[1:])
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=context)
    assert server._ssl_handshake_timeout == HANDSHAKE_SECONDS, server._ssl_handshake_timeout
    server.close()
with asyncio.Runner(loop_factory=TimedLoop) as runner:
    runner.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program, *certificate], env=environment(), check=False)
    assert done.returncode == 0


def test_as_many_files_are_allowed_as_may_be() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
        assert raise_file_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

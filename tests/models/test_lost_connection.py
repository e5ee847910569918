"""A lost connection in words: no address of ours, no call, no traceback."""

from __future__ import annotations

import asyncio
import socket
import ssl

import aiohttp
import pytest

from steelyard.models.lost_connection import describe


async def _get(url: str) -> str:
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            await session.get(url)
    except (aiohttp.ClientError, OSError) as error:
        return describe(error)
    return "an answer came"


@pytest.mark.parametrize(
    ("scheme", "said"), [("http", "connection lost: "), ("https", "TLS failed"), ("closed", "connection refused")]
)
def test_what_went_wrong(scheme: str, said: str) -> None:
    async def served() -> str:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.write(b"" if scheme == "http" else b"HTTP/1.1 400 no\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        if scheme == "closed":
            server.close()
        found = await _get(f"{scheme.replace('closed', 'http')}://127.0.0.1:{port}/")
        server.close()
        return found

    assert asyncio.run(served()).startswith(said)


def test_no_host_and_no_route() -> None:
    key = aiohttp.client_reqrep.ConnectionKey("nowhere.invalid", 80, False, True, None, None, None)
    assert (
        describe(aiohttp.ClientConnectorDNSError(key, socket.gaierror(-2, "x"))) == "there is no host nowhere.invalid"
    )
    assert describe(aiohttp.ClientConnectorError(key, OSError(101, "Network is unreachable"))) == (
        "no connection: Network is unreachable"
    )
    assert describe(aiohttp.ServerDisconnectedError()) == "connection lost: Server disconnected"
    assert "TLS failed" in describe(aiohttp.ClientConnectorSSLError(key, ssl.SSLError(1, "wrong version number")))

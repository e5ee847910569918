"""A head that never ends, on a real uvicorn."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn

from steelyard_server.web.protocol import timed_protocol


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def talk(port: int, *pieces: bytes) -> bytes:
    """What comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.05)
    found = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return found


async def conversations() -> list[bytes]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        hello, http=timed_protocol(0.3), ws="none", lifespan="off", log_config=None, timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    port = listener.getsockname()[1]
    whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    found = [
        await talk(port),
        await talk(port, b"GET / HTTP/1.1\r\nHost"),
        await talk(port, whole),
        await talk(port, whole, b"GET / HTTP/1.1\r\nX: "),
    ]
    server.should_exit = True
    await serving
    return found


def test_a_connection_without_a_whole_head_is_closed_and_others_are_answered() -> None:
    silent, half, answered, second_half = asyncio.run(conversations())
    assert silent == half == b""
    assert answered.endswith(b"ok")
    assert second_half.count(b"ok") == 1

"""One exchange over HTTP: its headers, its key, and what comes back; the providers' tests have every fault."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.models import Settings
from steelyard.models.api_key import ApiKey
from steelyard.models.http_endpoint import REPLY_BYTES, TOO_LARGE, HttpEndpoint, Reply, Unreadable
from steelyard.models.streamed_body import Places, StreamedBody
from steelyard.records import Image, ModelOutput, Outcome

KEY = "sk-test-0123456789abcdef"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def called(handler: Handler, key: str = KEY) -> Reply | ModelOutput:
    async def run() -> Reply | ModelOutput:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server:
            http = HttpEndpoint(str(server.make_url("/v1")), ApiKey(key, ""), Settings(), {"x-of-the-test": key})
            try:
                return await http.call("POST", "/there", {"a": 1})
            finally:
                await http.close()
                await http.close()

    return asyncio.run(run())


def test_the_headers_go_with_it_and_the_payload_and_the_limits_come_back() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.headers["x-of-the-test"] == KEY
        assert await request.json() == {"a": 1}
        return web.json_response({"path": request.path}, headers={"x-ratelimit-remaining-requests": "3"})

    reply = called(handler)
    assert isinstance(reply, Reply)
    assert reply.payload == {"path": "/v1/there"}
    assert reply.rate is not None
    assert reply.rate.requests == 3


def test_a_key_in_escapes_in_a_name_and_in_a_list_is_taken_out() -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=f'{{"{KEY}": ["{escaped}", 1]}}', content_type="application/json")

    reply = called(handler)
    assert isinstance(reply, Reply)
    assert reply.payload == {"[key]": ["[key]", 1]}


def test_a_key_in_a_redirect_and_in_an_error_is_taken_out() -> None:
    async def away(request: web.Request) -> web.Response:
        return web.json_response({"error": KEY}, status=307, headers={"Location": f"https://elsewhere/{KEY}"})

    output = called(away)
    assert isinstance(output, ModelOutput)
    assert output.detail == "HTTP 307: [key] redirect to https://elsewhere/[key]: not followed, give that URL instead"


def test_a_reply_that_is_too_large_or_holds_too_much() -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        try:
            for _ in range(40):
                await reply.write(b" " * (1 << 20))
        except ConnectionError:
            pass
        return reply

    async def many(request: web.Request) -> web.Response:
        return web.Response(body=b"[" + b"[]," * 300_000 + b"[]]", content_type="application/json")

    assert called(large) is TOO_LARGE
    output = called(many)
    assert isinstance(output, ModelOutput)
    assert output.outcome is Outcome.MALFORMED
    assert "more than 1,000,000 values" in output.detail


def test_a_key_that_comes_back_in_a_url_or_in_base64_is_taken_out() -> None:
    basic = base64.b64encode(f"user:{KEY}".encode()).decode()
    coded = "".join(f"%{ord(letter):02X}" for letter in KEY)

    async def refuses(_: web.Request) -> web.Response:
        message = f"Basic {basic} at /v1?key={coded}"
        return web.json_response({"error": {"message": message}}, status=400)

    output = called(refuses)
    assert isinstance(output, ModelOutput)
    assert "Basic [key] at /v1?key=[key]" in output.detail


def test_its_representation_has_no_key() -> None:
    http = HttpEndpoint("http://127.0.0.1:9/v1", ApiKey(KEY, ""), Settings(), {})
    assert repr(http) == "HttpEndpoint('http://127.0.0.1:9/v1')"


def refuse_from_the_headers(listening: socket.socket, times: int) -> None:
    """As a server that says 413 and closes at once, with most of the body unread: a reset follows its words."""
    for _ in range(times):
        connection, _ = listening.accept()
        with connection:
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(1000)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")


def test_a_refusal_of_a_large_body_is_heard_after_one_lost_connection() -> None:
    async def run(port: int) -> list[ModelOutput | Reply]:
        http = HttpEndpoint(f"http://127.0.0.1:{port}/v1", ApiKey("", ""), Settings(), {})
        found = []
        for _ in range(4):
            places = Places()
            shown = places.put(Image(sha256="0" * 64, media_type="image/png", data=b"x" * 3_000_000))
            found.append(await http.call("POST", "/there", StreamedBody.of({"image": shown}, places)))
        await http.close()
        return found

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=refuse_from_the_headers, args=(listening, 4))
        server.start()
        outputs = asyncio.run(run(listening.getsockname()[1]))
        server.join()
    heard = [isinstance(each, ModelOutput) and each.detail == "HTTP 413" for each in outputs]
    assert all(first or second for first, second in pairwise(heard)), outputs


def lines_of(handler: Handler, **settings: Any) -> list[bytes]:
    async def run() -> list[bytes]:
        application = web.Application()
        application.router.add_get("/v1/file", handler)
        async with TestServer(application) as server:
            http = HttpEndpoint(str(server.make_url("/v1")), ApiKey(KEY, ""), Settings(**settings), {})
            try:
                return [line async for line in http.lines("/file")]
            finally:
                await http.close()

    return asyncio.run(run())


def test_lines_come_one_by_one_without_the_key_and_without_those_that_are_too_long() -> None:
    async def handler(request: web.Request) -> web.Response:
        long = b"x" * (REPLY_BYTES + 1)
        return web.Response(body=b"a\n" + long + b"\n\n\n" + KEY.encode() + b"\nlast\n")

    assert lines_of(handler) == [b"a", b"", b"[key]", b"last"]


def test_a_file_that_comes_byte_by_byte_has_an_end() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        while True:
            await reply.write(b"x")
            await asyncio.sleep(0.02)

    with pytest.raises(Unreadable, match="less than 32 KB a second") as error:
        lines_of(handler, timeout_seconds=0.2)
    assert error.value.output.outcome is Outcome.TIMEOUT


def test_lines_that_are_not_given_or_break_off_are_unreadable() -> None:
    async def refused(request: web.Request) -> web.Response:
        return web.json_response({"error": {"message": f"no {KEY}"}}, status=404)

    async def cut(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Length": "100"})
        await reply.prepare(request)
        await reply.write(b"a\nb")
        assert request.transport is not None
        request.transport.close()
        return reply

    with pytest.raises(Unreadable, match=r"HTTP 404: no \[key\]"):
        lines_of(refused)
    with pytest.raises(Unreadable) as error:
        lines_of(cut)
    assert error.value.output.outcome is Outcome.DROPPED

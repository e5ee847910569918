"""Who may call the gateway, and whom it calls; keys reach no file."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from aiohttp import web

from steelyard.errors import InputError
from steelyard.gateway.server import allowed_origin, listen_on
from tests.gateway.chats import ASKED, KEY, answers, chat, delta, event
from tests.gateway.conftest import Between, Recorded


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8787"}, 200),
        ({"Host": "[::1]:8787"}, 200),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "http://127.0.0.1:8787"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example:8787"}, 403),
        ({"Host": "127.0.0.1@evil.example"}, 403),
        ({"Host": "[::1"}, 403),
        ({"Host": "10.0.0.1"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_web_pages_and_foreign_hosts_are_refused(recorded: Recorded, headers: dict[str, str], status: int) -> None:
    async def use(between: Between) -> Any:
        return (await between.post("/chat/completions", ASKED, headers=headers))[0]

    assert recorded(answers, use) == status
    assert len(recorded.exchanges) == (status == 200)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("HTTP://LocalHost:3000", 200),
        ("http://localhost:3001", 403),
        ("https://localhost:3000", 403),
        ("http://localhost:3000.evil.example", 403),
        ("http://localhost:3000, http://evil.example", 403),
        ("null", 403),
    ],
)
def test_pages_of_an_allowed_origin_may_call(recorded: Recorded, origin: str, status: int) -> None:
    async def use(between: Between) -> Any:
        between.gateway._origins = frozenset({allowed_origin("http://localhost:3000")})
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        return (await between.post("/chat/completions", ASKED, headers=headers))[0]

    assert recorded(answers, use) == status


@pytest.mark.parametrize(
    "text", ["*", "null", "localhost:3000", "http://localhost:3000/", "http://u@h", "http://h:x", ""]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--allow-origin takes an origin"):
        allowed_origin(text)


def test_uploads_are_limited_together_and_let_go(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.gateway.server.MAX_UPLOADS", 100_000)
    going = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await request.read()
        await going.wait()
        return web.json_response(chat())

    async def use(between: Between) -> Any:
        body = ASKED | {"padding": "x" * 60_000}
        first = asyncio.create_task(between.post("/chat/completions", body))
        while between.gateway._uploaded < 60_000:
            await asyncio.sleep(0.01)
        second = await between.post("/chat/completions", body)
        going.set()
        third = await first, await between.post("/chat/completions", body)
        return (
            second[0],
            b"100" in second[1] or b"0 MB" in second[1],
            [each[0] for each in third],
            between.gateway._uploaded,
        )

    assert recorded(slow, use) == (503, True, [200, 200], 0)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /v1/models HTTP/1.1", b"200"),
        (b"GET http://evil.example/v1/models HTTP/1.1", b"404"),
        (b"GET //evil.example/v1/models HTTP/1.1", b"404"),
        (b"GET /v1/../admin HTTP/1.1", b"404"),
        (b"GET /v1/%2e%2e/admin HTTP/1.1", b"404"),
        (b"GET /v1/a%2f..%2f..%2fadmin HTTP/1.1", b"404"),
        (b"GET /v1x/models HTTP/1.1", b"404"),
        (b"GET /other HTTP/1.1", b"404"),
        (b"nonsense", b"400"),
    ],
)
def test_only_paths_under_the_prefix_of_the_one_host(recorded: Recorded, line: bytes, status: bytes) -> None:
    called = []

    async def answer(request: web.Request) -> web.Response:
        called.append(request.raw_path)
        return web.json_response(chat())

    async def use(between: Between) -> Any:
        reader, writer = await asyncio.open_connection("127.0.0.1", between.port)
        writer.write(line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        reply = await reader.read()
        writer.close()
        return reply.split(b" ")[1]

    assert recorded(answer, use) == status
    assert called == (["/v1/models"] if status == b"200" else [])


def test_a_port_that_is_taken_is_one_line() -> None:
    with listen_on(0) as first:
        first.listen()
        with pytest.raises(InputError, match="--port 0 takes a free one"):
            listen_on(first.getsockname()[1])


def test_the_clients_key_reaches_the_endpoint_and_no_file(recorded: Recorded) -> None:
    hidden = "".join(f"\\u{ord(character):04x}" for character in KEY)

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        kind = request.path.rpartition("/")[2]
        if kind == "escaped":
            return web.Response(text=f'{{"said": "your key is {hidden}"}}', content_type="application/json")
        if kind == "binary":
            return web.Response(body=b"\xff" + KEY.encode(), content_type="image/png")
        if kind == "error":
            return web.json_response({"error": {"message": f"bad key {KEY}"}}, status=401)
        if kind == "completions":
            pieces = [event(delta(KEY[:9])), event(delta(KEY[9:], "stop")), event(b"[DONE]")]
            return web.Response(body=b"".join(pieces), headers={"Content-Type": "text/event-stream"})
        return web.json_response(chat(f"your key is {KEY}", model=KEY))

    async def use(between: Between) -> Any:
        headers = {"Authorization": f"Bearer {KEY}"}
        paths = ("/plain", "/escaped", "/binary", "/error", "/chat/completions", f"/{KEY}/x")
        return [await between.post(path, {"key": KEY}, headers=headers) for path in paths]

    replies = recorded(answer, use)
    assert KEY.encode() in replies[0][1]  # it is the client's own
    assert len(recorded.exchanges) == 6
    kept = recorded.everything()
    assert KEY.encode() not in kept
    assert hidden.encode() not in kept
    assert KEY[9:].encode() not in kept


def test_the_gateways_own_key_replaces_the_clients_and_is_never_returned(recorded: Recorded) -> None:
    own = "sk-own-9876543210"

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == f"Bearer {own}"
        assert "api-key" not in request.headers
        assert request.headers["Accept-Encoding"] == "identity"
        if request.path.endswith("stream"):
            response = web.StreamResponse(headers={"X-Key": own})
            await response.prepare(request)
            for character in f"the key {own} and sk-own, sk-":
                await response.write(character.encode())
            return response
        return web.json_response(chat(f"the key is {own}"), headers={"X-Key": own})

    async def use(between: Between) -> Any:
        headers = {"Authorization": f"Bearer {KEY}", "api-key": KEY}
        found = []
        for path in ("/plain", "/stream"):
            async with between.session.post(between.base + path, json={}, headers=headers) as reply:
                found.append((await reply.read(), reply.headers["X-Key"]))
        return found

    (plain, header), (streamed, streamed_header) = recorded(answer, use, key=own)
    assert plain == json.dumps(chat(f"the key is {'*' * len(own)}")).encode()
    assert streamed == f"the key {'*' * len(own)} and sk-own, sk-".encode()
    assert own not in header + streamed_header
    assert own.encode() not in recorded.everything()
    assert KEY.encode() not in recorded.everything()


@pytest.mark.parametrize("kind", ["gzip", "double", "reason", "escaped", "utf-16", "unasked"])
def test_the_gateways_own_key_is_returned_in_no_spelling(recorded: Recorded, kind: str) -> None:
    own = "sk-own-9876543210"
    said = json.dumps({"key": own}).encode()
    replies = {
        "gzip": (said, {"Content-Encoding": "gzip"}, 1),
        "double": (said, {"Content-Encoding": "gzip, gzip"}, 2),
        "reason": (b"{}", {f"X-{own}": own}, 0),
        "escaped": ("".join(f"\\u{ord(letter):04x}" for letter in own).encode() * 9000, {}, 0),
        "utf-16": (own.encode("utf-16"), {}, 0),
        "unasked": (said, {"Content-Encoding": "br"}, 0),
    }
    body, headers, times = replies[kind]
    for _ in range(times):
        body = gzip.compress(body)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        stated = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 200 {own}\r\n{stated}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async def use(between: Between) -> Any:
        async with between.session.get(between.base + "/models") as reply:
            return reply.status, f"{reply.reason} {dict(reply.headers)}", await reply.read()

    async def serve() -> Any:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await recorded.between(f"http://127.0.0.1:{port}/v1", use, own)

    status, head, shown = asyncio.run(serve())
    assert own not in head
    assert status == (502 if "Content-Encoding" in headers else 200)
    assert (b"steelyard_gateway" in shown) == (status == 502)
    assert len(shown) == len(body) or status == 502
    for hidden in (own.encode(), b"\\u0073", own.encode("utf-16-le")):
        assert hidden not in shown
    assert own.encode() not in recorded.everything()

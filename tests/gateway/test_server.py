"""Passing on: what the endpoint says and does is what the client gets, and one record stands for each call."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.errors import InputError
from steelyard.gateway.bodies import MAX_KEPT
from steelyard.gateway.server import allowed_origin, listen_on
from steelyard.records import Outcome
from tests.gateway.conftest import Between, Recorded

ASKED = {"model": "m", "messages": [{"role": "user", "content": "What is 2 + 3?"}]}
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
KEY = "sk-client-0123456789abcdef"


def chat(text: str | None = "5", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "x", "model": "m-2026", "choices": [choice], "usage": USAGE} | more


async def ask(between: Between) -> tuple[int, bytes]:
    return await between.post("/chat/completions", ASKED)


# ── what is passed on ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_chat_goes_through_and_is_recorded(recorded: Recorded) -> None:
    seen: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        seen.update(path=request.raw_path, headers=dict(request.headers), body=await request.json())
        return web.json_response(chat(), headers={"X-Request-Id": "r1"})

    async def use(between: Between) -> Any:
        headers = {"Authorization": f"Bearer {KEY}", "X-Mine": "yes"}
        async with between.session.post(
            between.base + "/chat/completions?beta=1", json=ASKED, headers=headers
        ) as reply:
            return reply.status, reply.headers["X-Request-Id"], await reply.json()

    assert recorded(answer, use) == (200, "r1", chat())
    assert seen["path"] == "/v1/chat/completions?beta=1"
    assert seen["body"] == ASKED
    assert seen["headers"]["Authorization"] == f"Bearer {KEY}"
    assert seen["headers"]["X-Mine"] == "yes"
    (exchange,) = recorded.exchanges
    assert (exchange.path, exchange.status, exchange.outcome) == ("/v1/chat/completions", 200, Outcome.OK)
    assert (exchange.prompt_tokens, exchange.completion_tokens, exchange.model) == (9, 2, "m-2026")
    assert json.loads(recorded.texts[exchange.request]) == ASKED
    assert json.loads(recorded.texts[exchange.reply]) == chat()
    assert 0 < exchange.first_byte_us <= exchange.elapsed_us


@pytest.mark.parametrize(
    ("method", "path", "reply", "outcome"),
    [
        ("POST", "/completions", {"choices": [{"text": "5", "finish_reason": "length"}]}, Outcome.TRUNCATED),
        ("POST", "/embeddings", {"data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 3}}, Outcome.OK),
        ("POST", "/embeddings", {"data": []}, Outcome.EMPTY),
        ("POST", "/embeddings", {"embeddings": 1}, Outcome.MALFORMED),
        ("GET", "/models", {"object": "list", "data": []}, Outcome.OK),
        ("DELETE", "/files/file-1", {"deleted": True}, Outcome.OK),
        ("POST", "/chat/completions", chat(None), Outcome.OK),
        ("POST", "/chat/completions", {"choices": []}, Outcome.EMPTY),
        ("POST", "/chat/completions", {"error": {"message": "busy", "code": 429}}, Outcome.RATE_LIMITED),
        (
            "POST",
            "/chat/completions",
            {"choices": [{"message": {"content": None, "tool_calls": [{"id": "1"}]}}]},
            Outcome.OK,
        ),
    ],
)
def test_every_path_under_the_prefix_has_one_outcome(
    recorded: Recorded, method: str, path: str, reply: dict[str, Any], outcome: Outcome
) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.method == method
        return web.json_response(reply)

    async def use(between: Between) -> Any:
        async with between.session.request(method, between.base + path) as got:
            return await got.json()

    assert recorded(answer, use) == reply
    assert [each.outcome for each in recorded.exchanges] == [outcome]


def test_errors_and_their_headers_pass(recorded: Recorded) -> None:
    async def answer(request: web.Request) -> web.Response:
        status = int((await request.json())["status"])
        headers = {"Retry-After": "7", "x-ratelimit-remaining-requests": "0", "Location": "http://elsewhere.example/"}
        return web.json_response({"error": {"message": "as asked"}}, status=status, headers=headers)

    async def use(between: Between) -> Any:
        found = []
        for status in (429, 500, 400, 404, 307, 503):
            async with between.session.post(
                between.base + "/chat/completions", json={"status": status}, allow_redirects=False
            ) as reply:
                assert reply.headers["Retry-After"] == "7"
                assert await reply.json() == {"error": {"message": "as asked"}}
                found.append(reply.status)
        return found

    assert recorded(answer, use) == [429, 500, 400, 404, 307, 503]
    assert [each.outcome for each in recorded.exchanges] == [
        Outcome.RATE_LIMITED,
        Outcome.SERVER_ERROR,
        Outcome.CLIENT_ERROR,
        Outcome.CLIENT_ERROR,
        Outcome.CLIENT_ERROR,
        Outcome.SERVER_ERROR,
    ]
    assert "as asked" in recorded.exchanges[0].detail


def test_a_redirect_is_not_followed(recorded: Recorded) -> None:
    visited = []

    async def answer(request: web.Request) -> web.Response:
        visited.append(request.path)
        return web.Response(status=302, headers={"Location": "/v1/elsewhere"})

    async def use(between: Between) -> Any:
        async with between.session.get(between.base + "/models", allow_redirects=False) as reply:
            return reply.status

    assert recorded(answer, use) == 302
    assert visited == ["/v1/models"]


def test_compressed_bodies_pass_as_they_are_and_are_recorded_plain(recorded: Recorded) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "gzip"
        assert request.headers["Content-Encoding"] == "gzip"
        body = await request.read()  # aiohttp's server has undone the compression
        assert json.loads(body) == ASKED
        return web.Response(
            body=gzip.compress(json.dumps(chat()).encode()),
            headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
        )

    async def use(between: Between) -> Any:
        async with between.session.post(
            between.base + "/chat/completions",
            data=gzip.compress(json.dumps(ASKED).encode()),
            headers={"Content-Encoding": "gzip", "Accept-Encoding": "br, gzip", "Content-Type": "application/json"},
        ) as reply:
            return reply.headers["Content-Encoding"], await reply.read()

    encoding, body = recorded(answer, use)
    assert encoding == "gzip"
    assert json.loads(gzip.decompress(body)) == chat()
    (exchange,) = recorded.exchanges
    assert exchange.outcome is Outcome.OK
    assert json.loads(recorded.texts[exchange.reply]) == chat()
    assert json.loads(recorded.texts[exchange.request]) == ASKED


def test_large_bodies_pass_whole_and_are_named_by_their_digest(recorded: Recorded) -> None:
    size = MAX_KEPT + 1000

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=await request.read(), content_type="application/octet-stream")

    async def use(between: Between) -> Any:
        async with between.session.post(between.base + "/audio", data=b"\xff" * size) as reply:
            return len(await reply.read())

    assert recorded(answer, use) == size
    (exchange,) = recorded.exchanges
    note = json.loads(recorded.texts[exchange.reply])
    assert (note["recorded_body"], note["bytes"]) == ("omitted", size)
    assert exchange.request == exchange.reply


def test_an_unknown_compression_passes_and_is_kept_as_a_digest(recorded: Recorded) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"\x8b\x00", headers={"Content-Encoding": "br"}, content_type="application/json")

    assert recorded(answer, ask) == (200, b"\x8b\x00")
    (exchange,) = recorded.exchanges
    assert exchange.outcome is Outcome.MALFORMED
    assert json.loads(recorded.texts[exchange.reply])["recorded_body"] == "omitted"


def test_bytes_that_are_no_text_are_kept_as_base64(recorded: Recorded) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"\xff\xfe\x00", content_type="image/png")

    async def use(between: Between) -> Any:
        async with between.session.get(between.base + "/image") as reply:
            return await reply.read()

    assert recorded(answer, use) == b"\xff\xfe\x00"
    (exchange,) = recorded.exchanges
    assert json.loads(recorded.texts[exchange.reply]) == {"recorded_body": "base64", "data": "//4A"}


def test_head_and_empty_replies(recorded: Recorded) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=204) if request.method == "POST" else web.json_response({"data": []})

    async def use(between: Between) -> Any:
        async with (
            between.session.head(between.base + "/models") as head,
            between.session.post(between.base + "/anything") as post,
        ):
            return head.status, head.headers["Content-Length"], post.status, await post.read()

    assert recorded(answer, use) == (200, "12", 204, b"")
    assert {each.outcome for each in recorded.exchanges} == {Outcome.OK}


def test_expect_continue_is_answered(recorded: Recorded) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert "Expect" not in request.headers
        return web.json_response(chat())

    async def use(between: Between) -> Any:
        async with between.session.post(between.base + "/chat/completions", json=ASKED, expect100=True) as reply:
            return reply.status

    assert recorded(answer, use) == 200


# ── streams ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def event(payload: Any) -> bytes:
    return b"data: " + (payload if isinstance(payload, bytes) else json.dumps(payload).encode()) + b"\n\n"


def delta(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


def test_a_stream_reaches_the_client_chunk_by_chunk(recorded: Recorded) -> None:
    """The endpoint sends each chunk only after the client has said that it got the one before."""
    arrived = asyncio.Queue[bytes]()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for part in (event(delta("1")), event(delta("2", "stop")), event({"choices": [], "usage": USAGE})):
            await response.write(part)
            assert await asyncio.wait_for(arrived.get(), 20) == part
        await response.write(event(b"[DONE]"))
        return response

    async def use(between: Between) -> Any:
        got = []
        body = ASKED | {"stream": True}
        async with between.session.post(between.base + "/chat/completions", json=body) as reply:
            async for chunk in reply.content.iter_any():
                got.append(chunk)
                arrived.put_nowait(chunk)
        return got

    got = recorded(answer, use)
    assert len(got) == 4
    (exchange,) = recorded.exchanges
    assert exchange.streamed
    assert exchange.outcome is Outcome.OK
    assert (exchange.prompt_tokens, exchange.completion_tokens) == (9, 2)
    assert recorded.texts[exchange.reply].encode() == b"".join(got)
    assert exchange.first_byte_us < exchange.elapsed_us


def test_the_head_of_a_stream_does_not_wait_for_its_first_chunk(recorded: Recorded) -> None:
    headed = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await asyncio.wait_for(headed.wait(), 20)
        await response.write(event(delta("x", "stop")) + event(b"[DONE]"))
        return response

    async def use(between: Between) -> Any:
        async with between.session.post(between.base + "/chat/completions", json=ASKED) as reply:
            headed.set()
            return await reply.read()

    assert recorded(answer, use).endswith(b"[DONE]\n\n")


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        ([event(delta("1")), event(delta("", "length")), event(b"[DONE]")], Outcome.TRUNCATED),
        ([event(delta("1"))], Outcome.MALFORMED),
        ([event(delta("1")), event({"error": {"message": "overloaded", "code": 503}})], Outcome.SERVER_ERROR),
        ([b"data: {oops\n\n"], Outcome.MALFORMED),
        ([event({"choices": [{"delta": {"refusal": "no"}, "finish_reason": "stop"}]})], Outcome.REFUSED),
        ([b": comment\r\n\r\n", event(delta("1", "stop"))], Outcome.OK),
        ([], Outcome.MALFORMED),
    ],
)
def test_how_streams_end(recorded: Recorded, parts: list[bytes], outcome: Outcome) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        return response

    assert recorded(answer, ask) == (200, b"".join(parts))
    assert [each.outcome for each in recorded.exchanges] == [outcome]


# ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def raw_endpoint(reply: bytes) -> tuple[socket.socket, str]:
    """An endpoint that sends these bytes and closes, whatever it is asked."""
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf",
    ],
)
def test_a_dropped_connection_is_dropped_for_the_client_too(recorded: Recorded, reply: bytes) -> None:
    listener, url = raw_endpoint(reply)

    async def use(between: Between) -> Any:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
            await ask(between)

    with listener:
        recorded(url, use)
    (exchange,) = recorded.exchanges
    assert exchange.outcome is Outcome.DROPPED
    assert exchange.detail.startswith("connection lost")


def test_a_reply_that_is_not_http_is_reported_and_typed(recorded: Recorded) -> None:
    listener, url = raw_endpoint(b"SSH-2.0-OpenSSH_9.9\r\n")
    with listener:
        status, body = recorded(url, ask)
    assert status == 502
    assert b"steelyard gateway" in body
    (exchange,) = recorded.exchanges
    assert (exchange.status, exchange.outcome) == (0, Outcome.MALFORMED)


def test_an_endpoint_that_is_not_there(recorded: Recorded) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    status, body = recorded(f"http://127.0.0.1:{port}/v1", ask)
    assert status == 502
    assert b"cannot be reached" in body
    (exchange,) = recorded.exchanges
    assert (exchange.status, exchange.outcome) == (0, Outcome.DROPPED)


def test_json_that_is_cut_off_passes_and_is_malformed(recorded: Recorded) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text='{"choices": [{"mess', content_type="application/json")

    assert recorded(answer, ask) == (200, b'{"choices": [{"mess')
    assert [each.outcome for each in recorded.exchanges] == [Outcome.MALFORMED]


def test_a_client_that_goes_away_ends_the_call_upstream(recorded: Recorded) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            begun.set()
            for _ in range(2000):
                await response.write(event(delta("x")))
                await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.CancelledError):
            cancelled.set()
            raise
        return response

    async def use(between: Between) -> None:
        async with between.session.post(between.base + "/chat/completions", json=ASKED) as reply:
            await begun.wait()
            await reply.content.readany()
            reply.close()
        await asyncio.wait_for(cancelled.wait(), 20)

    recorded(answer, use)
    (exchange,) = recorded.exchanges
    assert exchange.outcome is Outcome.DROPPED
    assert exchange.detail == "the client closed the connection"
    assert recorded.texts[exchange.reply].startswith("data: ")


def test_calls_in_flight_are_finished_and_no_new_ones_taken(recorded: Recorded) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        begun.set()
        await go.wait()
        return web.json_response(chat())

    async def use(between: Between) -> Any:
        first = asyncio.create_task(ask(between))
        await begun.wait()
        finishing = asyncio.create_task(between.gateway.finish())
        await asyncio.sleep(0)
        go.set()
        await finishing
        return await first

    async def use_once(between: Between) -> Any:
        answered = await use(between)
        between.gateway.finish = _nothing  # type: ignore[method-assign]
        return answered

    status, _ = recorded(answer, use_once)
    assert status == 200
    assert [each.outcome for each in recorded.exchanges] == [Outcome.OK]


async def _nothing() -> None:
    return None


def test_calls_that_are_given_up_are_recorded_as_dropped(recorded: Recorded) -> None:
    begun = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(3600)
        return web.Response()

    async def use(between: Between) -> None:
        call = asyncio.create_task(ask(between))
        await begun.wait()
        between.gateway.abandon()
        with pytest.raises((aiohttp.ClientError, OSError)):
            await call

    recorded(answer, use)
    (exchange,) = recorded.exchanges
    assert exchange.outcome is Outcome.DROPPED
    assert exchange.detail == "given up when the gateway was stopped"


def test_an_endpoint_that_hangs_is_given_up_at_the_end(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.gateway.server.FINISH_SECONDS", 0.05)
    begun = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(3600)
        return web.Response()

    async def use(between: Between) -> Any:
        call = asyncio.create_task(ask(between))
        await begun.wait()
        return call  # the gateway is finished while it waits

    async def lost() -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        async with TestServer(application) as server:
            call = await recorded.between(str(server.make_url("/v1")), use)
            with pytest.raises((aiohttp.ClientError, OSError)):
                await call

    asyncio.run(lost())
    assert [each.outcome for each in recorded.exchanges] == [Outcome.DROPPED]


def test_a_client_that_gives_up_before_the_reply(recorded: Recorded) -> None:
    cancelled = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return web.Response()

    async def use(between: Between) -> None:
        with pytest.raises(TimeoutError):
            await between.post("/chat/completions", ASKED, timeout=aiohttp.ClientTimeout(total=0.3))
        await asyncio.wait_for(cancelled.wait(), 20)

    recorded(answer, use)
    (exchange,) = recorded.exchanges
    assert (exchange.status, exchange.outcome) == (0, Outcome.DROPPED)
    assert json.loads(recorded.texts[exchange.request]) == ASKED


def test_a_request_beyond_all_measure_is_refused(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.gateway.server.MAX_REQUEST", 1 << 20)

    async def use(between: Between) -> Any:
        async with between.session.post(between.base + "/audio", data=b"x" * (3 << 20)) as reply:
            return reply.status

    assert recorded(answers, use) == 413
    assert [each.outcome for each in recorded.exchanges] == [Outcome.CLIENT_ERROR]


def test_many_calls_at_once(recorded: Recorded) -> None:
    async def answer(request: web.Request) -> web.Response:
        number = (await request.json())["messages"][0]["content"]
        await asyncio.sleep(0.01)
        return web.json_response(chat(number))

    async def use(between: Between) -> Any:
        async def one(number: int) -> str:
            body = {"messages": [{"role": "user", "content": str(number)}]}
            _, reply = await between.post("/chat/completions", body)
            content: str = json.loads(reply)["choices"][0]["message"]["content"]
            return content

        return await asyncio.gather(*(one(number) for number in range(200)))

    assert recorded(answer, use) == [str(number) for number in range(200)]
    texts = recorded.texts
    for exchange in recorded.exchanges:
        asked = json.loads(texts[exchange.request])["messages"][0]["content"]
        assert json.loads(texts[exchange.reply])["choices"][0]["message"]["content"] == asked


def test_the_environments_proxy_is_used_for_other_hosts(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    called = []

    async def answer(request: web.Request) -> web.Response:
        called.append((request.raw_path, request.headers["Host"]))
        return web.json_response(chat())

    async def use(between: Between) -> Any:
        return (await ask(between))[0]

    async def through_a_proxy() -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        application.router.add_route("*", "/{path:http://.*}", answer)
        async with TestServer(application) as proxy:
            monkeypatch.setenv("http_proxy", str(proxy.make_url("")))
            assert await recorded.between("http://endpoint.example/v1", use) == 200

    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    asyncio.run(through_a_proxy())
    assert called == [("http://endpoint.example/v1/chat/completions", "endpoint.example")]


# ── who may call, and whom ──────────────────────────────────────────────────────────────────────────────────────────


async def answers(request: web.Request) -> web.Response:
    return web.json_response(chat())


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


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── the disk ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_full_disk_stops_the_gateway(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(between: Between) -> Any:
        first = await ask(between)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("steelyard.gateway.recorder.Texts.add", full)
        second = await ask(between)
        assert between.gateway.failed.is_set()
        third = await ask(between)
        return first[0], second[0], third[0]

    assert recorded(answers, use) == (200, 200, 503)
    assert len(recorded.exchanges) == 1


def test_a_disk_that_cannot_be_forced_stops_the_gateway(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(between: Between) -> Any:
        await ask(between)
        await asyncio.wait_for(between.gateway.failed.wait(), 20)
        return (await ask(between))[0]

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("steelyard.gateway.server.SYNC_SECONDS", 0.01)
    monkeypatch.setattr("steelyard.gateway.recorder.Texts.sync", broken)
    assert recorded(answers, use) == 503

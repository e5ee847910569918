"""Faults on either side of the gateway: what the client gets, and how the call is recorded."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.records import Outcome
from tests.gateway.chats import ASKED, answers, ask, chat, delta, event
from tests.gateway.conftest import Between, Recorded


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

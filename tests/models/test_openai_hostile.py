"""Hostile and broken endpoints: each reply is one outcome, and none costs more than it may."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from steelyard.errors import ModelUnavailable
from steelyard.models.openai import OpenAIModel
from steelyard.records import (
    Outcome,
)
from tests.models.endpoints import KEY, SUM, T, ask, at_handler, at_url, identify, model_at


def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/stolen"})

    answer = at_handler(handler, ask)
    assert answer.outcome is Outcome.CLIENT_ERROR
    assert "redirect to /stolen: not followed" in answer.detail
    assert asked == ["/v1/chat/completions"]


@pytest.mark.parametrize(("status", "outcome"), [(200, Outcome.TRUNCATED), (500, Outcome.SERVER_ERROR)])
def test_an_endless_reply_is_cut_off_and_an_answer_where_it_is_no_error(status: int, outcome: Outcome) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(status=status)
        await reply.prepare(request)
        try:
            for _ in range(64):
                await reply.write(b" " * (1 << 20))
        except ConnectionError:
            pass
        return reply

    answer = at_handler(handler, ask)
    assert (answer.outcome, answer.text) == (outcome, "")
    assert answer.detail == ("the reply is larger than 16 MB" if status == 200 else "HTTP 500")
    assert answer.outcome.retryable == (status == 500)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 200_000, b'{"choices": NaN}', b"null"])
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body)

    assert at_handler(handler, ask).outcome is Outcome.MALFORMED


def at_bytes(reply: bytes, use: Callable[[OpenAIModel], Awaitable[T]]) -> T:
    """Serve raw bytes, whatever is asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    async def run() -> T:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, model_at(f"http://127.0.0.1:{port}") as model:
            return await use(model)

    return asyncio.run(run())


def test_what_is_not_http_is_malformed_and_a_torn_body_is_dropped() -> None:
    assert at_bytes(b"SSH-2.0-OpenSSH_9\r\n\r\n", ask).outcome is Outcome.MALFORMED
    torn = at_bytes(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"choices"', ask)
    assert torn.outcome is Outcome.DROPPED
    assert at_bytes(b"", ask).outcome is Outcome.DROPPED


def test_nothing_listens() -> None:
    answer = at_url("http://127.0.0.1:9", ask)
    assert answer.outcome is Outcome.DROPPED
    with pytest.raises(ModelUnavailable, match=r"nothing answers at http://127\.0\.0\.1:9/v1 .* start the server"):
        at_url("http://127.0.0.1:9", identify)


def test_a_refused_key_names_the_variables() -> None:
    async def all_refused(request: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no"}}, status=401)

    async def only_models_open(request: web.Request) -> web.Response:
        return web.json_response({"data": []}, status=200 if request.method == "GET" else 403)

    for handler in (all_refused, only_models_open):
        with pytest.raises(ModelUnavailable, match=r"refuses calls without a key: .* STEELYARD_API_KEY"):
            at_handler(handler, identify)


def test_a_model_that_is_not_served() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no such model"}}, status=404)

    with pytest.raises(ModelUnavailable, match="does not serve 'm': HTTP 404: no such model"):
        at_handler(handler, identify)


def test_a_server_that_hangs_is_unavailable() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.method == "POST":
            await asyncio.sleep(2)
        return web.json_response({"data": "odd"})

    with pytest.raises(ModelUnavailable, match=r"does not answer \(no reply within 0.3 s\)"):
        at_handler(handler, identify, timeout_seconds=0.3)


@pytest.mark.parametrize("status", [200, 500])
def test_a_reply_nested_deeper_than_python_goes_is_malformed(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key there is one more walk through what came back, which must not be the one that fails."""
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text='{"a":' * 900 + "1" + "}" * 900, status=status, content_type="application/json")

    answer = at_handler(handler, lambda model: model.generate(SUM))
    assert answer.outcome is (Outcome.MALFORMED if status == 200 else Outcome.SERVER_ERROR)

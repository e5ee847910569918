"""Passing on: what the endpoint says is what the client gets, and one record stands for each call."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from aiohttp import web

from steelyard.gateway.bodies import MAX_KEPT
from steelyard.records import Outcome
from tests.gateway.chats import ASKED, KEY, USAGE, ask, chat, delta, event
from tests.gateway.conftest import Between, Recorded


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

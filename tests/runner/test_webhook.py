"""An alert to a real receiver on loopback: signed, dated, sent again, and never followed elsewhere."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from steelyard.errors import InputError
from steelyard.runner.webhook import MAX_BODY_BYTES, check_webhook, deliver, signature

SECRET = "a secret of this test"
Received = list[tuple[dict[str, str], bytes]]


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**arguments: Any) -> None:
        asyncio.run(test(**arguments))

    return run


@asynccontextmanager
async def receiver(statuses: Callable[[int], int]) -> AsyncIterator[tuple[str, Received]]:
    got: Received = []

    async def post(request: web.Request) -> web.Response:
        got.append((dict(request.headers), await request.read()))
        return web.Response(status=statuses(len(got)), headers={"Location": "/elsewhere"}, text="x" * 100_000)

    app = web.Application()
    app.router.add_post("/hook", post)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", got
    finally:
        await runner.cleanup()


@on_a_loop
async def test_an_alert_is_signed_and_dated() -> None:
    async with receiver(lambda number: 204) as (url, got):
        done = await deliver(url, SECRET, b'{"a":1}', "d1", ())
    assert (done.attempts, done.failure) == (1, "")
    ((headers, body),) = got
    signed = headers["Steelyard-Timestamp"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["Steelyard-Signature"] == f"v1={expected}"
    assert headers["Steelyard-Delivery"] == "d1"
    assert SECRET not in str(headers)
    assert body == b'{"a":1}'


@on_a_loop
async def test_a_receiver_that_is_busy_is_told_again_under_one_delivery() -> None:
    async with receiver(lambda number: (503, 429, 200)[number - 1]) as (url, got):
        done = await deliver(url, SECRET, b"{}", "d2", (0.0, 0.0, 0.0))
    assert (done.attempts, done.failure) == (3, "")
    assert {headers["Steelyard-Delivery"] for headers, _ in got} == {"d2"}


@pytest.mark.parametrize(("status", "attempts"), [(500, 3), (404, 1), (307, 1)])
@on_a_loop
async def test_a_failure_is_bounded_and_no_redirect_is_followed(status: int, attempts: int) -> None:
    async with receiver(lambda number: status) as (url, got):
        done = await deliver(url, SECRET, b"{}", "d3", (0.0, 0.0))
    assert (done.attempts, len(got)) == (attempts, attempts)
    assert done.failure.startswith(f"HTTP {status}")


@on_a_loop
async def test_nobody_there_is_a_result_and_no_error() -> None:
    done = await deliver("http://127.0.0.1:9/hook", SECRET, b"{}", "d4", (0.0,))
    assert done.attempts == 2
    assert "connection refused" in done.failure


def test_a_body_is_bounded() -> None:
    with pytest.raises(ValueError, match="at most"):
        asyncio.run(deliver("http://127.0.0.1:9/", SECRET, b"x" * (MAX_BODY_BYTES + 1), "d", ()))


def test_a_signature_depends_on_time_body_and_secret() -> None:
    one = signature(SECRET, 1, b"a")
    assert len({one, signature(SECRET, 2, b"a"), signature(SECRET, 1, b"b"), signature(SECRET + "x", 1, b"a")}) == 4


@pytest.mark.parametrize(
    "url", ["https://host/hook?key=1", "http://localhost:1/x", "http://127.0.0.2/", "http://[::1]/"]
)
def test_addresses_that_may_be_told(url: str) -> None:
    check_webhook(url, SECRET, "NAME")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://host/secret-path", "plain http:// only to this machine"),
        ("http://127.0.0.1.evil.org/secret-path", "plain http:// only to this machine"),
        ("https://user:secret-path@host/", "no user, no password"),
        ("https://host/#secret-path", "no user, no password"),
        ("ftp://host/secret-path", "takes an address, https://HOST/PATH"),
        ("https://host:0/secret-path", "takes an address"),
        ("https:///secret-path", "takes an address"),
        ("https://host/\nsecret-path", "takes an address"),
    ],
)
def test_an_address_that_is_none_is_one_line_and_not_repeated(url: str, words: str) -> None:
    with pytest.raises(InputError) as failed:
        check_webhook(url, SECRET, "NAME")
    assert words in str(failed.value)
    assert "secret-path" not in str(failed.value)


def test_a_secret_that_is_short_is_refused() -> None:
    with pytest.raises(InputError, match="16 characters or more into the environment variable NAME"):
        check_webhook("https://host/", "short", "NAME")

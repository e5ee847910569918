"""What is asked of a platform, and what is believed of its answer."""

from __future__ import annotations

import asyncio

import pytest

from packages.server.tests.client.answering import TOKEN, answering
from steelyard.errors import InputError, ModelUnavailable, SteelyardError, StorageError, VerificationError
from steelyard_server.client.connection import connected
from steelyard_server.wire.records import HealthStatus


async def _ask(address: str) -> HealthStatus | None:
    async with connected(address, TOKEN) as platform:
        return await platform.get("/api/v1/health", HealthStatus, 20.0)


def ask(address: str) -> HealthStatus | None:
    return asyncio.run(_ask(address))


def test_an_answer_is_its_record_and_fields_of_a_later_version_are_ignored() -> None:
    with answering(200, {"status": "alive", "later": [1]}) as (address, handler):
        assert ask(address) == HealthStatus(status="alive")
    assert handler.asked == [("/api/v1/health", f"Bearer {TOKEN}")]
    with answering(404, {"detail": "no"}) as (address, _):
        assert ask(address) is None


def test_what_has_no_such_page_and_is_no_platform_is_said() -> None:
    with answering(404, {"detail": "Not Found"}) as (address, handler):
        handler.media_type = "application/json"
        with pytest.raises(ModelUnavailable, match=r"this is no answer of a platform \(status 404\)"):
            ask(address)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InputError), (401, InputError), (403, InputError), (422, VerificationError), (429, StorageError),
        (503, StorageError), (302, InputError),
    ],
)  # fmt: skip
def test_a_refusal_is_its_kind_of_error(status: int, error: type[SteelyardError]) -> None:
    with answering(status, {"detail": "\x1b[31mno\nline"}) as (address, _), pytest.raises(error) as caught:
        ask(address)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"status":"dead"}', b"[" * 200_000 + b"]" * 200_000])
def test_what_is_no_answer_of_a_platform_is_said(body: bytes) -> None:
    with answering(200) as (address, handler):
        handler.body = body
        with pytest.raises(ModelUnavailable, match="no answer of a platform"):
            ask(address)
    with answering(400) as (address, handler):
        handler.body = body
        with pytest.raises(InputError, match="status 400"):
            ask(address)


def test_where_nobody_is_is_said_without_the_token() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be reached") as caught:
        ask("http://127.0.0.1:9")
    assert str(caught.value) == "http://127.0.0.1:9: the platform cannot be reached: connection refused"

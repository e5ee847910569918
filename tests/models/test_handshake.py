"""The handshake: what is listed, what is left out after a refusal, and how often a passing fault is retried."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from steelyard.errors import ModelUnavailable
from steelyard.models import Settings
from steelyard.models.api_key import ApiKey
from steelyard.models.handshake import Handshake, ids_in
from steelyard.models.http_endpoint import HttpEndpoint
from steelyard.records import GenerateRequest, ModelOutput, Outcome


def greeted(*outputs: ModelOutput, refits: int = 0) -> tuple[ModelOutput, list[int], Handshake]:
    """The greeting of an endpoint that answers so, the limits of tokens it was asked with, and the handshake."""
    left, limits, refused = list(outputs), [], [True] * refits

    async def generate(request: GenerateRequest) -> ModelOutput:
        limits.append(request.max_tokens)
        return left.pop(0)

    http = HttpEndpoint("http://127.0.0.1:9/v1", ApiKey("", "no key"), Settings(), {})
    handshake = Handshake(http, generate, lambda _: bool(refused and refused.pop()))
    return asyncio.run(handshake.greeted(chat=True)), limits, handshake


OK = ModelOutput(outcome=Outcome.OK, text="Hi")


def refusing(detail: str, *, fatal: bool = False) -> ModelOutput:
    return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=detail, fatal=fatal)


def test_it_greets_with_as_many_tokens_as_are_needed() -> None:
    output, limits, handshake = greeted(refusing("HTTP 400: too few tokens"), OK)
    assert (output, limits) == (OK, [1, 16])
    assert handshake.greeting(chat=True).max_tokens == 16


def test_what_is_refused_is_left_out_and_asked_again() -> None:
    assert greeted(refusing("HTTP 400: no temperature"), OK, refits=1)[:2] == (OK, [1, 1])
    refused = refusing("HTTP 400: no such field")
    assert greeted(refused)[:2] == (refused, [1])


def test_a_passing_fault_is_retried_and_a_lasting_one_is_no_refusal() -> None:
    passing = ModelOutput(outcome=Outcome.SERVER_ERROR, retry_after=0.001)
    assert greeted(passing, OK)[:2] == (OK, [1, 1])
    assert greeted(passing, passing, passing)[0].outcome is Outcome.SERVER_ERROR


def test_a_refused_key_a_spent_account_and_a_dead_server() -> None:
    with pytest.raises(ModelUnavailable, match=r"refuses calls without a key: HTTP 401 \(no key\)"):
        greeted(refusing("HTTP 401 (is the API key right?", fatal=True))
    with pytest.raises(ModelUnavailable, match=r"http://127\.0\.0\.1:9/v1: HTTP 402"):
        greeted(refusing("HTTP 402", fatal=True))
    with pytest.raises(ModelUnavailable, match=r"does not answer \(too slow\): is the server up"):
        greeted(ModelOutput(outcome=Outcome.TIMEOUT, detail="too slow"))


def test_nothing_listens_where_the_list_is_asked_for() -> None:
    async def listed() -> str:
        http = HttpEndpoint("http://127.0.0.1:9/v1", ApiKey("", "no key"), Settings(), {})
        try:
            return await Handshake(http, None, None).listed("m")  # type: ignore[arg-type]
        finally:
            await http.close()

    with pytest.raises(ModelUnavailable, match=r"nothing answers at http://127\.0\.0\.1:9/v1 "):
        asyncio.run(listed())


def test_names_are_read_where_there_are_some() -> None:
    assert ids_in({"data": [{"id": "a"}, {"id": 3}, "b", {}]}) == ["a"]
    oddities: list[Any] = [None, [], {}, {"data": "a"}, {"data": {"id": "a"}}]
    for odd in oddities:
        assert ids_in(odd) == []

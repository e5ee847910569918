"""Tests for asking a model: on loopback, as a user's would be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from steelyard.errors import ModelUnavailable
from steelyard.models import open_model
from steelyard.records import ModelOutput, Outcome
from steelyard.suites.writers.asking import Ask, asker
from testkit.fixtures import SumsServer


def with_model(server: SumsServer, use: Callable[[Ask], Awaitable[Any]], **options: Any) -> Any:
    async def session() -> Any:
        model = open_model(f"openai:{server.name}@{server.url}")
        try:
            _, capabilities = await model.identify()
            return await use(asker(model, capabilities, base_seconds=0.01, **options))
        finally:
            await model.close()

    return asyncio.run(session())


def test_failures_are_asked_again(sums_server: SumsServer) -> None:
    sums_server.status = lambda prompt, times: 503 if "SUM" in prompt and times < 3 else 200

    async def use(ask: Ask) -> tuple[ModelOutput, ModelOutput]:
        return await ask("SUM What is 1 + 2?"), await ask("What is 10 + 20?")

    first, second = with_model(sums_server, use)
    assert (first.text, second.outcome) == ("3", Outcome.OK)
    assert sums_server.asked["SUM What is 1 + 2?"] == 3
    assert sums_server.asked["What is 10 + 20?"] == 1


def test_attempts_are_finite(sums_server: SumsServer) -> None:
    sums_server.status = lambda prompt, times: 500 if "SUM" in prompt else 200
    output = with_model(sums_server, lambda ask: ask("SUM?"), attempts=2)
    assert not output.outcome.answered
    assert sums_server.asked["SUM?"] == 2


def test_a_wrong_key_ends_it(sums_server: SumsServer) -> None:
    sums_server.status = lambda prompt, times: 401 if "SUM" in prompt else 200
    with pytest.raises(ModelUnavailable, match="the model cannot be asked"):
        with_model(sums_server, lambda ask: ask("SUM?"))
    assert sums_server.asked["SUM?"] == 1


def test_calls_in_flight_are_bounded(sums_server: SumsServer) -> None:
    sums_server.seconds = lambda wrong: 0.01
    flying: list[int] = []

    class Counting:
        def __init__(self, model: Any) -> None:
            self.model, self.now = model, 0

        async def generate(self, request: Any) -> ModelOutput:
            self.now += 1
            flying.append(self.now)
            output: ModelOutput = await self.model.generate(request)
            self.now -= 1
            return output

    async def session() -> None:
        model = open_model(f"openai:{sums_server.name}@{sums_server.url}")
        _, capabilities = await model.identify()
        counting: Any = Counting(model)
        ask = asker(counting, capabilities, concurrency=3)
        await asyncio.gather(*(ask(f"What is {number} + 1?") for number in range(12)))
        await model.close()

    asyncio.run(session())
    assert max(flying) == 3

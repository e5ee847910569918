"""The health check: one at a time, its result opens or closes the breaker, and a plugin's error is a failure."""

from __future__ import annotations

import asyncio
import time

import pytest

from steelyard.records import ModelOutput, Outcome
from steelyard.runner.breaker import CircuitBreaker
from steelyard.runner.health_check import HealthCheck
from steelyard.runner.limits import RateLimiter

OK = ModelOutput(outcome=Outcome.OK, text="hi")


class Endpoint:
    def __init__(self, *outputs: ModelOutput | Exception) -> None:
        self.outputs = list(outputs)
        self.results: list[tuple[Outcome, bool]] = []
        self.breaker = CircuitBreaker(patience=60.0)

    async def ping(self) -> ModelOutput:
        output = self.outputs.pop(0)
        await asyncio.sleep(0)
        if isinstance(output, Exception):
            raise output
        return output

    def check(self) -> HealthCheck:
        return HealthCheck(
            self.ping,
            self.breaker,
            RateLimiter(),
            lambda output, turned: self.results.append((output.outcome, turned)),
            5,
        )


def test_callers_share_one_check() -> None:
    endpoint = Endpoint(OK)

    async def main() -> list[bool]:
        check, now = endpoint.check(), time.monotonic()
        return await asyncio.gather(*(check.replied_since(now) for _ in range(5)))

    assert asyncio.run(main()) == [True] * 5
    assert endpoint.results == [(Outcome.OK, False)]


@pytest.mark.parametrize("failure", [ModelOutput(outcome=Outcome.DROPPED), RuntimeError("a plugin's own")])
def test_a_failed_check_opens_the_breaker_and_a_good_one_closes_it(failure: ModelOutput | Exception) -> None:
    endpoint = Endpoint(failure, OK)

    async def main() -> tuple[bool, bool]:
        check = endpoint.check()
        alive = await check.replied_since(time.monotonic())
        opened = endpoint.breaker.is_open
        await check.check()
        return alive, opened

    assert asyncio.run(main()) == (False, True)
    assert not endpoint.breaker.is_open
    assert endpoint.results == [(Outcome.DROPPED, True), (Outcome.OK, True)]


def test_without_a_ping_the_endpoint_is_assumed_to_be_up() -> None:
    breaker = CircuitBreaker(patience=60.0)
    check = HealthCheck(None, breaker, RateLimiter(), lambda output, turned: None, 5)
    assert not check.available
    assert asyncio.run(check.replied_since(time.monotonic()))

"""Limits a minute, in virtual time: no window of 60 seconds ever holds more than the user allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, LoglikelihoodRequest, ModelOutput, NextTokenRequest, Outcome, RateHint
from steelyard.runner.limits import MAX_HOLD, RateLimiter, likely_tokens, requests_of

GOOD = ModelOutput(outcome=Outcome.OK)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def let_out(limiter: RateLimiter, clock: Clock, calls: int, tokens: int = 1, lazy: float = 0.0) -> list[float]:
    """When each of so many calls went out, each as early as it may (or ``lazy`` seconds later)."""
    times = []
    for _ in range(calls):
        while (wait := limiter.wait_seconds()) > 0:
            clock.now += wait + lazy
        limiter.take(tokens)
        times.append(clock.now)
    return times


@given(st.integers(1, 5000), st.floats(0, 2), st.integers(2, 400))
def test_no_minute_holds_more_requests_than_allowed(rpm: int, lazy: float, calls: int) -> None:
    clock = Clock()
    times = let_out(RateLimiter(rpm, None, clock), clock, calls, lazy=lazy)
    for first in times[:: max(1, calls // 20)]:
        assert sum(first <= moment < first + 60 - 1e-6 for moment in times) <= rpm


@pytest.mark.parametrize("rpm", [6, 60, 600, 6000])
def test_the_limit_is_used(rpm: int) -> None:
    clock = Clock()
    calls = rpm * 3
    times = let_out(RateLimiter(rpm, None, clock), clock, calls)
    assert times[-1] - times[0] < 60 * 3 * 1.02


def test_tokens_a_minute_hold_over_long_runs() -> None:
    clock = Clock()
    times = let_out(RateLimiter(None, 6000, clock), clock, 100, tokens=300)
    assert 100 * 300 / 6000 * 60 - 6 < times[-1] - times[0] < 100 * 300 / 6000 * 60 + 6


def test_usage_corrects_the_estimate() -> None:
    clock = Clock()
    limiter = RateLimiter(None, 600, clock)
    limiter.take(600)
    assert limiter.wait_seconds() > 50
    limiter.settle(600, ModelOutput(outcome=Outcome.OK, prompt_tokens=5, completion_tokens=3))
    assert limiter.wait_seconds() == 0


def test_retry_after_holds_every_call() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    limiter.settle(1, ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=7.0))
    assert limiter.wait_seconds() == pytest.approx(7)
    clock.now += 7
    assert limiter.wait_seconds() == 0
    limiter.settle(1, ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=MAX_HOLD))
    assert limiter.wait_seconds() == pytest.approx(MAX_HOLD)


def test_a_retry_after_of_more_than_ten_minutes_counts_as_absent() -> None:
    limiter = RateLimiter(clock=Clock())
    assert limiter.settle(1, ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=601)) == 0
    assert limiter.wait_seconds() == 0


def test_a_hold_is_said_once_and_only_where_it_is_long() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    said = [
        limiter.settle(1, ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=after)) for after in (1, 60, 61, 60)
    ]
    assert said == [0, pytest.approx(60), 0, 0]
    clock.now += 30
    assert limiter.settle(1, ModelOutput(outcome=Outcome.RATE_LIMITED, retry_after=60)) == pytest.approx(60)


def test_an_exhausted_rate_header_holds_until_its_reset_and_nothing_else_does() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    limiter.settle(1, ModelOutput(outcome=Outcome.OK, rate=RateHint(requests=3, requests_reset=50.0)))
    assert limiter.wait_seconds() == 0
    limiter.settle(1, ModelOutput(outcome=Outcome.OK, rate=RateHint(requests=0, requests_reset=12.0)))
    assert limiter.wait_seconds() == pytest.approx(12)
    limiter.settle(1, ModelOutput(outcome=Outcome.OK, rate=RateHint(tokens=0)))  # no reset is told: nothing to wait for
    assert limiter.wait_seconds() == pytest.approx(12)


def test_a_clock_that_jumps_back_gives_nothing_away() -> None:
    clock = Clock()
    limiter = RateLimiter(60, None, clock)
    limiter.take(1)
    clock.now -= 500
    assert 0 < limiter.wait_seconds() <= 1.1


def test_likely_tokens() -> None:
    assert likely_tokens(GenerateRequest(prefix="a" * 30, prompt="b" * 60, max_tokens=7)) == 37
    assert likely_tokens(LoglikelihoodRequest(context="c" * 30, continuations=("x" * 3, "y" * 6))) == 23
    assert likely_tokens(NextTokenRequest(prefix="a" * 30, context="b" * 60)) == 31


def test_log_likelihoods_are_a_request_for_each_option_and_all_else_is_one() -> None:
    assert requests_of(LoglikelihoodRequest(context="c", continuations=("x", "y"))) == 2
    assert requests_of(NextTokenRequest(context="c")) == requests_of(GenerateRequest(prompt="c")) == 1

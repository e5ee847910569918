"""The circuit breaker: prompts that fail for good do not open it, an endpoint that is gone does."""

from __future__ import annotations

import pytest

from assay.records import Answer, Outcome
from assay.runner import CircuitBreaker

GOOD = Answer(outcome=Outcome.OK)
REFUSED = Answer(outcome=Outcome.DROPPED, unreachable=True)
FAULTS = [Outcome.SERVER_ERROR, Outcome.TIMEOUT, Outcome.MALFORMED, Outcome.DROPPED]


@pytest.mark.parametrize("outcome", FAULTS)
def test_many_different_calls_that_fail_open_it(outcome: Outcome) -> None:
    breaker = CircuitBreaker(patience=60)
    turns = [breaker.observe(n, Answer(outcome=outcome), n * 0.01, again=False) for n in range(25)]
    assert turns == [""] * 24 + ["opened"]
    assert breaker.is_open


@pytest.mark.parametrize("outcome", FAULTS)
def test_the_same_calls_failing_again_and_again_do_not(outcome: Outcome) -> None:
    breaker = CircuitBreaker(patience=60)
    breaker.observe("x", GOOD, 0.0, again=False)
    for moment in range(400):
        assert not breaker.observe(moment % 9, Answer(outcome=outcome), moment * 0.01, again=moment >= 9)
    for moment in range(200):  # and those that failed while others were answered are no news at all
        assert not breaker.observe(moment + 100, Answer(outcome=outcome), 10 + moment, again=True)


def test_a_few_that_fail_over_a_minute_are_enough() -> None:
    breaker = CircuitBreaker(patience=600)
    late = [breaker.observe(n, Answer(outcome=Outcome.TIMEOUT), n * 20.0, again=False) for n in range(10)]
    assert late == [""] * 9 + ["opened"]


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.RATE_LIMITED, Outcome.CLIENT_ERROR, Outcome.EMPTY])
def test_any_sign_of_life_closes_it(outcome: Outcome) -> None:
    breaker = CircuitBreaker(patience=60)
    for n in range(3):
        turned = breaker.observe(n, REFUSED, 1.0, again=False)
    assert turned == "opened"
    assert breaker.observe("look", Answer(outcome=outcome), 2.0, again=True) == "closed"
    assert not breaker.is_open
    assert breaker.wait_seconds(2.0) == 0


def test_a_machine_of_ours_that_is_gone_says_nothing_about_the_endpoint() -> None:
    breaker = CircuitBreaker(patience=60)
    for n in range(100):
        assert not breaker.observe(n, Answer(outcome=Outcome.DROPPED, lost=True), n * 1.0, again=False)


def test_it_looks_ever_less_often_and_gives_up_in_the_end() -> None:
    breaker = CircuitBreaker(patience=100)
    for n in range(3):
        breaker.observe(n, REFUSED, 0.0, again=False)
    now, pauses = 0.0, []
    while not breaker.gives_up(now):
        wait = breaker.wait_seconds(now)
        pauses.append(wait)
        now += wait
        breaker.observe("look", REFUSED, now, again=True)
    assert pauses[:5] == [1, 2, 4, 8, 16]
    assert max(pauses) <= 30
    assert 100 <= now <= 130

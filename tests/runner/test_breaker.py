"""The circuit breaker: when it looks again, and when it gives up; in virtual time."""

from __future__ import annotations

from steelyard.runner.breaker import CircuitBreaker


def test_it_looks_ever_less_often_and_gives_up_in_the_end() -> None:
    breaker = CircuitBreaker(patience=100)
    now, pauses = 0.0, []
    assert breaker.failed(now)
    while not breaker.gives_up(now):
        wait = breaker.wait_seconds(now)
        pauses.append(wait)
        now += wait
        assert not breaker.failed(now)
    assert pauses[:5] == [1, 2, 4, 8, 16]
    assert max(pauses) <= 30
    assert 100 <= now <= 130


def test_any_reply_closes_it_and_the_next_outage_starts_anew() -> None:
    breaker = CircuitBreaker(patience=100)
    assert not breaker.answered(0.0, 0.0)
    for moment in (1.0, 2.0, 3.0):
        breaker.failed(moment)
    assert breaker.is_open
    assert not breaker.answered(3.5, 0.5)  # it was on its way when the endpoint went down
    assert breaker.is_open
    assert breaker.answered(4.0, 3.9)
    assert (breaker.is_open, breaker.wait_seconds(4.0), breaker.alive_at) == (False, 0, 4.0)
    breaker.failed(5.0)
    assert breaker.wait_seconds(5.0) == 1
    assert breaker.gives_up_in(5.0) == 100


def test_a_health_check_waits_for_retry_after() -> None:
    breaker = CircuitBreaker(patience=100)
    breaker.failed(0.0, retry_after=20.0)
    assert breaker.wait_seconds(0.0) == 20


def test_without_patience_it_gives_up_at_once() -> None:
    breaker = CircuitBreaker(patience=0.0)
    breaker.failed(7.0)
    assert breaker.gives_up(7.0)

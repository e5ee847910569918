"""Adaptive concurrency against simulated servers, in virtual time: it finds their capacity."""

from __future__ import annotations

import heapq
import random

import pytest

from steelyard.runner.concurrency import AdaptiveConcurrency

SERVICE = 0.1


def simulate(
    limit: AdaptiveConcurrency, slots: int, refuses: bool, calls: int = 6000
) -> tuple[float, float, list[int]]:
    """Calls a second, share refused, and the limits seen, with a server that works on ``slots`` calls at a time.

    Beyond them it refuses at once with a 429 (``refuses``) or lets calls queue, as most inference servers do.
    """
    now, done, refused = 0.0, 0, 0
    dice = random.Random(slots)
    free = [0.0] * slots
    events: list[tuple[float, float, bool]] = []
    seen = []
    while done < calls:
        while len(events) < limit.limit:
            start = heapq.heappop(free)
            if start > now and refuses:
                heapq.heappush(free, start)
                heapq.heappush(events, (now + 0.005, now, False))
                continue
            ends = max(start, now) + SERVICE * dice.uniform(0.5, 1.5)
            heapq.heappush(free, ends)
            heapq.heappush(events, (ends, now, True))
        now, started, good = heapq.heappop(events)
        if good:
            done += 1
            limit.answered(started, now, len(events) + 1)
        else:
            refused += 1
            limit.pushed_back(started, now)
        seen.append(limit.limit)
    return done / now, refused / (done + refused), seen[len(seen) // 2 :]


@pytest.mark.parametrize("slots", [3, 10, 40, 100])
def test_it_finds_a_server_that_queues(slots: int) -> None:
    rate, _, seen = simulate(AdaptiveConcurrency(256), slots, refuses=False)
    assert rate > 0.85 * slots / SERVICE
    assert max(seen) <= 3 * slots + 8  # and does not heap calls up there


@pytest.mark.parametrize("slots", [3, 10, 40, 100])
def test_it_finds_a_server_that_refuses(slots: int) -> None:
    rate, refused, _ = simulate(AdaptiveConcurrency(256), slots, refuses=True)
    assert rate > 0.6 * slots / SERVICE
    assert refused < 0.35


def test_a_named_concurrency_starts_there_and_is_never_passed() -> None:
    limit = AdaptiveConcurrency(50, 50)
    assert limit.limit == 50
    _, _, seen = simulate(limit, 1000, refuses=False)
    assert set(seen) == {50}


def test_calls_in_flight_together_tell_of_one_event() -> None:
    limit = AdaptiveConcurrency(100, 100)
    for _ in range(100):
        limit.pushed_back(started=0.0, now=1.0)
    assert limit.limit == 70
    limit.pushed_back(started=1.5, now=2.0)
    assert limit.limit == 49


def test_it_never_falls_below_one() -> None:
    limit = AdaptiveConcurrency(4)
    for moment in range(50):
        limit.pushed_back(float(moment), moment + 0.5)
    assert limit.limit == 1


def test_one_at_a_time_stays_so() -> None:
    limit = AdaptiveConcurrency(1)
    for moment in range(100):
        limit.answered(float(moment), moment + 1.0, 1)
    assert limit.limit == 1

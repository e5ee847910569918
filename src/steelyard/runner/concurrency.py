"""Adaptive concurrency: additive increase, multiplicative decrease, until the server's capacity is found.

Most inference servers never refuse: they queue requests, and answer each later. By Little's law latency is requests in
flight over throughput, so a higher limit without higher throughput only adds latency, and is undone. (A rule on latency
itself would mistake a harder row of questions for a slower server.)
"""

from __future__ import annotations

import math
from typing import Literal

__all__ = ["AdaptiveConcurrency"]

FIRST_LIMIT = 8
DECREASE = 0.7  # on a push-back (429, 503, a timeout), once per round trip
CALM_WINDOWS = 20  # without a push-back for so many windows, the limit follows throughput again
SMALLEST_WINDOW = 16
# Slow start: a doubled limit must give this much more throughput, or half of it was enough.
DOUBLING_PAYS = 1.25
# The throughput that a trial step up must gain and one down may lose; between trials the limit is kept for a while.
STEP = 1.25
STEP_UP_PAYS = 1.08
STEP_DOWN_COSTS = 0.96
HOLD_WINDOWS = 4


class AdaptiveConcurrency:
    """The limit of calls in flight, between 1 and ``ceiling``.

    It doubles while that pays (slow start), then tries a step up and a step down in turn and keeps what pays. A
    push-back by a call that started after the last decrease lowers it to .7 of itself, and it grows by one a window
    from there: calls that were in flight together show one event. A concurrency that the user sets (``start``) is
    lowered only when the server pushes back. (AIMD: Chiu & Jain 1989; slow start: Jacobson 1988.)
    """

    def __init__(self, ceiling: int, start: int | None = None) -> None:
        self._ceiling = max(1, ceiling)
        self._limit = float(min(self._ceiling, FIRST_LIMIT if start is None else start))
        self._climbs = start is None
        self._doubling = self._climbs
        self._decreased_at = -math.inf
        self._calm = CALM_WINDOWS
        self._trial: Literal["", "up", "down"] = ""
        self._next_trial: Literal["up", "down"] = "up"
        self._hold = 0
        self._skip = False
        self._before = self._limit  # the limit that a trial goes back to, and the throughput there
        self._rate = 0.0
        self._count = 0
        self._used = 0
        self._began: float | None = None

    @property
    def limit(self) -> int:
        """How many calls may be in flight."""
        return int(self._limit)

    @property
    def _is_calm(self) -> bool:
        """Whether the limit is found by throughput: not where the user named one, nor soon after a push-back."""
        return self._climbs and self._calm >= CALM_WINDOWS

    def answered(self, started: float, now: float, in_flight: int) -> None:
        """Record one reply: when its call started, and how many were in flight with it."""
        if self._ceiling == 1:
            return
        if self._began is None:
            self._began = started
        self._count += 1
        self._used = max(self._used, in_flight)
        smallest = SMALLEST_WINDOW if self._is_calm else SMALLEST_WINDOW // 2  # growth needs no measure of throughput
        if self._count >= max(smallest, self.limit):
            rate, reached = self._count / max(now - self._began, 1e-9), self._used >= self.limit
            self._open_window(now)
            self._judge(rate, reached)

    def pushed_back(self, started: float, now: float) -> None:
        """Record a 429, a 503 or a timeout."""
        if started <= self._decreased_at:
            return
        self._decreased_at = now
        self._doubling = False
        self._trial = ""
        self._calm = 0
        self._set(self._limit * DECREASE)
        self._open_window(now)

    def _judge(self, rate: float, reached: bool) -> None:
        """Evaluate a window. One that began with a change of the limit holds calls from before, and is skipped."""
        if self._skip:
            self._skip = False
        elif not reached:  # a limit that was not reached says nothing about another one
            self._rate = rate
        elif not self._is_calm:
            self._calm += 1
            self._set(self._limit + 1)
        elif self._doubling:
            self._double(rate)
        elif self._trial:
            self._end_trial(rate)
        else:
            self._rate = rate
            self._hold -= 1
            if self._hold <= 0:
                self._begin_trial()

    def _double(self, rate: float) -> None:
        if rate < self._rate * DOUBLING_PAYS or self.limit == self._ceiling:
            self._doubling = False
            self._change(self._before if rate < self._rate * DOUBLING_PAYS else self._limit)
            return
        self._rate, self._before = rate, self._limit
        self._change(self._limit * 2)

    def _begin_trial(self) -> None:
        self._trial, self._before = self._next_trial, self._limit
        if self._trial == "up":
            self._next_trial = "down"
            self._change(max(self._limit + 1, self._limit * STEP))
        else:
            self._next_trial = "up"
            self._change(min(self._limit - 1, self._limit / STEP))

    def _end_trial(self, rate: float) -> None:
        stepped_up = self._trial == "up"
        if rate > self._rate * (STEP_UP_PAYS if stepped_up else STEP_DOWN_COSTS):
            self._next_trial, self._hold = ("up" if stepped_up else "down"), 0
        else:
            self._hold = HOLD_WINDOWS
            self._change(self._before)
        self._trial = ""

    def _change(self, limit: float) -> None:
        self._set(limit)
        self._skip = True

    def _open_window(self, now: float) -> None:
        self._began = now
        self._count = 0
        self._used = 0

    def _set(self, limit: float) -> None:
        self._limit = min(float(self._ceiling), max(1.0, limit))

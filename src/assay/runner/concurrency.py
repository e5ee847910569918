"""How many calls are in flight: additive increase, multiplicative decrease, until the server's capacity is found."""

from __future__ import annotations

import math
from statistics import median

__all__ = ["AdaptiveConcurrency"]

FIRST_LIMIT = 8
DECREASE = 0.7  # on a push-back (429, 503, a timeout), once a round trip
LATENCY_DECREASE = 0.9
# A window whose median latency is this many times the best one, without more throughput for it, only fills a queue.
QUEUEING = 2.0
WORTHWHILE = 1.1  # growth that brings less than a tenth more throughput is no growth
BEST_FADES = 1.01  # the best latency seen is trusted a little less each window, since servers change
SMALLEST_WINDOW = 8


class AdaptiveConcurrency:
    """The limit of calls in flight, between 1 and ``ceiling``.

    It doubles each window until the server pushes back or stops getting faster (slow start, as in TCP), then grows by
    one a window. A push-back by a call that started after the last decrease lowers it to .7 of itself: calls that
    were in flight together tell of one event, not of many. A user who names a concurrency starts there (``start``).
    (Chiu & Jain 1989; Jacobson 1988; the latency rule is that of Netflix' concurrency-limits, on window medians.)
    """

    def __init__(self, ceiling: int, start: int | None = None) -> None:
        self._ceiling = max(1, ceiling)
        self._limit = float(min(self._ceiling, FIRST_LIMIT if start is None else start))
        self._doubling = start is None
        self._decreased_at = -math.inf
        self._window_began: float | None = None
        self._latencies: list[float] = []
        self._used = 0
        self._best_latency = math.inf
        self._last_rate = 0.0

    @property
    def limit(self) -> int:
        """How many calls may be in flight."""
        return int(self._limit)

    def answered(self, started: float, now: float, in_flight: int) -> None:
        """Take note of one answer: when its call started, and how many were in flight with it."""
        if self._ceiling == 1:
            return
        if self._window_began is None:
            self._window_began = started
        self._latencies.append(now - started)
        self._used = max(self._used, in_flight)
        if len(self._latencies) >= max(SMALLEST_WINDOW, self.limit):
            self._close_window(now)

    def pushed_back(self, started: float, now: float) -> None:
        """Take note of a 429, a 503 or a timeout."""
        if started <= self._decreased_at:
            return
        self._doubling = False
        self._decreased_at = now
        self._set(self._limit * DECREASE)
        self._open_window(now)

    def _close_window(self, now: float) -> None:
        assert self._window_began is not None
        latency = median(self._latencies)
        rate = len(self._latencies) / max(now - self._window_began, 1e-9)
        self._best_latency = min(self._best_latency * BEST_FADES, latency)
        faster = rate > self._last_rate * WORTHWHILE
        if latency > self._best_latency * QUEUEING and not faster:
            self._doubling = False
            self._set(self._limit * LATENCY_DECREASE)
        elif self._used >= self.limit:  # a limit that was not reached says nothing about a higher one
            self._doubling = self._doubling and faster
            self._set(self._limit * 2 if self._doubling else self._limit + 1)
        self._last_rate = rate
        self._open_window(now)

    def _open_window(self, now: float) -> None:
        self._window_began = now
        self._latencies.clear()
        self._used = 0

    def _set(self, limit: float) -> None:
        self._limit = min(float(self._ceiling), max(1.0, limit))

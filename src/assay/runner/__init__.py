"""The async engine: it asks, retries, keeps order and limits, and writes the journal. It knows no statistics."""

from __future__ import annotations

from assay.runner.breaker import CircuitBreaker
from assay.runner.concurrency import AdaptiveConcurrency
from assay.runner.limits import RateLimiter
from assay.runner.loop import RunEnd, Runner
from assay.runner.order import Finished, calls_of, committed_order, order_of, probed_samples
from assay.runner.retry import RetryPolicy
from assay.runner.schedule import Call, Schedule, Turn
from assay.runner.spending import Spending

__all__ = [
    "AdaptiveConcurrency",
    "Call",
    "CircuitBreaker",
    "Finished",
    "RateLimiter",
    "RetryPolicy",
    "RunEnd",
    "Runner",
    "Schedule",
    "Spending",
    "Turn",
    "calls_of",
    "committed_order",
    "order_of",
    "probed_samples",
]

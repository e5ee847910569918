"""The async engine: sends requests, retries, keeps order and limits, and writes the journal. Contains no statistics."""

from __future__ import annotations

from steelyard.planning.order import committed_order, order_of
from steelyard.runner.breaker import CircuitBreaker
from steelyard.runner.budget import Budget
from steelyard.runner.concurrency import AdaptiveConcurrency
from steelyard.runner.group import RunnerGroup
from steelyard.runner.limits import RateLimiter
from steelyard.runner.loop import RunEnd, Runner
from steelyard.runner.order import Finished, calls_of
from steelyard.runner.retry import RetryPolicy
from steelyard.runner.schedule import Call, Schedule, TaskQueue

__all__ = [
    "AdaptiveConcurrency",
    "Budget",
    "Call",
    "CircuitBreaker",
    "Finished",
    "RateLimiter",
    "RetryPolicy",
    "RunEnd",
    "Runner",
    "RunnerGroup",
    "Schedule",
    "TaskQueue",
    "calls_of",
    "committed_order",
    "order_of",
]

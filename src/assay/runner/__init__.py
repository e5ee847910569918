"""The async engine: it asks, retries, keeps the order and writes the journal. It knows no statistics."""

from __future__ import annotations

from assay.runner.loop import RunEnd, Runner
from assay.runner.order import calls_of, committed_order
from assay.runner.retry import RetryPolicy
from assay.runner.schedule import Call, Schedule, Turn

__all__ = ["Call", "RetryPolicy", "RunEnd", "Runner", "Schedule", "Turn", "calls_of", "committed_order"]

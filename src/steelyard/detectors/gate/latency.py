"""A gate on time at work: is a share of answers, such as 95 %, there within a limit? Green, red or undecided."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.detectors.bars import MISSING, RIGHT, WRONG
from steelyard.detectors.gate.monitor import GateMonitor, SealedGate
from steelyard.plugins import Progress
from steelyard.records import BudgetVerdict, CallSpent, DetectorResult, Plan, PlannedTest, SampleScore
from steelyard.stats.quantile import quantile_interval, quantile_of

__all__ = ["LatencyMonitor", "SealedLatency", "latency_null"]


class SealedLatency(SealedGate, frozen=True, kw_only=True):
    """The sealed part of a gate on time: ``at_least`` is the share of answers that come within ``seconds``."""

    seconds: str


def latency_null(seconds: str, quantile: str) -> str:
    """What red rejects."""
    return f"at least {float(quantile) * 100:g} % of answers would come within {seconds} s"


class LatencyMonitor(GateMonitor):
    """Takes what calls took, in any order of arrival, and reads along the committed order.

    That a quantile is at most a limit is a bar on the share of answers within it, so that nothing is assumed about how
    times are distributed; it is assumed that late answers come one by one, which congestion breaks. A call without an
    answer that ended within the limit counts as in time against red and as too late for green.
    """

    form = SealedLatency
    sealed: SealedLatency

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        super().__init__(test, plan)
        self._limit_us = round(float(self.sealed.seconds) * 1e6)
        self._times = array("q", [-1]) * self.measurement.planned

    def observe(self, score: SampleScore) -> None:
        """Scores say nothing about time."""

    def observe_call(self, call: CallSpent) -> None:
        """Take one finished call."""
        if call.repeat or not 0 <= call.position < self.measurement.planned:
            return
        late = call.elapsed_us > self._limit_us
        if call.answered or late:
            self._times[call.position] = call.elapsed_us
        self._take(call.position, WRONG if late else RIGHT if call.answered else MISSING)

    def progress(self) -> Progress:
        """The state of the gate; there is no interval of a score to show."""
        found = super().progress()
        return Progress(decision=found.decision, remaining=found.remaining)

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Green, red or undecided, with the quantile that was seen and its interval."""
        found = super().find(inputs)
        assert found.gate is not None
        q = float(self.sealed.at_least)
        read = [each / 1e6 for each in self._times[: self.tracker.n] if each >= 0]
        missing = self.tracker.n - len(read)
        budget = BudgetVerdict(
            kind="latency",
            limit=self.sealed.seconds,
            quantile=self.sealed.at_least,
            seen=quantile_of(read, missing, q) if read else None,
            interval=quantile_interval(read, missing, q, self.alpha) if read else None,
        )
        limit, share = f"{self.sealed.seconds} s", f"{q * 100:g} %"
        late = self.tracker.n - self.tracker.right - self.tracker.missing
        said = f"{late:,} of {self.tracker.n:,} answers took longer"
        return msgspec.structs.replace(
            found,
            reason="" if not found.reason else f"not told whether {share} of answers come within {limit}",
            findings=tuple(
                msgspec.structs.replace(
                    each,
                    detector="budget",
                    check="too_slow",
                    message=f"fewer than {share} of answers come within {limit}: {said}",
                )
                for each in found.findings
            ),
            gate=msgspec.structs.replace(found.gate, budget=budget),
        )

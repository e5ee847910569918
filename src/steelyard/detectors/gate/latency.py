"""A gate on time at work: did a share of this run's answers, such as 95 %, come within a limit?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.detectors.gate.whole_run import WORDS, Colour, WholeRun
from steelyard.records import BudgetVerdict, CallSpent, DetectorResult, Finding, Plan, PlannedTest
from steelyard.records.record import Record
from steelyard.stats.stretches import band_of_share

__all__ = ["LatencyMonitor", "SealedLatency", "latency_null"]


class SealedLatency(Record, frozen=True, kw_only=True):
    """The sealed part of a gate on time: the share ``quantile`` of answers that come within ``seconds``, as texts."""

    seconds: str
    quantile: str


def latency_null(seconds: str, quantile: str) -> str:
    """What red finds not to be so."""
    return f"{float(quantile) * 100:g} % of this run's answers came within {seconds} s"


class LatencyMonitor(WholeRun):
    """Green or red where the share of late answers is farther from what is allowed than a band, else undecided.

    Times of one run hang together, so a band of :mod:`steelyard.stats.stretches` is kept free around the limit, and no
    error rate is claimed. A call without an answer that ended within the limit is late for green and in time for red,
    and so is one that may have been in flight when the run was cut off or killed.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        super().__init__(test, plan)
        self.sealed = msgspec.convert(test.sealed, SealedLatency)
        self._limit_us = round(float(self.sealed.seconds) * 1e6)
        self._cut = 0

    def value(self, call: CallSpent) -> tuple[float, bool]:
        """Microseconds; of a call without an answer, or cut off, they are known to be too many, or not known."""
        is_late = call.elapsed_us > self._limit_us
        self._cut += call.time_unknown and not is_late
        return float(call.elapsed_us), is_late or (call.answered and not call.time_unknown)

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Green, red or undecided, with the quantile of the run's times and the band around it."""
        times, q = self.known(), float(self.sealed.quantile)
        late = sum(each > self._limit_us for each in times)
        band = band_of_share([int(each > self._limit_us) for each in self.at_least()], 1 - q) if self.asked else 0.0
        colour = self._colour(late, band)
        limit, share = f"{self.sealed.seconds} s", f"{q * 100:g} %"
        said = f"{late:,} of {self.asked:,} answers took longer"
        red = Finding(
            detector="budget", check="too_slow", task=self.measurement.task, null=self.planned.null, n=self.asked,
            message=f"fewer than {share} of this run's answers came within {limit}: {said}",
        )  # fmt: skip
        budget = BudgetVerdict(
            kind="latency",
            limit=self.sealed.seconds,
            quantile=self.sealed.quantile,
            seen=_quantile(times, 0, self.missing, q) if times else None,
            band=(_quantile(times, self.missing, 0, q - band) or 0.0, _quantile(times, 0, self.missing, q + band))
            if times
            else None,
        )
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=WORDS[colour],
            reason=self._why(limit, share, band) if colour == "undecided" else "",
            findings=(red,) if colour == "red" else (),
            gate=msgspec.structs.replace(self.gate(), right=len(times) - late, budget=budget),
        )

    def _colour(self, late: int, band: float) -> Colour:
        """Of all planned calls: late ones may be so many, less or more than the band."""
        if not self.is_whole:
            return "undecided"
        allowed = 1 - float(self.sealed.quantile)
        if _is_within((late + self.missing) / self.asked, allowed - band):
            return "green"
        return "red" if not _is_within(late / self.asked, allowed + band) else "undecided"

    def _why(self, limit: str, share: str, band: float) -> str:
        if not self.is_whole:
            return "a gate on time is about all calls of a run, and not all were made"
        if self._cut:
            return (
                f"the run was cut off or killed and resumed, so {self._cut:,} of its calls may have taken longer than "
                f"{limit}: for a colour run the gate anew"
            )
        if band > 1 - float(self.sealed.quantile) + _SLACK:
            return f"too few answers, or too long slow stretches, to tell whether {share} of them come within {limit}"
        return f"too near to {share} of answers within {limit} to be told apart from it"


_SLACK = 1e-12  # of a share: 0.05 + 0.01 is not 0.06 in floats


def _is_within(share: float, most: float) -> bool:
    return share <= most + _SLACK


def _quantile(times_us: Sequence[float], faster: int, slower: int, q: float) -> float | None:
    """Seconds: the ⌈q·n⌉-th of the times and of so many unknown ones; None where it is no known one."""
    place = math.ceil((len(times_us) + faster + slower) * q - _SLACK) - faster
    return sorted(times_us)[place - 1] / 1e6 if 0 < place <= len(times_us) else None

"""The monitor of one claim: scores in committed order → its sequential test, in a live run and in a verifier.

It reads only the contiguous prefix of the committed order, whichever answers arrive first. If it read answers as they
arrive, and wrong answers were slow, false claims would be called consistent .11/.63/1.00 of the time at 16/64/256
connections.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from steelyard.detectors.claim_retest.noise import SequentialTest, sequential_test
from steelyard.detectors.claim_retest.sealed import claim_of, decode, measurement_of
from steelyard.plugins import Progress
from steelyard.records import Plan, PlannedTest, SampleScore, TracePoint
from steelyard.util.compact import SmallIntegers, Trace

if TYPE_CHECKING:
    from steelyard.stats.sequential import Tracker

__all__ = ["ClaimMonitor"]

TRACE_POINTS = 60
MAX_VARIANCE = 0.25  # of a score that is 0 or 1

# How a score that waits for its place in the order is kept, in a byte.
_WRONG, _RIGHT, _MISSING, _UNPARSED, _OPEN = 0, 1, 2, 4, 8


class ClaimMonitor:
    """Takes a claim's scores in any order of arrival and feeds its test in committed order.

    A waiting score takes one byte, a score that was read eight bytes, for the chart of how the interval closed. Raises
    ValueError for a test whose sealed part is not a claim retest's.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        self.planned = test
        self.sealed = decode(test)
        self.claim = claim_of(test, plan)
        self.measurement = measurement_of(test, plan)
        self.plan = plan
        self.next_position = 0
        self.unparsed = 0
        self.open = 0
        self.trace = Trace()
        self.test: SequentialTest | None = None
        self.tracker: Tracker | None = None
        self._waiting = SmallIntegers()
        self._first: dict[int, SampleScore] = {}  # the first answers, which a greedy measurement's check repeats
        self._repeated: dict[str, list[float]] = {}
        self._repeats_left = len(self.measurement.extra_repeats) * self.measurement.repeat_check.samples
        if self._check_is_complete():
            self._begin()

    @property
    def decision(self) -> str | None:
        """``"inconsistent"``, ``"consistent"``, ``"not_testable"`` (the noise is too large) or None: undecided."""
        if self.test is not None and not self.test.testable:
            return "not_testable"
        return self.tracker.decision if self.tracker else None

    def observe(self, score: SampleScore) -> None:
        """Take one score; the test reads on to the end of the contiguous prefix."""
        if score.position < 0:
            self._observe_repeat(score)
        elif self.tracker is None or self.tracker.decision is None:
            self._waiting[score.position] = _in_a_byte(score)
            if score.position < self._checked_positions:
                self._first[score.position] = score
        if self.tracker is None and self._check_is_complete():
            self._begin()
        if self.tracker is not None:
            self._advance()

    @property
    def closed(self) -> frozenset[str]:
        """The claim's measurement if the test has decided, otherwise empty."""
        return frozenset((self.measurement.id,)) if self.decision else frozenset()

    @property
    def heads(self) -> dict[str, int]:
        """How many trials of the claim's measurement were read."""
        return {self.measurement.id: self.next_position}

    def progress(self) -> Progress:
        """The state of the test, for a display."""
        from steelyard.stats.intervals import confidence_sequence

        interval = None
        if self.trace:
            n, low_right, high_right = self.trace[-1]
            interval = confidence_sequence(n, low_right, high_right, self.measurement.trials, self.plan.alpha)
        return Progress(
            decision=self.decision or "",
            interval=interval,
            remaining=self.remaining(),
            target=f"{float(self.claim.number / self.claim.scale) * 100:g}",
        )

    def remaining(self, rate: float | None = None) -> int | None:
        """Trials until a decision if the next ones are right at this rate (default: the rate so far)."""
        from steelyard.stats.sequential import StopTable, samples_needed

        if self.tracker is None or self.test is None or (rate is None and not self.tracker.n):
            return None
        table = StopTable(inconsistent=self.test.inconsistent, consistent=self.test.consistent)
        expected = self.tracker.right / self.tracker.n if rate is None else rate
        return samples_needed(table, self.tracker.n, self.tracker.right, self.measurement.trials, expected)

    def _observe_repeat(self, score: SampleScore) -> None:
        if score.value is not None:
            self._repeated.setdefault(score.sample, []).append(score.value)
        self._repeats_left -= 1

    def _check_is_complete(self) -> bool:
        """Whether all repeats have arrived, and if greedy the answers that they repeat: w depends on no order."""
        if self._repeats_left > 0:
            return False
        return self.measurement.decoding == "sampled" or all(n in self._first for n in range(self._checked_positions))

    @property
    def _checked_positions(self) -> int:
        return self.measurement.repeat_check.samples if len(self.measurement.extra_repeats) else 0

    def _begin(self) -> None:
        from steelyard.stats.sequential import StopTable, Tracker

        self.test = sequential_test(self.sealed, self.measurement, self.claim, self._variance())
        table = StopTable(inconsistent=self.test.inconsistent, consistent=self.test.consistent)
        self.tracker = Tracker(self.measurement.trials, self.test.threshold, table)

    def _variance(self) -> float:
        """Estimate w from the repeats: 0 if greedy answers did not change, the maximum without any scores."""
        from steelyard.stats.sequential import within_sample_variance, within_sample_variance_upper

        if not len(self.measurement.extra_repeats):
            return 0.0
        if self.measurement.decoding == "greedy":
            # The repeats are of the order's first samples, whose first answers count too.
            for position in range(self._checked_positions):
                score = self._first[position]
                if score.value is not None:
                    self._repeated.setdefault(score.sample, []).append(score.value)
        scores = [[int(value == 1.0) for value in values] for values in self._repeated.values() if len(values) > 1]
        if not scores:
            return MAX_VARIANCE
        if self.measurement.decoding == "greedy" and within_sample_variance(scores) == 0:
            return 0.0
        return within_sample_variance_upper(scores)

    def _advance(self) -> None:
        tracker = self.tracker
        assert tracker is not None
        while tracker.decision is None:
            score = self._waiting.get(self.next_position)
            if score is None:
                return
            self.next_position += 1
            self._waiting.forget_before(self.next_position)
            # An open output counts as a missing one: as right for inconsistent, as wrong for consistent.
            tracker.observe(None if score & (_MISSING | _OPEN) else score & _RIGHT)
            self.unparsed += bool(score & _UNPARSED)
            self.open += bool(score & _OPEN)
            self.trace.append(tracker.right, tracker.right + tracker.missing)
        self._waiting.clear()

    def trace_points(self, alpha: float) -> tuple[TracePoint, ...]:
        """At most 61 points of how the interval closed, with the last one."""
        from steelyard.stats.intervals import confidence_sequence

        if not self.trace:
            return ()
        step = max(1, math.ceil(len(self.trace) / TRACE_POINTS))
        shown = [*self.trace[step - 1 :: step]]
        if shown[-1] != self.trace[-1]:
            shown.append(self.trace[-1])
        points = []
        for n, low_right, high_right in shown:
            low, high = confidence_sequence(n, low_right, high_right, self.measurement.trials, alpha)
            points.append(TracePoint(n=n, right=low_right, low=low, high=high))
        return tuple(points)


def _in_a_byte(score: SampleScore) -> int:
    """A score as one byte. The test is of a share of right answers, so only a full score counts as right."""
    if score.status == "open":
        return _OPEN
    right = _MISSING if score.value is None else _RIGHT if score.value == 1.0 else _WRONG
    return right | (_UNPARSED if score.status == "unparsed" else 0)

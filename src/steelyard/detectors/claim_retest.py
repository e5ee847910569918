"""How one row is read: marks in committed order → its sequential test. The live run and the verifier use the same code.

Only the contiguous prefix of the committed order is read, whatever finished first: updating as answers arrive calls
false claims consistent .11/.63/1.00 of the time at 16/64/256 connections when wrong answers are the slow ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from steelyard.records import Claim, PlanRow, SampleScore, TracePoint
from steelyard.util.compact import SmallIntegers, Trace

if TYPE_CHECKING:
    from steelyard.stats.sequential import Tracker

__all__ = ["ClaimMonitor", "SequentialTest", "own_noise", "row_test"]

TRACE_POINTS = 60
MAX_VARIANCE = 0.25  # of a mark that is 0 or 1

# How a mark waits for its turn, in a byte: only these count.
_WRONG, _RIGHT, _MISSING, _UNPARSED = 0, 1, 2, 4


@dataclass(frozen=True)
class SequentialTest:
    """The test that a row ends up under: its M0 in cells, its stop tables, and the noise that widened its margin.

    An estimate has no tables: nothing stops it.
    """

    threshold: int
    inconsistent: tuple[int, ...]
    consistent: tuple[int, ...]
    margin: Fraction
    variance: float
    testable: bool = True
    halved: bool = False

    @property
    def noisy(self) -> bool:
        """Whether answers vary from ask to ask."""
        return self.variance > 0


def row_test(row: PlanRow, claim: Claim, variance: float) -> SequentialTest:
    """The sealed test where answers do not vary, else the sealed *rule*: margin = max(δ, z·√(w(1/k_v + 1/k_o)/N)).

    ``variance`` is w, the within-sample variance of the marks from our own repeats (DETECTORS.md, "Sampled decoding").
    A vendor who scored n of the N samples adds v(1 − v)(1/n − 1/N) under the root. Half of each side's level goes to
    that noise. *Consistent* must hold for the model's own rate, of which our cells are one noisy draw too: its
    threshold is higher by our own noise, z·√(w/(k_o·N)). (Without it, a rate .5 points too low is called consistent
    .26 of the time at N = 200, k_o = 5, w = .1.)
    """
    from steelyard.stats.sequential import noise_margin, stop_table, threshold

    tolerance = Fraction(row.tolerance) / 100
    if row.estimate or (variance <= 0 and row.has_table):
        return SequentialTest(row.threshold, row.stop_inconsistent, row.stop_consistent, tolerance, max(variance, 0.0))
    claimed = claim.number / claim.scale
    noise = noise_margin(variance, row.claimed_repeats, row.repeats, row.population, row.alpha_inconsistent)
    if row.claimed_samples:
        chosen = float(claimed * (1 - claimed)) * (1 / row.claimed_samples - 1 / row.population) * row.population
        noise = math.hypot(noise, noise_margin(chosen, 1, 1, row.population, row.alpha_inconsistent) / math.sqrt(2))
    margin = max(tolerance, _rounded_up(noise))
    half_unit = claim.printed_unit / claim.scale / 2
    if claimed - half_unit - margin <= Fraction(str(row.chance)):
        never = (-1,) * row.cells, (row.cells + 1,) * row.cells
        return SequentialTest(1, *never, margin, variance, testable=False, halved=True)
    level = threshold(row.cells, claimed, half_unit, margin)
    low = stop_table(row.cells, level, row.alpha_inconsistent / 2, row.alpha_consistent / 2)
    raised = level + math.ceil(own_noise(row, variance, row.alpha_consistent) * row.cells)
    high: tuple[int, ...] = (row.cells + 1,) * row.cells
    if raised <= row.cells:
        high = stop_table(row.cells, raised, row.alpha_inconsistent / 2, row.alpha_consistent / 2).consistent
    return SequentialTest(level, low.inconsistent, high, margin, variance, halved=True)


def own_noise(row: PlanRow, variance: float, alpha: float) -> Fraction:
    """z·√(w/(k_o·N)), a proportion: how far our own cells' mean may lie from the model's rate."""
    from steelyard.stats.sequential import noise_margin

    ours = 1 / row.repeats / (1 / row.repeats + 1 / row.claimed_repeats)
    whole = noise_margin(variance, row.claimed_repeats, row.repeats, row.population, alpha)
    return _rounded_up(whole * math.sqrt(ours))


def _rounded_up(value: float) -> Fraction:
    """Six decimals, rounded up: the same integer threshold on every machine."""
    return Fraction(math.ceil(value * 1_000_000), 1_000_000)


class Tally:
    """Counts the marks of an estimate, which tests nothing and never stops."""

    __slots__ = ("missing", "n", "right")

    decision = None
    log_e = 0.0
    p = 1.0

    def __init__(self) -> None:
        self.n = self.right = self.missing = 0

    def observe(self, mark: int | None) -> None:
        """Take in the next mark of the order (1 right, 0 wrong, None missing)."""
        self.n += 1
        self.right += mark == 1
        self.missing += mark is None


class ClaimMonitor:
    """Takes a row's scores in any order of arrival and feeds its test in committed order.

    What waits for its turn takes a byte, what was read eight: for the picture of how the interval closed.
    """

    def __init__(self, row: PlanRow, claim: Claim) -> None:
        self.row = row
        self.claim = claim
        self.cells = row.cells
        self.next_position = 0
        self.unparsed = 0
        self.missing_anywhere = 0
        self.trace = Trace()
        self.test: SequentialTest | None = None
        self.tracker: Tracker | Tally | None = None
        self._waiting = SmallIntegers()
        self._probed: dict[int, SampleScore] = {}  # a greedy row's first answers, which its probe repeats
        self._probe_marks: dict[str, list[float]] = {}
        self._probe_left = len(row.probe_repeats) * row.probe.samples
        if self._probe_is_complete():
            self._begin()

    @property
    def decision(self) -> str | None:
        """``"inconsistent"``, ``"consistent"``, ``"not_testable"`` (noise swallows the claim) or None: still open."""
        if self.test is not None and not self.test.testable:
            return "not_testable"
        return self.tracker.decision if self.tracker else None

    def observe(self, score: SampleScore) -> None:
        """Take one score; the test moves as far as the contiguous prefix reaches."""
        if score.status == "missing":
            self.missing_anywhere += 1
        if score.position < 0:
            self._observe_probe(score)
        elif self.tracker is None or self.tracker.decision is None:
            self._waiting[score.position] = _waiting_mark(score)
            if score.position < self._probed_positions:
                self._probed[score.position] = score
        if self.tracker is None and self._probe_is_complete():
            self._begin()
        if self.tracker is not None:
            self._advance()

    def _observe_probe(self, score: SampleScore) -> None:
        if score.value is not None:
            self._probe_marks.setdefault(score.sample, []).append(score.value)
        self._probe_left -= 1

    def _probe_is_complete(self) -> bool:
        """All repeats are in, and for a greedy row the answers that they repeat: w depends on no order of arrival."""
        if self._probe_left > 0:
            return False
        return self.row.decoding == "sampled" or all(n in self._probed for n in range(self._probed_positions))

    @property
    def _probed_positions(self) -> int:
        return self.row.probe.samples if len(self.row.probe_repeats) else 0

    def _begin(self) -> None:
        from steelyard.stats.sequential import StopTable, Tracker

        self.test = row_test(self.row, self.claim, self._variance())
        if self.row.estimate:
            self.tracker = Tally()
            return
        table = StopTable(inconsistent=self.test.inconsistent, consistent=self.test.consistent)
        self.tracker = Tracker(self.cells, self.test.threshold, table)

    def _variance(self) -> float:
        """w from the probe's repeats: 0 where greedy answers did not change, the largest there is without any marks."""
        from steelyard.stats.sequential import within_sample_variance, within_sample_variance_upper

        if not len(self.row.probe_repeats):
            return 0.0
        if self.row.decoding == "greedy":  # the order's first samples were asked again: their first answers count too
            for position in range(self._probed_positions):
                score = self._probed[position]
                if score.value is not None:
                    self._probe_marks.setdefault(score.sample, []).append(score.value)
        marks = [[int(value == 1.0) for value in values] for values in self._probe_marks.values() if len(values) > 1]
        if not marks:
            return MAX_VARIANCE
        if self.row.decoding == "greedy" and within_sample_variance(marks) == 0:
            return 0.0
        return within_sample_variance_upper(marks)

    def _advance(self) -> None:
        tracker = self.tracker
        assert tracker is not None
        while tracker.decision is None:
            mark = self._waiting.get(self.next_position)
            if mark is None:
                return
            self.next_position += 1
            self._waiting.forget_before(self.next_position)
            tracker.observe(None if mark & _MISSING else mark & _RIGHT)
            self.unparsed += bool(mark & _UNPARSED)
            self.trace.append(tracker.right, tracker.right + tracker.missing)
        self._waiting.clear()

    def trace_points(self, alpha: float) -> tuple[TracePoint, ...]:
        """At most 60 looks at how the interval closed, the last one included."""
        from steelyard.stats.intervals import confidence_sequence

        if not self.trace:
            return ()
        step = max(1, math.ceil(len(self.trace) / TRACE_POINTS))
        chosen = [*self.trace[step - 1 :: step]]
        if chosen[-1] != self.trace[-1]:
            chosen.append(self.trace[-1])
        points = []
        for n, low_right, high_right in chosen:
            low, high = confidence_sequence(n, low_right, high_right, self.cells, alpha)
            points.append(TracePoint(n=n, right=low_right, low=low, high=high))
        return tuple(points)


def _waiting_mark(score: SampleScore) -> int:
    """A score in a byte. A scorer that gives partial credit has no place in a test of shares: only full marks count."""
    right = _MISSING if score.value is None else _RIGHT if score.value == 1.0 else _WRONG
    return right | (_UNPARSED if score.status == "unparsed" else 0)

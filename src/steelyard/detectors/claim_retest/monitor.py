"""The monitor of one claim: scores in any order of arrival → its test, in a live run and in a verifier.

It reads only the contiguous prefix of the committed order, whichever answers arrive first. If it read answers as they
arrive, and wrong answers were slow, false claims would be called consistent .11/.63/1.00 of the time at 16/64/256
connections.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

from steelyard.detectors.claim_retest.repeats import MISSING, OPEN, Mark, Noise, Repeats, mark_of
from steelyard.detectors.claim_retest.retest import Retest
from steelyard.detectors.claim_retest.sealed import SAMPLED, SECOND, beside_of, claim_of, decode, measurement_of
from steelyard.detectors.claim_retest.thresholds import SKEW, own_noise
from steelyard.detectors.claim_retest.two_passes import TwoPasses
from steelyard.plugins import Progress
from steelyard.records import Plan, PlannedTest, SampleScore, Served, TracePoint
from steelyard.stats.series import series_share
from steelyard.util.compact import SmallIntegers

__all__ = ["ClaimMonitor"]

TRACE_POINTS = 60

# How a score that waits for its place in the order is kept, in a byte.
_MARKS: tuple[Mark, ...] = (0, 1, OPEN, MISSING)
_UNPARSED, _SHARE = 4, 8


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
        self.sampling_check = beside_of(test, plan, SAMPLED)
        self.second = beside_of(test, plan, SECOND)
        if self.sealed.two_passes != (self.second is not None):
            raise ValueError(f"test {test.id}: two passes are two measurements")
        self.plan = plan
        # The interval that is shown is this audit's alone; the levels of the test are those of a series of audits.
        self.interval_level = self.sealed.alpha_consistent / series_share(plan.number_of(test))
        self.next_position = 0
        self.unparsed = 0
        self.open = 0
        self.retest = (
            Retest(self.sealed, self.measurement, self.claim, unchecked=self.sampling_check is not None)
            if self.second is None
            else TwoPasses(self.sealed, self.measurement, self.claim, self.second)
        )
        self._waiting = SmallIntegers()
        self._shares: dict[int, float] = {}  # by place, the scores between 0 and 1 that wait
        self._groups: dict[int, str] = {}  # by place, the subtasks of scores that wait, where they have weights
        self._samples: dict[int, str] = {}  # by place, where every sample is asked twice
        read = self.sealed.grid, self.retest.subtasks.weights
        self._repeats = Repeats(self.measurement.extra_calls + self._checked_positions, *read)
        sampling = self.sampling_check
        self._sampled = Repeats(sampling.planned + sampling.extra_calls if sampling else 0, *read)
        self._begin()

    @property
    def served(self) -> Served | None:
        """The claim's request that the measurement serves: its prompt format, and the differences from the vendor's."""
        own, request = self.planned.reads[0], f"claim/{self.sealed.claim}"
        begins = tuple(f"{request}/{way}" for way in ("format/", "sampled/", "effort-"))
        for each in self.plan.served:
            if each.reads == own and (each.request == request or each.request.startswith(begins)):
                return each
        return None

    @cached_property
    def unverifiable(self) -> str:
        """Why the claim cannot be reproduced as it is stated: a score between its two thresholds decides nothing."""
        number = self.sealed.chosen_samples
        of = f"{self.sealed.whole or self.measurement.population:,}"
        return "" if number is None else f"it says that {number:,} of {of} items were scored, and not which"

    @cached_property
    def confirms_only(self) -> str:
        """Why this may confirm the claim and never accuse; empty where it may do both."""
        return self.served.confirms_only if self.served else ""

    @property
    def decision(self) -> str | None:
        """The word of the verdict, or None: undecided."""
        word = None if self.retest.suspects else self.retest.word
        if self.unverifiable and word == "insufficient_power":
            return "unverifiable"
        return "not_testable" if word not in (None, "consistent") and self.confirms_only else word

    @property
    def p(self) -> float:
        """A valid p for Holm: 1 where this accuses nobody."""
        return 1.0 if self.confirms_only else self.retest.p

    def observe(self, score: SampleScore) -> None:
        """Take one score; the test reads on to the end of the contiguous prefix."""
        if self.second is not None and score.measurement == self.second.id:
            if self.retest.word is None:
                self.retest.take_second(score.position, mark_of(score, self.sealed.grid))
        elif score.measurement != self.measurement.id:
            self._sampled.take(score)
        elif self.decision is None:
            self._observe_own(score)
        if self.retest.suspects and not self._sampled.left:
            self.retest.allow_for(self._sampled.variance(self._noise_level))
        self._advance()

    def _observe_own(self, score: SampleScore) -> None:
        if score.position >= 0:
            mark = mark_of(score, self.sealed.grid)
            if mark not in _MARKS:
                self._shares[score.position] = float(mark)
            kind = _MARKS.index(mark) if mark in _MARKS else _SHARE
            self._waiting[score.position] = kind | _UNPARSED * (score.status == "unparsed")
            if self.sealed.macro:
                self._groups[score.position] = score.group
            if self._is_paired or self.second is not None:
                self._samples[score.position] = score.sample
        if score.position < self._checked_positions:
            self._repeats.take(score)
            self._begin()

    @property
    def closed(self) -> frozenset[str]:
        """The measurements whose answers the test needs no more: all of them once it has decided."""
        if self.decision is not None:
            return frozenset(reads.measurement for reads in self.planned.reads)
        if self.sampling_check is None:
            is_over = self.next_position >= self.measurement.planned and not self.retest.waits
            return frozenset((self.second.id,)) if self.second is not None and is_over else frozenset()
        is_read = self.next_position >= self.measurement.planned and not self.retest.suspects
        return frozenset((self.sampling_check.id,)) if is_read or not self._sampled.left else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """How many trials were read. Only one of the two measurements is asked at a time: the other one waits."""
        stands = self.retest.suspects or self.retest.waits
        heads: dict[str, int | None] = {self.measurement.id: None if stands else self.next_position}
        if self.sampling_check is not None:
            heads[self.sampling_check.id] = 0 if self.retest.suspects else None
        return heads | ({} if self.second is None else {self.second.id: None})

    def has_read(self, measurement: str) -> bool:
        """Whether what was read of the first pass is to be asked again."""
        is_over = self.decision is not None or self.next_position >= self.measurement.planned
        return measurement == self.measurement.id and (self.retest.waits or is_over)

    def left(self, measurement: str) -> Sequence[int]:
        """The places of the first pass that are to be asked again, in the order of the second."""
        is_second = self.second is not None and measurement == self.second.id and self.decision is None
        return self.retest.left if is_second else ()

    def progress(self) -> Progress:
        """The state of the test, for a display."""
        return Progress(
            decision=self.decision or "",
            interval=self.interval,
            remaining=self.remaining(),
            target=f"{float(self.claim.number / self.claim.scale) * 100:g}",
            cannot=self.cannot,
            confirms_only=self.confirms_only,
        )

    @cached_property
    def cannot(self) -> str:
        """What the questions cannot show, known before any answer; empty where a true claim is confirmed."""
        from steelyard.detectors.claim_retest.reach import reach_of

        if self.measurement.planned < self.measurement.trials:  # a limit leaves other words
            return ""
        return reach_of(self.sealed, self.measurement, self.claim).sentence

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the true rate, valid at every look; None before the first answer was read.

        That of our own trials, widened by the noise of our own repeats where answers vary.
        """
        sealed = self.sealed
        if not self.retest.n:
            return None
        low, high = self.retest.interval(self.retest.n, self.interval_level)
        shift = (self.retest.both[0] - self.retest.right) / (self.retest.weight * sealed.grid)
        low, high = low + shift, high + shift
        own = self.retest.own_variance_so_far
        if own <= 0:
            return low, high
        skew = SKEW if sealed.is_paired(self.measurement) or sealed.two_passes else 0.0
        noise = float(own_noise(sealed, self.measurement, own, self.interval_level / 2, skew))
        found = max(0.0, low - noise), min(1.0, high + noise)
        if sealed.measured and isinstance(self.retest, TwoPasses):  # what is never rejected is not asked again
            return self.retest.widened(found, self.interval_level)
        return found

    def remaining(self) -> int | None:
        """Trials until a decision if the next ones are right at the rate so far; None before the test begins."""
        return self.retest.remaining(self.retest.share) if self.retest.n and self.retest.test else None

    @property
    def _noise_level(self) -> float:
        """The share of the level that is for noise."""
        return self.sealed.alpha_inconsistent / 2

    @cached_property
    def _is_paired(self) -> bool:
        """Whether every sample is asked twice, so that its two answers show by how much they vary."""
        return self.sealed.is_paired(self.measurement)

    @cached_property
    def _checked_positions(self) -> int:
        """How many of the order's first answers count in the repeat check, too: those that it asks again."""
        check = self.measurement.repeat_check
        return check.samples if self.measurement.extra_repeats and self.measurement.decoding == "greedy" else 0

    def _begin(self) -> None:
        """Begin when the repeats have arrived, and the answers that they repeat: w depends on no order of arrival."""
        if self.retest.test is not None or self._repeats.left > 0 or self._is_paired:
            return  # a test of two passes begins by itself
        may_be_the_same = self.sealed.is_fixed(self.measurement)
        if may_be_the_same and not (self.measurement.extra_repeats and self._repeats.differ):
            self.retest.begin(Noise())
        else:
            noise = self._repeats.noise(self._noise_level)
            self.retest.begin(noise.at_least(self.sealed.least_variance(self.measurement)))

    def _advance(self) -> None:
        if self.retest.test is None and not self._is_paired:
            return
        while self.retest.word is None and not self.retest.waits:
            waiting = self._waiting.get(self.next_position)
            if waiting is None:
                return
            mark = self._shares.pop(self.next_position) if waiting & _SHARE else _MARKS[waiting & ~_UNPARSED]
            self.unparsed += bool(waiting & _UNPARSED)
            self.open += mark == OPEN
            place = self.next_position
            self.retest.take(mark, self._samples.pop(place, ""), self._groups.pop(place, ""))
            self.next_position += 1
            self._waiting.forget_before(self.next_position)
            if self.retest.suspects and not self._sampled.left:
                self.retest.allow_for(self._sampled.variance(self._noise_level))
        if self.decision is not None:
            self._waiting.clear()
            self._shares.clear()
            self._groups.clear()

    def trace_points(self, alpha: float) -> tuple[TracePoint, ...]:
        """At most 61 points of how the interval closed, with the last one."""
        trace = self.retest.trace
        if not trace:
            return ()
        step = max(1, math.ceil(len(trace) / TRACE_POINTS))
        shown = [*trace[step - 1 :: step]]
        if shown[-1] != trace[-1]:
            shown.append(trace[-1])
        points = []
        for n, low_right, _ in shown:
            low, high = self.retest.interval(n, alpha)
            right = low_right if self.sealed.grid == 1 else n * self.retest.share_at(n)
            points.append(TracePoint(n=n, right=right, low=low, high=high))
        return tuple(points)

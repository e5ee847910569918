"""Twins at work: scores of public and of fresh samples, in any order of arrival → pairs by place → what they show."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from steelyard.detectors.bars import OPEN, RIGHT, WRONG, mark_of
from steelyard.detectors.levels import Levels
from steelyard.plugins import Progress
from steelyard.records import (
    UNREAD_FRESH,
    DetectorResult,
    Effect,
    Finding,
    Measurement,
    Note,
    Plan,
    PlannedTest,
    SampleScore,
    VerdictWord,
)
from steelyard.stats.twins import Pairs, Score, detectable_gap
from steelyard.util.committed_order import committed_order
from steelyard.util.compact import SmallIntegers

__all__ = ["TwinGapMonitor"]

_ASSUMPTIONS: Final = (
    "public and fresh samples are two draws of one generator; what is in both is in no pair",
    "both orders were committed before the first answer, and the seed of the fresh samples follows from them",
)


class _Arm:
    """The first answers to an arm's samples, in the committed order, whatever came first."""

    def __init__(self, measurement: Measurement, left_out: Sequence[int] = ()) -> None:
        self.measurement = measurement
        self._left_out = _places_of(left_out, measurement) if left_out else frozenset()
        self.place = 0
        self.unpaired: deque[tuple[Score, bool]] = deque()  # the score, and whether the answer is open
        self._waiting = SmallIntegers()
        self._samples: dict[int, str] = {}  # by place, where a sample is asked more than once
        self._seen: set[str] = set()

    def take(self, score: SampleScore) -> None:
        """Take a score of the order; what is contiguous is read."""
        if score.position < self.place:
            return
        self._waiting[score.position] = mark_of(score)
        if self.measurement.repeats > 1:
            self._samples[score.position] = score.sample
        while (mark := self._waiting.get(self.place)) is not None:
            sample = self._samples.pop(self.place, str(self.place))
            if sample not in self._seen and self.place not in self._left_out:
                self.unpaired.append((mark if mark in (WRONG, RIGHT) else None, mark == OPEN))  # type: ignore[arg-type]
            if self.measurement.repeats > 1:
                self._seen.add(sample)
            self.place += 1
            self._waiting.forget_before(self.place)

    @property
    def head(self) -> int:
        """A place before which all that was read is in a pair."""
        return max(0, self.place - len(self.unpaired) * self.measurement.repeats)


def _places_of(samples: Sequence[int], measurement: Measurement) -> frozenset[int]:
    """The places of the committed order at which these samples are asked."""
    found, repeats = set(samples), measurement.repeats
    order = committed_order(measurement.order_seed, measurement.population, repeats)
    return frozenset(place for place, trial in enumerate(order) if trial // repeats in found)


def _paired_of(public: Measurement, left_out: Sequence[int]) -> int:
    """How many of the public samples that are asked can be in a pair."""
    count = public.planned // public.repeats
    if left_out:
        first = committed_order(public.order_seed, public.population)[:count]
        count -= len(set(left_out).intersection(first))
    return count


class TwinGapMonitor:
    """Pairs the n-th public with the n-th fresh sample, by the first answer to each, until the test has decided."""

    def __init__(self, test: PlannedTest, plan: Plan, public: Measurement, fresh: Measurement) -> None:
        self.planned, self.levels = test, Levels.of(test, plan)
        self.public, self.fresh = _Arm(public, fresh.left_out), _Arm(fresh)
        self.of = min(_paired_of(public, fresh.left_out), fresh.planned)
        self.pairs = Pairs(float(test.sealed["margin"]))
        self.right, self.open, self.unread = [0, 0], [0, 0], [0, 0]  # among public, among fresh samples

    @property
    def decision(self) -> VerdictWord | None:
        """The word that the pairs have decided on; None before."""
        return self.levels.word(self.pairs.highest, self.pairs.highest_within)

    def observe(self, score: SampleScore) -> None:
        """Take one score; pairs are read on to the end of both contiguous prefixes."""
        if self.closed or score.position < 0:
            return
        (self.public if score.measurement == self.public.measurement.id else self.fresh).take(score)
        while self.public.unpaired and self.fresh.unpaired and not self.closed:
            (public, one), (fresh, other) = self.public.unpaired.popleft(), self.fresh.unpaired.popleft()
            for arm, (value, is_open) in enumerate(((public, one), (fresh, other))):
                self.right[arm] += value or 0
                self.unread[arm] += value is None
                self.open[arm] += is_open
            self.pairs.observe(public, fresh, (one, other))

    @property
    def closed(self) -> frozenset[str]:
        """Both measurements, once the pairs have decided or are all read."""
        is_over = self.decision is not None or self.pairs.n >= self.of
        both = (self.public.measurement.id, self.fresh.measurement.id)
        return frozenset(both) if is_over else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """Where either arm is: neither runs far ahead of the other."""
        return {arm.measurement.id: arm.head for arm in (self.public, self.fresh)}

    def progress(self) -> Progress:
        """The state of the test, for a display: the interval is that of the gap."""
        decided = self.decision
        return Progress(
            decision="" if decided is None else decided.value,
            interval=self.pairs.interval() if self.pairs.n else None,
            remaining=None if decided else self.of - self.pairs.n,
        )

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """*Inconsistent* where E reached its share of the level, *consistent* where the gap is shown to be small."""
        pairs, word = self.pairs, self.decision or VerdictWord.INSUFFICIENT_POWER
        p = float(f"{pairs.p:.10g}")
        low, high = pairs.interval()
        unread = tuple(each / pairs.n if pairs.n else 0.0 for each in self.unread)
        read = pairs.n - self.unread[0]
        effect = Effect(
            value=None if pairs.gap is None else round(pairs.gap, 6),
            ci=(low, high),
            n=pairs.n,
            of=self.of,
            within=pairs.margin,
            mde=detectable_gap(
                self.of, self.right[0] / read if read else 0.5, self.levels.accuse, unread=(unread[0], unread[1])
            ),
        )
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=p,
            reason=self._reason(word, low, high),
            findings=(self._finding(p, effect),),
            notes=self._notes(word),
            effect=effect,
        )

    def _notes(self, word: VerdictWord) -> tuple[Note, ...]:
        """That fresh samples got fewer readable answers, where that is no finding: the claim says nothing of them."""
        if word is VerdictWord.INCONSISTENT or not self.pairs.is_read_less:
            return ()
        public, fresh = self.unread
        return (
            Note(
                detector="twin_gap",
                check=UNREAD_FRESH,
                task=self.public.measurement.task,
                message=(
                    f"{fresh:,} of {self.pairs.n:,} fresh samples got no answer that could be read, and {public:,} "
                    "public ones of the same kind: that the claim holds for samples that nobody has seen is not shown"
                ),
            ),
        )

    def _finding(self, p: float, effect: Effect) -> Finding:
        """What is said where the report's error budget rejects."""
        return Finding(
            detector="twin_gap",
            check="twins",
            task=self.public.measurement.task,
            null=self.planned.null,
            assumptions=_ASSUMPTIONS,
            p=p,
            e=float(f"{self.pairs.highest:.10g}"),
            effect=effect.value,
            ci=effect.ci,
            n=effect.n,
            mde=effect.mde,
            message=self._gap_in_open(effect) if self.pairs.is_by_open else self._gap_in_right(effect),
        )

    def _gap_in_right(self, effect: Effect) -> str:
        n, (public, fresh), (low, high) = effect.n, self.right, effect.ci
        return (
            f"{fresh:,} of {n:,} fresh samples are right, and {public:,} of {n:,} public ones of the same kind: a "
            f"gap between {low * 100:.0f} and {high * 100:.0f} points. The claimed score does not hold for samples "
            "that nobody has seen"
        )

    def _gap_in_open(self, effect: Effect) -> str:
        n, (public, fresh) = effect.n, self.open
        return (
            f"{fresh:,} of {n:,} fresh samples got an answer that is cut off or cannot be read, and {public:,} of "
            f"{n:,} public ones of the same kind: they are answered in another way. The claimed score is not shown for "
            "samples that nobody has seen"
        )

    def _reason(self, word: VerdictWord, low: float, high: float) -> str:
        if word is VerdictWord.INCONSISTENT:
            return ""
        n, (public, fresh) = self.pairs.n, self.right
        if not n:
            return "no pair of a public and a fresh sample was read"
        read = f"{public:,} of {n:,} public and {fresh:,} of {n:,} fresh samples are right"
        if word is VerdictWord.CONSISTENT:
            return f"the gap is at most {self.pairs.margin * 100:g} points: {read}"
        return f"{read}; the gap is between {low * 100:.0f} and {high * 100:.0f} points"

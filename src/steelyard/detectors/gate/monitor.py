"""A gate at work: scores in any order of arrival → green, red or undecided, in committed order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from steelyard.detectors.bars import OPEN, RIGHT, WRONG, mark_of, share_of_series
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Finding, GateVerdict, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.records.record import Record
from steelyard.stats.intervals import ENDLESS, confidence_sequence
from steelyard.stats.sequential import StopTable, Tracker, samples_needed
from steelyard.util.compact import SmallIntegers

__all__ = ["GateMonitor", "GateOptions", "SealedGate"]

_WORDS: Final = {None: VerdictWord.INSUFFICIENT_POWER, "inconsistent": VerdictWord.INCONSISTENT,
                 "consistent": VerdictWord.CONSISTENT}  # fmt: skip


class GateOptions(Record, frozen=True, kw_only=True):
    """What a user sets: the least share of right answers, as a decimal text.

    ``family``: how many gates have one level together, as the tests of a session do that are in other runs.
    ``strict_series``: so have all gates that ask the same, by the ledger of the key.
    """

    at_least: str
    family: int = 1
    strict_series: bool = False


class SealedGate(Record, frozen=True, kw_only=True):
    """The sealed part of a gate: the bar and the stop tables of both sides.

    ``steady``: answers do not vary, so the bar is about this pass, and ``needed`` right answers reach it. Else it is
    about the rate over passes: a whole pass is red below ``needed`` right answers (0: never), and green where the last
    entry of its table says so. See :mod:`steelyard.stats.bar_gate`. ``strict_series``: both levels are those of the
    gate's place in its series (:mod:`steelyard.stats.series`).
    """

    at_least: str
    family: int = 1
    strict_series: bool = False
    steady: bool = False
    needed: int = 0
    red: tuple[int, ...] = ()
    green: tuple[int, ...] = ()


class GateMonitor:
    """Takes the scores of one gate in any order of arrival and reads the contiguous prefix of the committed order.

    An open or missing answer counts as right against red and as wrong for green.
    """

    form: ClassVar[type[SealedGate]] = SealedGate

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        self.planned, self.alpha = test, plan.alpha
        self.sealed = msgspec.convert(test.sealed, self.form)
        self.measurement = plan.by_id[test.reads[0].measurement]
        table = StopTable(inconsistent=self.sealed.red, consistent=self.sealed.green)
        self.number = plan.gate_number_of(self.measurement)
        share = share_of_series(plan, self.measurement, strict=self.sealed.strict_series)
        self.level = plan.alpha * share * test.weight / self.sealed.family
        self.tracker = Tracker(self.measurement.population, max(1, self.sealed.needed), table)
        self.open = self.next_position = 0
        self._waiting = SmallIntegers()

    def observe(self, score: SampleScore) -> None:
        """Take one score; the test reads on to the end of the contiguous prefix."""
        self._take(score.position, mark_of(score))

    def _take(self, position: int, mark_there: int) -> None:
        if position < 0 or self.closed:
            return
        self._waiting[position] = mark_there
        while not self.closed and self.next_position < self.measurement.planned:
            mark = self._waiting.get(self.next_position)
            if mark is None:
                return
            self.open += mark == OPEN
            self.tracker.observe(mark if mark in (WRONG, RIGHT) else None)
            self.next_position += 1
            self._waiting.forget_before(self.next_position)

    @property
    def closed(self) -> frozenset[str]:
        """The measurement, once the gate has decided."""
        return frozenset((self.measurement.id,)) if self.tracker.decision is not None else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """The first place of the order that was not read yet."""
        return {self.measurement.id: self.next_position}

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the score, valid at every look; None before the first answer."""
        seen = self.tracker
        if not seen.n:
            return None
        return confidence_sequence(
            seen.n,
            seen.right,
            seen.right + seen.missing,
            self.measurement.population if self.sealed.steady else ENDLESS,
            self.alpha,
        )

    @property
    def p(self) -> float:
        """The p-value of red; where answers vary it is known only as what was sealed: at most the level, or 1."""
        if self.sealed.steady:
            return self.tracker.p
        return self.level if self.tracker.decision == "inconsistent" else 1.0

    def progress(self) -> Progress:
        """The state of the gate, for a display."""
        seen = self.tracker
        left = None
        if seen.n:
            table = StopTable(inconsistent=self.sealed.red, consistent=self.sealed.green)
            left = samples_needed(table, seen.n, seen.right, self.measurement.population, seen.right / seen.n)
        return Progress(
            decision=seen.decision or "",
            interval=self.interval,
            remaining=left,
            target=f"{float(self.sealed.at_least) * 100:g}",
            sign="≥",
            shortfalls=(-0.05, 0.05),
        )

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Green (*consistent*), red (*inconsistent*) or undecided, and what was read."""
        seen, word = self.tracker, _WORDS[self.tracker.decision]
        bar, said = f"{float(self.sealed.at_least) * 100:g} %", self._in_words()
        red = Finding(
            detector="gate",
            check="below_bar",
            task=self.measurement.task,
            null=self.planned.null,
            assumptions=("the order of the samples was committed before the first answer",),
            p=self.p,
            e=math.exp(min(seen.log_e, 700.0)) if self.sealed.steady else None,
            ci=self.interval,
            n=seen.n,
            message=f"the score is below {bar}: {said}",
        )
        undecided = "" if word is not VerdictWord.INSUFFICIENT_POWER else f"not told apart from {bar}: {said}"
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=self.p,
            reason=undecided,
            findings=(red,) if word is VerdictWord.INCONSISTENT else (),
            gate=GateVerdict(
                task=self.measurement.task,
                measurement=self.measurement.id,
                at_least=self.sealed.at_least,
                right=seen.right,
                asked=seen.n,
                of=self.measurement.planned,
                items=self.measurement.population,
                missing=seen.missing - self.open,
                open=self.open,
                ci=self.interval,
                family=self.sealed.family,
                steady=self.sealed.steady,
                number=self.number,
                strict_series=self.sealed.strict_series,
            ),
        )

    def _in_words(self) -> str:
        seen, interval = self.tracker, self.interval
        if interval is None:
            return "no answer was read"
        low, high = math.floor(round(interval[0] * 1000, 6)) / 10, math.ceil(round(interval[1] * 1000, 6)) / 10
        kept = f", {seen.missing:,} open or missing" if seen.missing else ""
        return (
            f"{seen.right:,} of {seen.n:,} right{kept}, interval {low:.1f}–{high:.1f} %, "
            f"{self.measurement.population:,} items in all"
        )

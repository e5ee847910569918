"""Cues at work: scores of both arms, in any order of arrival → pairs of one question each → what they show.

Each arm has an order of its own. A pair is complete where the later of its two places is read, so pairs are read by
that place: an order that both committed orders fix, whatever came first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from steelyard.detectors.bars import RIGHT, WRONG, mark_of
from steelyard.detectors.levels import Levels
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Effect, Finding, Measurement, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.util.committed_order import committed_order
from steelyard.util.compact import SmallIntegers
from steelyard_forensics.stats.cues import CuePairs, Score, detectable_effect

__all__ = ["CUE", "HEADER", "PLACEBO", "CueGapMonitor", "places_by_pair"]

CUE: Final = "cue"  # the arms, and how their samples are drawn
PLACEBO: Final = "placebo"
HEADER: Final = "header"

_ASSUMPTIONS: Final = (
    "the questions are draws of such questions",
    "both arms ask the same questions, in orders that were committed before the first answer",
)
_CHANGED: Final = {
    PLACEBO: "with ordinary lines before and between its examples",
    HEADER: "with an ordinary line before it",
}


def places_by_pair(cue: Measurement, placebo: Measurement) -> list[tuple[int, int]]:
    """The places that each question has in the orders of both arms, in the order in which pairs are read."""
    places = []
    for arm in (cue, placebo):
        order = committed_order(arm.order_seed, arm.population)
        places.append(sorted(range(arm.population), key=order.__getitem__))
    return sorted(zip(*places, strict=True), key=lambda pair: (max(pair), min(pair), pair))


class _Arm:
    """The answers to an arm's questions by place, as far as they are there without a gap."""

    def __init__(self, measurement: Measurement) -> None:
        self.measurement = measurement
        self.head = 0
        self._marks = SmallIntegers()

    def take(self, score: SampleScore) -> None:
        """Take a score of the order."""
        self._marks[score.position] = mark_of(score)
        while self._marks.get(self.head) is not None:
            self.head += 1

    def at(self, place: int) -> Score:
        """The score at a place before the head; None where it is missing or open."""
        mark = self._marks.get(place)
        return mark if mark in (WRONG, RIGHT) else None  # type: ignore[return-value]


class CueGapMonitor:
    """Pairs the two answers to each question until the test has decided."""

    def __init__(self, test: PlannedTest, plan: Plan, cue: Measurement, placebo: Measurement) -> None:
        self.planned, self.levels = test, Levels.of(test, plan)
        self.cue, self.placebo = _Arm(cue), _Arm(placebo)
        self.pairs = CuePairs(float(test.sealed["tolerance"]), float(test.sealed["margin"]))
        self.right = [0, 0]
        asked = min(cue.planned, placebo.planned)
        self._order: Sequence[tuple[int, int]] = [pair for pair in places_by_pair(cue, placebo) if max(pair) < asked]
        self.of = len(self._order)

    @property
    def decision(self) -> VerdictWord | None:
        """The word that the pairs have decided on; None before."""
        return self.levels.word(self.pairs.highest, self.pairs.highest_within)

    def observe(self, score: SampleScore) -> None:
        """Take one score; pairs are read as far as both orders are there without a gap."""
        if self.closed or score.position < 0:
            return
        (self.cue if score.measurement == self.cue.measurement.id else self.placebo).take(score)
        while not self.closed:
            cue, placebo = self._order[self.pairs.n]
            if cue >= self.cue.head or placebo >= self.placebo.head:
                return
            right = self.cue.at(cue), self.placebo.at(placebo)
            self.right[0] += right[0] or 0
            self.right[1] += right[1] or 0
            self.pairs.observe(*right)

    @property
    def closed(self) -> frozenset[str]:
        """Both measurements, once the pairs have decided or are all read."""
        is_over = self.decision is not None or self.pairs.n >= self.of
        both = (self.cue.measurement.id, self.placebo.measurement.id)
        return frozenset(both) if is_over else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """Where either arm is: neither runs far ahead of the other."""
        head = min(self.cue.head, self.placebo.head)
        return {arm.measurement.id: head for arm in (self.cue, self.placebo)}

    def progress(self) -> Progress:
        """The state of the test, for a display: the interval is that of the effect."""
        decided = self.decision
        return Progress(
            decision="" if decided is None else decided.value,
            interval=self.pairs.interval() if self.pairs.n else None,
            remaining=None if decided else self.of - self.pairs.n,
        )

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """*Inconsistent* where E reached its share of the level, *consistent* where the effect is shown to be small."""
        pairs, word = self.pairs, self.decision or VerdictWord.INSUFFICIENT_POWER
        p = float(f"{pairs.p:.10g}")
        low, high = pairs.interval()
        effect = Effect(
            value=None if pairs.effect is None else round(pairs.effect, 6),
            ci=(low, high),
            n=pairs.n,
            of=self.of,
            within=pairs.margin,
            mde=detectable_effect(self.of, pairs.placebo_alone, pairs.tolerance, self.levels.accuse),
        )
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=p,
            reason=self._reason(word, low, high),
            findings=(self._finding(p, effect),),
            effect=effect,
        )

    def _finding(self, p: float, effect: Effect) -> Finding:
        """What is said where the report's error budget rejects."""
        low, high = effect.ci
        return Finding(
            detector="cue_gap",
            check="cues",
            task=self.cue.measurement.task,
            null=self.planned.null,
            assumptions=_ASSUMPTIONS,
            p=p,
            e=float(f"{self.pairs.highest:.10g}"),
            effect=effect.value,
            ci=effect.ci,
            n=effect.n,
            mde=effect.mde,
            message=(
                f"{self._read()}: a difference between {low * 100:.0f} and {high * 100:.0f} points. The claimed score "
                "does not hold under another prompt than the benchmark's own"
            ),
        )

    def _reason(self, word: VerdictWord, low: float, high: float) -> str:
        if word is VerdictWord.INCONSISTENT:
            return ""
        if not self.pairs.n:
            return "no question was answered under both prompts"
        if word is VerdictWord.CONSISTENT:
            return f"the difference is at most {self.pairs.margin * 100:g} points: {self._read()}"
        return f"{self._read()}; the difference is between {low * 100:.0f} and {high * 100:.0f} points"

    def _read(self) -> str:
        n, (cue, placebo) = self.pairs.n, self.right
        changed = _CHANGED[self.placebo.measurement.drawn]
        return (
            f"{cue:,} of {n:,} questions are right under the benchmark's own prompt, and {placebo:,} of the same {n:,} "
            f"{changed}"
        )

"""Order at work: the rank of the file's order in each stretch, in any order of arrival → what all of them show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steelyard.detectors.levels import Levels
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Finding, Measurement, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.stats.bounded_mean import bounded_mean_interval
from steelyard_forensics.stats.rank_sum import detectable_mean, rank_sum_p

__all__ = ["OrderMonitor"]

_ASSUMPTIONS: Final = (
    "the order of the benchmark's file is random, as its task says and the plan repeats",
    "the other orders follow from a seed that was committed before the first answer",
    "the file's order is one draw: results of several models that are held against one file hang together",
)


class OrderMonitor:
    """Keeps the rank of each stretch until all are there: their number is fixed, and nothing stops it early."""

    def __init__(self, test: PlannedTest, plan: Plan, measurement: Measurement) -> None:
        self.planned, self.levels, self.measurement = test, Levels.of(test, plan), measurement
        self.orders, self.margin = int(test.sealed["orders"]), float(test.sealed["margin"])
        self.of = measurement.planned
        self._shares: dict[int, float | None] = {}  # by place of the order; None where missing or open
        self._head = 0

    def observe(self, score: SampleScore) -> None:
        """Take one score."""
        if 0 <= score.position < self.of:
            self._shares[score.position] = score.value if score.status == "scored" else None
        while self._head in self._shares:
            self._head += 1

    @property
    def closed(self) -> frozenset[str]:
        """The measurement, once all of it was read."""
        return frozenset((self.measurement.id,)) if self._head >= self.of else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """The first stretch that was not read yet."""
        return {self.measurement.id: self._head}

    def progress(self) -> Progress:
        """How many stretches are left, for a display."""
        return Progress(remaining=self.of - self._head)

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """*Inconsistent* where the ranks are too high together, *consistent* where their mean is shown to be lower.

        What is missing counts as the lowest rank in the first, as the highest in the second.
        """
        ranks = {place: round(share * self.orders) for place, share in self._shares.items() if share is not None}
        p = float(f"{rank_sum_p(sum(ranks.values()), self.orders, self.of):.10g}")
        low, high = self._interval(0.0, 0.05)[0], self._interval(1.0, 0.05)[1]
        word = VerdictWord.INSUFFICIENT_POWER
        if p <= self.levels.accuse:
            word = VerdictWord.INCONSISTENT
        elif ranks and self._interval(1.0, 2 * self.levels.confirm)[1] < self.margin:  # one end of it is needed
            word = VerdictWord.CONSISTENT
        said = self._said(ranks, low, high)
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=p,
            reason=self._reason(word, said) if ranks else "no stretch of the file was read",
            findings=(self._finding(p, ranks, (low, high), said),),
        )

    def _interval(self, missing: float, alpha: float) -> tuple[float, float]:
        """Of the mean share, the level holding for either end by half; a missing one counts as ``missing``."""
        shares = [self._shares.get(place) for place in range(self.of)]
        return bounded_mean_interval([missing if share is None else share for share in shares], self.of, alpha)

    def _said(self, ranks: Mapping[int, int], low: float, high: float) -> str:
        if not ranks:
            return ""
        mean = sum(ranks.values()) / (self.orders * len(ranks))
        missing = f" ({self.of - len(ranks):,} are missing)" if len(ranks) < self.of else ""
        return (
            f"in {len(ranks):,} stretches of the file{missing} its order is likelier than {mean * 100:.0f} % of other "
            f"orders, between {low * 100:.0f} % and {high * 100:.0f} %; 50 % are expected"
        )

    def _reason(self, word: VerdictWord, said: str) -> str:
        if word is VerdictWord.INCONSISTENT:
            return ""
        if word is VerdictWord.CONSISTENT:
            return f"that is less than {self.margin * 100:g} %: {said}"
        least = detectable_mean(self.levels.accuse, self.orders, self.of)
        if least is None:
            return f"{said}; so few show none at this level"
        return f"{said}; {least * 100:.0f} % are seen with a chance of 90 %"

    def _finding(self, p: float, ranks: Mapping[int, int], ci: tuple[float, float], said: str) -> Finding:
        """What is said where the report's error budget rejects."""
        return Finding(
            detector="order",
            check="order",
            task=self.measurement.task,
            null=self.planned.null,
            assumptions=_ASSUMPTIONS,
            p=p,
            effect=sum(ranks.values()) / (self.orders * len(ranks)) if ranks else None,
            ci=ci,
            n=len(ranks),
            mde=detectable_mean(self.levels.accuse, self.orders, self.of),
            message=(
                f"{said}. So the model knows the order in which the samples stand in the file; it does not show how it "
                "came to know it, nor that a score is better for it"
            ),
        )

"""The leak check at work: all scores of both arms → p, the gap with its interval, and the gap that would show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.detectors.leak.result import result_of
from steelyard.records import DetectorResult, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.stats.released import LeakTest, detectable_gap, released_test

__all__ = ["LeakFinder"]


class LeakFinder:
    """Takes the scores of the released and of the kept items, in any order.

    An open or missing answer speaks for the model: wrong among the released, right among the kept.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        self.planned, self.plan = test, plan
        self.released, self.kept = (plan.by_id[reads.measurement] for reads in test.reads)
        self._scores: dict[str, dict[int, float | None]] = {self.released.id: {}, self.kept.id: {}}

    def observe(self, score: SampleScore) -> None:
        """Take one score; only those of the order count."""
        if score.position >= 0:
            self._scores[score.measurement][score.position] = score.value

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """*Inconsistent* where the released items are answered better than the split explains at the test's level."""
        level = float(self.planned.sealed["alpha"]) * self.planned.weight
        released, kept = (self._in_order(each.id) for each in (self.released, self.kept))
        if len(released) < self.released.planned or len(kept) < self.kept.planned:
            return self._result(
                VerdictWord.INSUFFICIENT_POWER, None, "not all items were asked, and the test needs all"
            )
        found = released_test(released, kept, alpha=0.05, seed=int(self.released.order_seed[:16], 16))
        gap = detectable_gap(len(released), len(kept), level)
        said = _in_words(found, gap)
        if found.p > level:
            return self._result(VerdictWord.CONSISTENT, found, f"no gap beyond chance: {said}")
        return self._result(VerdictWord.INCONSISTENT, found, said)

    def _in_order(self, measurement: str) -> list[float | None]:
        scores = self._scores[measurement]
        return [scores[place] for place in sorted(scores)]

    def _result(self, word: VerdictWord, found: LeakTest | None, said: str) -> DetectorResult:
        return result_of(self.planned, self.released.task, "released", word, found, said)


def _in_words(found: LeakTest, gap: float | None) -> str:
    seen = (
        "no gap at all can be seen with so few items"
        if gap is None
        else (f"a gap of {gap * 100:.0f} points would be seen with probability .9")
    )
    return (
        f"{found.released:,} released − {found.sealed:,} kept items: {found.difference * 100:+.1f} points "
        f"({found.low * 100:+.1f} to {found.high * 100:+.1f}), p = {found.p:.3g}; {seen}"
    )

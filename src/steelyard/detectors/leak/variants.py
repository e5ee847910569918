"""The test of variants at work: an endpoint's variants against others of the same items, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.detectors.leak.result import result_of
from steelyard.records import DetectorResult, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.stats.released import LeakTest
from steelyard.stats.variants import detectable_pair_gap, variants_test

__all__ = ["VariantsFinder"]


class VariantsFinder:
    """Takes the scores of what an endpoint was asked and of other variants, in any order, and pairs them by their item.

    An open or missing answer speaks for the model: wrong where the endpoint was asked it, right among the others.
    Released items without variants have no pair, and with a limit those of which one variant alone was asked. One of E
    addresses that are sealed with the variants is tested at 1/E of the level (Bonferroni), since whoever has the suite
    knows the draw of each, and can choose which one is looked for.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        self.planned = test
        self.asked, self.others = (plan.by_id[reads.measurement] for reads in test.reads)
        self._scores: dict[str, dict[str, float | None]] = {self.asked.id: {}, self.others.id: {}}

    def observe(self, score: SampleScore) -> None:
        """Take one score; only those of the order count."""
        if score.position >= 0:
            self._scores[score.measurement][score.sample.rpartition("/")[2]] = score.value

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """*Inconsistent* where the endpoint's variants are answered better than the draw explains at the level."""
        addresses = int(self.planned.sealed["addresses"])
        level = float(self.planned.sealed["alpha"]) * self.planned.weight / addresses
        asked, others = self._scores[self.asked.id], self._scores[self.others.id]
        if len(asked) < self.asked.planned or len(others) < self.others.planned:
            return self._result(
                VerdictWord.INSUFFICIENT_POWER, None, "not all variants were asked, and the test needs all"
            )
        items = sorted(asked.keys() & others.keys())
        if not items:
            return self._result(VerdictWord.INSUFFICIENT_POWER, None, "no item was asked in two variants")
        found = variants_test([asked[item] for item in items], [others[item] for item in items], alpha=0.05)
        said = _in_words(found, detectable_pair_gap(len(items), level), level, addresses)
        if found.p > level:
            return self._result(VerdictWord.CONSISTENT, found, f"no gap beyond chance: {said}")
        return self._result(VerdictWord.INCONSISTENT, found, said)

    def _result(self, word: VerdictWord, found: LeakTest | None, said: str) -> DetectorResult:
        return result_of(self.planned, self.asked.task, "variants", word, found, said)


def _in_words(found: LeakTest, gap: float | None, level: float, addresses: int) -> str:
    seen = (
        "no gap at all can be seen with so few items"
        if gap is None
        else f"a gap of {gap * 100:.0f} points would be seen with probability .9"
    )
    return (
        f"the endpoint's variants − other variants of {found.released:,} items: {found.difference * 100:+.1f} points "
        f"({found.low * 100:+.1f} to {found.high * 100:+.1f}), p = {found.p:.3g}, tested at {level:.3g} "
        f"({'the one address' if addresses == 1 else f'one of {addresses:,} addresses'} that the seal names); {seen}"
    )

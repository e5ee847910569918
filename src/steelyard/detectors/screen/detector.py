"""The desk screen as a detector: one test without a p-value, which reads the sheet and no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.detectors.screen.screen import screen
from steelyard.plugins import Planner
from steelyard.records import DetectorResult, Plan, PlannedTest, SampleScore, VerdictWord

__all__ = ["DeskScreen"]


class DeskScreen:
    """D0: what a vendor's table shows by arithmetic alone."""

    name = "desk_screen"
    version = 1
    access = ("sheet",)

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test of the whole sheet; none where there is no sheet."""
        if planner.sheet is None:
            return ()
        null = "the table is arithmetically possible, and about the one model that is served"
        return (PlannedTest(id="desk-screen", rule=f"{self.name}@{self.version}", null=null),)

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Nothing follows from the level: findings of arithmetic have no p-value."""
        return test

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """No answer is asked for."""
        return 0

    def open(self, test: PlannedTest, plan: Plan) -> _Screening:
        """Start the test; raises ValueError where anything is sealed for it, or the plan has no sheet."""
        return _Screening(test, plan)


class _Screening:
    """The screen's finder: scores say nothing to it."""

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        if test.sealed or test.reads or plan.sheet is None:
            raise ValueError(f"test {test.id}: a desk screen reads the claim sheet and nothing else")
        self._test, self._sheet = test, plan.sheet

    def observe(self, score: SampleScore) -> None:
        """Take no notice."""

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Screen the sheet."""
        findings, notes = screen(self._sheet)
        word = VerdictWord.INCONSISTENT if findings else VerdictWord.CONSISTENT
        return DetectorResult(test=self._test.id, rule=self._test.rule, word=word, findings=findings, notes=notes)

"""The desk screen as a detector: one test without a p-value, which reads the sheet and no model output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from steelyard.detectors.screen.answered import other_networks
from steelyard.detectors.screen.screen import screen
from steelyard.plugins import Planner
from steelyard.records import SUBJECT, ClaimSheet, DetectorResult, Plan, PlannedTest, SampleScore, VerdictWord

__all__ = ["DeskScreen"]


class DeskScreen:
    """D0: checks a vendor's table by arithmetic alone, and that one network answers for one name."""

    name = "desk_screen"
    version = 3
    access = ("sheet",)

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test of the whole sheet; no test without a sheet."""
        if planner.sheet is None:
            return ()
        null = "the table is arithmetically possible, and about the one model that is served"
        return (PlannedTest(id="desk-screen", rule=f"{self.name}@{self.version}", null=null),)

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """The test unchanged: findings of arithmetic have no p-value, so no level applies."""
        return test

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """Zero: the screen asks for no answer."""
        return 0

    def open(self, test: PlannedTest, plan: Plan) -> _Screening:
        """Start the test; raises ValueError if anything is sealed for it, or if the plan has no sheet."""
        return _Screening(test, plan)


class _Screening:
    """The screen's finder, which ignores scores."""

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        if test.sealed or test.reads or plan.sheet is None:
            raise ValueError(f"test {test.id}: a desk screen reads the claim sheet and nothing else")
        self._test, self._plan = test, plan
        # Where one network answers, no variant is served beside it, whatever the sheet says.
        is_one = SUBJECT in plan.models and not plan.subject.capabilities.checkpoints
        self._sheet: ClaimSheet = replace(plan.sheet, variants=()) if is_one else plan.sheet

    def observe(self, score: SampleScore) -> None:
        """Ignore the score."""

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Screen the sheet."""
        findings, notes = screen(self._sheet)
        findings = (*findings, *other_networks(self._plan))
        word = VerdictWord.INCONSISTENT if findings else VerdictWord.CONSISTENT
        return DetectorResult(test=self._test.id, rule=self._test.rule, word=word, findings=findings, notes=notes)

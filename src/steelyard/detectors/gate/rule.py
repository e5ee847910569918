"""A fixed acceptance rule: so many of these questions right, and about these only, so that it has no error rate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.detectors.bars import MISSING, OPEN, RIGHT, mark_of
from steelyard.detectors.gate.whole_run import WORDS, WholeRun
from steelyard.errors import InputError
from steelyard.records import BudgetVerdict, CallSpent, DetectorResult, Plan, PlannedTest, SampleScore

__all__ = ["RuleMonitor", "read_rule"]


def read_rule(text: str) -> tuple[int, int]:
    """``18 of 20`` as two numbers; raises InputError for what is no rule."""
    found = re.fullmatch(r"([1-9][0-9]{0,3}) of ([1-9][0-9]{0,3})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise InputError(f"rule {text[:20]!r}: so many right answers of all questions, as 18 of 20")
    return int(found[1]), int(found[2])


class RuleMonitor(WholeRun):
    """Green where enough answers are right, red where enough cannot be; only missing answers leave it undecided."""

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        super().__init__(test, plan)
        self._marks = bytearray(self.measurement.planned)  # 0: to come

    def value(self, call: CallSpent) -> tuple[float, bool]:
        """A call is read by its score."""
        return 0.0, True

    def observe(self, score: SampleScore) -> None:
        """Keep how an answer counts."""
        if 0 <= score.position < self.measurement.planned:
            self._marks[score.position] = 1 + mark_of(score)

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Green, red or undecided; an answer that is open or missing is not right."""
        least, _ = read_rule(text := self.planned.sealed["rule"])
        right, is_open, missing, to_come = (self._marks.count(each) for each in (1 + RIGHT, 1 + OPEN, 1 + MISSING, 0))
        colour = "green" if right >= least else "red" if right + missing + to_come < least else "undecided"
        gate = msgspec.structs.replace(self.gate(), right=right, open=is_open, missing=missing)
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=WORDS[colour],
            reason="answers that did not come decide it" if colour == "undecided" else "",
            gate=msgspec.structs.replace(gate, budget=BudgetVerdict(kind="rule", limit=text, seen=float(right))),
        )

"""A fixed acceptance rule: so many of these questions right, and about these only, so that it has no error rate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.detectors.bars import MISSING, OPEN, RIGHT, mark_of
from steelyard.detectors.gate.whole_run import WORDS, WholeRun
from steelyard.errors import InputError
from steelyard.records import BudgetVerdict, CallSpent, DetectorResult, Finding, Plan, PlannedTest, SampleScore

__all__ = ["RuleMonitor", "read_rule", "rule_null"]


def read_rule(text: str) -> tuple[int, int]:
    """``18 of 20`` as two numbers; raises InputError for what is no rule."""
    found = re.fullmatch(r"([1-9][0-9]{0,3}) of ([1-9][0-9]{0,3})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise InputError(f"rule {text[:20]!r}: so many right answers of all questions, as 18 of 20")
    return int(found[1]), int(found[2])


def rule_null(text: str) -> str:
    """What red finds not to be so."""
    return f"at least {text} questions are answered rightly in this run"


class RuleMonitor(WholeRun):
    """Green where enough answers are right, red where enough cannot be; only missing answers leave it undecided."""

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        super().__init__(test, plan)
        self._marks: dict[int, int] = {}

    def value(self, call: CallSpent) -> tuple[float, bool]:
        """A call is read by its score."""
        return 0.0, True

    def observe(self, score: SampleScore) -> None:
        """Keep how an answer counts."""
        if 0 <= score.position < self.measurement.planned:
            self._marks.setdefault(score.position, mark_of(score))

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Green, red or undecided; an answer that is open or missing is not right."""
        least, of = read_rule(text := self.planned.sealed["rule"])
        right, is_open, missing = (list(self._marks.values()).count(each) for each in (RIGHT, OPEN, MISSING))
        may_be = right + missing + of - len(self._marks)
        colour = "green" if right >= least else "red" if may_be < least else "undecided"
        red = Finding(
            detector="budget", check="below_rule", task=self.measurement.task, null=self.planned.null, n=self.asked,
            message=f"fewer than {text} questions were answered rightly: {right:,}; about these questions only",
        )  # fmt: skip
        gate = msgspec.structs.replace(self.gate(), right=right, open=is_open, missing=missing)
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=WORDS[colour],
            reason="answers that did not come decide it" if colour == "undecided" else "",
            findings=(red,) if colour == "red" else (),
            gate=msgspec.structs.replace(gate, budget=BudgetVerdict(kind="rule", limit=text, seen=float(right))),
        )

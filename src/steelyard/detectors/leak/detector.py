"""The leak check as a detector: two measurements, of the released and of the kept items, and one test of both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.detectors.leak.finder import LeakFinder
from steelyard.errors import InputError
from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import Plan, PlannedTest, RequestedTest
from steelyard.records.record import Record

__all__ = ["Leak", "LeakOptions"]

RELEASED, KEPT = "released", "kept"  # the arms


class LeakOptions(Record, frozen=True, kw_only=True):
    """What a user sets: the name of the task with the kept items, and the level as a decimal text."""

    kept: str
    alpha: str = "0.001"


class Leak:
    """D3: a permutation test over a committed split (docs/statistics.md)."""

    name = "leak"
    version = 2
    access = ("text",)

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each check that the user asked for; raises InputError for options that are none."""
        mine = [each for each in planner.requested if each.detector == self.name]
        return [test for number, each in enumerate(mine) if (test := self._test(planner, number, each))]

    def _test(self, planner: Planner, number: int, requested: RequestedTest) -> PlannedTest | None:
        options = options_of(requested.options)
        tasks = {RELEASED: requested.task, KEPT: options.kept}
        served = [
            planner.measure(
                MeasurementRequest(
                    name=f"leak/{number}/{arm}",
                    task=task,
                    prompt=requested.prompt,
                    shots=requested.shots,
                    temperature=requested.temperature or None,
                    arm=arm,
                )
            )
            for arm, task in tasks.items()
        ]
        reads = tuple(each.reads for each in served if each is not None)
        if len(reads) < len(served):
            return None
        return PlannedTest(
            id=f"leak-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', requested.task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=1.0,
            null="the released items are answered like the kept ones: nothing was learned from them",
            reads=reads,
            sealed={"alpha": options.alpha},
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Nothing follows from the share of the level: the test is one of fixed size."""
        return test

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """All of both arms: the test does not stop early."""
        return sum(plan.by_id[reads.measurement].planned for reads in test.reads)

    def open(self, test: PlannedTest, plan: Plan) -> LeakFinder:
        """Start reading; raises ValueError for what :meth:`plan` would not have written."""
        arms = [plan.by_id[reads.measurement].arm for reads in test.reads if reads.measurement in plan.by_id]
        if arms != [RELEASED, KEPT] or test.sealed.keys() != {"alpha"} or not is_level(test.sealed["alpha"]):
            raise ValueError("it reads the released and the kept items of a suite, at a level of its own")
        return LeakFinder(test, plan)


def options_of(given: Mapping[str, Any]) -> LeakOptions:
    """The options of a check, read strictly; raises InputError for anything else."""
    try:
        options = msgspec.convert(given, LeakOptions)
    except msgspec.ValidationError as error:
        raise InputError(f"a leak check has the options kept and alpha: {error}") from None
    if not is_level(options.alpha):
        raise InputError(f"--alpha {options.alpha[:20]!r}: a level is between 0 and 0.05, as 0.001")
    return options


def is_level(text: object) -> bool:
    """Whether a value is the text of a level that a check may have: above 0, and at most that of the whole plan."""
    return isinstance(text, str) and re.fullmatch(r"0?\.\d{1,12}", text) is not None and 0 < float(text) <= 0.05

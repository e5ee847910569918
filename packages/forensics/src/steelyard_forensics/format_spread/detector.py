"""For each claim whose prompt format is stated: a few samples in each of the task's other formats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import Plan, PlannedTest, Reads, Served
from steelyard_forensics.format_spread.monitor import SpreadMonitor

__all__ = ["FormatSpread"]

SAMPLES: Final = 60
ARM: Final = "spread"


class FormatSpread:
    """Asks 60 samples in each other prompt format, and shows the scores beside the claim's (docs/detectors.md)."""

    name = "format_spread"
    version = 1
    access = ("text",)
    probes = True

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One reader for each claim; where the vendor states no format, the claim itself is asked in all of them."""
        claims = planner.sheet.claims if planner.sheet else ()
        asked = {each.claim_number: each for each in [*planner.served][::-1] if each.request.count("/") == 1}
        tests = []
        for number, claim in enumerate(claims):
            served = asked.get(number)
            begin = f"claim/{number}/format/"  # of the same format with other worked examples there is an @ in the name
            if served is None or any(
                each.request.startswith(begin) and "@" not in each.request for each in planner.served
            ):
                continue
            others = planner.formats(f"claim/{number}", claim).others
            reads = [found.reads for name in others if (found := self._asked(planner, served, name)) is not None]
            if reads:
                tests.append(self._test(planner, number, served, tuple(dict.fromkeys(reads))))
        return tests

    def _asked(self, planner: Planner, of: Served, name: str) -> Served | None:
        measurement = planner.measurement(of)
        return planner.measure(
            MeasurementRequest(
                name=f"{of.request}/{ARM}/{name}",
                task=measurement.task,
                role=measurement.role,
                prompt=name,
                temperature=measurement.temperature or None,
                limit=SAMPLES,
                arm=ARM,
            )
        )

    def _test(self, planner: Planner, number: int, of: Served, reads: tuple[Reads, ...]) -> PlannedTest:
        task = planner.measurement(of).task
        return PlannedTest(
            id=f"formats-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task)[:80]}",
            rule=f"{self.name}@{self.version}",
            null="none: other prompt formats are shown beside the claim's, and nothing is tested",
            reads=reads,
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """The test unchanged: it has no level."""
        return test

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """All of its samples, whatever they show."""
        return sum(plan.by_id[reads.measurement].planned for reads in test.reads)

    def open(self, test: PlannedTest, plan: Plan) -> SpreadMonitor:
        """Start reading; raises ValueError for what :meth:`plan` would not have written."""
        measurements = [plan.by_id[reads.measurement] for reads in test.reads if reads.measurement in plan.by_id]
        if test.sealed or test.weight or not test.reads or len(measurements) != len(test.reads):
            raise ValueError("it reads measurements in other prompt formats, and has no level")
        return SpreadMonitor(test, measurements, SAMPLES)

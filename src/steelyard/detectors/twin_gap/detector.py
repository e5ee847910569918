"""Fresh twins as a detector: for each claim about a generated task, its public samples against fresh ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from steelyard.detectors.claimed import claims_to_ask
from steelyard.detectors.twin_gap.monitor import TwinGapMonitor
from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import Measurement, Plan, PlannedTest, Served

__all__ = ["TwinGap"]

MOST_PAIRS: Final = 1000
MARGIN: Final = "0.05"  # a gap that is shown to be below it is *consistent*
TWINS: Final = "twins"  # the arm, and how its samples are drawn


class TwinGap:
    """D2: pairs a benchmark's public samples with fresh ones of the same generator (docs/detectors/fresh-twins.md)."""

    name = "twin_gap"
    version = 2
    access = ("text",)
    probes = True

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each claim whose samples a generator made, over its first prompt format."""
        tests = (self._test(planner, served) for served in claims_to_ask(planner))
        return [test for test in tests if test is not None]

    def _test(self, planner: Planner, public: Served) -> PlannedTest | None:
        task, number = planner.measurement(public).task, public.claim_number
        fresh = planner.measure(
            MeasurementRequest(
                name=f"{public.request}/{TWINS}",
                task=task,
                limit=MOST_PAIRS,
                arm=TWINS,
                drawn=TWINS,
                beside=public.reads.measurement,
            )
        )
        if fresh is None:
            return None
        return PlannedTest(
            id=f"twins-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=1.0,
            null="public samples are answered no better than fresh ones of the same generator",
            reads=(public.reads, fresh.reads),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal the gap below which a model is *consistent*; all else follows from the share of the level."""
        return msgspec.structs.replace(test, sealed={"margin": MARGIN})

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """All fresh samples: how soon a gap shows depends on its size, which nobody claims."""
        return _fresh_of(test, plan).planned

    def open(self, test: PlannedTest, plan: Plan) -> TwinGapMonitor:
        """Start reading; raises ValueError for what :meth:`plan` and :meth:`seal` would not have written."""
        asked = [plan.by_id[reads.measurement] for reads in test.reads if reads.measurement in plan.by_id]
        is_pair = len(asked) == len(test.reads) == 2 and asked[1].beside == asked[0].id and asked[1].drawn == TWINS
        if is_pair and not set(asked[1].left_out) <= set(range(asked[0].population)):
            raise ValueError("what is left out of the pairs is none of the public samples")
        if not is_pair or test.sealed != {"margin": MARGIN}:
            raise ValueError("it reads a benchmark's samples and fresh twins beside them, within a margin")
        return TwinGapMonitor(test, plan, *asked)


def _fresh_of(test: PlannedTest, plan: Plan) -> Measurement:
    return plan.by_id[test.reads[1].measurement]

"""The order of a file as a detector: for each claim, stretches of the benchmark's file in its order and shuffled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from steelyard.detectors.claimed import claims_to_ask
from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import Measurement, Plan, PlannedTest, Served
from steelyard_forensics.order.monitor import OrderMonitor

__all__ = ["SEALED", "Order"]

ORDER: Final = "order"  # the arm, and how its samples are drawn
SCORER: Final = "rank@1"
# Of how many other orders, and the mean share of them that is no longer a small one.
SEALED: Final[Mapping[str, Any]] = {"orders": 20, "margin": "0.7"}


class Order:
    """D4: asks how likely a file is in its order, among shuffles of it (docs/detectors/order.md)."""

    name = "order"
    version = 1
    access = ("prompt log-probs",)
    probes = True

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each claim whose task says why the order of its file is random."""
        tests = (self._test(planner, served) for served in claims_to_ask(planner))
        return [test for test in tests if test is not None]

    def _test(self, planner: Planner, claimed: Served) -> PlannedTest | None:
        task, number = planner.measurement(claimed).task, claimed.claim_number
        stretches = planner.measure(
            MeasurementRequest(
                name=f"{claimed.request}/{ORDER}",
                task=task,
                arm=ORDER,
                drawn=ORDER,
                beside=claimed.reads.measurement,
                scorer=SCORER,
            )
        )
        if stretches is None:
            return None
        return PlannedTest(
            id=f"order-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=1.0,
            null="the order of the samples in the benchmark's file means nothing to the model",
            reads=(stretches.reads,),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal the number of other orders and the margin; all else follows from the share of the level."""
        return msgspec.structs.replace(test, sealed=dict(SEALED))

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """All stretches: their number is fixed."""
        return plan.by_id[test.reads[0].measurement].planned

    def open(self, test: PlannedTest, plan: Plan) -> OrderMonitor:
        """Start reading; raises ValueError for what :meth:`plan` and :meth:`seal` would not have written."""
        measurement = plan.by_id.get(test.reads[0].measurement) if len(test.reads) == 1 else None
        if measurement is None or not _is_stretches(measurement, test) or test.sealed != SEALED:
            raise ValueError("it reads the ranks of a file's order among other ones, each stretch asked once")
        return OrderMonitor(test, plan, measurement)


def _is_stretches(measurement: Measurement, test: PlannedTest) -> bool:
    kinds = measurement.drawn == measurement.arm == ORDER and measurement.kind == "loglikelihood"
    return kinds and measurement.repeats == 1 and test.reads[0].scorer == SCORER

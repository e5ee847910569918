"""Plans of one budget without a model, and what simulated calls took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from steelyard.detectors.gate.budget import Budget
from steelyard.records import SUBJECT, CallSpent, Limits, Plan, PlannedTest
from tests.detectors.gate.gate_plans import gate_plan

__all__ = ["budget_plan", "calls_of"]


def budget_plan(sealed: dict[str, object], population: int = 400, gates: int = 1) -> Plan:
    """A plan of one budget, one of so many tests that share the level, sealed as a real one is."""
    plan = gate_plan("0.5", population, steady=False)
    test = PlannedTest(
        id="budget-00", rule="budget@1", weight=1 / gates, null="kept to", reads=plan.tests[0].reads, sealed=sealed
    )
    model = msgspec.structs.replace(plan.subject, limits=Limits(price_prompt=1.0, price_completion=1.0))
    plan = msgspec.structs.replace(plan, tests=(test,), models={SUBJECT: model})
    return msgspec.structs.replace(plan, tests=(Budget().seal(test, plan),))


def calls_of(seconds: Iterable[float | None], tokens: int = 100) -> Iterator[CallSpent]:
    """One call at each place of the order; None: it failed at once."""
    for position, each in enumerate(seconds):
        yield CallSpent(
            measurement="suite-0", position=position, repeat=0, answered=each is not None,
            elapsed_us=round((each or 0.0) * 1e6), prompt_tokens=tokens if each is not None else 0,
        )  # fmt: skip

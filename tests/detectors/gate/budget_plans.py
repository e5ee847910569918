"""Plans of one budget without a model, and what simulated calls took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from steelyard.records import SUBJECT, CallSpent, Limits, Plan, PlannedTest
from tests.detectors.gate.gate_plans import gate_plan

__all__ = ["budget_plan", "calls_of"]


def budget_plan(sealed: dict[str, object], population: int = 400, *, steady: bool = False) -> Plan:
    """A plan of one budget, sealed as a real one is; a million tokens cost 1."""
    plan = gate_plan("0.5", population, steady=steady)
    test = PlannedTest(
        id="budget-00", rule="budget@2", weight=0.0, null="kept to", reads=plan.tests[0].reads, sealed=sealed
    )
    model = msgspec.structs.replace(plan.subject, limits=Limits(price_prompt=1.0, price_completion=1.0))
    return msgspec.structs.replace(plan, tests=(test,), models={SUBJECT: model})


def calls_of(seconds: Iterable[float | None], tokens: int = 100) -> Iterator[CallSpent]:
    """One call at each place of the order; None: it failed at once."""
    for position, each in enumerate(seconds):
        yield CallSpent(
            measurement="suite-0", position=position, repeat=0, answered=each is not None,
            elapsed_us=round((each or 0.0) * 1e6), prompt_tokens=tokens if each is not None else 0,
        )  # fmt: skip

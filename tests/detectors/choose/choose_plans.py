"""Plans of choices without a model, and what their monitors come to."""

from __future__ import annotations

import msgspec

from steelyard.detectors.choose.detector import Choose
from steelyard.detectors.choose.monitor import ChooseMonitor, SealedChoice
from steelyard.evidence.canonical import without_defaults
from steelyard.records import (
    PLAN_FORMAT,
    Capabilities,
    Limits,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
    Reads,
    RequestedTest,
    candidate_role,
)
from tests.detectors.gate.gate_plans import Marks, scores_of

__all__ = ["choose_plan", "planned_model", "read"]


def planned_model(
    name: str = "model", prices: tuple[float, float] | None = None, *, steady: bool = True
) -> PlannedModel:
    limits = Limits() if prices is None else Limits(price_prompt=prices[0], price_completion=prices[1])
    return PlannedModel(
        identity=ModelIdentity(uri=f"test:{name}", name=name),
        capabilities=Capabilities(deterministic=steady),
        limits=limits,
    )


def choose_plan(
    target: str, population: int = 200, candidates: int = 3, limit: int | None = None, *, steady: bool = True
) -> Plan:
    """A plan of one choice, sealed as a real one is; the measurements are ``m1``, ``m2`` … from the cheapest on."""
    roles = [candidate_role(number) for number in range(1, candidates + 1)]
    measurements = tuple(
        Measurement(
            id=f"m{number}", role=role, task="suite", prompt="plain", scorers=("exact@1",), kind="generate",
            population=population, samples_root="5d" * 32, order_seed="c1" * 32, limit=limit,
        )
        for number, role in enumerate(roles, 1)
    )  # fmt: skip
    test = PlannedTest(
        id="choose-00",
        rule="choose@1",
        weight=1.0,
        null="some candidate reaches it",
        reads=tuple(Reads(measurement=each.id, scorer="exact@1") for each in measurements),
        sealed=without_defaults(SealedChoice(target=target, by="order", order=tuple(roles))),
    )
    plan = Plan(
        format=PLAN_FORMAT, software="", created="", alpha=0.05, measurements=measurements, tests=(test,),
        requested=(RequestedTest(detector="choose", task="suite"),),
        models={role: planned_model(role, steady=steady) for role in roles},
    )  # fmt: skip
    return msgspec.structs.replace(plan, tests=(Choose().seal(test, plan),))


def read(plan: Plan, answers: list[Marks]) -> ChooseMonitor:
    """A choice that has read all of these answers, whether it needed them or not."""
    monitor = Choose().open(plan.tests[0], plan)
    for number, marks in enumerate(answers, 1):
        for score in scores_of(marks, f"m{number}"):
            monitor.observe(score)
    return monitor

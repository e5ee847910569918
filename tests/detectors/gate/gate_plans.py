"""Plans of gates without a model, and scores that a simulated model gives."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

import msgspec

from steelyard.detectors.gate.detector import Gate
from steelyard.detectors.gate.monitor import SealedGate
from steelyard.errors import InputError
from steelyard.evidence.canonical import without_defaults
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    Capabilities,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
    Reads,
    RequestedTest,
    SampleScore,
)
from steelyard.stats.sequential import StopTable, Tracker

Marks = list[int | str | None]

__all__ = ["Marks", "gate_plan", "scores_of", "share_decided"]


def gate_plan(
    at_least: str, population: int = 400, limit: int | None = None, gates: int = 1, *, steady: bool = True,
    family: int = 1,
) -> Plan:  # fmt: skip
    """A plan of one gate, or of several on suites of the same size, sealed as a real one is."""
    if not 0 < Fraction(at_least) <= 1:
        raise InputError("at_least is above 0 and at most 1")
    measurements = tuple(
        Measurement(
            id=f"suite-{number}", task=f"suite-{number}", prompt="plain", scorers=("exact@1",), kind="generate",
            population=population, samples_root="5d" * 32, order_seed="c1" * 32, limit=limit,
        )
        for number in range(gates)
    )  # fmt: skip
    tests = tuple(
        PlannedTest(
            id=f"gate-{number:02d}",
            rule="gate@3",
            weight=1 / gates,
            null="at least so many",
            reads=(Reads(measurement=each.id, scorer="exact@1"),),
            sealed=without_defaults(SealedGate(at_least=at_least, family=family)),
        )
        for number, each in enumerate(measurements)
    )
    plan = Plan(
        format=PLAN_FORMAT, software="", created="", alpha=0.05, measurements=measurements, tests=tests,
        requested=(RequestedTest(detector="gate", task="suite"),),
        models={
            SUBJECT: PlannedModel(
                identity=ModelIdentity(uri="test:model", name="model"),
                capabilities=Capabilities(deterministic=steady),
            )
        },
    )  # fmt: skip
    return msgspec.structs.replace(plan, tests=tuple(Gate().seal(test, plan) for test in tests))


def scores_of(marks: Sequence[int | str | None], measurement: str = "suite-0") -> Iterator[SampleScore]:
    """One score at each place of the order: 1, 0, None (open) or "missing"."""
    for position, mark in enumerate(marks):
        missing = mark == "missing"
        yield SampleScore(
            measurement=measurement, position=position, sample=f"s{position}", repeat=0, scorer="exact@1", seq=position,
            status="missing" if missing else "open" if mark is None else "scored",
            value=float(mark) if mark in (0, 1) else None,
        )  # fmt: skip


def share_decided(
    plan: Plan, right: int, decision: Literal["inconsistent", "consistent"], number: int, random_: random.Random
) -> float:
    """In which share of ``number`` orders a model that gets ``right`` items right gets a decision."""
    sealed = msgspec.convert(plan.tests[0].sealed, SealedGate)
    population = plan.measurements[0].population
    table = StopTable(inconsistent=sealed.red, consistent=sealed.green)
    marks = [1] * right + [0] * (population - right)
    found = 0
    for _ in range(number):
        random_.shuffle(marks)
        tracker = Tracker(population, max(1, sealed.needed), table)
        for mark in marks[: len(sealed.red)]:
            if tracker.observe(mark) is not None:
                break
        found += tracker.decision == decision
    return found / number

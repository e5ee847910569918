"""Known difficulties in a sealed plan: they are those of the file that its inputs name, and about its own items."""

from __future__ import annotations

from steelyard.planning.difficulties import USED_BY, digest_of, why_none
from steelyard.planning.sealed_source import wrong_plan
from steelyard.records import DIFFICULTY_INPUT, Difficulties, Measurement, Plan

__all__ = ["check_difficulties"]


def check_difficulties(plan: Plan) -> None:
    """Raise VerificationError where difficulties are not whole, not the file's, or of what no claim's test reads."""
    expected = {each.difficulties_input for each in plan.measurements if each.difficulties is not None}
    given = {name for name, each in plan.inputs.items() if each.kind == DIFFICULTY_INPUT}
    if expected != given:
        raise wrong_plan("inputs name difficulties that no measurement has, or lack those of one")
    for measurement in plan.measurements:
        if measurement.difficulties is not None:
            _check(plan, measurement, measurement.difficulties)


def _check(plan: Plan, measurement: Measurement, known: Difficulties) -> None:
    if reason := why_none(known):
        raise wrong_plan(f"{measurement.id}: difficulties: {reason}")
    if digest_of(known) != plan.inputs[measurement.difficulties_input].sha256:
        raise wrong_plan(
            f"{measurement.id}: difficulties are not those of the file that {measurement.difficulties_input} names"
        )
    if known.items != measurement.items or len(known.odds) != measurement.population:
        raise wrong_plan(f"{measurement.id}: difficulties are of other items")
    readers = [test for test in plan.readers_of(measurement.id) if test.rule.startswith(f"{USED_BY}@")]
    if plan.sheet is None or not readers or measurement.arm:
        raise wrong_plan(f"{measurement.id}: difficulties are for the tests of claims, and none reads it")

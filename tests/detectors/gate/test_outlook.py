"""Before a gate is asked: the chances that a dry run prints, against simulated gates."""

from __future__ import annotations

import random
import re

from steelyard.detectors.gate.detector import Gate
from steelyard.detectors.gate.monitor import GateMonitor
from steelyard.detectors.gate.outlook import outlook_of
from steelyard.records import VerdictWord
from tests.detectors.gate.gate_plans import gate_plan, scores_of
from tests.detectors.gate.test_paired import plan_with


def gate(at_least: str, population: int, limit: int | None = None, *, steady: bool = False) -> GateMonitor:
    plan = gate_plan(at_least, population, limit, steady=steady)
    return Gate().open(plan.tests[0], plan)


def test_the_chances_are_those_of_simulated_gates() -> None:
    """400 runs of 100 items at a rate of 92 %, bar 80 %."""
    said = outlook_of(gate("0.8", 100), 0.92)
    found = re.search(r"at a rate of 92 % green with a chance of (\d+) %, red 0 %, undecided (\d+) %", said)
    assert found is not None
    assert int(found[1]) + int(found[2]) == 100
    random_, green = random.Random(20261127), 0
    for _ in range(400):
        at_work = gate("0.8", 100)
        for score in scores_of([int(random_.random() < 0.92) for _ in range(100)]):
            at_work.observe(score)
        green += at_work.find({}).word is VerdictWord.CONSISTENT
    assert abs(100 * green / 400 - int(found[1])) < 6


def test_a_gate_at_its_bar_will_probably_end_undecided() -> None:
    assert outlook_of(gate("0.8", 300), 0.8).endswith("it will probably end undecided")
    assert "probably" not in outlook_of(gate("0.8", 300), 0.95)
    assert outlook_of(gate("0.8", 300), None).startswith("green in 9 of 10 runs from a rate of 8")


def test_too_few_items_and_answers_that_do_not_vary() -> None:
    assert outlook_of(gate("0.99", 50), None).startswith("too few items")
    assert outlook_of(gate("0.8", 300, steady=True), None).endswith("the whole suite leaves no doubt")
    assert "no doubt" not in outlook_of(gate("0.8", 300, 30, steady=True), None)
    assert "green with a chance of 100 %" in outlook_of(gate("0.8", 300, steady=True), 0.85)
    assert outlook_of(gate("0.8", 20_001), None) == ""


def test_a_margin_that_equal_answers_cannot_reach() -> None:
    few, many = (Gate().open(plan.tests[0], plan) for plan in (plan_with([1] * 40, "2"), plan_with([1] * 300, "2")))
    assert outlook_of(few, None).startswith(
        "it will end undecided for a model that answers exactly as the baseline does"
    )
    assert outlook_of(many, None) == ""

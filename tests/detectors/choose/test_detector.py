"""The choice as a detector: its options, what it seals, and how often it is wrong where answers vary."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random

import msgspec
import pytest

from steelyard.detectors.choose.detector import Choose, options_of
from steelyard.errors import InputError
from steelyard.stats.elimination import begin
from tests.detectors.choose.choose_plans import choose_plan, read


@pytest.mark.parametrize("target", ["0", "0.0", "1.01", "90", "-0.1", "nan", "0,9", "", ".", "0.1234567", "٠.٥"])
def test_targets_that_are_none_are_refused(target: str) -> None:
    with pytest.raises(InputError, match="--target"):
        options_of({"target": target})


@pytest.mark.parametrize(
    "options", [{}, {"target": 0.9}, {"target": "0.9", "more": 1}, {"target": "0.9", "by": "time"}]
)
def test_options_are_read_strictly(options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="a choice has the options"):
        options_of(options)


@pytest.mark.parametrize("steady", [True, False])
def test_it_seals_the_tables_of_the_rule_and_the_order(steady: bool) -> None:
    sealed = choose_plan("0.9", 200, 3, 50, steady=steady).tests[0].sealed
    state = begin(200, Fraction(9, 10), 3, 0.05, 50, steady=steady)
    assert sealed["below"] == list(state.table.inconsistent)
    assert sealed["meets"] == list(state.table.consistent)
    assert sealed["order"] == ["subject", "candidate-2", "candidate-3"]
    assert sealed["needed"] == (180 if steady else state.threshold) != 0
    assert sealed.get("steady", False) is steady


@pytest.mark.parametrize(
    "change",
    [
        {"target": "0.8"},
        {"order": ["candidate-2", "subject", "candidate-3"]},
        {"steady": False},
        {"needed": 1},
        {"below": [5]},
        {"meets": [0] * 200},
        {"more": True},
        {"target": "0"},
        {"target": "x"},
    ],
)
def test_a_sealed_part_that_was_changed_is_refused(change: dict[str, object]) -> None:
    plan = choose_plan("0.9")
    changed = msgspec.structs.replace(plan.tests[0], sealed={**plan.tests[0].sealed, **change})
    with pytest.raises(ValueError, match="sealed by another rule"):
        Choose().open(changed, plan)


def test_a_forecast_says_when_one_candidate_is_decided() -> None:
    plan = choose_plan("0.8", 1000)
    above, at, below = (Choose().forecast(plan.tests[0], plan, shortfall) for shortfall in (-0.05, 0.0, 0.05))
    assert above is not None
    assert below is not None
    assert at is not None
    assert 0 < max(above, below) < at <= 1000


@pytest.mark.parametrize("rate", [0.9, 0.86])
def test_where_answers_vary_a_wrong_choice_is_seldom(rate: float) -> None:
    """Three models of one rate: at the target the first is to be chosen or undecided, below it none."""
    plan, random, wrong, number = choose_plan("0.9", 150, steady=False), Random(round(rate * 100)), 0, 60
    for _ in range(number):
        answers = [[int(random.random() < rate) for _ in range(150)] for _ in range(3)]
        found = read(plan, answers).find({}).choice  # type: ignore[arg-type]
        assert found is not None
        first = found.candidates[0].standing
        wrong += first == "below" if rate >= 0.9 else bool(found.chosen)
    assert wrong / number <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / number)

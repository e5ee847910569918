"""Budgets as a detector: options and sealed parts are read strictly (the command: tests/cli/test_gate_budgets.py)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.detectors.gate.budget import Budget, options_of
from steelyard.errors import InputError
from tests.detectors.gate.budget_plans import budget_plan


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "seconds and quantile, cost, or rule"),
        ({"seconds": "2"}, "seconds and quantile, cost, or rule"),
        ({"seconds": "2", "quantile": "0.95", "cost": "1"}, "seconds and quantile, cost, or rule"),
        ({"cost": "1", "quantile": "0.95"}, "seconds and quantile, cost, or rule"),
        ({"seconds": "0", "quantile": "0.95"}, "seconds above 0"),
        ({"seconds": "1e3", "quantile": "0.95"}, "seconds above 0"),
        ({"seconds": "2", "quantile": "1"}, "seconds above 0"),
        ({"seconds": "2", "quantile": "0.0"}, "between 0 and 1"),
        ({"cost": "nan"}, "an amount above 0"),
        ({"cost": "0"}, "an amount above 0"),
        ({"cost": 1}, "a budget has the options"),
        ({"cost": "1", "other": 1}, "a budget has the options"),
        ({"cost": "1", "family": 2}, "a budget has the options"),
    ],
)
def test_options_are_read_strictly(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        options_of(options)


@pytest.mark.parametrize(
    ("sealed", "change"),
    [
        ({"seconds": "2", "quantile": "0.95"}, {"red": [-1] * 400}),
        ({"seconds": "2", "quantile": "0.95"}, {"quantile": "1.5"}),
        ({"seconds": "2", "quantile": "0.95"}, {"cost": "1"}),
        ({"cost": "1"}, {"cost": "x"}),
        ({"cost": "1"}, {"seconds": "2"}),
        ({"cost": "1"}, {"family": 3}),
    ],
)
def test_a_sealed_part_that_is_none_is_refused(sealed: dict[str, Any], change: dict[str, Any]) -> None:
    plan = budget_plan(sealed)
    test = plan.tests[0]
    Budget().open(test, plan)
    changed = msgspec.structs.replace(test, sealed=test.sealed | change)
    with pytest.raises(ValueError, match="sealed by another rule"):
        Budget().open(changed, plan)
    with pytest.raises(ValueError, match="sealed by another rule"):
        Budget().open(msgspec.structs.replace(test, weight=0.5), plan)


def test_all_is_asked_whatever_the_answers_are() -> None:
    plan = budget_plan({"cost": "1"})
    assert Budget().forecast(plan.tests[0], plan, 0.05) == 400
    assert Budget().seal(plan.tests[0], plan) == plan.tests[0]

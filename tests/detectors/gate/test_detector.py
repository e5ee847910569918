"""The gate as a detector: what it plans and seals, what it refuses, and how often it is wrong."""

from __future__ import annotations

import math
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.gate.detector import Gate, options_of
from steelyard.detectors.gate.monitor import SealedGate
from steelyard.errors import InputError
from steelyard.stats.sequential import StopTable, Tracker
from tests.detectors.gate.gate_plans import gate_plan, share_decided


@pytest.mark.parametrize(
    "given", ["0", "0.0", "1.01", "85", "-0.1", "nan", "1e-1", "0,85", "", ".", "0.1234567", "٠.٥"]
)
def test_bars_that_are_none_are_refused(given: str) -> None:
    with pytest.raises(InputError, match=r"at_least|at most 1"):
        gate_plan(options_of({"at_least": given}).at_least)


@pytest.mark.parametrize("options", [{}, {"at_least": 0.85}, {"at_least": "0.85", "more": 1}, {"bar": "0.85"}])
def test_options_are_read_strictly(options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="a gate has the options"):
        options_of(options)


@given(st.integers(1, 300), st.integers(1, 1000))
def test_the_bar_is_rounded_up_to_whole_items(population: int, thousandths: int) -> None:
    at_least = f"{thousandths / 1000:.3f}"
    plan = gate_plan(at_least, population)
    needed = plan.tests[0].sealed["needed"]
    assert needed == -(-population * thousandths // 1000)


def test_red_has_the_tests_share_of_the_level_and_green_all_of_it() -> None:
    alone, one_of_five = gate_plan("0.8", 400).tests[0].sealed, gate_plan("0.8", 400, gates=5).tests[2].sealed
    assert alone["green"] == one_of_five["green"]
    assert all(fifth <= whole for fifth, whole in zip(one_of_five["red"], alone["red"], strict=True))
    assert one_of_five["red"] != alone["red"]


def test_a_family_shares_the_level_as_gates_of_one_plan_do() -> None:
    family, together = gate_plan("0.8", 400, family=5).tests[0].sealed, gate_plan("0.8", 400, gates=5).tests[0].sealed
    assert family["red"] == together["red"]
    assert options_of({"at_least": "0.8", "family": 5}).family == 5
    for wrong in (0, -1, 100_001):
        with pytest.raises(InputError, match="--family"):
            options_of({"at_least": "0.8", "family": wrong})


@pytest.mark.parametrize("rate", [0.85, 0.9])
def test_where_answers_vary_a_model_at_its_bar_is_seldom_red(rate: float) -> None:
    """Each pass is another sample of the rate: a bar for this pass would be red in nearly half of them."""
    plan, random_ = gate_plan("0.85", 150, steady=False), random.Random(6)
    sealed = msgspec.convert(plan.tests[0].sealed, SealedGate)
    table, red, number = StopTable(inconsistent=sealed.red, consistent=sealed.green), 0, 400
    for _ in range(number):
        tracker = Tracker(150, sealed.needed, table)
        for _ in range(150):
            if tracker.observe(int(random_.random() < rate)) is not None:
                break
        red += tracker.decision == "inconsistent"
    assert red / number <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / number)


def test_where_answers_vary_a_bar_of_all_is_never_green() -> None:
    sealed = gate_plan("1", 40, steady=False).tests[0].sealed
    assert min(sealed["green"]) == 41
    assert gate_plan("1", 40).tests[0].sealed["green"][-1] == 40


def test_a_limit_cuts_the_tables() -> None:
    sealed = gate_plan("0.8", 400, limit=30).tests[0].sealed
    assert len(sealed["red"]) == len(sealed["green"]) == 30


@pytest.mark.parametrize(
    "change",
    [
        {"at_least": "0.7"},
        {"family": 2},
        {"steady": False},
        {"needed": 300},
        {"red": (5,)},
        {"green": (1,) * 400},
        {"more": True},
        {"needed": "320"},
    ],
)
def test_a_sealed_part_that_was_changed_is_refused(change: dict[str, object]) -> None:
    plan = gate_plan("0.8", 400)
    test = plan.tests[0]
    changed = msgspec.structs.replace(test, sealed={**test.sealed, **change})
    with pytest.raises(ValueError, match="sealed by another rule"):
        Gate().open(changed, plan)


def test_a_forecast_says_when_it_decides() -> None:
    plan = gate_plan("0.8", 1000)
    above, at, below = (Gate().forecast(plan.tests[0], plan, shortfall) for shortfall in (-0.05, 0.0, 0.05))
    assert above is not None
    assert below is not None
    assert 0 < above < 1000
    assert 0 < below < 1000
    assert at == 1000 or (at is not None and at > max(above, below))


@pytest.mark.parametrize(("bar", "population"), [("0.5", 60), ("0.85", 120), ("0.97", 200)])
def test_either_error_is_as_rare_as_stated_at_the_edge(bar: str, population: int) -> None:
    """The full simulation is ``python -m bench.gates``."""
    plan = gate_plan(bar, population)
    needed = plan.tests[0].sealed["needed"]
    random_ = random.Random(bar)
    number, most = 400, 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    assert share_decided(plan, needed, "inconsistent", number, random_) <= most
    assert share_decided(plan, needed - 1, "consistent", number, random_) <= most


def test_five_points_away_it_decides() -> None:
    plan = gate_plan("0.8", 900)
    random_ = random.Random(4)
    assert share_decided(plan, 765, "consistent", 60, random_) == 1
    assert share_decided(plan, 675, "inconsistent", 60, random_) == 1

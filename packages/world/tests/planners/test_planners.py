"""Planners find what a known cost has as its least, for each episode by itself."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from steelyard.errors import InputError
from steelyard_world.planners.cem import cem
from steelyard_world.planners.cost import Cost, over_horizon
from steelyard_world.planners.mppi import mppi
from steelyard_world.planners.settings import PlannerSettings, settings_for

SIZES: dict[str, Any] = {"action_size": 2, "action_limit": 4.0}


def going_to(goals: np.ndarray) -> Cost:
    """Free motion from the origin to goals (E, 2)."""

    def cost(actions: np.ndarray) -> np.ndarray:
        way = np.cumsum(actions, axis=2)
        return over_horizon(np.linalg.norm(way - goals[:, None, None], axis=-1), "last")

    return cost


GOALS = np.array([[20.0, 5.0], [-10.0, 8.0], [0.0, -25.0]])


@pytest.mark.parametrize("planner", [cem, mppi])
def test_planners_reach_a_place_in_the_open(planner: Any) -> None:
    chosen = PlannerSettings(horizon=4, repeat=2, samples=128, iterations=6)
    plan = planner(going_to(GOALS), [1, 2, 3], chosen, **SIZES)
    assert plan.shape == (3, 8, 2)
    assert np.linalg.norm(plan.sum(axis=1) - GOALS, axis=-1).max() < 2.5
    assert np.linalg.norm(plan, axis=-1).max() <= 4.0 + 1e-5
    assert np.array_equal(plan[:, 0::2], plan[:, 1::2])


@pytest.mark.parametrize("planner", [cem, mppi])
def test_a_plan_depends_on_its_own_seed_alone(planner: Any) -> None:
    chosen = PlannerSettings(horizon=3, repeat=1, samples=32, replan_every=1)
    together = planner(going_to(GOALS), [1, 2, 3], chosen, **SIZES)
    alone = planner(going_to(GOALS[1:2]), [2], chosen, **SIZES)
    assert np.array_equal(together[1], alone[0])
    assert not np.array_equal(alone, planner(going_to(GOALS[1:2]), [4], chosen, **SIZES))


@given(st.floats(0.01, 1000), st.floats(-50, 50))
@settings(max_examples=15, deadline=None)
def test_the_unit_and_the_zero_of_a_distance_do_not_matter_to_mppi(scale: float, zero: float) -> None:
    chosen = PlannerSettings(planner="mppi", horizon=3, repeat=1, samples=16, iterations=2, replan_every=1)
    cost = going_to(GOALS)
    plain = mppi(cost, [1, 2, 3], chosen, **SIZES)
    other = mppi(lambda actions: scale * cost(actions) + zero, [1, 2, 3], chosen, **SIZES)
    assert np.allclose(plain, other, atol=1e-2)


def test_a_horizon_is_summed_up_as_it_says() -> None:
    far = np.array([[[3.0, 1.0, 2.0]]])
    assert [float(over_horizon(far, how)[0, 0]) for how in ("min", "sum", "last")] == [1.0, 6.0, 2.0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"samples": 0}, "samples must be at least 1"),
        ({"elites": 65}, "elites cannot be more than samples"),
        ({"replan_every": 33}, "replan_every cannot be longer"),
        ({"spread": float("nan")}, "spread and temperature must be above 0"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        PlannerSettings(**wrong)


def test_settings_are_recorded_whole() -> None:
    record = settings_for("push").record()
    assert record["samples"] == 128
    assert set(record) == set(PlannerSettings.__struct_fields__)

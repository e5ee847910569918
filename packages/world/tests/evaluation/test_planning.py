"""Planning is judged by what the actions do, each episode by itself, between floors and a ceiling."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from packages.world.tests.evaluation.seeing import Knowing
from steelyard.errors import InputError
from steelyard_world.evaluation import planning, shift
from steelyard_world.evaluation.result import TestResult
from steelyard_world.planners.settings import PlannerSettings, settings_for
from steelyard_world.sim.catalog import HELD_OUT, NAMES, simulator

SEEDS = range(HELD_OUT, HELD_OUT + 40)
WORLD = simulator("two-room-fixed")
SETTINGS = settings_for("two-room-fixed")


@pytest.fixture(scope="module")
def top() -> TestResult:
    return planning.ceiling(WORLD, SEEDS, SETTINGS)


@pytest.mark.parametrize("name", NAMES)
def test_ceilings_are_high_and_floors_far_below_on_every_world(name: str) -> None:
    world, settings = simulator(name), settings_for(name)
    aimless, straight = planning.floors(world, SEEDS[:20], settings)
    assert planning.ceiling(world, SEEDS[:20], settings).mean >= 0.8
    assert max(aimless.mean, straight.mean) <= 0.55


def test_a_model_that_knows_all_is_at_the_ceiling_and_one_that_knows_no_walls_is_not(top: TestResult) -> None:
    knowing = planning.run_planning(Knowing(), WORLD, SEEDS[:20], SETTINGS, training_seed=3)
    blind = planning.run_planning(Knowing(walls=False), WORLD, SEEDS[:20], SETTINGS)
    assert knowing.mean >= np.mean(top.scores[:20]) - 0.05
    assert blind.mean <= knowing.mean - 0.2
    assert (knowing.model, knowing.training_seed, knowing.world) == ("knowing", 3, "two-room-fixed")
    assert knowing.settings == SETTINGS.record()


def test_an_episode_is_the_same_alone_and_among_others(top: TestResult) -> None:
    alone = planning.ceiling(WORLD, SEEDS[5:6], SETTINGS)
    assert alone.scores[0] == top.scores[5]
    assert alone.details["steps"][0] == top.details["steps"][5]


def test_episodes_that_are_over_leave_the_batch() -> None:
    model = Knowing()
    planning.run_planning(model, WORLD, SEEDS[:12], SETTINGS)
    asked = model.asked[:: SETTINGS.iterations]
    assert asked == sorted(asked, reverse=True)
    assert asked[0] == 12
    assert asked[-1] < 12


def test_progress_counts_episodes() -> None:
    told: list[tuple[int, int]] = []
    planning.floors(WORLD, SEEDS[:4])
    quick = msgspec.structs.replace(SETTINGS, samples=8, iterations=1)
    planning.ceiling(WORLD, SEEDS, quick, progress=lambda done, total: told.append((done, total)))
    assert told == [(32, 40), (40, 40)]


def test_planning_without_obstacles_scores_between_floor_and_ceiling(top: TestResult) -> None:
    blind = planning.no_obstacles(WORLD, SEEDS, SETTINGS)
    assert blind.model == "no obstacles"
    assert planning.floors(WORLD, SEEDS)[1].mean < blind.mean < top.mean - 0.2


def test_another_rng_seed_makes_other_plans(top: TestResult) -> None:
    other = planning.ceiling(WORLD, SEEDS[:4], SETTINGS, 1)
    assert other.details["steps"] != top.details["steps"][:4]


def test_the_judge_counts_what_the_actions_do_and_nothing_after_the_goal() -> None:
    states, goals = WORLD.start(SEEDS[:1])
    into_the_wall = np.tile(WORLD.straight(states, goals), (60, 1))
    nothing = np.zeros((0, 2), dtype=np.float32)
    judged = planning.judged(WORLD, [SEEDS[0], SEEDS[1]], [into_the_wall, nothing], "anyone")
    assert judged.scores[1] == 0
    assert judged.details["steps"][1] == WORLD.episode_steps


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        (np.zeros((61, 2), dtype=np.float32), "at most 60 of 2 numbers"),
        (np.zeros((3, 3), dtype=np.float32), "at most 60 of 2 numbers"),
        (np.full((3, 2), np.nan, dtype=np.float32), "finite"),
    ],
)
def test_actions_that_are_none_are_refused_in_one_line(actions: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        planning.judged(WORLD, SEEDS[:1], [actions], "anyone")


def test_the_cost_over_the_horizon_is_part_of_the_result_because_it_moves_success(top: TestResult) -> None:
    last = planning.ceiling(WORLD, SEEDS, PlannerSettings(cost="last"))
    assert last.settings["cost"] == "last"
    assert last.mean < top.mean - 0.2


def test_a_shift_is_reported_under_its_name_and_its_drop_is_paired() -> None:
    model = Knowing()
    plain = planning.run_planning(model, WORLD, SEEDS[:16], SETTINGS, training_seed=0)
    moved = shift.run_shift(model, WORLD, "layout", SEEDS[:16], SETTINGS, training_seed=0)
    assert (moved.test, moved.condition, moved.world) == ("robustness", "layout", "two-room-fixed")
    lost = shift.drop([plain], [moved])
    assert lost.estimate == pytest.approx(plain.mean - moved.mean)
    assert lost.low <= lost.estimate <= lost.high
    assert shift.drop([plain], [plain]) == (0, 0, 0)


def test_a_drop_between_trainings_that_differ_is_refused() -> None:
    plain = planning.floors(WORLD, SEEDS[:3])[0]
    with pytest.raises(ValueError, match="same training seeds"):
        shift.drop([plain], [msgspec.structs.replace(plain, training_seed=1)])


def test_controls_of_a_shift_are_measured_in_the_shifted_world() -> None:
    quick = msgspec.structs.replace(SETTINGS, samples=8, iterations=1)
    assert [each.condition for each in shift.shifted_floors(WORLD, "speed", SEEDS[:3], quick)] == ["speed"] * 3
    assert shift.shifted_ceiling(WORLD, "speed", SEEDS[:3], quick).test == "robustness"
    with pytest.raises(InputError, match="no shift 'gravity'"):
        shift.shifted_ceiling(WORLD, "gravity", SEEDS[:3], quick)

"""Robustness: the same episodes with one change that training did not have, and the loss by it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from steelyard_world.evaluation import planning
from steelyard_world.evaluation.planning import Progress
from steelyard_world.evaluation.result import TestResult, matrix
from steelyard_world.planners.settings import PlannerSettings
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.simulator import Simulator
from steelyard_world.stats.crossed import Interval, crossed_mean

__all__ = ["SHIFTS", "TEST", "drop", "run_shift", "shifted_ceiling", "shifted_floors"]

TEST = "robustness"

SHIFTS = ("colour", "size", "speed", "gravity", "layout")
"""All shifts; ``Simulator.shifts`` lists those of a world."""


def run_shift(
    model: WorldUnderTest,
    simulator: Simulator,
    shift: str,
    seeds: Sequence[int],
    settings: PlannerSettings,
    rng_seed: int = 0,
    *,
    training_seed: int | None = None,
    progress: Progress | None = None,
) -> TestResult:
    """Test planning in the shifted world; raises InputError naming the shifts if there is none of that name."""
    changed = simulator.shifted(shift)
    found = planning.run_planning(
        model, changed, seeds, settings, rng_seed, training_seed=training_seed, condition=shift, progress=progress
    )
    return msgspec.structs.replace(found, test=TEST)


def shifted_floors(
    simulator: Simulator, shift: str, seeds: Sequence[int], settings: PlannerSettings, rng_seed: int = 0
) -> tuple[TestResult, ...]:
    """Random actions, the straight line, and planning without obstacles, all in the shifted world.

    A shift can also make a world easier. Raises InputError for an unknown shift.
    """
    changed = simulator.shifted(shift)
    found = (
        *planning.floors(changed, seeds, settings, rng_seed, condition=shift),
        planning.no_obstacles(changed, seeds, settings, rng_seed, condition=shift),
    )
    return tuple(msgspec.structs.replace(each, test=TEST) for each in found)


def shifted_ceiling(
    simulator: Simulator, shift: str, seeds: Sequence[int], settings: PlannerSettings, rng_seed: int = 0
) -> TestResult:
    """The ceiling by the true dynamics of the shifted world; raises InputError for an unknown shift."""
    found = planning.ceiling(simulator.shifted(shift), seeds, settings, rng_seed, condition=shift)
    return msgspec.structs.replace(found, test=TEST)


def drop(plain: Sequence[TestResult], shifted: Sequence[TestResult]) -> Interval:
    """The loss of success by a shift, of the same trained models on the same seeds; positive is a loss.

    The results of one training seed are subtracted first, so trainings are paired as units are. Raises InputError
    where units differ, and ValueError where the training seeds do.
    """
    before = sorted(plain, key=_training)
    after = sorted(shifted, key=_training)
    if [_training(each) for each in before] != [_training(each) for each in after]:
        raise ValueError("a drop is taken between results of the same training seeds")
    units = before[0].units
    return Interval(*crossed_mean(matrix(before, units) - matrix(after, units))[:3])


def _training(result: TestResult) -> int:
    return -1 if result.training_seed is None else result.training_seed

"""One training and its test, as a worker process does it, on one core; it returns a small record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import torch

from bench.world.record import Run, packed
from bench.world.settings import SIMPLEST, Cell, Settings
from steelyard.errors import InputError
from steelyard_world.data.simulated import SimulatedSource
from steelyard_world.evaluation import planning
from steelyard_world.evaluation.result import TestResult
from steelyard_world.learner import Solved
from steelyard_world.models.baselines.sizes import like_jepa, trained_parameters
from steelyard_world.models.card import Card
from steelyard_world.models.kinds import make_learner
from steelyard_world.models.model import WorldModel
from steelyard_world.planners.settings import PlannerSettings, settings_for
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.catalog import HELD_OUT, SCENES, simulator
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.loop import Trained, TrainSettings, train
from steelyard_world.training.solving import solve

__all__ = ["ROOM", "config_for", "controls", "lengths", "measures", "planner", "tested", "units", "work"]

ROOM = "two-room-fixed"
_ROOM_FRAMES, _ROOM_ROWS, _SCENE_ROWS = 9, 32, 16
_VALIDATION = HELD_OUT + 2**20  # the units of tuning trials are no units of the test
_NOTHING = Trained(steps=0, frames=0, seconds=0.0, cpu_seconds=0.0, losses={})


def lengths() -> dict[str, int]:
    """Frames of an episode, by task."""
    from steelyard_world.sim.scenes.states import FRAMES

    return {"planning": _ROOM_FRAMES, "physics": FRAMES}


def measures() -> dict[str, str]:
    """What one score is, by task."""
    return {"planning": f"goals reached in {ROOM}", "physics": "matched pairs told apart"}


def config_for(task: str, method: str) -> Any:
    """The network's settings, of the JEPA's size."""
    return like_jepa(method, 2 if task == "planning" else 0)


def planner(settings: Settings) -> PlannerSettings:
    """The world's own planner with the samples, iterations and elites of this measurement."""
    return msgspec.structs.replace(
        settings_for(ROOM), samples=settings.samples, iterations=settings.iterations, elites=settings.elites
    )


def units(task: str, settings: Settings) -> tuple[str, ...]:
    """The names of a test's units, in order."""
    if task == "planning":
        return tuple(str(HELD_OUT + index) for index in range(settings.episodes))
    return tuple(
        f"{category} {HELD_OUT + index}" for category in settings.categories for index in range(settings.quads)
    )


def controls(task: str, settings: Settings) -> dict[str, str]:
    """Scores without a model, packed: floors and the ceiling of planning, nothing for physics, where chance is .5."""
    if task != "planning":
        return {}
    room, seeds = simulator(ROOM), [int(unit) for unit in units(task, settings)]
    found = [*planning.floors(room, seeds, planner(settings)), planning.ceiling(room, seeds, planner(settings))]
    return {result.model: packed(result.scores) for result in found}


def work(cell: Cell, settings: Settings, learning_rate: float) -> Run:
    """Train as the cell says and test; a pure function but for the CPU-seconds that a training may take."""
    torch.set_num_threads(1)
    before = time.process_time()
    try:
        model, trained, parameters = _trained(cell, learning_rate)
    except InputError as error:
        if "not finite" not in str(error):
            raise
        return _failed(cell, settings, learning_rate, str(error), time.process_time() - before)
    before = time.process_time()
    scores = tested(model, cell, settings)
    return Run(
        cell=cell,
        learning_rate=learning_rate if trained.steps and cell.method not in SIMPLEST else None,
        parameters=parameters,
        steps=trained.steps,
        frames=trained.frames,
        train_cpu_seconds=round(trained.cpu_seconds, 2),
        test_cpu_seconds=round(time.process_time() - before, 2),
        losses={name: float(f"{value:.4g}") for name, value in trained.losses.items()},
        values=packed(scores),
    )


def _failed(cell: Cell, settings: Settings, learning_rate: float, why: str, cpu: float) -> Run:
    """A training whose loss was not finite: it has no model, and reaches nothing."""
    return Run(
        cell=cell,
        learning_rate=learning_rate,
        parameters=trained_parameters(cell.method, config_for(cell.task, cell.method)),
        steps=0,
        frames=0,
        train_cpu_seconds=round(cpu, 2),
        test_cpu_seconds=0.0,
        failed=why[:200],
        values=packed([0.0] * _count(cell, settings)),
    )


def _count(cell: Cell, settings: Settings) -> int:
    if cell.arm != "tuning":
        return len(units(cell.task, settings))
    return settings.validation_units if cell.task == "planning" else _each(settings) * len(settings.categories)


def _each(settings: Settings) -> int:
    """Quads of a category in a tuning trial."""
    return max(1, settings.validation_units // len(settings.categories))


def tested(model: WorldUnderTest, cell: Cell, settings: Settings) -> tuple[float, ...]:
    """The scores of the cell's test units, or of as many others in a tuning trial."""
    tuning = cell.arm == "tuning"
    first = _VALIDATION if tuning else HELD_OUT
    if cell.task == "planning":
        seeds = range(first, first + (settings.validation_units if tuning else settings.episodes))
        return planning.run_planning(model, simulator(ROOM), seeds, planner(settings)).scores
    from steelyard_world.evaluation import physics

    each = _each(settings) if tuning else settings.quads
    found: Sequence[TestResult] = [
        physics.run_physics(model, category, range(first, first + each)) for category in settings.categories
    ]
    return tuple(score for result in found for score in result.scores)


def _trained(cell: Cell, learning_rate: float) -> tuple[WorldModel, Trained, int]:
    config = config_for(cell.task, cell.method)
    source = _source(cell)
    torch.manual_seed(cell.seed)
    learner = make_learner(cell.method, config)
    trained = _NOTHING
    budget = TrainingBudget(cpu_seconds=cell.cpu_seconds, frames=cell.frames or None) if cell.pool else None
    if budget is not None and isinstance(learner, Solved):
        trained = solve(learner, source, budget)
    elif budget is not None:
        trained = train(learner, source, budget, TrainSettings(seed=cell.seed, learning_rate=learning_rate))
    source.close()
    card = Card(
        kind=cell.method,
        config=msgspec.to_builtins(config),
        action_size=source.action_size,
        action_limit=simulator(ROOM).action_limit if source.action_size else 2.0,
        world=ROOM if source.action_size else SCENES,
    )
    return WorldModel(learner, card, cell.method), trained, trained_parameters(cell.method, config)


def _source(cell: Cell) -> Any:
    """Clips of the cell's pool. Methods of one seed learn from the same pool, and a larger pool holds the smaller."""
    pool = max(cell.pool, 1)
    if cell.task == "planning":
        return SimulatedSource(simulator(ROOM), seed=cell.seed, rows=_ROOM_ROWS, length=_ROOM_FRAMES, pool=pool)
    from steelyard_world.data.scenes_source import ScenesSource

    return ScenesSource(seed=cell.seed, rows=_SCENE_ROWS, pool=pool)

"""The pieces of work, each for one process with one thread: one model trained and tested, or one world's controls."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from steelyard_world.evaluation import planning
from steelyard_world.evaluation.result import TestResult
from steelyard_world.planners.settings import settings_for
from steelyard_world.sim.catalog import HELD_OUT, simulator
from steelyard_world.training.presets import preset

__all__ = ["Controls", "Job", "Tested", "controls", "episodes", "tested"]

_FIRST_EPISODE = HELD_OUT + 90_000  # no choice was made with these: those from 20,000 to 89,999 were seen before
_CEILING_PASSES = 3  # with other noise in the planner, which changes the score by a few percent


class Job(NamedTuple):
    """One model to train: in this world, with this seed, for so many steps, and where it is kept."""

    world: str
    seed: int
    steps: int
    episodes: int
    folder: Path


class Tested(NamedTuple):
    """The result of a job. CPU-seconds are of the training, of a tested episode, and of the whole job."""

    job: Job
    result: TestResult
    parameters: int
    frames: int
    training_cpu: float
    episode_cpu: float
    cpu: float


class Controls(NamedTuple):
    """A world's floors, the ceiling once for each pass, and planning without obstacles."""

    world: str
    floors: Sequence[TestResult]
    ceilings: Sequence[TestResult]
    no_obstacles: TestResult
    cpu: float


def episodes(count: int) -> list[int]:
    """The seeds of held-out episodes, the same for all models of a world."""
    return [_FIRST_EPISODE + number for number in range(count)]


def tested(job: Job) -> Tested:
    """Train, save, and test planning."""
    began = time.process_time()
    _one_thread()
    from steelyard_world.data.simulated import SimulatedSource
    from steelyard_world.fitting import train_model
    from steelyard_world.training.budget import TrainingBudget
    from steelyard_world.training.loop import TrainSettings

    recipe, world = preset(job.world), simulator(job.world)
    model = train_model(
        SimulatedSource(world, seed=job.seed, rows=recipe.batch, length=recipe.length),
        TrainingBudget(steps=job.steps),
        job.seed,
        kind=recipe.kind,
        config=recipe.config,
        out=job.folder,
        settings=TrainSettings(learning_rate=recipe.learning_rate),
    )
    assert model.card.trained is not None
    planned = time.process_time()
    result = planning.run_planning(
        model, world, episodes(job.episodes), settings_for(job.world), rng_seed=job.seed, training_seed=job.seed
    )
    return Tested(
        job=job,
        result=result,
        parameters=sum(parameter.numel() for parameter in model.learner.parameters()),
        frames=model.card.trained.frames,
        training_cpu=model.card.trained.cpu_seconds,
        episode_cpu=(time.process_time() - planned) / job.episodes,
        cpu=time.process_time() - began,
    )


def controls(name: str, count: int) -> Controls:
    """Measure the floors and, with other noise in each pass, the ceiling."""
    began = time.process_time()
    _one_thread()
    world, settings, seeds = simulator(name), settings_for(name), episodes(count)
    floors = planning.floors(world, seeds, settings)
    ceilings = [planning.ceiling(world, seeds, settings, rng_seed=number) for number in range(_CEILING_PASSES)]
    unaware = planning.no_obstacles(world, seeds, settings)
    return Controls(name, floors, ceilings, unaware, time.process_time() - began)


def _one_thread() -> None:
    """Use one thread: there are two processes on two cores."""
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)

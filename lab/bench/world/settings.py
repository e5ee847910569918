"""What is measured: settings, and the list of trainings that follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from steelyard.errors import InputError
from steelyard_world.sim.scenes import CATEGORIES as SCENE_CATEGORIES

__all__ = [
    "ARMS",
    "CATEGORIES",
    "LEARNS_NOTHING",
    "METHODS",
    "SIMPLEST",
    "TASKS",
    "Cell",
    "Settings",
    "cells",
    "learning",
    "short",
]

METHODS = ("jepa", "pixel", "vq-gpt", "rssm", "linear", "frame-buffer", "untrained", "copy-last")
LEARNS_NOTHING = ("untrained", "copy-last")
SIMPLEST = ("linear", "frame-buffer")
"""Solved from the same pools within seconds, on physics alone: a learned model is worth what it gains over them."""

TASKS = ("planning", "physics")
ARMS = ("data", "frames", "compute")
CATEGORIES = ("permanence", "continuity", "solidity", "inertia")
"""The categories tested by default: those that pass :mod:`steelyard_world.evaluation.shortcut_check` and that a JEPA
learns.
"""

Arm = Literal["data", "frames", "compute", "tuning", "control"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One whole measurement; it is kept in the results, and a resume must be of the same."""

    tasks: tuple[str, ...] = TASKS
    methods: tuple[str, ...] = METHODS
    arms: tuple[str, ...] = ARMS
    sizes: tuple[int, ...] = (30, 100, 300, 1000)
    """Episodes in the pool, of 9 frames in the room and 24 in the scenes."""
    seeds: int = 5
    cpu_seconds: dict[str, float] = msgspec.field(default_factory=lambda: {"planning": 24.0, "physics": 100.0})
    """Of each training, by task."""
    frames: dict[str, int] = msgspec.field(default_factory=lambda: {"planning": 100_000})
    """Frames shown in each training of the arm "frames": the same number to all, however long it takes them.

    Not of physics: in equal CPU-seconds all kinds are shown much the same number of frames there, as the tables say.
    """
    frames_sizes: tuple[int, ...] = (30, 100, 300, 1000)
    """Sizes in the arm "frames"."""
    compute_shares: tuple[float, ...] = (0.25, 0.5)
    """Of ``cpu_seconds``, at the largest size; the whole of it is in the arm "data" already."""
    learning_rates: tuple[float, ...] = (7.5e-4, 1.5e-3, 3e-3)
    """Of the first tuning trials, the same for all methods: at the largest size, with a seed and units of their own.

    The grid grows until the best of each method is inside (:mod:`bench.world.tuning`).
    """
    rate_limits: tuple[float, float] = (1.875e-4, 4.8e-2)
    """The grid grows no further than this."""
    simplest_frames: int = 96_000
    """Frames shown to each of the simplest rivals, repeats counted; they take no CPU-seconds as a budget."""
    episodes: int = 64
    categories: tuple[str, ...] = CATEGORIES
    """Of the physics test."""
    quads: int = 32
    """A category."""
    validation_units: int = 32
    """Episodes of a tuning trial, and quads over all categories."""
    samples: int = 32
    iterations: int = 3
    elites: int = 5

    def __post_init__(self) -> None:
        lists = (("tasks", TASKS), ("methods", METHODS), ("arms", ARMS), ("categories", SCENE_CATEGORIES))
        for name, known in lists:
            unknown = set(getattr(self, name)) - set(known)
            if unknown:
                raise InputError(f"no {name} are called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        if self.arms == ("frames",) and not set(self.tasks) & self.frames.keys():
            raise InputError(f"equal frames are not measured in {', '.join(self.tasks)}: choose another arm")
        numbers = (self.seeds, self.episodes, self.quads, *self.sizes, *self.cpu_seconds.values())
        if min(numbers) <= 0 or len(set(self.sizes)) != len(self.sizes) or not self.learning_rates:
            raise InputError("sizes, seeds, budgets and learning rates are above 0, each size once")


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One training and its test."""

    task: str
    method: str
    arm: Arm
    pool: int
    seed: int
    cpu_seconds: float | None = None
    frames: int | None = None
    learning_rate: float | None = None
    """None: the rate that the tuning trials chose."""

    @property
    def key(self) -> str:
        """The name by which a resume recognises it."""
        budget = f"{self.cpu_seconds:g}s" if self.cpu_seconds is not None else f"{self.frames}f"
        rate = f" {self.learning_rate:g}" if self.learning_rate is not None else ""
        return f"{self.arm} {self.task} {self.method} pool {self.pool} seed {self.seed} {budget}{rate}"


def short() -> Settings:
    """Settings for about an hour on two idle cores: trainings too short for physics, two points of compute."""
    return Settings(
        cpu_seconds={"planning": 12.0, "physics": 24.0},
        frames={"planning": 50_000},
        compute_shares=(0.5,),
    )


def cells(settings: Settings) -> Iterator[Cell]:
    """All trainings after tuning. Seeds come outermost, so that a measurement stopped early is even over methods."""
    for task in settings.tasks:
        for method in settings.methods:
            if method in LEARNS_NOTHING:
                seeds = range(1 if method == "copy-last" else settings.seeds)
                yield from (
                    Cell(task=task, method=method, arm="control", pool=0, seed=seed, frames=0) for seed in seeds
                )
            if method in SIMPLEST and task == "physics":
                yield from _simplest(settings, method)
    for seed in range(settings.seeds):
        for task in settings.tasks:
            for method in learning(settings):
                yield from _of_one_seed(settings, task, method, seed)


def _of_one_seed(settings: Settings, task: str, method: str, seed: int) -> Iterator[Cell]:
    whole, largest = settings.cpu_seconds[task], max(settings.sizes)
    if "data" in settings.arms:
        for pool in settings.sizes:
            yield Cell(task=task, method=method, arm="data", pool=pool, seed=seed, cpu_seconds=whole)
    if "frames" in settings.arms and task in settings.frames:
        for pool in settings.frames_sizes:
            yield Cell(task=task, method=method, arm="frames", pool=pool, seed=seed, frames=settings.frames[task])
    if "compute" in settings.arms:
        for share in settings.compute_shares:
            yield Cell(task=task, method=method, arm="compute", pool=largest, seed=seed, cpu_seconds=whole * share)


def _simplest(settings: Settings, method: str) -> Iterator[Cell]:
    """Linear prediction on every pool of the arm "data"; the buffer, which hardly depends on its clips, once."""
    whole = settings.simplest_frames
    if method == "frame-buffer":
        yield Cell(task="physics", method=method, arm="control", pool=max(settings.sizes), seed=0, frames=whole)
        return
    for seed in range(settings.seeds):
        for pool in settings.sizes:
            yield Cell(task="physics", method=method, arm="data", pool=pool, seed=seed, frames=whole)


def learning(settings: Settings) -> tuple[str, ...]:
    """The methods that an optimiser trains."""
    return tuple(method for method in settings.methods if method not in (*LEARNS_NOTHING, *SIMPLEST))

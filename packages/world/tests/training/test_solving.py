"""Solving at once: it sees the clips of a training's steps, within the budget and the most frames."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from packages.world.tests.small_worlds import small_source
from steelyard_world.data.batch import Batch
from steelyard_world.learner import Solved
from steelyard_world.training import solving
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.loop import Update


class _Sees(Solved):
    kind = "sees"
    config: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Batch] = []

    def see(self, batch: Batch) -> None:
        self.seen.append(batch)

    def solve(self) -> dict[str, float]:
        return {"left": float(len(self.seen))}


def test_it_sees_the_clips_of_each_step_until_the_budget_ends() -> None:
    source, learner, told = small_source(), _Sees(), list[Update]()
    found = solving.solve(learner, source, TrainingBudget(steps=3), told.append)
    assert (found.steps, found.frames, found.losses) == (3, 3 * 8 * 4, {"left": 3.0})
    for step, batch in enumerate(learner.seen):
        assert torch.equal(batch.frames, source.batch(step, slice(0, 8)).frames)
    assert [round(each.progress, 2) for each in told] == [0.33, 0.67, 1.0]
    assert found.cpu_seconds >= 0


def test_no_more_than_the_most_frames_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "MOST_FRAMES", 50)
    assert solving.solve(_Sees(), small_source(), TrainingBudget(frames=10**9)).steps == 2
    assert solving.solve(_Sees(), small_source(), TrainingBudget(cpu_seconds=1e6)).frames == 64

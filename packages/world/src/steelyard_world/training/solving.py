"""Learners that are solved for at once: they see some clips, and no optimiser takes steps."""

from __future__ import annotations

import time

from steelyard_world.data.batch import Source
from steelyard_world.learner import Solved
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.loop import Progress, Trained, Update

__all__ = ["MOST_FRAMES", "solve"]

MOST_FRAMES = 96_000
"""4,000 clips of the scenes: with a quarter of them solidity was .86 in a trial, with these .95, in 16 CPU-seconds."""


def solve(learner: Solved, source: Source, budget: TrainingBudget, progress: Progress | None = None) -> Trained:
    """Show the clips of a source until the budget or the most frames are reached, and solve.

    The clips of a step are those that a training would have. ``steps`` counts batches.
    """
    step, frames, share = 0, 0, 0.0
    cpu, wall = time.process_time(), time.monotonic()

    def place(losses: dict[str, float]) -> Trained:
        return Trained(step, frames, time.monotonic() - wall, time.process_time() - cpu, losses)

    while share < 1:
        batch = source.batch(step, slice(None))
        learner.see(batch)
        step, frames = step + 1, frames + batch.frames.shape[0] * batch.frames.shape[1]
        share = max(budget.progress(step, frames, time.process_time() - cpu), frames / MOST_FRAMES)
        if progress is not None:
            now = place({})
            progress(Update(step, frames, min(share, 1.0), now.seconds, now.cpu_seconds, {}))
    return place(learner.solve())

"""Exploration for training: a random walk of the agent, and the limit of an action's length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steelyard_world.sim.rng import standard_normal, uniform
from steelyard_world.sim.simulator import Floats, Simulator

__all__ = ["limited", "random_walk", "toward"]

_STREAM = 100  # apart from the streams that layouts are drawn from


def limited(actions: Floats, limit: float) -> Floats:
    """Scale actions (…, A) that are longer than ``limit`` down to it."""
    length = np.linalg.norm(actions, axis=-1, keepdims=True)
    return np.asarray(actions * np.minimum(1, limit / np.maximum(length, 1e-6)), dtype=np.float32)


def toward(start: Floats, end: Floats, limit: float) -> Floats:
    """Give the action that goes straight from start (…, 2) to end."""
    return limited((end - start).astype(np.float32), limit)


def random_walk(world: Simulator, states: Floats, seeds: Sequence[int], steps: int) -> tuple[Floats, Floats]:
    """Walk from states (B, S) with a heading that turns by about 29° a step; steps are from 1 px to the limit long.

    Gives states (B, steps, S) and actions (B, steps − 1, 2).
    """
    moves = max(0, steps - 1)
    start = uniform(seeds, 1, _STREAM) * 2 * np.pi
    heading = start + np.cumsum(standard_normal(seeds, moves, _STREAM + 1) * 0.5, axis=1)
    length = 1 + uniform(seeds, moves, _STREAM + 2) * (world.action_limit - 1)
    actions = (length[:, :, None] * np.stack([np.cos(heading), np.sin(heading)], axis=-1)).astype(np.float32)
    visited = [states]
    for move in range(moves):
        visited.append(world.step(visited[-1], actions[:, move]))
    return np.stack(visited, axis=1), actions

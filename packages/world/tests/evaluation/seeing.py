"""Models under test that are made of the world itself: one that sees and knows all, and one that knows no walls."""

from __future__ import annotations

import numpy as np

from steelyard_world.sim.catalog import simulator
from steelyard_world.sim.simulator import Floats, Frames
from steelyard_world.sim.two_room import TwoRoom

__all__ = ["Knowing"]

PIXELS = np.arange(64, dtype=np.float32)


class Knowing:
    """Reads the agent's place off the picture of two-room-fixed; ``walls`` False imagines a room without a wall."""

    def __init__(self, *, walls: bool = True) -> None:
        self.name = "knowing" if walls else "knows no walls"
        self._world = TwoRoom(fixed=True)
        self._walls = walls
        self.asked: list[int] = []

    def surprise(self, clips: Frames) -> Floats:
        return np.zeros((*clips.shape[:1], clips.shape[1] - 1), dtype=np.float32)

    def features(self, clips: Frames) -> Floats:
        return self._states(clips)

    def rollout(self, observations: Frames, actions: Floats) -> Floats:
        self.asked.append(len(observations))
        here = np.repeat(self._states(observations)[:, None], actions.shape[1], axis=1)
        way = []
        for step in range(actions.shape[2]):
            if self._walls:
                here = self._world.step(here, actions[:, :, step])
            else:
                here = np.concatenate([here[..., :2] + actions[:, :, step], here[..., 2:]], axis=-1)
            way.append(here)
        return np.stack(way, axis=2)

    def distance(self, states: Floats, goals: Frames) -> Floats:
        return self._world.gap(states, self._states(goals)[:, None, None])

    def _states(self, frames: Frames) -> Floats:
        light = frames[..., 0].astype(np.float32)
        total = light.sum(axis=(-1, -2))
        x, y = (light.sum(axis=-2) @ PIXELS) / total, (light.sum(axis=-1) @ PIXELS) / total
        layout = simulator("two-room-fixed").start([0])[0][0, 2:]
        return np.stack([x, y, *(np.full_like(x, each) for each in layout)], axis=-1).astype(np.float32)

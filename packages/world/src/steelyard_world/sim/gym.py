"""The worlds as gymnasium environments: importing this module registers them as ``steelyard/TwoRoom-v0`` and so on.

An observation is the picture; the exact state and the goal's picture are in ``info``. The reward is 1 on reaching the
goal, which ends the episode, and 0 before.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import gymnasium
import numpy as np

from steelyard_world.sim.catalog import simulator
from steelyard_world.sim.simulator import SIDE, Floats, Frames

__all__ = ["ENVIRONMENTS", "WorldEnvironment", "register"]

ENVIRONMENTS = MappingProxyType(
    {
        "steelyard/PointMaze-v0": "point-maze",
        "steelyard/Push-v0": "push",
        "steelyard/TwoRoom-v0": "two-room",
        "steelyard/TwoRoomFixed-v0": "two-room-fixed",
    }
)


class WorldEnvironment(gymnasium.Env[Frames, Floats]):
    """A world as a gymnasium environment, one episode at a time.

    ``reset(seed=…)`` draws the episode from the seed; ``reset(options={"episode": n})`` gives the episode that tests
    call n, such as the held-out ones from 2**31 on.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 — gymnasium's own form

    def __init__(self, world: str, render_mode: str | None = None) -> None:
        self.simulator = simulator(world)
        self.render_mode = render_mode
        self.observation_space = gymnasium.spaces.Box(0, 255, (SIDE, SIDE, 3), np.uint8)
        limit = self.simulator.action_limit
        self.action_space = gymnasium.spaces.Box(-limit, limit, (self.simulator.action_size,), np.float32)
        self._state, self._goal = self.simulator.start([0])

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Frames, dict[str, Any]]:
        """Start the episode of a seed."""
        super().reset(seed=seed)
        drawn = int(self.np_random.integers(2**31))
        episode = int((options or {}).get("episode", drawn))
        self._state, self._goal = self.simulator.start([episode])
        return self._seen(), {**self._info(), "episode": episode}

    def step(self, action: Floats) -> tuple[Frames, float, bool, bool, dict[str, Any]]:
        """Act for one step; the limit on steps is gymnasium's own TimeLimit."""
        self._state = self.simulator.step(self._state, np.asarray(action, dtype=np.float32)[None])
        there = bool(self.simulator.reached(self._state, self._goal)[0])
        return self._seen(), float(there), there, False, self._info()

    def render(self) -> Frames | None:
        """Give the picture, if ``render_mode`` is ``rgb_array``."""
        return self._seen() if self.render_mode == "rgb_array" else None

    def _seen(self) -> Frames:
        frame: Frames = self.simulator.draw(self._state)[0]
        return frame

    def _info(self) -> dict[str, Any]:
        return {
            "state": self._state[0].copy(),
            "goal_state": self._goal[0].copy(),
            "goal": self.simulator.draw(self._goal)[0],
        }


def register() -> None:
    """Make ``gymnasium.make("steelyard/TwoRoom-v0")`` work, once."""
    for name, world in ENVIRONMENTS.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point="steelyard_world.sim.gym:WorldEnvironment",
                kwargs={"world": world},
                max_episode_steps=simulator(world).episode_steps,
            )


register()

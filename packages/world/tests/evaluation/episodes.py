"""Ways through episodes of two-room-fixed that tests know the end of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from steelyard_world.audit.questions import Actions
from steelyard_world.sim.catalog import HELD_OUT, simulator
from steelyard_world.sim.exploration import toward
from steelyard_world.sim.recorded_actions import action_numbers, round_actions
from steelyard_world.sim.simulator import Floats, Simulator

__all__ = ["SEEDS", "straight", "through_the_door"]

SEEDS = tuple(range(HELD_OUT, HELD_OUT + 30))


def through_the_door(seed: int, world: Simulator | None = None) -> Actions:
    """Walk to this side of the door, to the other, to the goal: always there in time."""

    def decide(states: Floats, goals: Floats, world: Simulator) -> Floats:
        place, goal, wall, door = states[0, :2], goals[0, :2], states[0, 2], states[0, 3]
        side = np.sign(place[0] - wall)
        if side == np.sign(goal[0] - wall):
            return toward(place, goal, world.action_limit)
        here = np.array([wall + side * 5, door], dtype=np.float32)
        beyond = np.array([wall - side * 5, door], dtype=np.float32)
        return toward(place, beyond if abs(place[1] - door) < 2 else here, world.action_limit)

    return _way(seed, world or simulator("two-room-fixed"), decide)


def straight(seed: int, world: Simulator | None = None) -> Actions:
    """Walk straight at the goal: into the wall, where the door is elsewhere."""
    return _way(
        seed, world or simulator("two-room-fixed"), lambda states, goals, world: world.straight(states, goals)[0]
    )


def _way(seed: int, world: Simulator, decide: Callable[[Floats, Floats, Simulator], Floats]) -> Actions:
    states, goals = world.start([seed])
    actions = []
    for _ in range(world.episode_steps):
        action = round_actions(decide(states, goals, world))
        actions.append(action_numbers(action))
        states = world.step(states, action[None])
        if world.reached(states, goals)[0]:
            break
    return actions

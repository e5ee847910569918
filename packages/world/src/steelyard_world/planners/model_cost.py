"""A world model's imagination as a planner's cost."""

from __future__ import annotations

from steelyard_world.planners.cost import Cost, OverHorizon, over_horizon
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.simulator import Floats, Frames

__all__ = ["imagined_cost"]


def imagined_cost(model: WorldUnderTest, observations: Frames, goals: Frames, how: OverHorizon) -> Cost:
    """Costs of action sequences (E, N, K, A) from observations (E, H, W, 3) to goal frames (E, H, W, 3)."""

    def cost(actions: Floats) -> Floats:
        return over_horizon(model.distance(model.rollout(observations, actions), goals), how)

    return cost

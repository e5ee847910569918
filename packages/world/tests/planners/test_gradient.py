"""Planning by gradient reaches a place in the open and leaves the weights alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from steelyard.errors import InputError
from steelyard_world.evaluation import planning
from steelyard_world.learner import Learner
from steelyard_world.models.card import Card
from steelyard_world.models.kinds import make_learner
from steelyard_world.models.model import WorldModel
from steelyard_world.planners.gradient import gradient
from steelyard_world.planners.settings import PlannerSettings
from steelyard_world.sim.catalog import HELD_OUT, simulator


class Open(Learner):
    """States are places in halves of the action limit, written into the first pixel of a frame."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        here = frames[:, -1, 0, 0, :2].float()
        places: Tensor = here[:, None, None] + self.gain * actions.cumsum(dim=2)
        return places

    def distance(self, states: Tensor, goals: Tensor) -> Tensor:
        wanted = goals[:, 0, 0, :2].float()
        far: Tensor = torch.linalg.vector_norm(states - wanted[:, None, None], dim=-1)
        return far


def test_it_goes_downhill_to_the_goal_within_the_limit() -> None:
    frames = torch.zeros(2, 1, 4, 4, 3, dtype=torch.uint8)
    frames[:, 0, 0, 0, :2] = torch.tensor([[10, 10], [20, 5]])
    goals = torch.zeros(2, 4, 4, 3, dtype=torch.uint8)
    goals[:, 0, 0, :2] = torch.tensor([[14, 7], [20, 12]])
    learner = Open()
    chosen = PlannerSettings(horizon=3, repeat=2, samples=8, iterations=60, elites=1, cost="last")
    plan = gradient(learner, frames, goals, [1, 2], chosen, action_size=2, action_limit=4.0)
    assert plan.shape == (2, 6, 2)
    assert np.abs(plan.sum(axis=1) / 2 - [[4, -3], [0, 7]]).max() < 0.3
    assert np.linalg.norm(plan, axis=-1).max() <= 4.0 + 1e-4
    assert learner.gain.grad is None


def test_a_world_model_plans_by_gradient_where_it_is_asked_to() -> None:
    world = simulator("two-room-fixed")
    card = Card(kind="jepa-map", config={}, action_size=2, action_limit=4.0, world=world.name)
    model = WorldModel(make_learner("jepa-map", {}, 2), card)
    here, goal = world.start([HELD_OUT])
    settings = PlannerSettings(planner="gradient", horizon=2, repeat=2, samples=4, iterations=2, elites=1)
    plan = model.plan(world.draw(here), world.draw(goal), settings, seeds=[3])
    assert plan.shape == (1, 4, 2)
    assert np.isfinite(plan).all()
    with pytest.raises(InputError, match="use cem or mppi"):
        planning.ceiling(world, [HELD_OUT], settings)

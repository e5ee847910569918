"""Planning by gradient descent of the imagined distance from the goal, with respect to the actions.

Several starts are followed at once and the best is kept, because a single one ends in front of the nearest wall.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from steelyard.errors import MissingDependency
from steelyard_world.learner import Learner
from steelyard_world.planners.cem import drawn
from steelyard_world.planners.settings import PlannerSettings
from steelyard_world.sim.simulator import Floats

__all__ = ["gradient"]

_RATE = 0.2  # of Adam, in units of half the action limit
_UNIT = 2.0  # the longest action as a learner gets it: the world's limit divided by half of itself


def gradient(
    learner: Learner,
    frames: Tensor,
    goals: Tensor,
    seeds: Sequence[int],
    settings: PlannerSettings,
    *,
    action_size: int,
    action_limit: float,
) -> Floats:
    """Plan from past frames (E, T, H, W, 3) to goal frames (E, H, W, 3): actions (E, horizon · repeat, A) in pixels.

    ``settings.samples`` starts and ``settings.iterations`` steps of Adam each. No gradient reaches the weights.
    Raises MissingDependency where the imagined states have no gradient with respect to actions.
    """
    shape = (len(seeds), settings.horizon, action_size)
    spread = np.full(shape, settings.spread * _UNIT, dtype=np.float32)
    starts = drawn(np.zeros(shape, dtype=np.float32), spread, seeds, settings.samples, 0, _UNIT)
    plans = torch.from_numpy(starts).to(frames.device).requires_grad_()
    optimiser = torch.optim.Adam([plans], lr=_RATE)
    with torch.enable_grad():
        for _ in range(settings.iterations):
            costs = _costs(learner, frames, goals, plans, settings)
            if not costs.requires_grad:
                raise MissingDependency("this model has no gradient with respect to actions: use cem or mppi")
            (plans.grad,) = torch.autograd.grad(costs.sum(), plans)
            optimiser.step()
            with torch.no_grad():
                plans.copy_(_limited(plans))
    with torch.no_grad():
        best = _costs(learner, frames, goals, plans, settings).argmin(dim=1)
        chosen = plans[torch.arange(len(seeds), device=plans.device), best]
    pixels = chosen.cpu().numpy() * np.float32(action_limit / _UNIT)
    return np.repeat(pixels, settings.repeat, axis=1)


def _costs(learner: Learner, frames: Tensor, goals: Tensor, plans: Tensor, settings: PlannerSettings) -> Tensor:
    """Costs (E, N) of plans (E, N, horizon, A)."""
    states = learner.imagine(frames, plans.repeat_interleave(settings.repeat, dim=2))
    far = learner.distance(states, goals)
    if settings.cost == "min":
        return far.amin(dim=-1)
    return far.sum(dim=-1) if settings.cost == "sum" else far[..., -1]


def _limited(plans: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(plans, dim=-1, keepdim=True).clamp_min(1e-6)
    limited: Tensor = plans * (_UNIT / length).clamp_max(1)
    return limited

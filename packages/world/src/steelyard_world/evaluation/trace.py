"""Traces one planned episode: what happened, what the model predicted, and how far both were from the goal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from steelyard_world.evaluation.planning import plan_seed, seek
from steelyard_world.evaluation.state_probe import StateProbe, fit_state_probe
from steelyard_world.planners.model_cost import imagined_cost
from steelyard_world.planners.settings import PlannerSettings
from steelyard_world.protocol import EncodingWorld, WorldUnderTest
from steelyard_world.sim.recorded_actions import round_actions
from steelyard_world.sim.simulator import Floats, Frames, Simulator

__all__ = ["EpisodeTrace", "FirstPlan", "PlansItself", "trace_episode"]


@runtime_checkable
class PlansItself(Protocol):
    """A model that brings its own planner, such as one by gradient."""

    def plan(self, observations: Frames, goals: Frames, settings: PlannerSettings, *, seeds: Sequence[int]) -> Floats:
        """Observations and goals (E, H, W, 3) → actions (E, K, A) in pixels."""
        ...


class FirstPlan(NamedTuple):
    """The first plan to its end: the true states (K, S) that it leads to, and those that the model imagined."""

    true: Floats
    imagined: Floats


class EpisodeTrace(NamedTuple):
    """One episode of T steps.

    ``states`` (T + 1, S) are true. ``predicted`` (T, S): for each step what the model predicted when it last planned,
    read by the probe. ``gaps`` (T + 1,) and ``predicted_gaps`` (T,) are true distances of these to the goal, in pixels;
    ``replanned`` (T,) marks the steps before which it replanned.
    """

    seed: int
    reached: bool
    states: Floats
    goal: Floats
    predicted: Floats
    gaps: Floats
    predicted_gaps: Floats
    replanned: list[bool]
    first_plan: FirstPlan
    explained: dict[str, float]
    as_seen: tuple[str, ...]


def trace_episode(
    model: EncodingWorld, world: Simulator, seed: int, settings: PlannerSettings, probe: StateProbe | None = None
) -> EpisodeTrace:
    """Play the episode with this seed to its goal or its last step, planning as in a test, and record it.

    ``probe``: by default one that is fitted on random walks.
    """
    read = probe or fit_state_probe(model.encode, world)
    state, goal = world.start([seed])
    states: list[Floats] = [state[0]]
    predicted: list[Floats] = []
    replanned: list[bool] = []
    first_plan: FirstPlan | None = None
    reached = False
    while len(predicted) < world.episode_steps and not reached:
        plan = _plan(model, world, state, goal, plan_seed(seed, len(predicted)), settings)
        imagined = read.scene(np.asarray(model.rollout(world.draw(state), plan[:, None]))[0, 0], state[0])
        if first_plan is None:
            first_plan = FirstPlan(_replayed(world, state, plan[0]), imagined)
        for step in range(min(settings.replan_every, world.episode_steps - len(predicted))):
            state = world.step(state, plan[:, step])
            states.append(state[0])
            predicted.append(imagined[step])
            replanned.append(step == 0)
            if reached := bool(world.reached(state, goal)[0]):
                break
    assert first_plan is not None
    return EpisodeTrace(
        seed=seed,
        reached=reached,
        states=np.stack(states),
        goal=goal[0],
        predicted=np.stack(predicted),
        gaps=world.gap(np.stack(states), goal),
        predicted_gaps=world.gap(np.stack(predicted), goal),
        replanned=replanned,
        first_plan=first_plan,
        explained=read.explained,
        as_seen=read.as_seen,
    )


def _plan(
    model: WorldUnderTest, world: Simulator, state: Floats, goal: Floats, seed: int, settings: PlannerSettings
) -> Floats:
    """Plan from one state (1, S): the same actions (1, K, A) as in the planning test.

    Planning by gradient needs a differentiable model, which brings the planner with it.
    """
    seen, wanted = world.draw(state), world.draw(goal)
    if settings.planner == "gradient" and isinstance(model, PlansItself):
        return round_actions(model.plan(seen, wanted, settings, seeds=[seed]))
    return round_actions(seek(imagined_cost(model, seen, wanted, settings.cost), [seed], settings, world))


def _replayed(world: Simulator, state: Floats, actions: Floats) -> Floats:
    """The true states (K, S) after each of these actions (K, A)."""
    states = []
    for action in actions:
        state = world.step(state, action[None])
        states.append(state[0])
    return np.stack(states)

"""Watching an episode: a model that knows the world foresees what comes, and the probe reads it."""

from __future__ import annotations

import numpy as np
import pytest

from packages.world.tests.audit.world_stand_ins import knowing, seen
from steelyard_world.evaluation import planning
from steelyard_world.evaluation.adapters.callable import CallableWorld
from steelyard_world.evaluation.state_probe import fit_state_probe
from steelyard_world.evaluation.trace import trace_episode
from steelyard_world.planners.settings import settings_for
from steelyard_world.sim.catalog import HELD_OUT, simulator
from steelyard_world.sim.simulator import Floats, Frames

MIXED = np.random.default_rng(0).normal(size=(4, 9)).astype(np.float32)


class Mixed:
    """Knows the true dynamics, in states that mix the true ones: only a probe can read them."""

    def __init__(self) -> None:
        self._known: CallableWorld = knowing()
        self.name = "mixed"
        self.surprise, self.features = self._known.surprise, self._known.features

    def encode(self, frames: Frames) -> Floats:
        return np.asarray(seen(frames) @ MIXED)

    def rollout(self, observations: Frames, actions: Floats) -> Floats:
        return np.asarray(self._known.rollout(observations, actions) @ MIXED)

    def distance(self, states: Floats, goals: Frames) -> Floats:
        return self._known.distance(states @ np.linalg.pinv(MIXED), goals)


def test_a_trace_equals_the_planning_test() -> None:
    world, settings = simulator("two-room-fixed"), settings_for("two-room-fixed")
    found = trace_episode(Mixed(), world, HELD_OUT, settings)
    tested = planning.run_planning(Mixed(), world, [HELD_OUT], settings)
    assert tested.scores == (float(found.reached),)
    assert list(tested.details["steps"]) == [len(found.predicted)]
    assert found.gaps[-1] == pytest.approx(tested.details["gap at the end"][0], abs=1e-4)


def test_true_dynamics_predict_the_episode() -> None:
    world = simulator("two-room-fixed")
    found = trace_episode(Mixed(), world, HELD_OUT + 1, settings_for("two-room-fixed"))
    assert np.abs(found.predicted[:, :2] - found.states[1:, :2]).max() < 1.5
    assert np.abs(found.first_plan.imagined[:, :2] - found.first_plan.true[:, :2]).max() < 1.5
    assert found.replanned[0]
    assert found.explained["agent x"] > 0.99
    assert np.isnan(found.explained["door y"])  # which never changes here


def test_the_probe_finds_nothing_where_there_is_nothing() -> None:
    def noise(frames: Frames) -> Floats:
        return np.random.default_rng(0).normal(size=(len(frames), 16)).astype(np.float32)

    probe = fit_state_probe(noise, simulator("two-room"), episodes=30)
    assert max(probe.explained.values()) < 0.1


def test_constant_unreadable_numbers_are_drawn_as_observed() -> None:
    def agent_alone(frames: Frames) -> Floats:
        red = frames[..., 0].astype(np.float32)
        return np.concatenate([red.sum(axis=1), red.sum(axis=2)], axis=-1)

    world = simulator("two-room")
    probe = fit_state_probe(agent_alone, world, episodes=30)
    assert probe.as_seen == ("wall x", "door y")
    state, goal = world.start([HELD_OUT])
    scene = probe.scene(agent_alone(world.draw(goal)), state[0])
    assert scene[0, 2:].tolist() == state[0, 2:].tolist()
    assert np.abs(scene[0, :2] - goal[0, :2]).max() < np.abs(scene[0, :2] - state[0, :2]).max()

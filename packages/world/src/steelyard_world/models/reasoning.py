"""Reasoning by intervention: from one state, imagine several courses and compare where they lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from steelyard.errors import InputError
from steelyard_world.planners.cost import OverHorizon, over_horizon
from steelyard_world.protocol import EncodingWorld
from steelyard_world.sim.simulator import Floats, Frames

__all__ = ["Consequences", "Counterfactual", "compare_courses", "compare_without"]

_HAPPENED = 0.5  # share of the distance at the start: an outcome that comes nearer than this counts as happened


class Consequences(NamedTuple):
    """Where each course leads: ``distances`` (N, K) of its steps from the outcome, ``costs`` (N,) by one measure."""

    names: tuple[str, ...]
    distances: Floats
    costs: Floats

    @property
    def nearest(self) -> str:
        """The course that leads nearest to the outcome; the first of equals."""
        return self.names[int(self.costs.argmin())]


class Counterfactual(NamedTuple):
    """The effect of some actions on an outcome: its distance at the start, with them, and without them."""

    start: float
    with_them: float
    without_them: float

    @property
    def happens(self) -> bool:
        """Whether the outcome comes nearer than half of its distance at the start."""
        return self.with_them < _HAPPENED * self.start

    @property
    def happens_without(self) -> bool:
        """The same if those actions are not done."""
        return self.without_them < _HAPPENED * self.start


def compare_courses(
    model: EncodingWorld, observation: Frames, courses: Mapping[str, Floats], outcome: Frames, how: OverHorizon = "last"
) -> Consequences:
    """Imagine named courses of actions (K, A) from a frame (H, W, 3), or a clip that ends now, towards an outcome.

    Raises InputError where the courses are not equally long, or there are none.
    """
    actions = [np.asarray(course, dtype=np.float32) for course in courses.values()]
    if not actions or any(course.ndim != 2 or course.shape != actions[0].shape for course in actions):
        shapes = ", ".join(f"{name} {np.shape(course)}" for name, course in courses.items()) or "none"
        raise InputError(f"courses are compared over equally many steps, each of (steps, numbers an action): {shapes}")
    states = model.rollout(observation[None], np.stack(actions)[None])
    distances = model.distance(states, outcome[None])[0]
    return Consequences(tuple(courses), distances, over_horizon(distances, how))


def compare_without(
    model: EncodingWorld,
    observation: Frames,
    actions: Floats,
    steps: Iterable[int],
    outcome: Frames,
    how: OverHorizon = "last",
) -> Counterfactual:
    """Imagine a course (K, A) as it is, and with no action at ``steps``: would the outcome have come anyway?

    Raises InputError as :func:`compare_courses`.
    """
    changed = np.array(actions, dtype=np.float32)
    changed[list(steps)] = 0
    seen = compare_courses(model, observation, {"with": actions, "compare_without": changed}, outcome, how)
    now = observation if observation.ndim == 3 else observation[-1]
    start = model.distance(model.encode(now[None])[:, None, None], outcome[None])
    return Counterfactual(float(start[0, 0, 0]), float(seen.costs[0]), float(seen.costs[1]))

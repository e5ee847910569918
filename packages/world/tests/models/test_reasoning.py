"""Courses of actions are compared by where a model imagines them to lead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from steelyard.errors import InputError
from steelyard_world.models.reasoning import compare_courses, compare_without
from steelyard_world.sim.simulator import Floats, Frames

NOWHERE = np.zeros((64, 64, 3), dtype=np.uint8)


class Walker:
    """Stands at 0 on a line, adds up actions, and takes every picture as a goal at 4."""

    name = "walker"

    def encode(self, frames: Frames) -> Floats:
        return np.zeros((len(frames), 1), dtype=np.float32)

    def rollout(self, observations: Frames, actions: Floats) -> Any:
        return np.cumsum(actions, axis=2)

    def distance(self, states: Any, goals: Frames) -> Floats:
        return np.asarray(np.abs(states[..., 0] - 4), dtype=np.float32)

    def surprise(self, clips: Frames) -> Floats:
        raise NotImplementedError

    def features(self, clips: Frames) -> Floats:
        raise NotImplementedError


def course(*moves: float) -> Floats:
    return np.array(moves, dtype=np.float32)[:, None]


def test_the_nearest_course_depends_on_how_the_horizon_is_summed_up() -> None:
    courses = {"there": course(2, 2), "and back": course(4, -4)}
    found = compare_courses(Walker(), NOWHERE, courses, NOWHERE)
    assert found.nearest == "there"
    assert found.distances.tolist() == [[2, 0], [0, 4]]
    assert compare_courses(Walker(), NOWHERE, {"back": course(4, -4)}, NOWHERE, "min").costs.tolist() == [0]


def test_an_outcome_that_needs_an_action_does_not_happen_without_it() -> None:
    found = compare_without(Walker(), NOWHERE, course(2, 2), [0, 1], NOWHERE)
    assert (found.start, found.with_them, found.without_them) == (4, 0, 4)
    assert found.happens
    assert not found.happens_without


@pytest.mark.parametrize("courses", [{}, {"one": course(1), "two": course(1, 1)}])
def test_courses_of_different_lengths_or_none_are_refused(courses: dict[str, Floats]) -> None:
    with pytest.raises(InputError, match="courses are compared over equally many steps"):
        compare_courses(Walker(), NOWHERE, courses, NOWHERE)

"""Any functions as a world model: missing functions and wrong shapes raise one-line errors."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.errors import InputError, MissingDependency
from steelyard_world.evaluation.adapters.callable import CallableWorld

CLIPS = np.zeros((2, 5, 64, 64, 3), dtype=np.uint8)


def test_what_is_not_given_is_not_available() -> None:
    with pytest.raises(MissingDependency, match=r"empty has no surprise: give CallableWorld a function surprise="):
        CallableWorld("empty").surprise(CLIPS)


def test_a_result_of_another_shape_is_refused_with_both_shapes() -> None:
    world = CallableWorld("flat", surprise=lambda clips: np.zeros(len(clips)), features=lambda clips: np.zeros((2, 4)))
    with pytest.raises(InputError, match=r"flat: surprise gave the shape \(2,\); \(2, 4\) is needed"):
        world.surprise(CLIPS)
    with pytest.raises(InputError, match=r"features gave the shape \(2, 4\); \(2, 5, F\) is needed"):
        world.features(CLIPS)


def test_functions_are_called_with_what_the_test_gives() -> None:
    world = CallableWorld(
        "sum",
        rollout=lambda observations, actions: actions.sum(-1),
        distance=lambda states, goals: states,
        surprise=lambda clips: clips[:, 1:].mean((2, 3, 4)),
    )
    states = world.rollout(CLIPS[:, 0], np.ones((2, 3, 4, 2), dtype=np.float32))
    assert world.distance(states, CLIPS[:, 0]).shape == (2, 3, 4)
    assert (world.surprise(CLIPS) == 0).all()

"""Scenes are pure functions of seeds, and quads are matched: halves shared, nothing to be seen at the cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.sim.scenes import CATEGORIES, hidden, possible, quad, quads
from steelyard_world.sim.scenes.drawing import draw
from steelyard_world.sim.scenes.states import FRAMES, THERE, X, out_of_sight

seeds = st.integers(0, 2**62)


@given(category=st.sampled_from(CATEGORIES), seed=seeds)
@settings(max_examples=60, deadline=None)
def test_impossible_clips_are_halves_of_possible_ones_and_the_cut_is_unseen(category: str, seed: int) -> None:
    scenes = quad(category, seed)
    (first, second), (there, back), cut = scenes.possible, scenes.impossible, scenes.cut
    assert np.array_equal(there, np.concatenate([first[:cut], second[cut:]]))
    assert np.array_equal(back, np.concatenate([second[:cut], first[cut:]]))
    assert np.array_equal(first[cut - 1 : cut + 1], second[cut - 1 : cut + 1])


@given(category=st.sampled_from(CATEGORIES), seed=seeds)
@settings(max_examples=30, deadline=None)
def test_the_two_possible_scenes_differ_before_the_cut_and_after_it(category: str, seed: int) -> None:
    (first, second), _, cut = quad(category, seed)
    assert not np.array_equal(first[:cut], second[:cut])
    assert not np.array_equal(first[cut:], second[cut:])


@given(batch=st.lists(seeds, min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_a_scene_does_not_depend_on_its_neighbours(batch: list[int]) -> None:
    frames, states = possible(batch)
    alone, state = possible(batch[-1:])
    assert frames.shape == (len(batch), FRAMES, 64, 64, 3)
    assert np.array_equal(frames[-1], alone[0])
    assert np.array_equal(states[-1], state[0])
    assert np.array_equal(draw(states), frames)


def test_held_out_seeds_give_other_scenes_than_training() -> None:
    trained = {states.tobytes() for states in possible(range(300))[1]}
    held_out = {states.tobytes() for states in possible(range(HELD_OUT, HELD_OUT + 300))[1]}
    assert len(trained | held_out) == 600


@pytest.mark.parametrize("category", CATEGORIES)
def test_what_is_impossible_happens_in_the_joined_clips_alone(category: str) -> None:
    states = quads(category, range(40)).states
    jumps = np.abs(np.diff(states[..., X])).max((0, 2))
    if category == "continuity":
        assert jumps[:2].max() == 0
        assert jumps[2:].min() > 20
    if category == "permanence":
        changes = (np.diff(states[..., THERE]) != 0).sum((0, 2))
        assert changes.tolist() == [0, 0, 40, 40]


def test_a_hidden_ball_is_in_no_pixel() -> None:
    seen = hidden(range(40))

    assert seen.frames_hidden.max(1).min() >= 4
    colours = seen.frames[seen.frames_hidden > 0].reshape(-1, 3)
    assert len(np.unique(colours, axis=0)) == 3  # background, floor, screen
    assert ((seen.x > 0) & (seen.x < 64))[seen.frames_hidden > 0].all()


def test_a_ball_thrown_out_of_the_picture_is_out_of_sight_too() -> None:
    states = quads("gravity", range(20)).states[:, :2]
    gone = out_of_sight(states)
    assert gone[..., 9:13].all()
    colours = draw(states)[gone].reshape(-1, 3)
    assert len(np.unique(colours, axis=0)) == 3


def test_an_unknown_category_is_named_with_those_there_are() -> None:
    with pytest.raises(InputError, match="'magnetism'; there are permanence"):
        quad("magnetism", 1)

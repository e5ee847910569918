"""Numbers from seeds are uniform or normal and independent; drawing is what its formulas say, also at the border."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from steelyard.world.sim import drawing
from steelyard.world.sim.rng import standard_normal, uniform

PIXELS = np.arange(64)
PLACES = st.floats(0, 63, width=32)


def test_numbers_are_uniform_and_those_of_neighbouring_seeds_and_streams_are_unrelated() -> None:
    numbers = uniform(range(2000), 20)
    assert 0 <= numbers.min() < numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.005
    assert abs(numbers.var() - 1 / 12) < 0.002
    for first, second in ((numbers[1:, 0], numbers[:-1, 0]), (numbers[:, 0], uniform(range(2000), 20, 1)[:, 0])):
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.08


def test_normal_numbers_have_mean_0_deviation_1_and_the_right_tails() -> None:
    numbers = standard_normal(range(2000), 50)
    assert abs(numbers.mean()) < 0.02
    assert abs(numbers.std() - 1) < 0.02
    assert abs((np.abs(numbers) > 1.96).mean() - 0.05) < 0.004


def test_numbers_are_the_same_on_every_machine() -> None:
    assert uniform([2**31], 2)[0].tolist() == [0.9615065439966878, 0.266549965234527]


@given(PLACES, PLACES, st.floats(1, 4))
@settings(max_examples=40, deadline=None)
def test_a_blob_is_its_gaussian_wherever_it_stands(x: float, y: float, sigma: float) -> None:
    frames = drawing.blank(1)
    drawing.blob(frames, np.array([x], dtype=np.float32), np.array([y], dtype=np.float32), sigma, (200, 0, 0))
    wanted = 200 * np.exp(-((PIXELS[:, None] - y) ** 2 + (PIXELS - x) ** 2) / (2 * sigma**2))
    assert np.abs(frames[0, ..., 0] - wanted).max() <= 0.51
    assert not frames[..., 1:].any()


@given(st.floats(10, 53, width=32), st.floats(10, 53, width=32), st.floats(2, 7))
@settings(max_examples=40, deadline=None)
def test_a_box_is_as_bright_in_sum_as_it_is_large(x: float, y: float, half: float) -> None:
    frames = drawing.blank(1)
    drawing.box(frames, np.array([x], dtype=np.float32), np.array([y], dtype=np.float32), half, (0, 255, 0))
    light = frames[0, ..., 1].astype(float) / 255
    assert abs(light.sum() - (2 * half) ** 2) < 0.05 * (2 * half) ** 2
    assert abs((light.sum(axis=0) * PIXELS).sum() / light.sum() - x) < 0.05


def test_what_is_drawn_later_never_darkens_what_is_there() -> None:
    frames = np.full((2, 64, 64, 3), 90, dtype=np.uint8)
    centre = np.array([5.0, 30.0], dtype=np.float32)
    drawing.blob(frames, centre, centre, 2.0, (255, 0, 0))
    assert frames.min() == 90
    assert frames.max() > 250

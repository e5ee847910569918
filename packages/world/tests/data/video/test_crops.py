"""Crops lie within their frames and have the area and aspect that were asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard_world.data.video.crops import CENTRE, Crop, place, random_crop


@given(st.integers(0, 2**32), st.integers(2, 2000), st.integers(2, 2000), st.integers(8, 256))
def test_a_crop_lies_within_the_scaled_frame(seed: int, height: int, width: int, size: int) -> None:
    placed = place(random_crop(np.random.default_rng(seed)), height, width, size)
    assert placed.top >= 0
    assert placed.left >= 0
    assert placed.top + size <= placed.height
    assert placed.left + size <= placed.width


def test_a_crop_has_its_area_and_aspect() -> None:
    placed = place(Crop(area=0.25, aspect=0.8, across=0, down=0), 300, 400, 64)
    height, width = 64 * 300 / placed.height, 64 * 400 / placed.width
    assert height * width == pytest.approx(0.25 * 300 * 400, rel=0.02)
    assert width / height == pytest.approx(0.8, rel=0.02)


def test_the_centre_is_the_largest_square_in_the_middle() -> None:
    assert place(CENTRE, 100, 300, 50) == (50, 150, 0, 50)


def test_flips_are_drawn_only_where_wanted_and_change_no_other_draw() -> None:
    plain = [random_crop(np.random.default_rng(seed)) for seed in range(40)]
    flipped = [random_crop(np.random.default_rng(seed), flip=True) for seed in range(40)]
    assert not any(crop.flip for crop in plain)
    assert 5 < sum(crop.flip for crop in flipped) < 35
    assert [crop[:4] for crop in plain] == [crop[:4] for crop in flipped]

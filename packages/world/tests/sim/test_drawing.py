"""Drawing follows its formulas, also at the border."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from steelyard_world.sim import drawing

PIXELS = np.arange(64)
PLACES = st.floats(0, 63, width=32)


@given(PLACES, PLACES, st.floats(1, 4))
@settings(max_examples=40, deadline=None)
def test_a_blob_is_its_gaussian_at_any_position(x: float, y: float, sigma: float) -> None:
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

"""What a physics scene is: one row of float32 numbers a frame, so that clips are cut and joined as arrays.

Lengths are pixels, x to the right and y down. There is one ball, up to two screens before it, and at times a wall.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steelyard_world.sim.simulator import SIDE, Floats

__all__ = [
    "AWAY",
    "BALL_RADIUS",
    "COLOUR",
    "FLOOR_ROW",
    "FRAMES",
    "SCREENS",
    "STATE_NAMES",
    "THERE",
    "WALL_LEFT",
    "WALL_TOP",
    "WALL_WIDTH",
    "X",
    "Y",
    "empty_stage",
    "frames_out_of_sight",
    "out_of_sight",
]

FRAMES = 24  # of every clip
FLOOR_ROW = 56  # the first row of the floor: what is lower is covered by it
BALL_RADIUS = 4
WALL_WIDTH = 4
AWAY = -20.0  # an x at which nothing of the ball is in the picture

STATE_NAMES = (
    *("x", "y", "there", "colour", "wall left", "wall top"),
    *(f"screen {screen} {edge}" for screen in (1, 2) for edge in ("left", "right", "top", "bottom")),
)
X, Y, THERE, COLOUR, WALL_LEFT, WALL_TOP = range(6)
SCREENS = (slice(6, 10), slice(10, 14))
"""Where a screen's left, right, top and bottom are; it covers rows top ≤ y < bottom, none if they are equal."""


def empty_stage(count: int) -> Floats:
    """States (count, 24, 14) of a floor and nothing on it."""
    states = np.zeros((count, FRAMES, len(STATE_NAMES)), dtype=np.float32)
    states[..., X], states[..., Y] = AWAY, FLOOR_ROW - BALL_RADIUS
    states[..., WALL_TOP] = FLOOR_ROW
    return states


def out_of_sight(states: Floats) -> NDArray[np.bool_]:
    """Where the ball is there, and the first screen covers all of it that is in the picture: states (…, S) → (…)."""
    left, right, top, bottom = np.moveaxis(states[..., SCREENS[0]], -1, 0)
    x, y = states[..., X], states[..., Y]
    beside = (np.maximum(x - BALL_RADIUS, 0) < left) | (np.minimum(x + BALL_RADIUS, SIDE - 1) > right - 1)
    above = np.maximum(y - BALL_RADIUS, 0) < top
    below = (y + BALL_RADIUS > bottom - 1) & (bottom < FLOOR_ROW)
    return np.asarray((states[..., THERE] > 0) & ~beside & ~above & ~below)


def frames_out_of_sight(hidden: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For how many frames, this one included, it has been out of sight: (…, T) → (…, T), 0 where it is seen."""
    counts = np.zeros(hidden.shape, dtype=np.intp)
    for frame in range(hidden.shape[-1]):
        before = counts[..., frame - 1] if frame else 0
        counts[..., frame] = np.where(hidden[..., frame], before + 1, 0)
    return counts

"""Drawing physics scenes: the ball is a patch of 12 × 12 pixels blended in, all else are rectangles."""

from __future__ import annotations

import numpy as np

from steelyard_world.sim.scenes.states import (
    BALL_RADIUS,
    COLOUR,
    FLOOR_ROW,
    SCREENS,
    THERE,
    WALL_LEFT,
    WALL_TOP,
    WALL_WIDTH,
)
from steelyard_world.sim.scenes.states import X as ACROSS
from steelyard_world.sim.scenes.states import Y as DOWN
from steelyard_world.sim.simulator import SIDE, Floats, Frames

__all__ = ["BACKGROUND", "BALL_COLOURS", "draw"]

BACKGROUND = 26
BALL_COLOURS = np.array([(230, 51, 51), (51, 204, 51), (77, 102, 255), (230, 204, 51), (204, 77, 230)], dtype=np.uint8)
_SCREEN = 205
_FLOOR = np.array((90, 77, 64), dtype=np.uint8)
_WALL = np.array((40, 150, 170), dtype=np.uint8)
_PATCH = np.arange(-5, 7)
_CHUNK = 384  # frames: what is worked on at once stays in the cache


def draw(states: Floats) -> Frames:
    """Draw states (…, 14) as frames (…, 64, 64, 3)."""
    flat = states.reshape(-1, states.shape[-1])
    frames = np.full((len(flat), SIDE, SIDE, 3), BACKGROUND, dtype=np.uint8)
    frames[:, FLOOR_ROW:] = _FLOOR
    for first in range(0, len(flat), _CHUNK):
        part = slice(first, first + _CHUNK)
        _walls(frames[part], flat[part])
        _balls(frames[part], flat[part])
        _screens(frames[part], flat[part])
    return frames.reshape(*states.shape[:-1], SIDE, SIDE, 3)


def _walls(frames: Frames, states: Floats) -> None:
    for index in np.flatnonzero(states[:, WALL_TOP] < FLOOR_ROW):
        left, top = int(states[index, WALL_LEFT]), int(states[index, WALL_TOP])
        frames[index, top:FLOOR_ROW, left : left + WALL_WIDTH] = _WALL


def _balls(frames: Frames, states: Floats) -> None:
    """Blend balls in; the share of a pixel that is covered is taken from its centre's distance to the rim."""
    reach = BALL_RADIUS + 1
    x, y = states[:, ACROSS].astype(np.float64), states[:, DOWN].astype(np.float64)
    seen = np.flatnonzero(
        (states[:, THERE] > 0) & (x > -reach) & (x < SIDE + reach) & (y > -reach) & (y < SIDE + reach)
    )
    x, y = x[seen], y[seen]
    columns = np.floor(x).astype(np.intp)[:, None] + _PATCH
    rows = np.floor(y).astype(np.intp)[:, None] + _PATCH
    apart = np.sqrt((columns - x[:, None])[:, None, :] ** 2 + (rows - y[:, None])[:, :, None] ** 2)
    cover = np.clip(BALL_RADIUS + 0.5 - apart, 0, 1).astype(np.float32)
    inside = ((columns >= 0) & (columns < SIDE))[:, None, :] & ((rows >= 0) & (rows < FLOOR_ROW))[:, :, None]
    ball, down, along = np.nonzero(inside & (cover > 0))
    share = cover[ball, down, along][:, None]
    place = ((seen[ball] * SIDE + rows[ball, down]) * SIDE + columns[ball, along])[:, None]
    pixels = frames.reshape(-1, 3)
    behind = pixels[place[:, 0]].astype(np.float32)
    colours = BALL_COLOURS.astype(np.float32)[states[seen, COLOUR].astype(np.intp)[ball]]
    pixels[place[:, 0]] = (behind * (1 - share) + colours * share + np.float32(0.5)).astype(np.uint8)


def _screens(frames: Frames, states: Floats) -> None:
    for edges in SCREENS:
        bounds = states[:, edges].astype(np.intp)
        for index in np.flatnonzero(bounds[:, 3] > bounds[:, 2]):
            left, right, top, bottom = bounds[index]
            frames[index, top:bottom, max(left, 0) : right] = _SCREEN

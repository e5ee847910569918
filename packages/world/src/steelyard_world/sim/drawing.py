"""Drawing into uint8 frames: what moves is a small patch, what does not move is a product of two profiles.

A frame of 64 × 64 × 3 has 12,288 numbers, of which a moving thing touches 256, so only those are computed. All
functions change ``frames`` (N, 64, 64, 3) in place; positions are (N,) pixels, x to the right and y down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steelyard_world.sim.simulator import SIDE, Floats, Frames

__all__ = ["BORDER", "Colour", "blank", "blob", "border", "box", "plane"]

Colour = tuple[int, int, int]

BORDER = 3  # pixels of frame around every room
_PIXELS = np.arange(SIDE, dtype=np.float32)
_CHUNK = 256  # frames: what is worked on at once stays in the cache


def blank(count: int) -> Frames:
    """Give black frames (count, 64, 64, 3)."""
    return np.zeros((count, SIDE, SIDE, 3), dtype=np.uint8)


def border(frames: Frames, colour: Colour) -> None:
    """Frame the room, ``BORDER`` pixels thick."""
    for channel, value in enumerate(colour):
        if value:
            frames[:, :BORDER, :, channel] = value
            frames[:, -BORDER:, :, channel] = value
            frames[:, :, :BORDER, channel] = value
            frames[:, :, -BORDER:, channel] = value


def plane(frames: Frames, columns: NDArray[np.bool_], rows: NDArray[np.bool_], colour: Colour) -> None:
    """Colour the pixels where both profiles (N, 64) are true, such as a wall with a door; black elsewhere."""
    for first in range(0, len(frames), _CHUNK):
        part = slice(first, first + _CHUNK)
        mask = (columns[part, None, :] & rows[part, :, None]).view(np.uint8)
        for channel, value in enumerate(colour):
            if value:
                np.multiply(mask, np.uint8(value), out=frames[part, :, :, channel])


def _patch(
    frames: Frames, along: Floats, down: Floats, left: NDArray[np.intp], top: NDArray[np.intp], colour: Colour
) -> None:
    """Lay the product of two profiles (N, P) in [0, 1] over frames, its corner at (left, top); the lighter wins."""
    width = along.shape[1]
    pixels = np.arange(width)
    flat = frames.reshape(-1)
    corner = ((np.arange(len(frames)) * SIDE + top) * SIDE + left) * 3
    places = corner[:, None, None] + (pixels[:, None] * SIDE + pixels) * 3
    cover = down[:, :, None] * along[:, None, :]
    for channel, value in enumerate(colour):
        if value:
            at = places + channel
            flat[at] = np.maximum(flat[at], np.rint(cover * np.float32(value)).astype(np.uint8))


def _corner(centre: Floats, width: int) -> NDArray[np.intp]:
    return np.clip(np.rint(centre).astype(np.intp) - width // 2, 0, SIDE - width)


def blob(frames: Frames, x: Floats, y: Floats, sigma: float, colour: Colour) -> None:
    """Draw a Gaussian blob; light below half a level, beyond 3.53 sigma, is none."""
    width = min(SIDE, 2 * int(np.ceil(3.54 * sigma)) + 2)
    for first in range(0, len(frames), _CHUNK):
        part = slice(first, first + _CHUNK)
        left, top = _corner(x[part], width), _corner(y[part], width)
        pixels = _PIXELS[:width]
        along = np.exp(-((left[:, None] + pixels - x[part, None]) ** 2) / np.float32(2 * sigma**2))
        down = np.exp(-((top[:, None] + pixels - y[part, None]) ** 2) / np.float32(2 * sigma**2))
        _patch(frames[part], along.astype(np.float32), down.astype(np.float32), left, top, colour)


def box(frames: Frames, x: Floats, y: Floats, half: float, colour: Colour) -> None:
    """Draw a square of side 2 · ``half`` whose edges are as bright as the part of a pixel that they cover."""
    width = min(SIDE, 2 * int(np.ceil(half)) + 3)
    for first in range(0, len(frames), _CHUNK):
        part = slice(first, first + _CHUNK)
        left, top = _corner(x[part], width), _corner(y[part], width)
        pixels = _PIXELS[:width]
        along = np.clip(half + 0.5 - np.abs(left[:, None] + pixels - x[part, None]), 0, 1)
        down = np.clip(half + 0.5 - np.abs(top[:, None] + pixels - y[part, None]), 0, 1)
        _patch(frames[part], along.astype(np.float32), down.astype(np.float32), left, top, colour)

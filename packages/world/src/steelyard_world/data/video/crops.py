"""Crops of a clip, in fractions of the frame, so that a video may change its size."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

__all__ = ["CENTRE", "Crop", "Placement", "place", "random_crop"]


class Crop(NamedTuple):
    """A rectangle of a frame.

    ``area``: a fraction of the frame's area; 0 means the largest square. ``aspect``: width / height in pixels.
    ``across`` and ``down``: its place in the remaining room, from 0 to 1.
    """

    area: float
    aspect: float
    across: float
    down: float
    flip: bool = False


CENTRE = Crop(0.0, 1.0, 0.5, 0.5)


class Placement(NamedTuple):
    """Scale the whole frame to ``height`` × ``width``, then cut the square that begins at ``top``, ``left``."""

    height: int
    width: int
    top: int
    left: int


def random_crop(
    random: np.random.Generator,
    *,
    area: tuple[float, float] = (0.3, 1.0),
    aspect: tuple[float, float] = (0.75, 1.35),
    flip: bool = False,
) -> Crop:
    """Draw a random resized crop as V-JEPA does: area uniform, aspect log-uniform; mirrored in half if ``flip``."""
    low, high = np.log(aspect)
    return Crop(
        area=float(random.uniform(*area)),
        aspect=float(np.exp(random.uniform(low, high))),
        across=float(random.random()),
        down=float(random.random()),
        flip=bool(random.random() < 0.5) and flip,
    )


def place(crop: Crop, height: int, width: int, size: int) -> Placement:
    """Compute how a frame of ``height`` × ``width`` is scaled, and where a square of ``size`` is cut, for this crop.

    A crop that does not fit is made smaller, in its own aspect, until it does.
    """
    if crop.area > 0:
        cut_height = math.sqrt(crop.area * height * width / crop.aspect)
        cut_width = cut_height * crop.aspect
    else:
        cut_height = cut_width = float(min(height, width))
    shrink = min(1.0, height / cut_height, width / cut_width)
    cut_height, cut_width = max(1.0, cut_height * shrink), max(1.0, cut_width * shrink)
    scaled_height = max(size, round(height * size / cut_height))
    scaled_width = max(size, round(width * size / cut_width))
    return Placement(
        scaled_height,
        scaled_width,
        round(crop.down * (scaled_height - size)),
        round(crop.across * (scaled_width - size)),
    )

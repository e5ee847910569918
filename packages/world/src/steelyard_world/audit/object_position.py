"""The position of a hidden ball, as one question of an audit, read by the probe of the memory test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steelyard_world.evaluation.ridge import Ridge
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.scenes import Hidden, hidden

__all__ = ["estimate_position", "true_position"]


def _asked_frames(scenes: Hidden) -> NDArray[np.intp]:
    """Give the last frame but one of those in which the ball is fully hidden, for each scene.

    By then the ball has passed most of the screen, so it is near neither the screen's middle nor where it was last
    seen. Only its motion showed on which side of the middle it would be.
    """
    out_of_sight = scenes.frames_hidden > 0
    last = out_of_sight.shape[1] - 1 - np.argmax(out_of_sight[:, ::-1], axis=1)
    return np.asarray(last - 1)


def true_position(seed: int) -> float:
    """Give the x of the ball's centre, in pixels, at the frame that is asked about."""
    scenes = hidden([seed])
    return float(scenes.x[0, _asked_frames(scenes)[0]])


def estimate_position(model: WorldUnderTest, probe: Ridge, seed: int) -> float:
    """Show the clip up to the frame that is asked about, and read the ball's x in pixels from the features."""
    scenes = hidden([seed])
    frame = int(_asked_frames(scenes)[0])
    return float(probe(model.features(scenes.frames[:, : frame + 1])[:, -1])[0])

"""Where is the ball that nobody sees? One question of an audit, read by the probe of the test of memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steelyard.world.evaluation.ridge import Ridge
from steelyard.world.protocol import WorldUnderTest
from steelyard.world.sim.scenes import Hidden, hidden

__all__ = ["estimate_position", "true_position"]


def _asked_frames(scenes: Hidden) -> NDArray[np.intp]:
    """The last frame but one of those in which nothing of the ball is seen, one for each scene.

    There the ball has gone through most of the screen, so that neither the screen's middle nor where the ball was last
    seen is near it; on which side of the middle it is, only its motion told.
    """
    out_of_sight = scenes.frames_hidden > 0
    last = out_of_sight.shape[1] - 1 - np.argmax(out_of_sight[:, ::-1], axis=1)
    return np.asarray(last - 1)


def true_position(seed: int) -> float:
    """The x of the ball's centre at the frame that is asked about, in pixels."""
    scenes = hidden([seed])
    return float(scenes.x[0, _asked_frames(scenes)[0]])


def estimate_position(model: WorldUnderTest, probe: Ridge, seed: int) -> float:
    """Show the clip up to the frame that is asked about, and read the ball's x from what the model then holds."""
    scenes = hidden([seed])
    frame = int(_asked_frames(scenes)[0])
    return float(probe(model.features(scenes.frames[:, : frame + 1])[:, -1])[0])

"""Where is the ball that nobody sees? The question of an audit to a model's memory, and the probe that reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worlds.scenes import Hidden, hidden
from assay.worldtests.protocol import WorldUnderTest

__all__ = ["Probe", "fitted_probe", "locate", "true_place"]

_FIT, _CHOOSE = 240, 60  # clips, with the seeds 0, 1, …: below those of any audit
_STRENGTHS = tuple(10.0**power for power in range(-4, 5))
_AT_ONCE = 60

Doubles = NDArray[np.float64]


class Probe(NamedTuple):
    """x = (features − mean) / deviation · weights + offset, in pixels."""

    mean: Doubles
    deviation: Doubles
    weights: Doubles
    offset: float

    def __call__(self, features: NDArray[np.floating]) -> Doubles:
        """(…, F) → (…)."""
        return np.asarray((features - self.mean) / self.deviation @ self.weights + self.offset)


def _asked_frames(scenes: Hidden) -> NDArray[np.intp]:
    """The last frame but one of those in which nothing of the ball is seen, one for each scene.

    There the ball has gone through most of the screen, so that neither the screen's middle nor where the ball was last
    seen is near it; on which side of the middle it is, only its motion told.
    """
    out_of_sight = scenes.frames_hidden > 0
    last = out_of_sight.shape[1] - 1 - np.argmax(out_of_sight[:, ::-1], axis=1)
    return np.asarray(last - 1)


def true_place(seed: int) -> float:
    """The x of the ball's centre at the frame that is asked about, in pixels."""
    scenes = hidden([seed])
    return float(scenes.x[0, _asked_frames(scenes)[0]])


def locate(model: WorldUnderTest, probe: Probe, seed: int) -> float:
    """Show the clip up to the frame that is asked about, and read the ball's x from what the model then holds."""
    scenes = hidden([seed])
    frame = int(_asked_frames(scenes)[0])
    return float(probe(model.features(scenes.frames[:, : frame + 1])[:, -1])[0])


def fitted_probe(model: WorldUnderTest) -> Probe:
    """Fit a ridge regression on 240 clips of training seeds, at all frames that hide the ball.

    Its strength is the one of nine powers of ten with the least squared error on 60 further clips.
    """
    features, places = _hidden_moments(model, range(_FIT))
    others, other_places = _hidden_moments(model, range(_FIT, _FIT + _CHOOSE))
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
    scaled, offset = (features - mean) / deviation, float(places.mean())
    sizes, directions = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    along = directions.T @ (scaled.T @ (places - offset)) / len(scaled)
    probes = [
        Probe(mean, deviation, directions @ (along / (sizes.clip(min=0) + strength)), offset) for strength in _STRENGTHS
    ]
    errors = [float(((probe(others) - other_places) ** 2).mean()) for probe in probes]
    return probes[int(np.argmin(errors))]


def _hidden_moments(model: WorldUnderTest, seeds: Sequence[int]) -> tuple[Doubles, Doubles]:
    """What the model holds (N, F), and the ball's x (N,), at every frame that hides it."""
    features, places = [], []
    for first in range(0, len(seeds), _AT_ONCE):
        scenes = hidden(seeds[first : first + _AT_ONCE])
        out_of_sight = scenes.frames_hidden > 0
        features.append(np.asarray(model.features(scenes.frames), dtype=np.float64)[out_of_sight])
        places.append(scenes.x[out_of_sight].astype(np.float64))
    return np.concatenate(features), np.concatenate(places)

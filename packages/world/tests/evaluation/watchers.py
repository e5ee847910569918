"""Stand-ins for world models that watch: what they know is in a few lines, so that a test can say what they score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from steelyard.errors import MissingDependency
from steelyard_world.sim.scenes.states import FLOOR_ROW
from steelyard_world.sim.simulator import Floats, Frames

__all__ = ["Changes", "Counts", "Remembers", "Tracks", "ball_pixels"]


class _Watcher:
    name = "watcher"

    def surprise(self, clips: Frames) -> Floats:
        raise MissingDependency("a watcher of another kind")

    def features(self, clips: Frames) -> Floats:
        raise MissingDependency("a watcher of another kind")

    def rollout(self, observations: Frames, actions: Floats) -> Any:
        raise MissingDependency("nobody acts")

    def distance(self, states: Any, goals: Frames) -> Floats:
        raise MissingDependency("nobody acts")


class Changes(_Watcher):
    """Surprised by how much the picture changes."""

    def surprise(self, clips: Frames) -> Floats:
        changes = np.abs(np.diff(clips.astype(np.float32), axis=1)).mean(axis=(2, 3, 4))
        return np.asarray(changes / 255, dtype=np.float32)


class Counts(_Watcher):
    """Surprised at the end if there is more or less to be seen of the ball than at the beginning."""

    def surprise(self, clips: Frames) -> Floats:
        counts = ball_pixels(clips).sum(axis=(2, 3)).astype(np.float32)
        felt = np.zeros((len(clips), clips.shape[1] - 1), dtype=np.float32)
        felt[:, -1] = np.abs(counts[:, -1] - counts[:, 0])
        return felt


class Tracks(_Watcher):
    """Knows where a ball would be that rolls on as it did while all of it was seen."""

    def features(self, clips: Frames) -> Floats:
        seen = ball_pixels(clips).sum(axis=2)
        whole = seen.sum(axis=2) >= 45
        centres = (seen * np.arange(64)).sum(axis=2) / np.maximum(seen.sum(axis=2), 1)
        places = np.zeros((*clips.shape[:2], 1), dtype=np.float32)
        for row in range(len(clips)):
            gone = int(np.flatnonzero(~whole[row] & (np.cumsum(whole[row]) > 1))[0])
            times = np.flatnonzero(whole[row, :gone])
            places[row, :, 0] = np.polyval(np.polyfit(times, centres[row, times], 1), np.arange(clips.shape[1]))
        return places


class Remembers(_Watcher):
    """Keeps each clip's last frame and the columns in which a ball was ever seen."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.known: list[Floats] = []

    def remember(self, frames: Frames, keys: Sequence[Any]) -> None:
        self.known.extend(self._moments(frames))
        self.keys.extend(keys)

    def recall(self, frames: Frames, count: int = 1) -> Any:
        apart = ((self._moments(frames)[:, None] - np.stack(self.known)) ** 2).sum(-1)
        self.found = np.argsort(apart, axis=1)[:, :count]
        return _Found([[self.keys[place] for place in places] for places in self.found])

    def _moments(self, frames: Frames) -> Floats:
        columns = ball_pixels(frames)[:, :3].any(axis=(1, 2)).astype(np.float32)
        return np.concatenate([columns, frames[:, -1].reshape(len(frames), -1) / np.float32(255)], axis=1)


class _Found:
    def __init__(self, keys: list[list[Any]]) -> None:
        self.keys = keys


def ball_pixels(clips: Frames) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where something coloured is above the floor: screens and background are grey."""
    above = clips[..., :FLOOR_ROW, :, :].astype(np.int16)
    return np.asarray(above.max(axis=-1) - above.min(axis=-1) > 40)

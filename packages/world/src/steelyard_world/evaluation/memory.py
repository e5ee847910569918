"""Memory tests: the position of a hidden object, and recall of a moment among many.

The hidden-object probe reads off a model's features where a ball is that has rolled behind a screen. Controls are the
same probe of an untrained recurrent network, and of the screen alone, from which one can only guess the middle. Recall
uses the model's own store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from steelyard_world.evaluation.result import TestResult
from steelyard_world.evaluation.ridge import Ridge, fit_ridge
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.catalog import HELD_OUT, SCENES
from steelyard_world.sim.scenes import Hidden, hidden, quads
from steelyard_world.sim.scenes.drawing import draw
from steelyard_world.sim.simulator import Floats, Frames

__all__ = [
    "DISTRACTORS",
    "LastFrames",
    "Remembering",
    "StoredPictures",
    "by_frames_hidden",
    "fit_hidden_probe",
    "hidden_object",
    "recall",
    "screen_alone",
]

DISTRACTORS = (10, 100, 1000)

_FIT_SEEDS = range(HELD_OUT + 3 * 10**7, HELD_OUT + 3 * 10**7 + 250)
_CHOICE_SEEDS = range(HELD_OUT + 4 * 10**7, HELD_OUT + 4 * 10**7 + 80)
_DISTRACTOR_SEEDS = HELD_OUT + 5 * 10**7
_AT_ONCE = 40  # scenes: 960 frames
_STORED, _ASKED = slice(0, 11), slice(1, 10)
"""The frames of a clip that are stored and queried. Both end while the screens are up, and begin while the ball
is seen. They end at different frames, so that a moment is not found by its time.
"""

Doubles = NDArray[np.float64]


@runtime_checkable
class Remembering(Protocol):
    """A model with a store."""

    name: str

    def remember(self, frames: Frames, keys: Sequence[Any]) -> None:
        """Store moments, each a clip that ends with it: (B, T, 64, 64, 3)."""
        ...

    def recall(self, frames: Frames, count: int = 1) -> Any:
        """Find the nearest moments; the answer's ``keys`` is a list of keys for each clip."""
        ...


class _HiddenFrames(NamedTuple):
    """Features (N, F) of all frames in which the ball is out of sight, where it is, and which scene each is of."""

    features: Floats
    x: Floats
    scene: NDArray[np.intp]
    frames_hidden: NDArray[np.intp]


def fit_hidden_probe(model: WorldUnderTest) -> Ridge:
    """Fit the probe on 250 scenes, its strength chosen on 80 others: features (…, F) → where the ball is, in pixels.

    Both have seeds of their own among those held out.
    """
    known, choosing = _watched(model, _FIT_SEEDS), _watched(model, _CHOICE_SEEDS)
    return fit_ridge(known.features, known.x, choosing.features, choosing.x)


def hidden_object(
    model: WorldUnderTest,
    seeds: Sequence[int],
    probe: Ridge | None = None,
    *,
    training_seed: int | None = None,
) -> TestResult:
    """Measure the position error of a fully hidden ball: one score a scene, the root mean square error in pixels.

    ``details``: ``frames hidden`` in all, ``squared error`` over them, and for as many frames as in the scene with the
    fewest, ``error after k``: the absolute error in the k-th. ``probe``: fitted where none is given.
    """
    probe = probe or fit_hidden_probe(model)
    return _hidden_result(model.name, seeds, _watched(model, seeds), probe, training_seed)


def screen_alone(seeds: Sequence[int]) -> TestResult:
    """A control that knows the screen's position and the time, but nothing about the ball."""
    known, choosing, asked = (_of_screens(part) for part in (_FIT_SEEDS, _CHOICE_SEEDS, seeds))
    probe = fit_ridge(known.features, known.x, choosing.features, choosing.x)
    return _hidden_result("screen alone", seeds, asked, probe, None)


def by_frames_hidden(result: TestResult) -> dict[int, float]:
    """The root mean square error at each number of frames out of sight that all scenes have, from their details."""
    lengths = sorted(
        int(name.removeprefix("error after ")) for name in result.details if name.startswith("error after ")
    )
    return {k: float(np.sqrt(np.mean(np.square(result.details[f"error after {k}"])))) for k in lengths}


def recall(
    model: Remembering,
    seeds: Sequence[int],
    distractors: Sequence[int] = DISTRACTORS,
    *,
    training_seed: int | None = None,
) -> list[TestResult]:
    """Store two moments of each scene and more and more distractors, then query for the two by other clips.

    The two moments look the same in every pixel: screens hide whether a ball is behind the left or the right one, and
    only earlier frames show it. One result for each number of distractors, one score a scene: the share of its two
    moments that come first. Distractors are such moments of other scenes. Without memory the score is at most one half.
    The model's store is changed.
    """
    clips = _sides(seeds)
    for side in (0, 1):
        model.remember(clips[:, side, _STORED], [f"{seed} {side}" for seed in seeds])
    results, held = [], 0
    for count in sorted(distractors):
        if count > held:
            others = range(_DISTRACTOR_SEEDS + held, _DISTRACTOR_SEEDS + count)
            _distract(model, others)
            held = count
        found = np.stack([_is_found(model, clips[:, side, _ASKED], seeds, side) for side in (0, 1)])
        results.append(
            TestResult(
                test="recall",
                world=SCENES,
                condition=f"{count} distractors",
                model=model.name,
                training_seed=training_seed,
                scores=tuple(found.mean(axis=0).tolist()),
                units=tuple(f"continuity {seed}" for seed in seeds),
                settings={"distractors": count, "remembered": 2 * len(seeds)},
                measure="moments found first",
            )
        )
    return results


class LastFrames:
    """A control of recall without memory of a clip: it stores the pixels of the last frame."""

    name = "last frame"

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self._seen: list[Floats] = []

    def remember(self, frames: Frames, keys: Sequence[Any]) -> None:
        """Store last frames."""
        self._seen.append(_flat(frames))
        self.keys.extend(keys)

    def recall(self, frames: Frames, count: int = 1) -> Any:
        """Find the most similar; of equals, the first."""
        seen, asked = np.concatenate(self._seen), _flat(frames)
        apart = (seen**2).sum(axis=1) - 2 * asked @ seen.T
        order = np.argsort(apart.round(3), axis=1, kind="stable")[:, :count]
        return _Found([[self.keys[place] for place in places] for places in order])


class StoredPictures:
    """The simplest memory for recall: all pictures of every clip are stored, and the most similar clip is found.

    A query is laid over a stored clip at every place where it fits. Pictures are averaged over 4 × 4 pixels.
    """

    name = "stored pictures"

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self._seen: list[Floats] = []

    def remember(self, frames: Frames, keys: Sequence[Any]) -> None:
        """Store clips of one length, (B, T, 64, 64, 3)."""
        self._seen.append(_small(frames))
        self.keys.extend(keys)

    def recall(self, frames: Frames, count: int = 1) -> Any:
        """Find the clips that hold the most similar pictures in a row; of equals, the first stored."""
        seen, asked = np.concatenate(self._seen), _small(frames)
        length = asked.shape[1]
        query = asked.reshape(len(asked), -1)
        apart = np.full((len(asked), len(seen)), np.inf)
        for first in range(seen.shape[1] - length + 1):
            held = seen[:, first : first + length].reshape(len(seen), -1)
            squares = (query**2).sum(axis=1)[:, None] - 2 * query @ held.T + (held**2).sum(axis=1)
            apart = np.minimum(apart, squares)
        order = np.argsort(apart.round(3), axis=1, kind="stable")[:, :count]
        return _Found([[self.keys[place] for place in places] for places in order])


class _Found(NamedTuple):
    keys: list[list[Any]]


def _watched(model: WorldUnderTest, seeds: Sequence[int]) -> _HiddenFrames:
    parts = []
    for first in range(0, len(seeds), _AT_ONCE):
        seen = hidden(seeds[first : first + _AT_ONCE])
        parts.append(_while_hidden(np.asarray(model.features(seen.frames)), seen, first))
    return _HiddenFrames(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _while_hidden(features: Floats, seen: Hidden, first: int) -> _HiddenFrames:
    gone = seen.frames_hidden > 0
    scenes = np.broadcast_to(np.arange(len(gone))[:, None] + first, gone.shape)
    return _HiddenFrames(features[gone], seen.x[gone], scenes[gone], seen.frames_hidden[gone])


def _of_screens(seeds: Sequence[int]) -> _HiddenFrames:
    """The screen's left, right and top edge, and the time as one of 24 columns."""
    seen = hidden(seeds)
    edges = seen.screen
    times = np.broadcast_to(np.eye(edges.shape[1], dtype=np.float32), (*edges.shape[:2], edges.shape[1]))
    return _while_hidden(np.concatenate([edges, times], axis=-1), seen, 0)


def _hidden_result(
    name: str, seeds: Sequence[int], asked: _HiddenFrames, probe: Ridge, training_seed: int | None
) -> TestResult:
    apart = np.abs(probe(asked.features) - asked.x)
    counts = np.bincount(asked.scene, minlength=len(seeds))
    squares = np.bincount(asked.scene, apart**2, minlength=len(seeds))
    details = {"frames hidden": counts.astype(np.float64), "squared error": squares}
    for k in range(1, int(counts.min()) + 1):
        details[f"error after {k}"] = apart[asked.frames_hidden == k]  # one a scene, in the scenes' order
    return TestResult(
        test="hidden object",
        world=SCENES,
        model=name,
        training_seed=training_seed,
        scores=tuple(np.sqrt(squares / counts).tolist()),
        units=tuple(f"inertia {seed}" for seed in seeds),
        details={what: tuple(values.tolist()) for what, values in details.items()},
        settings={"probe": "ridge", "strength": probe.strength, "fitted on": len(_FIT_SEEDS)},
        measure="error in pixels",
        better="lower",
    )


def _sides(seeds: Sequence[int]) -> Frames:
    """Scenes with two screens, the ball behind either: (B, 2, 24, 64, 64, 3)."""
    return draw(quads("continuity", seeds).states[:, :2])


def _distract(model: Remembering, seeds: Sequence[int]) -> None:
    for first in range(0, len(seeds), _AT_ONCE):
        part = seeds[first : first + _AT_ONCE]
        model.remember(draw(quads("continuity", part).states[:, 0])[:, _STORED], [f"other {seed}" for seed in part])


def _is_found(model: Remembering, clips: Frames, seeds: Sequence[int], side: int) -> NDArray[np.bool_]:
    keys = model.recall(clips, 1).keys
    return np.array([found[0] == f"{seed} {side}" for found, seed in zip(keys, seeds, strict=True)])


def _flat(frames: Frames) -> Floats:
    return frames[:, -1].reshape(len(frames), -1).astype(np.float32) / np.float32(255)


def _small(frames: Frames) -> Floats:
    """(B, T, 64, 64, 3) → (B, T, 768) in [0, 1], averaged over 4 × 4 pixels."""
    side = frames.shape[-2] // 4
    blocks = frames.reshape(*frames.shape[:-3], side, 4, side, 4, 3).mean(axis=(-4, -2), dtype=np.float32)
    return np.asarray(blocks / np.float32(255)).reshape(*frames.shape[:-3], -1)

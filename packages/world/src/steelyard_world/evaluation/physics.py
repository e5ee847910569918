"""Physics by violation of expectation: is the impossible more surprising, where only memory can show that it is?

A clip's surprise is the mean over its frames, fixed before any score was seen: a sum over frames or steps cannot
distinguish the clips of a matched quad, so a model that does so has memory. (The largest surprise was refused: an
untrained network scores .52 to .60 with it.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from steelyard_world.evaluation.result import TestResult
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.catalog import SCENES
from steelyard_world.sim.rng import uniform
from steelyard_world.sim.scenes import quads
from steelyard_world.sim.scenes.drawing import draw
from steelyard_world.sim.simulator import Frames

__all__ = [
    "CLIPS",
    "MEASURE",
    "TEST",
    "auc",
    "chance",
    "drawn_quads",
    "mean_surprises",
    "pair_accuracy",
    "quad_accuracy",
    "quad_result",
    "run_physics",
    "shown_order",
]

TEST = "physics"
MEASURE = "pair accuracy"
CLIPS = ("possible A", "possible B", "impossible A then B", "impossible B then A")

_STREAM = 400
_AT_ONCE = 10  # quads: 960 frames
_TIE = 1e-6  # relative: sums of the same numbers in another order, or in another batch, differ by less

Doubles = NDArray[np.float64]
Progress = Callable[[int, int], None]


def run_physics(
    model: WorldUnderTest,
    category: str,
    seeds: Sequence[int],
    *,
    training_seed: int | None = None,
    progress: Progress | None = None,
) -> TestResult:
    """Show a model the quads with these seeds: one score each, the share of its four comparisons that are right.

    Each impossible clip is compared with each possible one of its quad; a tie counts half. ``details`` keeps the mean
    surprise at each of :data:`CLIPS`, from which :func:`auc` is. Raises InputError for an unknown category.
    """
    surprises: list[Doubles] = []
    for clips in drawn_quads(category, seeds):
        first = sum(map(len, surprises))
        surprises.append(mean_surprises(model, clips, seeds[first : first + len(clips)]))
        if progress is not None:
            progress(sum(map(len, surprises)), len(seeds))
    return quad_result(model.name, category, seeds, np.concatenate(surprises), training_seed=training_seed)


def chance(category: str, seeds: Sequence[int]) -> TestResult:
    """The chance score: one half of the pairs of each quad."""
    return quad_result("chance", category, seeds, np.zeros((len(seeds), len(CLIPS))))


def drawn_quads(category: str, seeds: Sequence[int]) -> Iterator[Frames]:
    """Quads as frames, some at a time: (q, 4, 24, 64, 64, 3)."""
    for first in range(0, len(seeds), _AT_ONCE):
        yield draw(quads(category, seeds[first : first + _AT_ONCE]).states)


def shown_order(seeds: Sequence[int], clips: int = len(CLIPS)) -> NDArray[np.intp]:
    """The random order in which the clips of each quad are shown, (q, clips), so that it reveals nothing."""
    return uniform(seeds, clips, _STREAM).argsort(axis=1, kind="stable")


def mean_surprises(model: WorldUnderTest, clips: Frames, seeds: Sequence[int]) -> Doubles:
    """The mean surprise at each clip of the quads with these seeds: (q, 4, T, 64, 64, 3) → (q, 4)."""
    order = shown_order(seeds, clips.shape[1])
    shown = np.take_along_axis(clips, order[:, :, None, None, None, None], axis=1)
    surprise = np.asarray(model.surprise(shown.reshape(-1, *clips.shape[2:])), dtype=np.float64)
    surprises = np.empty(clips.shape[:2])
    np.put_along_axis(surprises, order, surprise.mean(axis=1).reshape(clips.shape[:2]), axis=1)
    return surprises


def pair_accuracy(scores: Doubles) -> Doubles:
    """Scores (Q, 4), larger for clips taken as impossible → the share of the four comparisons that are right: (Q,)."""
    possible, impossible = scores[:, None, :2], scores[:, 2:, None]
    same = np.abs(impossible - possible) <= _TIE * np.maximum(np.abs(impossible), np.abs(possible))
    return np.asarray(np.where(same, 0.5, impossible > possible).mean(axis=(1, 2)))


def quad_result(
    name: str, category: str, seeds: Sequence[int], scores: Doubles, *, training_seed: int | None = None
) -> TestResult:
    """Make the result of a model's, or a shortcut detector's, scores (Q, 4)."""
    return TestResult(
        test=TEST,
        world=SCENES,
        condition=category,
        model=name,
        training_seed=training_seed,
        scores=tuple(pair_accuracy(scores).tolist()),
        units=tuple(f"{category} {seed}" for seed in seeds),
        details={clip: tuple(column) for clip, column in zip(CLIPS, scores.T.tolist(), strict=True)},
        settings={"readout": "mean over time"},
        measure=MEASURE,
    )


def quad_accuracy(result: TestResult) -> Doubles:
    """For each quad, 1 where its two impossible clips together are more surprising than its two possible ones; ties ½.

    Both pairs hold the same four halves, so the surprise of single halves cancels: where one possible half is much more
    surprising than the other, that decides single pairs, but not this. Computed from a recorded result: (Q,).
    """
    first, second, third, fourth = (np.array(result.details[clip]) for clip in CLIPS)
    possible, impossible = first + second, third + fourth
    same = np.abs(impossible - possible) <= _TIE * np.maximum(np.abs(impossible), np.abs(possible))
    return np.where(same, 0.5, impossible > possible)


def auc(result: TestResult) -> float:
    """The area under the ROC curve over all clips: also across quads, which pair accuracy does not compare."""
    possible, impossible = (
        np.concatenate([result.details[clip] for clip in clips]) for clips in (CLIPS[:2], CLIPS[2:])
    )
    apart = impossible[:, None] - possible
    return float(np.where(apart == 0, 0.5, apart > 0).mean())

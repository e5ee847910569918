"""The check before the physics test: a category counts only where no shortcut detects impossible clips.

Our own first pairs, which were not matched, gave a shortcut .81 to 1.00. So detectors are tried on the quads: how much
the picture changes, how many pixels of which colour there are, the last frame alone, and an untrained network. Each
must be right in 45 to 55 % of pairs, since a shortcut can be read either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from steelyard.errors import InputError
from steelyard_world.evaluation.physics import Doubles, drawn_quads, mean_surprises, quad_accuracy, quad_result
from steelyard_world.evaluation.result import TestResult
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.sim.scenes.drawing import BACKGROUND, draw
from steelyard_world.sim.scenes.mixture import mixed
from steelyard_world.sim.scenes.states import FLOOR_ROW
from steelyard_world.sim.simulator import Frames
from steelyard_world.stats.crossed import crossed_mean

__all__ = [
    "CHECK_SEEDS",
    "MAX_ACCURACY",
    "MIN_QUADS",
    "DetectorCheck",
    "ShortcutCheck",
    "check_category",
    "check_quads",
]

MAX_ACCURACY = 0.55
MIN_QUADS = 200
CHECK_SEEDS = range(HELD_OUT + 10**7, HELD_OUT + 10**7 + MIN_QUADS)
"""The default seeds of the quads for the check."""

_REFERENCE_SEEDS = range(HELD_OUT + 2 * 10**7, HELD_OUT + 2 * 10**7 + 300)
_FOREGROUND = 12  # levels from the background
_BLOCK = 8  # pixels: a last frame is read as 8 × 8 means
_STRENGTH = 0.1  # of the ridge, times quads


class DetectorCheck(NamedTuple):
    """How often one detector picks the impossible clip of a pair, with an interval (95 %) over quads."""

    detector: str
    accuracy: float
    low: float
    high: float
    quads: float
    """The share of whole quads that it gets right, by :func:`steelyard_world.evaluation.physics.quad_accuracy`."""
    gates: bool
    """Whether it decides; else it is a reference that is only reported."""
    result: TestResult

    @property
    def passes(self) -> bool:
        """Whether its accuracy in pairs is close enough to one half."""
        return _is_blind(self.accuracy)


class ShortcutCheck(NamedTuple):
    """The results of all detectors in one category."""

    category: str
    quads: int
    checks: tuple[DetectorCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether the category may be reported, in pairs."""
        return not self.faults

    @property
    def quad_faults(self) -> list[str]:
        """Why accuracy in whole quads may not be reported, in words; there detectors find more than in pairs."""
        seen = [check for check in self.checks if check.gates and not _is_blind(check.quads)]
        return self.faults + [f"{check.detector} detects it: {check.quads:.3f} of quads" for check in seen]

    @property
    def faults(self) -> list[str]:
        """Why the category may not be reported, in words; empty if it may."""
        few = [f"{self.quads} quads, at least {MIN_QUADS}"] if self.quads < MIN_QUADS else []
        seen = [check for check in self.checks if check.gates and not check.passes]
        return few + [f"{check.detector} detects it: {check.accuracy:.3f} of pairs" for check in seen]


class _Seen(NamedTuple):
    """The measures that detectors use, of clips (…, T, 64, 64, 3)."""

    change: Doubles
    """Mean absolute difference of frames: (…, T − 1)."""
    foreground: Doubles
    """Pixels above the floor that are not background: (…, T)."""
    colours: Doubles
    """Means of red, green and blue: (…, T, 3)."""
    last: Doubles
    """The last frame in blocks of 8 × 8 pixels: (…, 192)."""


def check_category(category: str, nets: Sequence[WorldUnderTest], seeds: Sequence[int] = CHECK_SEEDS) -> ShortcutCheck:
    """Try all detectors on a category's quads. ``nets`` are untrained networks, at least one.

    Raises InputError without networks, and for an unknown category.
    """
    return check_quads(category, drawn_quads(category, seeds), draw(mixed(_REFERENCE_SEEDS)[:, -2:]), nets, seeds)


def check_quads(
    category: str, parts: Iterable[Frames], reference: Frames, nets: Sequence[WorldUnderTest], seeds: Sequence[int]
) -> ShortcutCheck:
    """Try all detectors on any quads (q, 4, T, 64, 64, 3), given in parts.

    Order: two possible clips, then two impossible ones. ``reference``: possible clips (R, T, 64, 64, 3), whose last
    frames are the usual ones. Raises InputError without networks.
    """
    if not nets:
        raise InputError("the shortcut check needs at least one untrained network: give one")
    seen, surprises, begin = [], [], 0
    for clips in parts:
        seen.append(_look(clips))
        surprises.append([mean_surprises(net, clips, seeds[begin : begin + len(clips)]) for net in nets])
        begin += len(clips)
    looks = _Seen(*(np.concatenate(each) for each in zip(*seen, strict=True)))
    checks = [
        _check(name, category, seeds, read(looks), gates=name not in _REFERENCES) for name, read in _DETECTORS.items()
    ]
    usual = _look(reference).last
    checks += [
        _check("last frame: distance from the mean", category, seeds, _apart(looks.last, usual.mean(axis=0)[None])),
        _check("last frame: nearest neighbour", category, seeds, _apart(looks.last, usual)),
        _check("last frame: ridge", category, seeds, _ridge(looks.last)),
    ]
    for number, each in enumerate(zip(*surprises, strict=True), 1):
        checks.append(_check(f"untrained network {number}", category, seeds, np.concatenate(each)))
    return ShortcutCheck(category, len(looks.last), tuple(checks))


def _look(clips: Frames) -> _Seen:
    after, before = clips[..., 1:, :, :, :], clips[..., :-1, :, :, :]
    change = (np.maximum(after, before) - np.minimum(after, before)).mean(axis=(-3, -2, -1), dtype=np.float64)
    above = clips[..., :FLOOR_ROW, :, :]
    stands_out = (above > BACKGROUND + _FOREGROUND) | (above < BACKGROUND - _FOREGROUND)
    last = clips[..., -1, :, :, :]
    side = last.shape[-2] // _BLOCK
    blocks = last.reshape(*last.shape[:-3], side, _BLOCK, side, _BLOCK, 3).mean(axis=(-4, -2), dtype=np.float64)
    return _Seen(
        change=change,
        foreground=stands_out.any(axis=-1).sum(axis=(-2, -1)).astype(np.float64),
        colours=clips.mean(axis=(-3, -2), dtype=np.float64),
        last=blocks.reshape(*last.shape[:-3], -1) / 255,
    )


_DETECTORS: dict[str, Callable[[_Seen], Doubles]] = {
    "frame difference: largest": lambda seen: seen.change.max(axis=-1),
    "frame difference: mean": lambda seen: seen.change.mean(axis=-1),
    "pixel count: largest": lambda seen: seen.foreground.max(axis=-1),
    "pixel count: mean": lambda seen: seen.foreground.mean(axis=-1),
    "red: largest": lambda seen: seen.colours[..., 0].max(axis=-1),
    "red: mean": lambda seen: seen.colours[..., 0].mean(axis=-1),
    "green: largest": lambda seen: seen.colours[..., 1].max(axis=-1),
    "green: mean": lambda seen: seen.colours[..., 1].mean(axis=-1),
    "blue: largest": lambda seen: seen.colours[..., 2].max(axis=-1),
    "blue: mean": lambda seen: seen.colours[..., 2].mean(axis=-1),
    "pixel count: |last − first|": lambda seen: np.abs(seen.foreground[..., -1] - seen.foreground[..., 0]),
}
_REFERENCES = ("pixel count: |last − first|",)
"""Equal amounts at the start and at the end are permanence itself, so a rule that compares both uses memory and is no
shortcut around it. It shows how little permanence needs: one number of each clip.
"""


def _is_blind(share: float) -> bool:
    return 1 - MAX_ACCURACY <= round(share, 9) <= MAX_ACCURACY


def _check(name: str, category: str, seeds: Sequence[int], scores: Doubles, *, gates: bool = True) -> DetectorCheck:
    result = quad_result(name, category, seeds, scores)
    found = crossed_mean(np.array([result.scores]))
    return DetectorCheck(
        name, found.estimate, found.low, found.high, float(quad_accuracy(result).mean()), gates, result
    )


def _apart(last: Doubles, usual: Doubles) -> Doubles:
    """The squared distance of each last frame (Q, 4, F) to the nearest of those usual (R, F): (Q, 4)."""
    squares = (last**2).sum(axis=-1)[..., None] + (usual**2).sum(axis=-1) - 2 * last @ usual.T
    return np.asarray(squares.min(axis=-1).round(9))


def _ridge(last: Doubles) -> Doubles:
    """Learn from the last frames of half the quads what is impossible, and score the other half: (Q, 4, F) → (Q, 4)."""
    scores = np.zeros(last.shape[:2])
    for half in (0, 1):
        known = last[half::2].reshape(-1, last.shape[-1])
        targets = np.tile([-1.0, -1.0, 1.0, 1.0], len(known) // 4)
        mean = known.mean(axis=0)
        gram = (known - mean).T @ (known - mean) + _STRENGTH * np.eye(last.shape[-1])
        scores[1 - half :: 2] = (last[1 - half :: 2] - mean) @ np.linalg.solve(gram, (known - mean).T @ targets)
    return scores.round(7)

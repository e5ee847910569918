"""The six categories: pairs of possible scenes that are cut and joined into impossible ones at a hidden moment.

Each maker gives states (B, 24, 14) of scenes A and B and the cut (B,). Around the cut, at frames cut − 1 and cut, A and
B look the same in every pixel: what differs is out of sight. So A until the cut with B after it is a clip in
which each single frame, and each step between two frames, also comes in a possible clip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steelyard_world.sim.rng import uniform
from steelyard_world.sim.scenes.states import (
    BALL_RADIUS,
    COLOUR,
    FLOOR_ROW,
    FRAMES,
    SCREENS,
    THERE,
    WALL_LEFT,
    WALL_TOP,
    WALL_WIDTH,
    X,
    Y,
    empty_stage,
)
from steelyard_world.sim.simulator import Floats

__all__ = ["MAKERS", "Pair", "continuity", "inertia", "permanence", "solidity", "throw"]

_TIMES = np.arange(FRAMES)
_HEIGHTS = np.array([0, 0.25, 0.55, 1])
"""A screen's height while it rises, as a share. Its largest step is its last up and its first down, which always covers
or uncovers bare background: with equal steps the largest frame difference alone had a pair accuracy of .60.
"""
_RISE = 3  # frames that a screen takes
_GRAVITY = 0.9  # pixels per frame²
_LAUNCH = 2  # the frame of a throw
_COLOURS = 5
_MIDDLE = 32

_LOW_RISE, _HIGH_RISE = (36, 41), (54, 62)  # pixels: both come down again after the cut, at other times
_THROW_CUT = 11

_Draws = NDArray[np.float64]


class Pair(NamedTuple):
    """Scenes A and B (B, 24, 14), and the frame (B,) from which on an impossible clip goes over to the other."""

    first: Floats
    second: Floats
    cut: NDArray[np.intp]


def permanence(seeds: Sequence[int]) -> Pair:
    """A screen rises before a ball and falls again; in B there is none. Impossible: it vanishes, or appears."""
    draws = uniform(seeds, 7, stream=1)
    stage, centre, half, cut = _drawbridge(draws, _whole(draws[:, 4], 14, 51))
    with_ball = _resting(stage, centre, half, draws[:, 5], _whole(draws[:, 6], 0, _COLOURS))
    return Pair(with_ball, _without_ball(with_ball), cut)


def colour(seeds: Sequence[int]) -> Pair:
    """A ball behind a screen, in two colours. Impossible: it changes colour out of sight."""
    ball, _, cut = permanence(seeds)
    other = ball.copy()
    shift = 1 + _whole(uniform(seeds, 1, stream=2)[:, 0], 0, _COLOURS - 1)
    other[..., COLOUR] = (ball[..., COLOUR] + shift[:, None]) % _COLOURS
    return Pair(ball, other, cut)


def continuity(seeds: Sequence[int]) -> Pair:
    """Two screens, a ball behind the left or the right one. Impossible: it changes sides without passing between."""
    draws = uniform(seeds, 9, stream=3)
    stage, left, half, cut = _drawbridge(draws, _whole(draws[:, 4], 12, 20))
    right = _whole(draws[:, 5], 44, 53)
    stage[..., SCREENS[1]] = stage[..., SCREENS[0]]
    stage[..., SCREENS[1].start : SCREENS[1].start + 2] += (right - left)[:, None, None].astype(np.float32)
    dye = _whole(draws[:, 7], 0, _COLOURS)
    at_left = _resting(stage, left, half, draws[:, 6], dye)
    at_right = _resting(stage, right, half, draws[:, 6], dye)
    return _in_any_order(at_left, at_right, cut, draws[:, 8])


def solidity(seeds: Sequence[int], *, centred: bool = True) -> Pair:
    """A ball rolls behind a screen with a wall in it and bounces. Impossible: it comes out at the other side."""
    return _rolling(uniform(seeds, 7, stream=4), wall=True, centred=centred)


def inertia(seeds: Sequence[int], *, centred: bool = True) -> Pair:
    """A ball rolls through behind a screen. Impossible: it comes back, with nothing there to turn it."""
    return _rolling(uniform(seeds, 7, stream=5), wall=False, centred=centred)


def gravity(seeds: Sequence[int]) -> Pair:
    """A ball thrown up behind a band, low or high. Impossible: it comes down when a ball of the other throw does."""
    draws = uniform(seeds, 3, stream=6)
    low, high = (lows + (highs - lows) * draws[:, at] for at, (lows, highs) in enumerate((_LOW_RISE, _HIGH_RISE)))
    cut = np.full(len(draws), _THROW_CUT)
    return _in_any_order(throw(seeds, low), throw(seeds, high), cut, draws[:, 2])


MAKERS: MappingProxyType[str, Callable[[Sequence[int]], Pair]] = MappingProxyType(
    {
        "permanence": permanence,
        "continuity": continuity,
        "solidity": solidity,
        "gravity": gravity,
        "inertia": inertia,
        "colour": colour,
    }
)


def throw(seeds: Sequence[int], rise: _Draws) -> Floats:
    """Throw a ball up by ``rise`` (B,) pixels, behind a band that hangs from the top: states (B, 24, 14)."""
    draws = uniform(seeds, 5, stream=7)
    centre, half, edge = _whole(draws[:, 0], 14, 51), _whole(draws[:, 1], 9, 13), _whole(draws[:, 2], 24, 28)
    stage = empty_stage(len(draws))
    lowered = np.clip((_TIMES + 1) / _RISE, 0, 1)
    _set_screen(stage, SCREENS[0], centre, half, np.zeros((len(draws), FRAMES)), np.round(edge[:, None] * lowered))
    ball = _resting(stage, centre, half, draws[:, 3], _whole(draws[:, 4], 0, _COLOURS))
    flown = np.maximum(_TIMES - _LAUNCH, 0)
    height = np.sqrt(2 * _GRAVITY * rise)[:, None] * flown - 0.5 * _GRAVITY * flown**2
    ball[..., Y] = FLOOR_ROW - BALL_RADIUS - np.maximum(height, 0)
    return ball


def _drawbridge(
    draws: _Draws, centre: NDArray[np.intp]
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """A screen that rises out of the floor and falls again: the stage, its centre and half width, and the cut."""
    half, top = _whole(draws[:, 0], 7, 11), _whole(draws[:, 1], 34, 42)
    up, down = _whole(draws[:, 2], 2, 6), _whole(draws[:, 3], 12, 17)
    stage = empty_stage(len(draws))
    share = np.where(down[:, None] >= _TIMES, _height(_TIMES - up[:, None]), _height(_RISE - _TIMES + down[:, None]))
    _set_screen(stage, SCREENS[0], centre, half, np.round(FLOOR_ROW - (FLOOR_ROW - top)[:, None] * share), FLOOR_ROW)
    return stage, centre, half, (up + _RISE + down) // 2 + 1


def _rolling(draws: _Draws, *, wall: bool, centred: bool) -> Pair:
    """A, and its mirror image B. They mirror exactly where the screen is in the middle of the picture, as in tests."""
    half, top = _whole(draws[:, 0], 12, 16), _whole(draws[:, 1], 34, 42)
    speed, cut = 2.2 + draws[:, 2], _whole(draws[:, 3], 10, 14)
    centre = np.full(len(draws), _MIDDLE) if centred else _whole(draws[:, 4], 27, 38)
    stage = empty_stage(len(draws))
    share = _height(_TIMES + 1)
    _set_screen(stage, SCREENS[0], centre, half, np.round(FLOOR_ROW - (FLOOR_ROW - top)[:, None] * share), FLOOR_ROW)
    if wall:
        stage[..., WALL_LEFT], stage[..., WALL_TOP] = (centre - WALL_WIDTH // 2)[:, None], 22
    stage[..., THERE], stage[..., COLOUR] = 1, _whole(draws[:, 5], 0, _COLOURS)[:, None]
    first, second = stage, stage.copy()
    way = speed[:, None] * (_TIMES - (cut[:, None] - 0.5))
    axis = centre[:, None] - 0.5
    if wall:
        stop = WALL_WIDTH // 2 + BALL_RADIUS
        first[..., X], second[..., X] = axis - stop - np.abs(way), axis + stop + np.abs(way)
    else:
        first[..., X], second[..., X] = axis + way, axis - way
    return _in_any_order(first, second, cut, draws[:, 6])


def _resting(
    stage: Floats, centre: NDArray[np.intp], half: NDArray[np.intp], place: _Draws, dye: NDArray[np.intp]
) -> Floats:
    """Put a ball on the floor, ``place`` in [0, 1) across what the screen there covers."""
    states = stage.copy()
    states[..., X] = (centre + (2 * place - 1) * (half - BALL_RADIUS - 1))[:, None]
    states[..., THERE], states[..., COLOUR] = 1, dye[:, None]
    return states


def _without_ball(states: Floats) -> Floats:
    emptied = states.copy()
    emptied[..., THERE] = 0
    return emptied


def _set_screen(
    stage: Floats, screen: slice, centre: NDArray[np.intp], half: NDArray[np.intp], top: _Draws, bottom: _Draws | int
) -> None:
    left, right, above, below = (stage[..., column] for column in range(screen.start, screen.stop))
    left[:], right[:] = (centre - half)[:, None], (centre + half)[:, None]
    above[:], below[:] = top, bottom


def _height(frames_up: NDArray[np.intp]) -> _Draws:
    return np.asarray(_HEIGHTS[np.clip(frames_up, 0, _RISE)])


def _in_any_order(first: Floats, second: Floats, cut: NDArray[np.intp], coin: _Draws) -> Pair:
    swap = (coin < 0.5)[:, None, None]
    return Pair(np.where(swap, second, first), np.where(swap, first, second), cut)


def _whole(draws: _Draws, low: int, high: int) -> NDArray[np.intp]:
    """Uniform whole numbers, low ≤ n < high, from uniform draws."""
    return low + np.floor(draws * (high - low)).astype(np.intp)

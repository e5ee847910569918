"""Physics scenes without actions: possible clips for training, matched quads for surprise, and a hidden ball.

All are pure functions of seeds. Training uses seeds below 2³¹, tests use
:data:`steelyard_world.sim.catalog.HELD_OUT` and above. NumPy only, so that checking an answer needs nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steelyard.errors import InputError
from steelyard_world.sim.scenes.categories import MAKERS, inertia
from steelyard_world.sim.scenes.drawing import draw
from steelyard_world.sim.scenes.mixture import mixed
from steelyard_world.sim.scenes.states import FRAMES, SCREENS, X, frames_out_of_sight, out_of_sight
from steelyard_world.sim.simulator import Floats, Frames

__all__ = [
    "CATEGORIES",
    "Hidden",
    "Quad",
    "Quads",
    "clips",
    "hidden",
    "possible",
    "quad",
    "quads",
]

CATEGORIES = tuple(MAKERS)


class Quad(NamedTuple):
    """Four clips (24, 64, 64, 3). Impossible ``i`` is possible ``i`` up to the cut, and the other one from it on."""

    possible: tuple[Frames, Frames]
    impossible: tuple[Frames, Frames]
    cut: int


class Quads(NamedTuple):
    """States (Q, 4, 24, 14): possible A and B, then impossible A|B and B|A; and the cuts (Q,)."""

    states: Floats
    cuts: NDArray[np.intp]


class Hidden(NamedTuple):
    """A ball that rolls behind a screen and out again."""

    frames: Frames
    """(B, 24, 64, 64, 3)."""
    x: Floats
    """Where the ball's centre is, in pixels, seen or not: (B, 24)."""
    frames_hidden: NDArray[np.intp]
    """For how many frames, this one included, none of it has been seen: (B, 24), 0 where it is in sight."""
    screen: Floats
    """Left, right, top and bottom of the screen: (B, 24, 4)."""


def possible(seeds: Sequence[int]) -> tuple[Frames, Floats]:
    """Possible clips (B, 24, 64, 64, 3) of all kinds, and their exact states (B, 24, 14)."""
    states = mixed(seeds)
    return draw(states), states


def clips(seeds: Sequence[int]) -> Frames:
    """The clips of :func:`possible` alone."""
    return possible(seeds)[0]


def quads(category: str, seeds: Sequence[int]) -> Quads:
    """Matched quads as states, one a seed; raises InputError naming the categories."""
    if category not in MAKERS:
        raise InputError(f"no category of physics is called {category!r}; there are {', '.join(CATEGORIES)}")
    first, second, cuts = MAKERS[category](seeds)
    before = (np.arange(FRAMES) < cuts[:, None])[..., None]
    joined = (first, second, np.where(before, first, second), np.where(before, second, first))
    return Quads(np.stack(joined, axis=1), cuts)


def quad(category: str, seed: int) -> Quad:
    """One matched quad, drawn."""
    states, cuts = quads(category, [seed])
    first, second, third, fourth = draw(states[0])
    return Quad((first, second), (third, fourth), int(cuts[0]))


def hidden(seeds: Sequence[int]) -> Hidden:
    """Scenes for the hidden-object probe, one a seed."""
    states = inertia(seeds, centred=False).first
    gone = frames_out_of_sight(out_of_sight(states))
    return Hidden(draw(states), states[..., X], gone, states[..., SCREENS[0]])

"""The worlds, by name."""

from __future__ import annotations

import importlib
from types import MappingProxyType

from steelyard.errors import InputError
from steelyard_world.sim.simulator import Simulator

__all__ = ["HELD_OUT", "NAMES", "SCENES", "simulator"]

HELD_OUT = 2**31
"""Seeds from here on are for tests; training uses those below."""

SCENES = "scenes"
"""The physics scenes, which have no actions: :mod:`steelyard_world.sim.scenes`."""

_PLACES = MappingProxyType(
    {
        "point-maze": ("steelyard_world.sim.point_maze", "PointMaze", {}),
        "push": ("steelyard_world.sim.push", "Push", {}),
        "two-room": ("steelyard_world.sim.two_room", "TwoRoom", {}),
        "two-room-fixed": ("steelyard_world.sim.two_room", "TwoRoom", {"fixed": True}),
    }
)
NAMES = tuple(_PLACES)


def simulator(name: str) -> Simulator:
    """Give the world of that name; raises InputError listing the names."""
    if name not in _PLACES:
        raise InputError(f"no world is called {name!r}; there are {', '.join(NAMES)}")
    module, kind, options = _PLACES[name]
    world: Simulator = getattr(importlib.import_module(module), kind)(**options)
    return world

"""The default settings of ``steelyard world train`` for each simulated world."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

__all__ = ["PRESETS", "Preset", "preset"]


class Preset(msgspec.Struct, frozen=True):
    """A kind of model with the settings, batches and steps it was measured with."""

    kind: str
    config: dict[str, Any]
    batch: int
    length: int
    learning_rate: float
    steps: int


_JEPA = Preset(kind="jepa", config={}, batch=64, length=9, learning_rate=1.5e-3, steps=2000)

# docs/worldmodel.md describes how the presets of the rooms and the maze were found.
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "two-room": Preset(
            kind="jepa-map",
            config={
                "detached_targets": False,
                "displacement": "huber",
                "anti_collapse_weight": 0.1,
                "integrated_places": True,
            },
            batch=16,
            length=9,
            learning_rate=4e-3,
            steps=1600,
        ),
        "point-maze": Preset(
            kind="jepa-map",
            config={
                "hidden": 256,
                "detached_targets": False,
                "displacement": "huber",
                "anti_collapse_weight": 0.1,
            },
            batch=32,
            length=9,
            learning_rate=4e-3,
            steps=2100,
        ),
        "two-room-fixed": Preset(kind="jepa-map", config={}, batch=16, length=9, learning_rate=4e-3, steps=1700),
        "scenes": Preset(kind="jepa", config={}, batch=16, length=24, learning_rate=1.5e-3, steps=900),
    }
)


def preset(world: str) -> Preset:
    """Give the preset of a world; worlds without their own get that of a plain JEPA."""
    return PRESETS.get(world, _JEPA)

"""The physics scenes as training clips: possible ones only, drawn on demand."""

from __future__ import annotations

from steelyard_world.data.simulated import GeneratedSource
from steelyard_world.sim.catalog import SCENES
from steelyard_world.sim.scenes import clips

__all__ = ["ScenesSource"]


class ScenesSource(GeneratedSource):
    """``rows`` clips of 24 frames a step; with ``pool`` only that many different ones, for training on little data."""

    def __init__(self, *, seed: int = 0, rows: int = 16, pool: int | None = None) -> None:
        super().__init__(clips, SCENES, seed=seed, rows=rows, pool=pool)

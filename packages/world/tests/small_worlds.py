"""A small model and source that several tests train for a moment."""

from __future__ import annotations

from steelyard_world.data.simulated import SimulatedSource
from steelyard_world.sim.catalog import simulator

__all__ = ["SMALL", "small_source"]

SMALL = {"latent": 16, "width": 4, "hidden": 32, "rollout": 3}


def small_source(world: str = "two-room-fixed", *, seed: int = 0, rows: int = 8, length: int = 4) -> SimulatedSource:
    """Eight short episodes a step."""
    return SimulatedSource(simulator(world), seed=seed, rows=rows, length=length)

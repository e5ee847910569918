"""Training clips of a simulated world: seeded random walks, drawn on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from steelyard.errors import InputError
from steelyard_world.data.batch import Batch
from steelyard_world.sim.simulator import Frames, Simulator

__all__ = ["GeneratedSource", "SimulatedSource", "training_seeds"]

_TRAINING_SEEDS = 2**31  # tests have the seeds from here on


class SimulatedSource:
    """Episodes of ``length`` frames of a random walk, ``rows`` of them a step.

    With ``pool`` there are only that many different episodes, for training on little data; without it none comes twice.
    Raises InputError for no rows, an empty pool, or fewer than two frames.
    """

    def __init__(
        self, simulator: Simulator, *, seed: int = 0, rows: int = 64, length: int = 9, pool: int | None = None
    ) -> None:
        self.simulator = simulator
        self.action_limit = simulator.action_limit
        self._seed, self._rows, self._length, self._pool = seed, rows, length, pool
        self.description = _described("simulator", simulator.name, seed, rows, length, pool)

    @property
    def action_size(self) -> int:
        """Numbers in one action of the world."""
        return self.simulator.action_size

    def batch(self, step: int, rows: slice) -> Batch:
        """Episodes of a step, drawn; actions in units of half the world's limit."""
        seeds = training_seeds(self._seed, step, self._rows, self._pool)[rows]
        states, actions = self.simulator.explore(seeds.tolist(), self._length)
        frames = torch.from_numpy(self.simulator.draw(states))
        return Batch(frames, torch.from_numpy(actions.astype(np.float32) / np.float32(self.action_limit / 2)))

    def close(self) -> None:
        """Nothing to end."""


class GeneratedSource:
    """Clips without actions from a seeded generator: ``generate(seeds) -> (B, T, 64, 64, 3)``.

    Raises InputError for no rows or an empty pool.
    """

    action_size = 0

    def __init__(
        self,
        generate: Callable[[Sequence[int]], Frames],
        name: str,
        *,
        seed: int = 0,
        rows: int = 24,
        pool: int | None = None,
    ) -> None:
        self._generate, self._seed, self._rows, self._pool = generate, seed, rows, pool
        self.description = _described("generator", name, seed, rows, None, pool)

    def batch(self, step: int, rows: slice) -> Batch:
        """Clips of a step."""
        seeds = training_seeds(self._seed, step, self._rows, self._pool)[rows]
        return Batch(torch.from_numpy(self._generate(seeds.tolist())))

    def close(self) -> None:
        """Nothing to end."""


def training_seeds(seed: int, step: int, rows: int, pool: int | None = None) -> NDArray[np.int64]:
    """The seeds of a step's episodes, (rows,), all below 2³¹: a function of (seed, step) alone.

    Those of a pool are the first ``pool`` of a stream, drawn again and again.
    """
    drawn = np.random.default_rng([seed, step]).integers(0, _TRAINING_SEEDS, rows)
    if pool is None:
        return drawn
    return np.random.default_rng([seed]).integers(0, _TRAINING_SEEDS, pool)[drawn % pool]


def _described(kind: str, world: str, seed: int, rows: int, length: int | None, pool: int | None) -> dict[str, str]:
    if rows < 1 or (pool is not None and pool < 1) or (length is not None and length < 2):
        raise InputError("a source needs at least one row, one episode in its pool, and two frames an episode")
    facts = {"kind": kind, "world": world, "seed": seed, "rows": rows, "length": length, "pool": pool}
    return {name: str(value) for name, value in facts.items() if value is not None}

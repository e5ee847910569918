"""Held-out episodes of a world, as seeds: what is seen and what is true there follows from the seed alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Any

from steelyard.errors import InputError
from steelyard.tasks.generators.seeds import distinct_items
from steelyard.world.sim.catalog import HELD_OUT

__all__ = ["generate"]


def generate(seed: str, count: int, **asked: Any) -> Sequence[dict[str, Any]]:
    """Rows such as ``{"seed": 2890813331, "tie": "ours"}``: ``count`` rows in all.

    Each further option is a list, and every episode is asked once for each combination of their values, in order.
    Episodes of another seed are twins: other starts, goals and layouts from the same distribution.
    """
    for name, values in asked.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"world_episodes: {name} must be a list of what each episode is asked for")
    combinations = [dict(zip(asked, values, strict=True)) for values in product(*asked.values())]

    def make(random: Random) -> int:
        return HELD_OUT + random.randrange(2**31)

    episodes = distinct_items("world_episodes", seed, -(-count // len(combinations)), make)
    rows = [{"seed": episode, **combination} for episode in episodes for combination in combinations]
    return rows[:count]

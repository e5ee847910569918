"""Held-out episodes of a world, as seeds: observations and truth follow from the seed alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Any

from steelyard.errors import InputError
from steelyard.tasks.generators.seeds import distinct_items
from steelyard_world.sim.catalog import HELD_OUT

__all__ = ["generate"]


def generate(seed: str, count: int, **asked: Any) -> Sequence[dict[str, Any]]:
    """Give ``count`` rows such as ``{"seed": 2890813331, "tie": "ours"}``.

    Each further option is a list, and every episode comes once for each combination of their values, in order. Another
    ``seed`` gives other starts, goals and layouts from the same distribution. Raises InputError for an option that is
    no list, or an empty one.
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

"""A macro average as a weighted mean: each subtask has the same weight, and so each of its samples a share of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from steelyard.records import Measurement

if TYPE_CHECKING:
    from steelyard.stats.bounded_bets import Population

__all__ = ["Subtasks", "independent", "unevenness"]


class Subtasks:
    """The subtasks of a measurement, with the weights of their samples; without any, all samples weigh 1.

    ``weights`` are whole numbers by subtask: the least that give all subtasks the same weight altogether. Raises
    ValueError where the sizes are none, or do not add up to the measurement's samples.
    """

    def __init__(self, measurement: Measurement, *, macro: bool) -> None:
        sizes = dict(measurement.groups) if macro else {}
        counted = sum(sizes.values()) if len(sizes) == len(measurement.groups) else -1
        if macro and (not sizes or min(sizes.values()) < 1 or counted != measurement.population):
            raise ValueError(f"{measurement.id}: the sizes of its subtasks do not add up to its samples")
        whole = math.lcm(*sizes.values())
        self.weights: Mapping[str, int] = {name: whole // size for name, size in sizes.items()}
        self.weight = len(sizes) * whole if sizes else measurement.population
        """The weight of all samples together."""
        self._sizes = {name: size * measurement.repeats for name, size in sizes.items()}
        self._repeats = measurement.repeats
        self._read: Counter[str] = Counter()

    def read(self, group: str) -> int:
        """The weight of the next sample, of this subtask; raises ValueError where the plan has no further one of it."""
        if not self.weights:
            return 1
        self._read[group] += 1
        if self._read[group] > self._sizes.get(group, 0):
            raise ValueError(f"more samples of the subtask {group[:80]!r} were asked than the plan has")
        return self.weights[group]

    def population(self, trials: int, grid: int) -> Population:
        """The trials with their weights, as the bets know them."""
        from steelyard.stats.bounded_bets import Population

        if not self.weights:
            return Population.even(trials, grid)
        counts: Counter[int] = Counter()
        for name, size in self._sizes.items():
            counts[self.weights[name]] += size
        return Population.of(counts, grid)


def independent(measurement: Measurement, *, macro: bool) -> float:
    """How many samples of equal weight have a mean of the same variance: (Σ w)²/Σ w², fewer than there are.

    Taken as a share of the measurement's population, which a forecast may change.
    """
    if not macro:
        return measurement.population
    sizes = [size for _, size in measurement.groups]
    share = Fraction(len(sizes) ** 2) / sum(Fraction(1, size) for size in sizes) / sum(sizes)
    return float(measurement.population * share)


def unevenness(measurement: Measurement, *, macro: bool) -> float:
    """Σ w³/(Σ w²)² with Σ w = 1: 1 where all samples weigh the same, and more the more a few of them count.

    How much more the mean and the variance that repeats show hang together: a heavy sample that does not vary by luck
    raises the one and lowers the other.
    """
    if not macro:
        return 1.0
    sizes = [size for _, size in measurement.groups]
    return float(
        len(sizes) * sum(Fraction(1, size**2) for size in sizes) / sum(Fraction(1, size) for size in sizes) ** 2
    )

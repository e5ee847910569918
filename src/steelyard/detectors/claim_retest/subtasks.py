"""An average over subtasks as a weighted mean: each has its weight, and so each of its samples a share of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from steelyard.records import Measurement

if TYPE_CHECKING:
    from steelyard.stats.bounded_bets import Population

__all__ = ["Subtasks", "Weights", "independent", "unevenness"]

Weights = tuple[tuple[str, int], ...]
"""By subtask, what all of its samples weigh together."""


class Subtasks:
    """The subtasks of a measurement, with the weights of their samples; without any, all samples weigh 1.

    ``weights`` are whole numbers by subtask, of one sample each: the least by which the subtasks altogether weigh as
    ``of`` says, or all the same without it (``macro``). Raises ValueError where the sizes are none, or do not add up to
    the measurement's samples, or where ``of`` is not about the same subtasks.
    """

    def __init__(self, measurement: Measurement, *, macro: bool, of: Weights = ()) -> None:
        sizes = dict(measurement.groups) if macro else {}
        counted = sum(sizes.values()) if len(sizes) == len(measurement.groups) else -1
        if macro and (not sizes or min(sizes.values()) < 1 or counted != measurement.population):
            raise ValueError(f"{measurement.id}: the sizes of its subtasks do not add up to its samples")
        each = {name: Fraction(weight, sizes[name]) for name, weight in _weights(measurement, of)} if macro else {}
        whole = math.lcm(*(weight.denominator for weight in each.values()))
        common = math.gcd(*(int(weight * whole) for weight in each.values())) or 1
        self.weights: Mapping[str, int] = {name: int(weight * whole) // common for name, weight in each.items()}
        weighed = sum(self.weights[name] * size for name, size in sizes.items())
        self.weight = weighed if sizes else measurement.population
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


def _weights(measurement: Measurement, of: Weights) -> Weights:
    """What each subtask weighs altogether; raises ValueError for weights that are none, or of other subtasks."""
    if not of:
        return tuple((name, 1) for name, _ in measurement.groups)
    if [name for name, _ in of] != [name for name, _ in measurement.groups] or min(each for _, each in of) < 1:
        raise ValueError(f"{measurement.id}: its weights are not whole numbers from 1 on, one of each of its subtasks")
    return of


def independent(measurement: Measurement, *, macro: bool, of: Weights = ()) -> float:
    """How many samples of equal weight have a mean of the same variance: (Σ w)²/Σ w², fewer than there are.

    Taken as a share of the measurement's population, which a forecast may change.
    """
    if not macro:
        return measurement.population
    sizes, weights = _sizes_and_weights(measurement, of)
    squares = sum(Fraction(weight**2, size) for size, weight in zip(sizes, weights, strict=True))
    return float(measurement.population * (sum(weights) ** 2 / squares / sum(sizes)))


def unevenness(measurement: Measurement, *, macro: bool, of: Weights = ()) -> float:
    """Σ w³/(Σ w²)² with Σ w = 1: 1 where all samples weigh the same, and more the more a few of them count.

    How much more the mean and the variance that repeats show hang together: a heavy sample that does not vary by luck
    raises the one and lowers the other.
    """
    if not macro:
        return 1.0
    sizes, weights = _sizes_and_weights(measurement, of)
    squares = sum(Fraction(weight**2, size) for size, weight in zip(sizes, weights, strict=True))
    cubes = sum(Fraction(weight**3, size**2) for size, weight in zip(sizes, weights, strict=True))
    return float(sum(weights) * cubes / squares**2)


def _sizes_and_weights(measurement: Measurement, of: Weights) -> tuple[list[int], list[int]]:
    return [size for _, size in measurement.groups], [weight for _, weight in _weights(measurement, of)]

"""Sample efficiency: scores against data or compute, paired differences, and the data needed for a score.

A *table* holds the scores of one kind of model at one size: (training seeds, units), all on the same test units and
with the same seeds in the same order at every size. Intervals (95 %) are Satterthwaite's and Welch's t over both
(:mod:`steelyard_world.stats.crossed`); over several sizes a seed counts once, since it has the same first weights and
nested data at each. This module neither trains nor tests; :mod:`steelyard_world.evaluation.claimed` puts it into words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steelyard_world.evaluation.result import mean_interval
from steelyard_world.stats.crossed import Estimate, Interval, crossed_difference

__all__ = [
    "Curve",
    "CurveComparison",
    "Needed",
    "average",
    "average_difference",
    "compare_curves",
    "curve",
    "data_needed",
    "times_needed",
]

Doubles = NDArray[np.float64]
Tables = Mapping[float, Doubles]
"""Size (frames in the pool, or CPU-seconds) → scores (training seeds, units). Sizes may come in any order."""


class Curve(NamedTuple):
    """The mean score at each size, ascending, with its 95 % interval."""

    method: str
    sizes: tuple[float, ...]
    scores: tuple[Interval, ...]


class CurveComparison(NamedTuple):
    """One kind's score less another's at each size that both have, and on average over those sizes."""

    first: str
    second: str
    sizes: tuple[float, ...]
    differences: tuple[Estimate, ...]
    average: Estimate
    trainings: int
    """Of the kind that has fewer."""
    units: int


class Needed(NamedTuple):
    """The size at which a curve first reaches a score, between sizes by the logarithm; infinite: at none of them.

    ``low`` and ``high``: where the upper and the lower ends of the curve's intervals first reach it. A size that is the
    smallest is an upper bound, since the curve may have reached the score before.
    """

    score: float
    size: float
    low: float
    high: float


def curve(method: str, tables: Tables) -> Curve:
    """Give the curve of one kind of model; raises ValueError for scores that are not finite."""
    sizes = tuple(sorted(tables))
    return Curve(method, sizes, tuple(mean_interval(tables[size]) for size in sizes))


def average(tables: Tables) -> Interval:
    """The area under the curve: the mean score over the sizes, each weighing as far as it reaches in log size."""
    return mean_interval(_averaged(tables, sorted(tables)))


def average_difference(first: Tables, second: Tables) -> Estimate:
    """The area between two curves over the sizes that both have, on the same units; raises ValueError if none is."""
    sizes = _common(first, second)
    return crossed_difference(_averaged(first, sizes), _averaged(second, sizes))


def compare_curves(first: tuple[str, Tables], second: tuple[str, Tables]) -> CurveComparison:
    """Compare two kinds at each size that both have; units are paired, trainings are not."""
    sizes = _common(first[1], second[1])
    differences = tuple(crossed_difference(first[1][size], second[1][size]) for size in sizes)
    whole = average_difference(first[1], second[1])
    smallest = first[1][sizes[0]], second[1][sizes[0]]
    trainings, units = min(map(len, smallest)), smallest[0].shape[1]
    return CurveComparison(first[0], second[0], tuple(sizes), differences, whole, trainings, units)


def data_needed(tables: Tables, score: float) -> Needed:
    """How much data a kind of model needs for a score, by straight lines between sizes on a logarithmic axis.

    Its interval holds the sizes at which the curve's own interval holds the score: the test of each size, inverted.
    Between two sizes the ends of intervals are joined, which is never narrower than the interval of the line between.
    """
    sizes = sorted(tables)
    _averaged(tables, sizes)  # the same trainings and units at every size
    scores = [mean_interval(tables[size]) for size in sizes]
    ends = zip(*((each.estimate, each.high, each.low) for each in scores), strict=True)
    return Needed(score, *(_first_reached(np.array(end), np.log(np.array(sizes)), score) for end in ends))


def times_needed(first: Tables, second: Tables, score: float) -> Interval | None:
    """How many times the data of the first kind the second needs for a score; the upper end may be infinite.

    None where either never reaches it, or has it at its smallest size and so perhaps before. The interval combines
    those of both by their distances from the estimates, in logarithms (Zou & Donner 2008, "Construction of confidence
    limits about effect measures", Statistics in Medicine 27(10)), as if units were not shared, which is too wide.
    """
    ours, theirs = data_needed(first, score), data_needed(second, score)
    for found, tables in ((ours, first), (theirs, second)):
        if not min(tables) < found.size < math.inf:
            return None
    below = math.hypot(_apart(theirs.low, theirs.size, second), _apart(ours.size, ours.high, first))
    above = math.hypot(_apart(ours.low, ours.size, first), _apart(theirs.size, theirs.high, second))
    times = theirs.size / ours.size
    return Interval(times, times * math.exp(-below), times * math.exp(above) if above < math.inf else math.inf)


def _apart(low: float, high: float, tables: Tables) -> float:
    """The distance in logarithms; infinite where the lower end may be lower still, or there is no upper end."""
    return math.inf if low <= min(tables) or high == math.inf else math.log(high / low)


def _common(first: Tables, second: Tables) -> list[float]:
    sizes = sorted(first.keys() & second.keys())
    if not sizes:
        raise ValueError("the two were measured at no common size")
    return sizes


def _averaged(tables: Tables, sizes: Sequence[float]) -> Doubles:
    """The average over sizes of each training on each unit: (training seeds, units)."""
    if len({tables[size].shape for size in sizes}) > 1:
        raise ValueError("tables must be of the same trainings and units at every size")
    return np.asarray(np.tensordot(_weights(sizes), np.stack([tables[size] for size in sizes]), 1))


def _weights(sizes: Sequence[float]) -> Doubles:
    """The trapezoid rule over log size, summing to 1; a single size weighs 1."""
    if len(sizes) == 1:
        return np.ones(1)
    widths = np.diff(np.log(np.array(sizes, dtype=np.float64)))
    weights = np.zeros(len(sizes))
    weights[:-1] += widths / 2
    weights[1:] += widths / 2
    return np.asarray(weights / weights.sum())


def _first_reached(scores: Doubles, logs: Doubles, score: float) -> float:
    """Scores (sizes,) → the size at which they first reach the score, infinite where none does."""
    if not (scores >= score).any():
        return math.inf
    place = int((scores >= score).argmax())
    if place == 0:
        return float(np.exp(logs[0]))
    low, high = float(scores[place - 1]), float(scores[place])
    return float(np.exp(logs[place - 1] + (score - low) / (high - low) * (logs[place] - logs[place - 1])))

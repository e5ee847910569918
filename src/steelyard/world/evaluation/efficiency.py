"""Sample efficiency: scores against data or compute, paired differences, and what their intervals show.

A *table* holds the scores of one kind of model at one size: (training seeds, units), all on the same test units and
with the same seeds in the same order at every size. Every interval is a pigeonhole bootstrap over both
(:mod:`steelyard.stats.pigeonhole`); over sizes, a seed is drawn with all of its sizes, since it has the same first
weights and nested data at each. This module neither trains nor tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steelyard.stats.pigeonhole import Interval, paired_difference, pigeonhole_interval, resampled_means

__all__ = [
    "Curve",
    "CurveComparison",
    "Needed",
    "Standing",
    "average",
    "average_difference",
    "compare_curves",
    "curve",
    "data_needed",
    "sentence",
    "times_needed",
]

_ENDS = (0.025, 0.975)

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
    differences: tuple[Interval, ...]
    average: Interval


class Needed(NamedTuple):
    """The size at which a curve first reaches a score, between sizes by the logarithm; None: at none of them.

    ``low`` and ``high`` are percentiles over resamples, where one that never reaches it counts as infinite. A size
    that is the smallest is an upper bound, since the curve may have reached the score before.
    """

    score: float
    size: float | None
    low: float | None
    high: float | None
    reached: float
    """The share of resamples that reach the score at all."""


class Standing(NamedTuple):
    """The sizes at which the whole interval is above 0, below it, or neither."""

    ahead: tuple[float, ...]
    behind: tuple[float, ...]
    undecided: tuple[float, ...]


def curve(method: str, tables: Tables, *, rng_seed: int = 0) -> Curve:
    """Give the curve of one kind of model; raises ValueError as the bootstrap does, for scores that are not finite."""
    sizes = tuple(sorted(tables))
    rng = np.random.default_rng(rng_seed)
    return Curve(method, sizes, tuple(pigeonhole_interval(tables[size], rng=rng) for size in sizes))


def average(tables: Tables, *, rng_seed: int = 0) -> Interval:
    """The area under the curve: the mean score over the sizes, each weighing as far as it reaches in log size."""
    return pigeonhole_interval(_averaged(tables, sorted(tables)), rng=np.random.default_rng(rng_seed))


def average_difference(first: Tables, second: Tables, *, rng_seed: int = 0) -> Interval:
    """The area between two curves over the sizes that both have, on the same units; raises ValueError if none is."""
    sizes = _common(first, second)
    rng = np.random.default_rng(rng_seed)
    return paired_difference(_averaged(first, sizes), _averaged(second, sizes), rng=rng)


def compare_curves(first: tuple[str, Tables], second: tuple[str, Tables], *, rng_seed: int = 0) -> CurveComparison:
    """Compare two kinds at each size that both have; units are paired, trainings are not."""
    sizes = _common(first[1], second[1])
    rng = np.random.default_rng(rng_seed)
    differences = tuple(paired_difference(first[1][size], second[1][size], rng=rng) for size in sizes)
    whole = average_difference(first[1], second[1], rng_seed=rng_seed)
    return CurveComparison(first[0], second[0], tuple(sizes), differences, whole)


def data_needed(tables: Tables, score: float, *, resamples: int = 2000, rng_seed: int = 0) -> Needed:
    """How much data a kind of model needs for a score, by straight lines between sizes on a logarithmic axis."""
    sizes = sorted(tables)
    held = [tables[size] for size in sizes]
    logs = np.log(np.array(sizes))
    means = np.array([[table.mean()] for table in held])
    found = float(_first_reached(means, logs, score)[0])
    rng = np.random.default_rng(rng_seed)
    drawn = _first_reached(resampled_means(held, resamples, rng, trainings=[0] * len(held)), logs, score)
    low, high = np.quantile(drawn, _ENDS, method="nearest")
    return Needed(score, _finite(found), _finite(float(low)), _finite(float(high)), float(np.isfinite(drawn).mean()))


def times_needed(
    first: Tables, second: Tables, score: float, *, resamples: int = 2000, rng_seed: int = 0
) -> Interval | None:
    """How many times the data of the first kind the second needs for a score; the upper end may be infinite.

    On the same units, drawn once for both. None where there is no such number: where either never reaches it, or either
    has it at its smallest size and so perhaps before, or neither reaches it in over a fortieth of resamples.
    """
    if any(tables[min(tables)].mean() >= score for tables in (first, second)):
        return None
    held = [*(first[size] for size in sorted(first)), *(second[size] for size in sorted(second))]
    names = [*("first" for _ in first), *("second" for _ in second)]
    logs = [np.log(np.array(sorted(tables))) for tables in (first, second)]

    def times(means: Doubles) -> Doubles:
        ours = _first_reached(means[: len(first)], logs[0], score)
        theirs = _first_reached(means[len(first) :], logs[1], score)
        with np.errstate(invalid="ignore"):  # neither gets there: no number
            return np.asarray(theirs / ours)

    estimate = float(times(np.array([[table.mean()] for table in held]))[0])
    drawn = times(resampled_means(held, resamples, np.random.default_rng(rng_seed), trainings=names))
    unknown = np.isnan(drawn)
    if not 0 < estimate < np.inf or unknown.mean() > _ENDS[0]:
        return None
    low, high = np.quantile(drawn[~unknown], _ENDS, method="nearest")
    return Interval(estimate, float(low), float(high))


def sentence(comparison: CurveComparison, measure: str, by: str, *, seeds: int, units: int) -> str:
    """Describe what the intervals of a comparison show. ``by``: the unit of sizes, such as ``frames``.

    The average over sizes is the verdict; single sizes, of which there are many, are added as "taken alone".
    """
    first, second, whole = comparison.first, comparison.second, comparison.average
    tested = f"({seeds} trainings each, {units} shared units, 95 % intervals)"
    gap = f"{whole.estimate:+.3f} [{whole.low:+.3f}, {whole.high:+.3f}]"
    span = f"from {_size(comparison.sizes[0])} to {_size(comparison.sizes[-1])} {by}"
    if whole.low > 0:
        verdict = f"On average over sizes {span}, {first} scores higher than {second} in {measure}: {gap}"
    elif whole.high < 0:
        verdict = f"On average over sizes {span}, {first} scores lower than {second} in {measure}: {gap}"
    else:
        verdict = (
            f"On average over sizes {span}, these data do not show whether {first} or {second} is better in {measure}: "
            f"{gap}"
        )
    where = _standing(comparison)
    alone = [
        f"{word} at {', '.join(map(_size, sizes))}"
        for word, sizes in (("higher", where.ahead), ("lower", where.behind), ("undecided", where.undecided))
        if sizes
    ]
    return f"{verdict} {tested}; taken alone, {'; '.join(alone)} {by}."


def _standing(comparison: CurveComparison) -> Standing:
    both = list(zip(comparison.sizes, comparison.differences, strict=True))
    ahead = tuple(size for size, gap in both if gap.low > 0)
    behind = tuple(size for size, gap in both if gap.high < 0)
    return Standing(ahead, behind, tuple(size for size, _ in both if size not in ahead and size not in behind))


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


def _first_reached(means: Doubles, logs: Doubles, score: float) -> Doubles:
    """Means (sizes, resamples) → sizes at which each first reaches the score, infinite where none does."""
    reached = means >= score
    place = reached.argmax(axis=0)
    columns = np.arange(means.shape[1])
    before = np.maximum(place - 1, 0)
    low, high = means[before, columns], means[place, columns]
    share = np.divide(score - low, high - low, out=np.ones_like(high), where=(place > 0) & (high > low))
    at = np.where(place > 0, logs[before] + share * (logs[place] - logs[before]), logs[0])
    return np.where(reached.any(axis=0), np.exp(at), np.inf)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _size(size: float) -> str:
    return f"{size:,.0f}" if size >= 10 else f"{size:g}"

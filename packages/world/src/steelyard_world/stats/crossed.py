"""Intervals for tables of trainings × units, where both are random samples: Satterthwaite's and Welch's t.

A score is a mean, plus what its training adds, plus what its unit (scene, episode) adds, plus chance: two crossed
random effects. The variance of a table's mean is (variance of its rows' means) / rows + (variance of its columns'
means) / columns − (residual mean square) / cells, since the first two both hold the chance of single cells. No part is
taken below 0. The degrees of freedom are Satterthwaite's (1946, "An Approximate Distribution of Estimates of Variance
Components", Biometrics Bulletin 2(6)).

A weighted sum of tables on the same units, such as a difference, has one part for the trainings of each table and one
for the units, which are paired. For two tables in which units do not differ this is Welch's t on the trainings' means
(1947, "The generalization of 'Student's' problem", Biometrika 34).

With one row nothing is known of trainings: the interval is then of these trainings, over units alone. ``python -m
bench.world.coverage`` prints how often intervals hold the truth, also where the model does not.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["Estimate", "Interval", "crossed_difference", "crossed_mean", "crossed_sum"]

Doubles = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate with its two-sided interval."""

    estimate: float
    low: float
    high: float


class Estimate(NamedTuple):
    """An estimate with its two-sided interval, and what the interval is made of."""

    estimate: float
    low: float
    high: float
    standard_error: float
    degrees: float
    """Satterthwaite's degrees of freedom; infinite where nothing varies."""
    p: float
    """Two-sided, of the null that the true value is 0; 1 where nothing varies, which shows nothing."""


class _Parts(NamedTuple):
    """What the variance of a mean is made of, of one table: between its trainings, and chance in its cells."""

    rows: float
    noise: float


def crossed_mean(table: Doubles, *, alpha: float = 0.05) -> Estimate:
    """The mean of a table (trainings, units) with its 1 − ``alpha`` interval; raises as :func:`crossed_sum`."""
    return crossed_sum([table], [1.0], alpha=alpha)


def crossed_difference(first: Doubles, second: Doubles, *, alpha: float = 0.05) -> Estimate:
    """Mean of ``first`` less mean of ``second``: units are paired, trainings are not. Raises as :func:`crossed_sum`."""
    return crossed_sum([first, second], [1.0, -1.0], alpha=alpha)


def crossed_sum(tables: Sequence[Doubles], weights: Sequence[float], *, alpha: float = 0.05) -> Estimate:
    """A weighted sum of the means of tables (trainings, units) on the same units, with its 1 − ``alpha`` interval.

    Raises ValueError for tables that are empty, not finite, or of unequal numbers of units.
    """
    columns = {table.shape[1] for table in tables if table.ndim == 2 and table.size}
    if len(columns) != 1 or any(table.ndim != 2 or not table.size for table in tables):
        raise ValueError("tables must be (trainings, units), at least one of each, all with the same units")
    if not all(np.isfinite(table).all() for table in tables):
        raise ValueError("tables must hold finite numbers")
    units = columns.pop()
    pairs = list(zip(tables, weights, strict=True))
    estimate = math.fsum(weight * float(table.mean()) for table, weight in pairs)
    parts = [_parts(table, weight) for table, weight in pairs]
    paired = np.sum([weight * table.mean(axis=0) for table, weight in pairs], axis=0)
    between_units = float(paired.var(ddof=1)) / units if units > 1 else 0.0
    noise = math.fsum(part.noise for part in parts)
    variance = math.fsum(
        [*(max(part.rows - part.noise, 0.0) for part in parts), max(between_units - noise, 0.0), noise]
    )
    # Scores that differ by nothing but rounding, or whose squares are no numbers any more, do not vary.
    if variance <= sys.float_info.min or variance <= (1e-12 * max(float(np.abs(table).max()) for table in tables)) ** 2:
        return Estimate(estimate, estimate, estimate, 0.0, math.inf, 1.0)
    spread = between_units**2 / (units - 1) if units > 1 else 0.0
    for (table, _), part in zip(pairs, parts, strict=True):
        if len(table) > 1:
            spread += part.rows**2 / (len(table) - 1)
            spread += part.noise**2 / ((len(table) - 1) * (units - 1)) if units > 1 else 0.0
    degrees, error = (variance**2 / spread if spread else math.inf), math.sqrt(variance)
    reach = float(stats.t.ppf(1 - alpha / 2, degrees)) * error
    p = 2 * float(stats.t.sf(abs(estimate) / error, degrees))
    return Estimate(estimate, estimate - reach, estimate + reach, error, degrees, p)


def _parts(table: Doubles, weight: float) -> _Parts:
    rows, units = table.shape
    if rows == 1:
        return _Parts(0.0, 0.0)
    means = table.mean(axis=1)
    between = weight**2 * float(means.var(ddof=1)) / rows
    if units == 1:
        return _Parts(between, 0.0)
    left = table - means[:, None] - table.mean(axis=0) + table.mean()
    return _Parts(between, weight**2 * float((left**2).sum()) / ((rows - 1) * (units - 1)) / table.size)

"""A recipe's mean over trainings against a threshold: how much trainings differ decides what it shows.

A claim about a recipe is about the mean over all trainings that it could have had. The trainings that answered are a
sample of these, so the test is Student's t over their means: as many questions as one likes do not replace a training.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["TrainingsTest", "mean_below"]


@dataclass(frozen=True)
class TrainingsTest:
    """The test of a mean over trainings. ``deviation`` is the standard deviation between their means, a proportion.

    ``p`` is that of "the recipe's mean is ``edge`` or more"; 1 where one training shows nothing of others.
    """

    mean: float
    deviation: float
    t: float
    degrees: float
    p: float


def mean_below(means: Sequence[float], sizes: Sequence[int], edge: float) -> TrainingsTest:
    """Test by one-sided t whether the mean of trainings lies below ``edge``, from the share of right answers of each.

    ``sizes`` are the numbers of answers behind the ``means``. The means are multiples of 1/size, and by chance they may
    be equal; so the variance of rounding, 1/(12·size²), is added to that between them. Where sizes differ, degrees of
    freedom are Satterthwaite's (1946) for variances that are as 1/size, else one less than the trainings. Raises
    ValueError for fewer than two trainings and for one without answers.
    """
    number = len(means)
    if number < 2 or len(sizes) != number or min(sizes) < 1:
        raise ValueError("a test over trainings needs two or more, each with answers")
    from scipy.special import stdtr

    mean = math.fsum(means) / number
    between = math.fsum((each - mean) ** 2 for each in means) / (number - 1)
    rounding = math.fsum(1 / (12 * size * size) for size in sizes) / number
    t = (mean - edge) / math.sqrt((between + rounding) / number)
    degrees = _satterthwaite([1 / size for size in sizes])
    p = float(f"{stdtr(degrees, t):.9g}")  # the same on machines whose libraries differ in the last bit
    return TrainingsTest(mean, math.sqrt(between), t, degrees, p)


def _satterthwaite(variances: Sequence[float]) -> float:
    """Degrees of freedom of the variance between means that have these variances, up to a factor: 2·E²/Var of it."""
    number, total = len(variances), math.fsum(variances)
    if max(variances) == min(variances):
        return number - 1.0
    squares = math.fsum(each * each for each in variances)
    of_variance = squares * (1 - 2 / number) + (total / number) ** 2
    return (number - 1) ** 2 * (total / number) ** 2 / of_variance

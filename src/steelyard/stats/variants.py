"""Has a model seen the variants that one recipient was asked? Exact, because a key drew which of each item these were.

Of an item with its equivalent variants a key draws an order at random. The recipient was asked the first of it; a check
asks that one and another. A model that never saw what the recipient was asked does not know the order, so that either
of the two is the recipient's with probability ½, however much harder one of them is, and whatever else the model has
seen. So of the pairs of which it has exactly one right, the number where that one is the recipient's is binomial
(:func:`steelyard.stats.released.activation_p` with two variants); other scores have the sign-flip permutation test.

Where the two answers to an item hang together fewer pairs differ, and the same gap is easier to see: the power here is
that of independent answers. ``python -m bench.inhouse variants`` prints sizes and powers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from steelyard.stats.paired import paired_interval
from steelyard.stats.released import LeakTest, activation_p
from steelyard.stats.sign_flip import sign_flip_p

__all__ = ["detectable_pair_gap", "pair_power", "variants_test"]


def variants_test(asked: Sequence[float | None], others: Sequence[float | None], *, alpha: float = 0.05) -> LeakTest:
    """Test the scores in [0, 1] of the variants that a recipient was asked against those of others, item by item.

    One-sided; the interval of the mean difference has level 1 − α and is about items like these. A missing or open
    score speaks for the model: 0 among those that were asked, 1 among the others. Raises ValueError without pairs, for
    scores outside [0, 1] and for a level outside (0, 1).
    """
    if not asked or len(asked) != len(others):
        raise ValueError("each item needs two scores, and there must be one item at least")
    if not 0 < alpha < 1:
        raise ValueError(f"a level is between 0 and 1, not {alpha}")
    first = [0.0 if score is None else score for score in asked]
    second = [1.0 if score is None else score for score in others]
    if not all(0 <= score <= 1 for score in (*first, *second)):
        raise ValueError("scores are within [0, 1]")
    differences = [one - other for one, other in zip(first, second, strict=True)]
    low, high = paired_interval(differences, alpha=alpha)
    return LeakTest(_p(differences), math.fsum(differences) / len(differences), low, high, len(first), len(second))


def _p(differences: Sequence[float]) -> float:
    """P(so much in favour of what was asked), each difference with either sign as likely."""
    gains, losses = differences.count(1.0), differences.count(-1.0)
    if gains + losses + differences.count(0.0) == len(differences):
        return activation_p(gains, gains + losses, 2) if gains + losses else 1.0
    # Under the null the sign of the total is independent of its size, so that one side is half of both.
    return sign_flip_p(differences) / 2 if math.fsum(differences) > 0 else 1.0


def pair_power(pairs: int, rate_asked: float, rate_other: float, alpha: float) -> float:
    """Probability that the test of 0/1 scores reaches ``alpha``, if answers are right independently at these rates.

    Raises ValueError without pairs, for a rate outside [0, 1] or a level outside (0, 1).
    """
    from scipy.special import bdtr, bdtrc

    if pairs < 1 or not 0 < alpha < 1:
        raise ValueError("there must be pairs, and a level is between 0 and 1")
    if not (0 <= rate_asked <= 1 and 0 <= rate_other <= 1):
        raise ValueError("rates are within [0, 1]")
    gain, loss = rate_asked * (1 - rate_other), rate_other * (1 - rate_asked)
    if gain + loss == 0:
        return 0.0
    differing = np.arange(pairs + 1)
    chances = np.diff(np.append(0.0, bdtr(differing, pairs, gain + loss)))
    least = np.array(_least_gains(pairs, alpha))
    reached = np.where(
        least > differing, 0.0, bdtrc(np.minimum(least, differing) - 1.0, differing, gain / (gain + loss))
    )
    return float((chances * reached).sum())


@lru_cache(maxsize=64)
def _least_gains(pairs: int, level: float) -> tuple[int, ...]:
    """For 0 … ``pairs`` differing pairs: the fewest that must speak for what was asked.

    One more than there are where none reach the level. One walk, since the bound never falls.
    """
    from scipy.special import bdtrc

    bounds, gains = [], 0
    for differing in range(pairs + 1):
        while gains <= differing and float(bdtrc(gains - 1.0, differing, 0.5)) > level:
            gains += 1
        bounds.append(gains)
    return tuple(bounds)


def detectable_pair_gap(pairs: int, alpha: float, *, wanted: float = 0.9) -> float | None:
    """The smallest gap, a proportion in steps of .001, that is found with probability ``wanted``; None where none is.

    The two rates lie evenly around ½ and answers are independent, where a gap is hardest to see. Raises as
    :func:`pair_power` does.
    """

    def found(gap: int) -> float:
        return pair_power(pairs, (1 + gap / 1000) / 2, (1 - gap / 1000) / 2, alpha)

    if found(1000) < wanted:
        return None
    least, most = 0, 1000  # too small, large enough
    while most - least > 1:
        middle = (least + most) // 2
        if found(middle) >= wanted:
            most = middle
        else:
            least = middle
    return most / 1000

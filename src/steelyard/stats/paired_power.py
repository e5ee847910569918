"""How many samples a paired comparison needs, and what it can see with those that it has."""

from __future__ import annotations

import math
from functools import lru_cache

from steelyard.stats.padded import SHARE

__all__ = ["mcnemar_power", "samples_for_mean", "samples_to_see"]


def mcnemar_power(n: int, discordant: float, difference: float, alpha: float = 0.05) -> float:
    """Exact power of the two-sided exact McNemar test at level α with ``n`` independent samples.

    ``discordant`` is the share of samples on which exactly one of two models is right, ``difference`` the true
    difference of their shares: the number of discordant samples is binomial, and given it so are the gains. Raises
    ValueError for a difference beyond the discordant share.
    """
    import numpy as np
    from scipy.special import bdtr, bdtrc, gammaln, ndtri, xlog1py, xlogy

    if not 0 < discordant <= 1 or abs(difference) > discordant * (1 + 1e-12):
        raise ValueError("a difference is at most the share of discordant samples, which is between 0 and 1")
    if n < 1:
        return 0.0
    reach = 7 * math.sqrt(n * discordant) + 30
    first = max(1, math.floor(n * discordant - reach))
    counts = np.arange(first, min(n, math.ceil(n * discordant + reach)) + 1)
    # The most of the smaller side that is rejected; below 0 where even none of it is not.
    # The normal approximation is at most one off.
    most = np.maximum(np.floor(counts / 2 + float(ndtri(alpha / 2)) * np.sqrt(counts) / 2 - 0.5), 0.0)
    most = np.where(bdtr(np.minimum(most + 1, counts), counts, 0.5) <= alpha / 2, most + 1, most)
    most = np.where(bdtr(most, counts, 0.5) > alpha / 2, most - 1, most)
    rate = min(1.0, max(0.0, (1 + difference / discordant) / 2))
    kept = np.maximum(most, 0.0)
    rejected = bdtr(kept, counts, rate) + bdtrc(counts - kept - 1, counts, rate)
    ways = gammaln(n + 1) - gammaln(counts + 1) - gammaln(n - counts + 1)
    chances = np.exp(ways + xlogy(counts, discordant) + xlog1py(n - counts, -discordant))
    return float(np.sum(chances * np.where(most >= 0, rejected, 0.0)))


@lru_cache(maxsize=1024)
def samples_to_see(difference: float, discordant: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """About how many independent samples show a true ``difference`` with this power, by the exact McNemar test.

    Connor's normal approximation (1987, "Sample size for testing differences in proportions for the paired-sample
    design") is where the search starts. Exact power rises in saw teeth: the number is one at which it
    is high enough, to within ½ %. A discordant share below the difference counts as the difference. Raises ValueError
    for a difference that is not between 0 and 1.
    """
    from scipy.special import ndtri

    if not 0 < difference < 1:
        raise ValueError("a difference to see is a share between 0 and 1")
    discordant = min(1.0, max(discordant, difference))
    ends = float(ndtri(1 - alpha / 2)), float(ndtri(power))
    spread = math.sqrt(max(discordant - difference**2, 0.0))
    normal = ((ends[0] * math.sqrt(discordant) + ends[1] * spread) / difference) ** 2
    low = high = max(2, math.floor(0.9 * normal))
    while mcnemar_power(high, discordant, difference, alpha) < power:
        low, high = high, high + max(1, high // 10)
    while high - low > max(1, high // 200):
        middle = (low + high) // 2
        low, high = (low, middle) if mcnemar_power(middle, discordant, difference, alpha) >= power else (middle, high)
    return high


def samples_for_mean(difference: float, deviation: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """About how many samples show a true mean ``difference`` of scores whose paired differences have ``deviation``.

    By the padded t (:mod:`steelyard.stats.padded`), whose T = Σ differences has to pass z·√(nσ² + .8z²), and is about
    normal; two at least. Raises ValueError for a difference that is not between 0 and 1.
    """
    from scipy.special import ndtri

    if not 0 < difference < 1:
        raise ValueError("a difference to see is a share between 0 and 1")
    level, wanted = float(ndtri(1 - alpha / 2)), float(ndtri(power))

    def shows(n: int) -> bool:
        spread = n * deviation**2
        return n * difference >= level * math.sqrt(spread + SHARE * level**2) + wanted * math.sqrt(spread)

    few, many = 1, 2
    while not shows(many):
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if shows(middle) else (middle, many)
    return many

"""Exact tests of paired right and wrong answers: McNemar's, and against a margin.

Of ``n`` samples that two models answered, only those count on which exactly one of them is right. ``gains`` are those
that the second model alone has right, ``losses`` those that the first alone has right; the difference is (gains −
losses) / n. Samples are taken to be independent draws; :mod:`steelyard.stats.sign_flip` is for those that are not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["Alternative", "beyond_margin_p", "margin_p", "mcnemar_p", "score_statistic"]

Alternative = Literal["two-sided", "greater", "less"]

NUISANCE_LEVEL: Final = 1e-6  # what the nuisance parameter's interval may miss; it is added to the p-value
GRID: Final = 61  # rates at which the supremum is looked for, three times, each time closer
NO_VARIANCE: Final = 1e-12  # of a sample: less is rounding
BEYOND: Final = 1e-13  # counts that are rarer than this are left out, and added to the p-value


def mcnemar_p(gains: int, losses: int, alternative: Alternative = "two-sided") -> float:
    """Exact p-value of the null that the second model gains as many samples as it loses.

    Given gains + losses, gains are binomial with rate ½ under the null (McNemar 1947, "Note on the sampling error of
    the difference between correlated proportions"), so no size exceeds the level at any ``n``. ``greater``: the second
    is better. Two-sided: twice the smaller tail. Raises ValueError for negative counts.
    """
    from scipy.special import bdtr

    if gains < 0 or losses < 0:
        raise ValueError("gains and losses are counts")
    few = {"greater": losses, "less": gains, "two-sided": min(gains, losses)}[alternative]
    tail = float(bdtr(few, gains + losses, 0.5))
    return min(1.0, 2 * tail) if alternative == "two-sided" else tail


def score_statistic(gains: float, losses: float, n: float, difference: float) -> float:
    """The score statistic z of the null that the true difference is ``difference``; 0 where nothing speaks either way.

    The variance is that of the maximum likelihood under the null (Tango 1998, "Equivalence test and confidence interval
    for the difference in proportions for the paired-sample design", eq. 4). Counts may be fractions.
    """
    linear = -gains - losses + (2 * n - gains + losses) * difference
    constant = -losses * difference * (1 - difference)
    lost = (math.sqrt(max(linear**2 - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * lost + difference * (1 - difference))
    beyond = gains - losses - n * difference
    if variance <= NO_VARIANCE * n:
        return 0.0 if abs(beyond) < 1e-9 * n else math.copysign(math.inf, beyond)
    return beyond / math.sqrt(variance)


def _statistics(gains: Doubles, losses: Doubles, n: int, difference: float) -> Doubles:
    """:func:`score_statistic` of arrays."""
    import numpy as np

    linear = -gains - losses + (2 * n - gains + losses) * difference
    constant = -losses * difference * (1 - difference)
    lost = (np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * lost + difference * (1 - difference))
    beyond = gains - losses - n * difference
    positive = variance > NO_VARIANCE * n
    z = beyond / np.sqrt(np.where(positive, variance, 1.0))
    found: Doubles = np.where(positive, z, np.where(np.abs(beyond) < 1e-9 * n, 0.0, np.copysign(np.inf, beyond)))
    return found


def margin_p(gains: int, losses: int, n: int, margin: float) -> float:
    """Exact one-sided p-value of the null that the second model is worse by ``margin`` (a share) or more.

    Given the number of discordant samples, the rates of gains and losses still differ under this null by an unknown
    amount, so McNemar's condition does not help. The test is unconditional: tables are ordered by Tango's score
    statistic, and the p-value is the largest probability of a table as extreme over the unknown rate of losses, inside
    its interval at level 1 − 10⁻⁶, plus 10⁻⁶ (Berger & Boos 1994, "P values maximized over a confidence set for the
    nuisance parameter"; Sidik 2003, "Exact unconditional tests for testing non-inferiority in matched-pairs design").
    So its size is at most the level at every n, up to the resolution of the maximum, which is sought on three nested
    grids. Rates beyond the margin give less (Barnard's convexity holds for this statistic).

    Raises ValueError for counts that do not fit and for a margin outside (0, 1).
    """
    _check(gains, losses, n, margin)
    return _unconditional_p(gains, losses, n, margin)


def beyond_margin_p(gains: int, losses: int, n: int, margin: float) -> float:
    """Exact one-sided p-value of the null that the second model is worse by at most ``margin`` (a share).

    The test of :func:`margin_p` with the other side: losses are the gains of the first model, and it is better by more
    than the margin. Raises ValueError as :func:`margin_p` does.
    """
    _check(gains, losses, n, margin)
    return _unconditional_p(losses, gains, n, -margin)


def _check(gains: int, losses: int, n: int, margin: float) -> None:
    if min(gains, losses) < 0 or gains + losses > n or n < 1:
        raise ValueError("gains and losses are counts of n samples")
    if not 0 < margin < 1:
        raise ValueError("a margin is a share between 0 and 1")


def _unconditional_p(gains: int, losses: int, n: int, margin: float) -> float:
    """The p-value of "gains − losses are at most −margin" per sample; ``margin`` is in (−1, 1)."""
    import numpy as np
    from scipy.special import betaincinv

    observed = score_statistic(gains, losses, n, -margin)
    low = float(betaincinv(losses, n - losses + 1, NUISANCE_LEVEL / 2)) if losses else 0.0
    high = float(betaincinv(losses + 1, n - losses, 1 - NUISANCE_LEVEL / 2)) if losses < n else 1.0
    if low > (1 + margin) / 2:  # more losses than go with a difference of only the margin
        return 1.0
    if high < margin:  # no rate of the null goes with so few losses
        return NUISANCE_LEVEL
    low, high = max(low, margin), min(high, (1 + margin) / 2)
    least = _least_gains(n, margin, observed)
    best = 0.0
    for _ in range(3):
        rates = np.linspace(low, high, GRID)
        found = _tails(rates, n, margin, least)
        place = int(np.argmax(found))
        best = max(best, float(found[place]))
        low, high = float(rates[max(place - 1, 0)]), float(rates[min(place + 1, GRID - 1)])
    return min(1.0, best + NUISANCE_LEVEL + 2 * BEYOND)


def _least_gains(n: int, margin: float, observed: float) -> NDArray[np.int64]:
    """For each number of losses 0 … n the fewest gains that are as extreme; one more than can be where none are."""
    import numpy as np

    losses = np.arange(n + 1, dtype=float)
    low, high = np.zeros(n + 1, dtype=np.int64), (n - np.arange(n + 1) + 1).astype(np.int64)
    for _ in range(math.ceil(math.log2(n + 2)) + 1):
        middle = (low + high) // 2
        extreme = _statistics(middle.astype(float), losses, n, -margin) >= observed - 1e-9
        open_ = low < high
        high = np.where(open_ & extreme, middle, high)
        low = np.where(open_ & ~extreme, middle + 1, low)
    return high


def _tails(rates: Doubles, n: int, margin: float, least: NDArray[np.int64]) -> Doubles:
    """Probability of a table as extreme where losses have each of these rates, and gains the rate less the margin."""
    import numpy as np
    from scipy.special import bdtrc, gammaln, xlog1py, xlogy

    # 8 standard deviations and 30 counts more leave out less than 10⁻¹³ of a binomial distribution on either side.
    reach = 8 * math.sqrt(n / 4) + 30
    losses = np.arange(max(0, math.floor(n * rates[0] - reach)), min(n, math.ceil(n * rates[-1] + reach)) + 1)
    ways = gammaln(n + 1) - gammaln(losses + 1) - gammaln(n - losses + 1)
    column = rates[:, None]
    given = np.clip((column - margin) / np.maximum(1 - column, 1e-300), 0.0, 1.0)
    fewest = least[losses]
    # One more than all that are left cannot be gained; no gains at all always are.
    tails = np.where(fewest <= 0, 1.0, np.where(fewest > n - losses, 0.0, bdtrc(fewest - 1.0, n - losses, given)))
    found: Doubles = np.sum(np.exp(ways + xlogy(losses, column) + xlog1py(n - losses, -column)) * tails, axis=1)
    return found

"""Student's t of differences in [−1, 1], as if samples had been added at both ends: it allows for rare large ones.

Where one model is a little better on nearly every question and fails on few, a sample may hold none of these few. Then
all differences have one sign: a sign-flip test rejects, and t has next to no width, though the means may be equal. The
first assumes that differences are symmetric, the second that they are nearly normal.

With T the sum of n differences and Q their variance times n, the mean is told from 0 where |T| > q·√(Q + .8q²), q the
quantile of t: to the variance that was seen comes that of .4q² samples at each end, +1 and −1. (Agresti & Coull 1998,
"Approximate is better than exact", add q²/2 of each to a share. A fixed number is too few at small levels, such as
Holm's procedure has.)

``SHARE`` is the smallest step of .05 at which differences of +g, and rarely −1, with a mean of 0 are told from 0 at
most as often as the level says at 5 % and 2.5 % (exact, n up to 1,000); ``python -m bench.compare_skewed`` prints how
often, at smaller levels too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["SHARE", "moments", "p_of", "padded_interval", "padded_p"]

SHARE: Final = 0.8  # of q²


def padded_p(differences: Sequence[float]) -> float:
    """Two-sided p-value of the null that the mean of ``differences`` in [−1, 1] is 0: 1 for a single one.

    Raises ValueError without differences.
    """
    n = len(differences)
    mean, spread = moments(differences)
    return p_of(n * mean, spread, n - 1) if n > 1 else 1.0


def p_of(total: float, spread: float, freedom: int) -> float:
    """Two-sided p-value of the null that a sum of 0 was expected: of T, of Q, and with t's degrees of freedom."""
    from scipy.special import stdtr

    # The q² at which |T| = q·√(Q + SHARE·q²).
    square = (math.sqrt(spread**2 + 4 * SHARE * total**2) - spread) / (2 * SHARE)
    return min(1.0, 2 * float(stdtr(freedom, -math.sqrt(max(0.0, square)))))


def padded_interval(differences: Sequence[float], alpha: float = 0.05) -> tuple[float, float]:
    """The means, as shares, that the test does not reject at level α: all of [−1, 1] for a single difference.

    Raises ValueError without differences.
    """
    from scipy.special import stdtrit

    n = len(differences)
    mean, spread = moments(differences)
    if n < 2:
        return -1.0, 1.0
    quantile = float(stdtrit(n - 1, 1 - alpha / 2))
    reach = quantile * math.sqrt(spread + SHARE * quantile**2) / n
    return max(-1.0, mean - reach), min(1.0, mean + reach)


def moments(differences: Sequence[float]) -> tuple[float, float]:
    """The mean, and the variance times n; raises ValueError without differences."""
    n = len(differences)
    if not n:
        raise ValueError("a mean needs at least one difference")
    mean = math.fsum(differences) / n
    return mean, math.fsum((each - mean) ** 2 for each in differences) * n / max(1, n - 1)

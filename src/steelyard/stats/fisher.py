"""Fisher's exact test of a two by two table, one-sided, and how many cases it needs.

Of ``n`` cases of one kind and ``m`` of another, K show an effect. If the kind does not matter, the number X of those
among the first ones is hypergeometric: P(X = x) = C(n, x) · C(m, K − x) / C(n + m, K) (Fisher 1935, "The Design of
Experiments"). It holds exactly where the kinds are exchangeable, whatever the cases' chances are.
"""

from __future__ import annotations

import math
from fractions import Fraction

__all__ = ["fisher_p", "least_pairs"]


def fisher_p(hits: int, n: int, other_hits: int, m: int) -> float:
    """P(X ≥ hits): that so many of the effects fall on the first kind, if the kind does not matter.

    Raises ValueError for more hits than cases.
    """
    if not 0 <= hits <= n or not 0 <= other_hits <= m:
        raise ValueError(f"{hits} of {n} and {other_hits} of {m} are no table")
    total = hits + other_hits
    ways = sum(math.comb(n, x) * math.comb(m, total - x) for x in range(hits, min(n, total) + 1))
    return float(Fraction(ways, math.comb(n + m, total)))


def least_pairs(level: float) -> int:
    """The smallest n for which n of n against 0 of n reaches a level: 1/C(2n, n) ≤ level.

    Raises ValueError for a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"a level is between 0 and 1, not {level}")
    n = 1
    while Fraction(level) * math.comb(2 * n, n) < 1:
        n += 1
    return n

"""The interval of a quantile, for any distribution and at every stop: two order statistics.

The q-quantile is at most t where at least a share q of all values is, and at least t where at most q are below. With k
of n values up to t, two bets are kept against a share of q: one that it is larger, the mean over p > q of
(p/q)^k·((1 − p)/(1 − q))^(n − k), and one that it is smaller, with p < q. Each reaches 2/α with a chance of at most α/2
where it is wrong (Ville 1939), so the ends are the values at which they do (Howard & Ramdas 2022, "Sequential
estimation of quantiles"). Values are read in a committed order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["quantile_interval", "quantile_of"]

LARGER: Final = (0.0, 0.3, 0.6)  # 1 − p, as shares of 1 − q
SMALLER: Final = (1.3, 2.0, 4.0)


def quantile_of(values: Sequence[float], missing: int, q: float) -> float | None:
    """The ⌈q·n⌉-th smallest of n values, of which ``missing`` are larger than all; None where it is one of these."""
    _check(q)
    place = math.ceil(q * (len(values) + missing))
    return sorted(values)[place - 1] if 0 < place <= len(values) else None


def quantile_interval(
    values: Sequence[float], missing: int, q: float, alpha: float = 0.05
) -> tuple[float, float | None]:
    """Interval of the q-quantile of values like these at level 1 − α, valid at every stop.

    ``missing`` further values are not known: for the lower end they are smaller than all others, for the upper end
    larger. The lower end is 0 and the upper one None where no value bounds it. Raises ValueError for a level or a
    quantile outside (0, 1).
    """
    _check(q)
    if not 0 < alpha < 1:
        raise ValueError(f"a level is between 0 and 1, not {alpha}")
    n, ordered, least = len(values) + missing, sorted(values), math.log(2 / alpha)
    first = _first(n, lambda k: _log_bet(n, k, q, SMALLER) < least)
    last = _first(n, lambda k: _log_bet(n, k, q, LARGER) >= least)
    low = ordered[first - missing - 1] if missing < first <= n else 0.0
    return low, ordered[last - 1] if 0 < last <= len(ordered) else None


def _check(q: float) -> None:
    if not 0 < q < 1:
        raise ValueError(f"a quantile is between 0 and 1, not {q}")


def _log_bet(n: int, k: int, q: float, rests: Sequence[float]) -> float:
    """The log of the mean over 1 − p = rest·(1 − q), of those rests that leave a chance."""
    logs = []
    for rest in rests:
        p = 1 - rest * (1 - q)
        if p <= 0 or (rest == 0 and k < n):
            logs.append(-math.inf)
        else:
            logs.append(k * math.log(p / q) + ((n - k) * math.log(rest) if rest else 0.0))
    top = max(logs)
    if top == -math.inf:
        return top
    return top + math.log(sum(math.exp(each - top) for each in logs) / len(logs))


def _first(n: int, holds: Callable[[int], bool]) -> int:
    """The least k in 0 … n that holds, for what holds from some k on; n + 1 where none does."""
    low, high = -1, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high

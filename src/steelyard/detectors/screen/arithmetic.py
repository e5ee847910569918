"""What a printed score can be: exact integer arithmetic of granularity, and the noise of a lead.

A score of k right answers out of n = items × passes is printed with d decimals. Whatever the vendor did to the last
digit (round half up, half to even, down, up), the printed v is less than one printed unit u = 10^-d from scale·k/n. So
v is impossible where no whole k has v − u < scale·k/n < v + u (docs/statistics.md). With ± u/2, half of all
correct values that a vendor truncated would be called impossible.
"""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["fewest_passes", "impossible", "nearest_items", "no_count", "rounded_passes", "sampling_noise"]

MAX_PASSES = 64  # averaging over more generations is not customary
MAX_DROPPED = 20  # vendors do not drop more items than that without stating it
_SCALES = {"percent": 100, "fraction": 1}


@lru_cache(maxsize=65536)
def impossible(value: str, unit: str, items: int, passes: int = 1) -> bool:
    """Whether no whole number of right answers, unweighted, gives the printed ``value``; in O(1), exact.

    ``value`` is the decimal text as printed, ``unit`` is ``percent`` or ``fraction``. A zero at its end is no digit,
    because spreadsheets and pandas pad with zeros. False from items × passes ≥ scale·10^d / 2 on, where the grid is as
    fine as the print (10^(d+2)/2 for percent).
    """
    printed, one = _printed(value)
    return no_count(printed, _SCALES[unit] * one, items * passes)


def rounded_passes(value: str, unit: str, items: int, passes: int) -> bool:
    """Whether an average of ``passes`` values that were rounded first can be printed as ``value``.

    Each pass may have any number of decimals up to those of ``value``; with more, it is off by less. Then the average
    is a multiple of 1/passes of a pass's unit, and less than one such unit from k/(items · passes). This is necessary,
    not sufficient, so that doubt speaks for the vendor.
    """
    printed, one = _printed(value)
    answers, unit_of_pass = items * passes, one
    whole = _SCALES[unit] * one
    while unit_of_pass >= 1:  # one: as many decimals as the value; 1: none
        coarseness = one // unit_of_pass
        on_grid = _distance(printed * passes, coarseness) < passes
        if on_grid and _distance(printed * answers, whole) < answers * (coarseness + 1):
            return True
        unit_of_pass //= 10
    return False


def _printed(value: str) -> tuple[int, int]:
    """The value in units of its last digit that is not a padded zero, and how many of them are one."""
    whole, _, decimals = value.partition(".")
    decimals = decimals.rstrip("0")
    return int(whole + decimals), int(10 ** len(decimals))


def _distance(number: int, step: int) -> int:
    """How far a number is from the nearest multiple of ``step``."""
    return min(number % step, -number % step)


def no_count(printed: int, units: int, answers: int) -> bool:
    """Whether no k up to ``answers`` has printed − 1 < units·k/answers < printed + 1, in printed units.

    ``units`` is one whole: 1000 where percent is printed with one decimal.
    Plain arithmetic without branches on ``printed``, so that a test can put whole arrays through it.
    """
    if 2 * answers >= units:
        return False
    lowest = (printed - 1) * answers // units + 1
    highest = -(-(printed + 1) * answers // units) - 1
    return (lowest > highest) | (lowest > answers) | (highest < 0)


def fewest_passes(value: str, unit: str, items: int, more_than: int = 1) -> int | None:
    """The fewest full passes above ``more_than`` whose average can be printed as ``value``; None if over 64."""
    candidates = range(more_than + 1, MAX_PASSES + 1)
    return next((passes for passes in candidates if not impossible(value, unit, items, passes)), None)


def nearest_items(value: str, unit: str, items: int, passes: int = 1) -> int | None:
    """The most items below ``items`` that could give ``value``; None if more than 20 must have been left out."""
    candidates = range(items - 1, max(0, items - 1 - MAX_DROPPED), -1)
    return next((fewer for fewer in candidates if not impossible(value, unit, fewer, passes)), None)


def sampling_noise(first: float, second: float, items: int) -> float:
    """The half width of a 95 % interval for the difference of two proportions, each over ``items`` samples, unpaired.

    Both are taken as independent: on the same items a paired comparison can be sharper, but a table does not allow one.
    """
    variance = (first * (1 - first) + second * (1 - second)) / items
    return 1.959964 * math.sqrt(max(0.0, variance))

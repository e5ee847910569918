"""The level of the n-th audit of one question, so that a whole series of audits has the level of one.

Whoever asks again until the verdict suits is at α once, and at nearly 1 in the end: daily audits of an honest vendor
accuse it within a year with probability .49. With α·6/(π²·n²) for the n-th, all of them together stay at α by the union
bound, however long the series is and whenever it stops, since Σ 1/n² = π²/6 (Euler, the Basel problem). This holds for
audits that depend on one another in any way, so also where somebody sees all orders beforehand.
"""

from __future__ import annotations

import math

__all__ = ["series_share"]


def series_share(number: int) -> float:
    """6/(π²·n²): the share of the level that the n-th audit of a question has; .608 for the first.

    Raises ValueError for a number below 1.
    """
    if number < 1:
        raise ValueError(f"audits are counted from 1, not from {number}")
    return 6 / (math.pi * math.pi * number * number)

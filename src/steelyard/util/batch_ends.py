"""Where batches end in a committed order: a test is valid at any stop, so each may be as long as all before it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from steelyard.errors import InputError
from steelyard.util.bounded_fraction import bounded_fraction

__all__ = ["FIRST", "GROWTHS", "batch_ends", "end_after", "growth_of"]

FIRST: Final = 32
GROWTHS: Final = (Fraction(11, 10), Fraction(16))


def growth_of(text: str) -> Fraction:
    """A growth as a plan seals it; raises InputError for what is none."""
    try:
        growth = bounded_fraction(text)
    except ValueError:
        growth = Fraction(0)
    if not GROWTHS[0] <= growth <= GROWTHS[1]:
        low, high = (float(each) for each in GROWTHS)
        raise InputError(f"--batch-growth takes a number from {low:g} to {high:g}, such as 2 or 1.5, not {text[:40]!r}")
    return growth


def end_after(asked: int, growth: Fraction) -> int:
    """The end of the batch that comes after so many places of an order: the first of the committed ends beyond them."""
    end = FIRST
    while end <= asked:
        end = max(end + 1, math.ceil(end * growth))
    return end


def batch_ends(planned: int, growth: Fraction) -> list[int]:
    """All ends of the batches of so many places; the last is their number."""
    ends = [0]
    while ends[-1] < planned:
        ends.append(min(planned, end_after(ends[-1], growth)))
    return ends[1:]

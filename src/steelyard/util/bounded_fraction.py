"""A number from outside as an exact fraction, of a size that its text allows."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

__all__ = ["bounded_fraction"]

MAX_CHARACTERS: Final = 400
# Whatever Fraction takes, in any script's digits, but for an exponent of more than two digits: what is not matched here
# may be a number of a million digits in a form that nobody thought of.
_NUMBER: Final = re.compile(r"\s*[+-]?[\d_.]+(?:/[\d_]+|[eE][+-]?0{0,9}\d{1,2})?\s*")


def bounded_fraction(text: str) -> Fraction:
    """A decimal number or a fraction, as :class:`fractions.Fraction` reads it, of some 500 digits at most.

    ``Fraction`` itself makes ``1e100000000`` a number of as many digits, which takes hours in which no signal is heard.
    Raises ValueError for what is no number, a division by zero, and a number that is too long.
    """
    if len(text) > MAX_CHARACTERS or not _NUMBER.fullmatch(text):
        raise ValueError("no number, or one that is too long")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ValueError("a division by zero") from None

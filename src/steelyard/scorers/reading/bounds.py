"""Numbers of a text that are not its answer: *not 18*, *less than 18*, √18, *…, not 20*."""

from __future__ import annotations

import re
from fractions import Fraction

from steelyard.scorers.reading.numbers import numbers_in

__all__ = ["excludes", "without_contrasts"]

_NUMERAL = r"[$€£*(]{0,3}([-−]?[0-9](?:[0-9.,]{0,150}[0-9])?)"
# What stands before a number that is no answer: "not 18", "less than 18", "> 18", "√18".
_EXCLUDED = re.compile(
    r"(?:\b(?:not|never|nicht|keine?|pas|no|(?:less|more|fewer) than|at (?:least|most)|before|vor|avant|unter|über"
    r"|under|over|below|above|up to|bis zu"
    r"|(?:mehr|weniger) als|mindestens|höchstens|(?:plus|moins) de|[a-z]{2,6}n['’]t)[ ]+|不是|并非|[<>≥≤≠√±]\s*"
    rf"|\|(?=[-−][0-9.]+\|)|\\(?:sqrt\s*\{{|(?:neq?|[lg]eq?|[lg]t|pm)\b\s*)){_NUMERAL}",
    re.IGNORECASE,
)
_DENIED = re.compile(rf"{_NUMERAL}\S{{0,3}}(?:ではあり|ではな|じゃな)")
# ", not 20": another number that the answer is set against
_CONTRASTED = re.compile(
    rf"(?:[,(;][ ]?|\b(?:and|und|et)[ ])?\b(?:not|nicht|pas)[ ]{_NUMERAL}(?:[ ]?[^\W\d_]{{1,20}})?\)?"
    r"(?=\s*(?:[.,;!]|\Z|but\b))",
    re.IGNORECASE,
)


def excludes(text: str, target: Fraction) -> bool:
    """Whether a text says that its number is not this one, or a bound, or the root of it."""
    return any(_means(each[1], target) for each in (*_EXCLUDED.finditer(text), *_DENIED.finditer(text)))


def without_contrasts(text: str, target: Fraction) -> str:
    """A text without the other numbers that its answer is set against: "18, not 20" for 18, not for 20."""
    return _CONTRASTED.sub(lambda found: found[0] if _means(found[1], target) else "", text)


def _means(numeral: str, target: Fraction) -> bool:
    return any(target in {each.value, *each.others} for each in numbers_in(numeral))

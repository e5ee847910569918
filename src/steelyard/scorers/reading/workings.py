"""Numbers of a text that are workings of its answer: its parts, a check backwards, one number a line."""

from __future__ import annotations

import re
from fractions import Fraction

from steelyard.scorers.reading.emphasis import BOLD
from steelyard.scorers.reading.numbers import numbers_in, plain_number
from steelyard.scorers.reading.parts import RETRACTED
from steelyard.scorers.reading.phrases import hedges

__all__ = ["are_listed", "checks_backwards", "is_broken_down"]

_FIRST = 300  # characters in which the number that is broken down stands
_WORDY = re.compile(r"[^\W\d_]|=")
_PARTS = re.compile(
    r"\b(?:davon|darunter|nämlich|bestehend aus|of which|of these|of those|of them|namely|including|consisting of)\b"
    r"|:(?=\s)|^[-*•][ ]",
    re.IGNORECASE | re.MULTILINE,
)
# "18 apples, of which 10 were sold and 8 are left": the answer may be what is left.
_LEFT = re.compile(
    r"\b(?:left|remain\w*|still|now|then|after|sold|gave|given|spent|lost|used|gone|so|therefore|thus|hence|total|answer"
    r"|übrig\w*|verblei\w*|bleib\w*|blieb\w*|noch|jetzt|dann|danach|rest\w*|verkauft\w*|weg|also|daher|insgesamt|antwort)\b",
    re.IGNORECASE,
)
_NUMERAL = r"[$€£]?([0-9](?:[0-9.,]*[0-9])?)"
_EQUATION = re.compile(rf"{_NUMERAL}\s*(?:[-+−–*×·/÷:]|\\times|\\cdot)\s*{_NUMERAL}\s*=\s*{_NUMERAL}")
_CHECK = re.compile(r"\W*(?:verif|check|proof|probe\b|kontrolle\b|prüfung\b)", re.IGNORECASE)


def are_listed(text: str) -> bool:
    """Whether a text is several lines with a number each and no word, and not all are the same number."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or _WORDY.search(text):
        return False
    numbers = [numbers_in(line) for line in lines]
    return all(len(each) == 1 for each in numbers) and len({each[0].value for each in numbers}) > 1


def is_broken_down(text: str, target: Fraction) -> bool:
    """Whether a text has the target in bold for its first number, and then the parts that add up to it.

    *Davon*, *of which* or a list names them as parts; a word of what is left or taken back makes it doubtful.
    """
    bold = BOLD.search(text[:_FIRST])
    if bold is None or numbers_in(text[: bold.start()]) or [each.value for each in numbers_in(bold[1])] != [target]:
        return False
    begun = _PARTS.search(text, bold.end())
    if begun is None or hedges(text) or RETRACTED.search(text) or _LEFT.search(text) or "?" in text:
        return False
    parts = [number.value for number in numbers_in(text[begun.start() :])]
    return len(parts) > 1 and sum(parts) == target and not numbers_in(text[bold.end() : begun.start()])


def checks_backwards(text: str, target: Fraction) -> bool:
    """Whether a line is two equations, the second of which undoes the first, so that either result may be the answer.

    In "8 + 10 = 18, and 18 - 10 = 8" that is 18; where the text calls itself a check, neither 18 nor 8. Workings of
    several lines go on from one equation to the next, and their last one counts.
    """
    text = text.strip()
    if "\n" in text or len(text) > _FIRST or len(numbers_in(text)) != 6:
        return False
    equations = [[plain_number(number) for number in each.groups()] for each in _EQUATION.finditer(text)]
    if len(equations) != 2:
        return False
    (*operands, result), (one, other, last) = equations
    if last not in operands or result not in (one, other):
        return False
    return target == result or (target == last and bool(_CHECK.match(text)))

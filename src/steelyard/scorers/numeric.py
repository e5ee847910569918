"""The final number of an answer, by GSM8K's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score

__all__ = ["Numeric", "number_in"]

MAX_CHARACTERS = 10_000
_MAX_DIGITS = 100
_NUMBER = (
    r"(?:(?<![0-9A-Za-z)])[-−+])?"  # a sign, but not the minus of 16-3
    r"\$?(?<![0-9])"
    r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?(?:/[0-9]+)?"
    r"|(?:(?<![0-9A-Za-z)])[-−+])?\$?(?<![0-9])\.[0-9]+"
)
_ANY = re.compile(_NUMBER)
_DELIMITED = re.compile(rf"####[ \t]*({_NUMBER})")


@dataclass(frozen=True, slots=True)
class Numeric:
    """The number after the first ``####``; where there is none, the last number (``strict``: then unparsed).

    Text after a new "Question:" or "Q:" line is the model continuing by itself and is not read. Numbers are ASCII
    digits with commas between thousands, a decimal point, a sign, one ``/``; ``$`` and ``%`` are left out; compared as
    exact fractions, so 18 = 18.0 = 36/2. Longer than 100 digits is unparsed. Reads the last 10,000 characters.
    """

    strict: bool = False

    @classmethod
    def from_options(cls, options: str) -> Numeric:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "strict":
            raise InputError(f"numeric has no option {options!r}")
        return cls(strict=True)

    @property
    def identifier(self) -> str:
        """``numeric@1`` or ``numeric[strict]@1``."""
        return "numeric[strict]@1" if self.strict else "numeric@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the numbers are equal."""
        number = number_in(output.text, self.strict)
        if number is None:
            return Score(value=0.0, parsed=False, note="no number")
        return Score(value=float(number == number_in(sample.target)))


def number_in(text: str, strict: bool = False) -> Fraction | None:
    """The final number of a text, exact; None where there is none."""
    for delimiter in ("\nQuestion:", "\nQ:"):
        text = text.partition(delimiter)[0]
    text = text[-MAX_CHARACTERS:]
    found = _DELIMITED.search(text)
    if found is not None:
        return _value(found.group(1))
    if strict:
        return None
    last = None
    for last in _ANY.finditer(text):  # noqa: B007 — the last one is wanted
        pass
    return None if last is None else _value(last.group())


def _value(written: str) -> Fraction | None:
    plain = written.replace("−", "-").replace("$", "").replace(",", "")
    numerator, _, denominator = plain.partition("/")
    if len(plain) > _MAX_DIGITS or (denominator and not denominator.strip("0")):
        return None
    return Fraction(numerator) / Fraction(denominator or 1)

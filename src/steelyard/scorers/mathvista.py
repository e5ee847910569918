"""MathVista's answers: the letter of a choice, or a number or a list by the benchmark's own comparison."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Final, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.letter import Letter
from steelyard.scorers.reading.number_answers import number_reading
from steelyard.scorers.reading.numbers import numbers_in
from steelyard.scorers.reading.scores import score_of
from steelyard.scorers.reading.texts import Reading
from steelyard.util.bounded_fraction import bounded_fraction
from steelyard.util.literals import texts_in_list

__all__ = ["MathVista"]

MAX_CHARACTERS: Final = 10_000
MAX_NUMBERS: Final = 40  # of an output that are held against a target: the last ones
_NEAR: Final = 20  # 5 % of a number is a twentieth
_LIST: Final = re.compile(r"\[[^\[\]\n]{1,400}\]")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a free answer is compared with: MathVista's ``answer``, ``answer_type`` and ``precision``."""

    answer: str
    type: Literal["integer", "float", "list"]
    precision: int = 0


@dataclass(frozen=True, slots=True)
class MathVista:
    """Where a sample has choices, as :class:`~steelyard.scorers.letter.Letter`; else a number or a list.

    The target of a free answer is JSON: :class:`Wanted`. The number is found by rule, where the benchmark has a model
    find it, and compared as there: cut to a whole number, or rounded to the stated decimals. A list is the only one in
    square brackets, or the last where all are the same. What cannot be found in one way is open, never wrong.

    ``near``: a number within 5 % of the target is open, since some vendors' own rule takes it for right.
    """

    reads_truncated: ClassVar[bool] = True

    near: bool = False

    @classmethod
    def from_options(cls, options: str) -> MathVista:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "near":
            raise InputError(f"mathvista has no option {options[:80]!r}")
        return cls(near=True)

    @property
    def identifier(self) -> str:
        """``mathvista@4``, ``mathvista[near]@4``.

        A new version of ``letter``, or of how ``numeric`` reads, is one of this rule, too.
        """
        return f"mathvista{'[near]' if self.near else ''}@4"

    def target_fault(self, target: str) -> str:
        """Why a right answer cannot be compared, as the end of a sentence; empty where it can."""
        try:
            return "" if target.isdecimal() else _fault(msgspec.json.decode(target.encode(), type=Wanted))
        except (msgspec.DecodeError, UnicodeEncodeError):
            return "is no JSON with answer, type and precision"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 for the right choice or value, 0 for another, open where it cannot be read in one way."""
        if sample.choices:
            return Letter(former=True).score(sample, output)
        fault = "is a choice's index, and there are none" if sample.target.isdecimal() else ""
        if fault := fault or self.target_fault(sample.target):
            return Score(value=None, note=f"the right answer {fault}")
        wanted = msgspec.json.decode(sample.target.encode(), type=Wanted)
        is_cut = output.outcome is Outcome.TRUNCATED
        if wanted.type == "list":
            return score_of(None if is_cut else _list_reading(output.text, wanted.answer))
        reading = _number_reading(output.text, wanted, settled_only=is_cut)
        if self.near and reading is False and _says_near(output.text, wanted):
            return Score(value=None, note="within 5 % of the answer, which the vendor's rule may take for right")
        return score_of(reading)


def _fault(wanted: Wanted) -> str:
    if not 0 <= wanted.precision <= 15:
        return "has a precision that is not from 0 to 15"
    try:
        texts_in_list(wanted.answer) if wanted.type == "list" else bounded_fraction(wanted.answer)
    except ValueError:
        return f"is no {wanted.type}"
    return ""


def _number_reading(text: str, wanted: Wanted, *, settled_only: bool) -> Reading:
    """Read against the target itself, and against every number of the text that counts as the target."""
    is_same, target = _comparison(wanted), bounded_fraction(wanted.answer)
    values = list(dict.fromkeys(each.value for each in numbers_in(text[-MAX_CHARACTERS:])))[-MAX_NUMBERS:]
    same = [target, *(value for value in values if value != target and is_same(value))]
    readings = [number_reading(text, value, settled_only=settled_only) for value in same]
    if True in readings:
        return True
    return None if None in readings else False


def _says_near(text: str, wanted: Wanted) -> bool:
    """Whether a number within 5 % of the target may be the answer."""
    target = bounded_fraction(wanted.answer)
    values = dict.fromkeys(each.value for each in numbers_in(text[-MAX_CHARACTERS:]))
    near = [value for value in list(values)[-MAX_NUMBERS:] if abs(value - target) * _NEAR <= abs(target)]
    return any(number_reading(text, value, settled_only=False) is not False for value in near)


def _comparison(wanted: Wanted) -> Callable[[Fraction], bool]:
    """MathVista's own: ``str(int(float(x)))`` or ``str(round(float(x), precision))`` is the answer's text."""

    def is_same(value: Fraction) -> bool:
        try:
            said = float(value)
            shown = str(int(said)) if wanted.type == "integer" else str(round(said, wanted.precision))
        except (OverflowError, ValueError):
            return False
        return shown == wanted.answer.strip()

    return is_same


def _list_reading(text: str, answer: str) -> Reading:
    right = _values(answer)
    found = [values for each in _LIST.findall(text[-MAX_CHARACTERS:]) if (values := _values(each)) is not None]
    if not found or right is None or any(each != found[-1] for each in found):
        return None
    return found[-1] == right


def _values(text: str) -> list[Fraction | str] | None:
    """The values of a list, numbers as numbers; None for what is no list."""
    try:
        found = texts_in_list(text)
    except ValueError:
        return None
    return [_value(each) for each in found] or None


def _value(text: str) -> Fraction | str:
    try:
        return bounded_fraction(text)
    except ValueError:
        return text.strip().casefold()

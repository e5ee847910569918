"""The final number of an answer, by GSM8K's rules and as people write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.reading.number_answers import framed_number, number_reading
from steelyard.scorers.reading.numbers import numbers_in
from steelyard.scorers.reading.scores import score_of

__all__ = ["Numeric", "number_in"]

# GSM8K's own pattern (grade_school_math/dataset.py), which is strict-match of lm-eval's gsm8k and lighteval's, too.
_DELIMITED = re.compile(r"#### (-?[0-9.,]+)")
_TARGET = re.compile(r"-?[0-9][0-9.,]*")
# "Answer" before a colon in the languages of MGSM that the reading of answers does not know by itself.
_LABELS = re.compile(r"(?:উত্তর|ответ|jibu|సమాధానం|คำตอบ)(?=[ *_\"'”]{0,4}[:：])", re.IGNORECASE)
# ১৮ = 18: by their places, zero first.
_DIGITS = {zero + value: str(value) for zero in map(ord, "٠۰०০੦૦୦௦౦೦൦๐໐") for value in range(10)}
_QUESTIONS = re.compile(
    r"\n(?:Frage|Pregunta|Question|Задача|Swali|問題|问题|প্রশ্ন|ప్రశ్న|โจทย์)(?= ?[:：])", re.IGNORECASE
)
_LAKHS = re.compile(r"(?<![0-9.,])[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9]|,[0-9])")  # 1,01,800


@dataclass(frozen=True, slots=True)
class Numeric:
    r"""The marked number (``####``, ``\boxed{}``, "the answer is"); where none is marked, the last one.

    What stands before a new line "Question:" or "Q:" counts where it is right; where it is not and the whole text is,
    the output is open: the model may have stated its question again. Values are compared as exact fractions, so 18 =
    18.0 = 36/2; units, currency, thousands separators and a decimal comma are read. Where several numbers compete to be
    the answer, or there is none, the output is open. Reads the last 10,000 characters.

    ``strict``: the first ``#### x`` by GSM8K's own pattern, compared digit by digit as lm-eval's strict-match does:
    ``####18``, ``#### $18`` and ``#### **18**`` are unparsed, which counts as wrong, and 18.00 is not 18.
    ``languages``: digits of other scripts are digits, 1,01,800 is 101,800, and "উত্তর:", "Ответ:", "Jibu:",
    "సమాధానం:", "คำตอบ:" mark an answer; a line that begins with MGSM's word for a question is a new question.
    """

    compares_texts: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True

    strict: bool = False
    languages: bool = False
    former: bool = False

    def __post_init__(self) -> None:
        if self.strict and self.languages:
            raise InputError("numeric is strict or reads other languages: leave one out")

    @classmethod
    def from_options(cls, options: str) -> Numeric:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options not in ("strict", "languages"):
            raise InputError(f"numeric has no option {options!r}")
        return cls(**{options: True})

    @property
    def identifier(self) -> str:
        """``numeric@8``, ``numeric[strict]@5`` or ``numeric[languages]@8``."""
        return "numeric[strict]@5" if self.strict else f"numeric{'[languages]' * self.languages}@{8 - self.former}"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the numbers are equal, 0 where not, open where the answer cannot be read in one way."""
        truncated = output.outcome is Outcome.TRUNCATED
        if self.strict:
            return _strictly(sample.target, output.text, truncated=truncated)
        target = number_in(sample.target)
        if target is None:
            return Score(value=0.0, note="the target is no number")
        text = _in_english(output.text) if self.languages else output.text
        return score_of((number_reading if self.former else framed_number)(text, target, settled_only=truncated))


def _strictly(target: str, text: str, *, truncated: bool) -> Score:
    found = _DELIMITED.search(text)
    if truncated and (found is None or found.end() == len(text)):
        return Score(value=None)
    if found is None:
        return Score(value=0.0, parsed=False, note="no number")
    wanted = _TARGET.findall(target.replace("$", ""))
    if not wanted:
        return Score(value=0.0, note="the target is no number")
    return Score(value=float(_digits(found[1]) == _digits(wanted[-1])))


def _digits(number: str) -> str:
    return number.replace(",", "").removesuffix(".")


def _in_english(text: str) -> str:
    text = _LAKHS.sub(lambda found: found[0].replace(",", ""), text.translate(_DIGITS))
    return _QUESTIONS.sub("\nQuestion", _LABELS.sub("Answer", text)).replace("\nQuestion :", "\nQuestion:")


def number_in(text: str) -> Fraction | None:
    """The last number of a target's text, exact; None where there is none."""
    found = numbers_in(text)
    return found[-1].value if found else None

"""The final answer of a text, as a careful person reads it: for questions of one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import ClassVar, TypeVar

import msgspec

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.frames import names_text, read_in_frame
from steelyard.scorers.reading.number_answers import framed_number, number_reading
from steelyard.scorers.reading.numbers import Number, currencies_in, target_number
from steelyard.scorers.reading.phrases import NUMBER_WORDS
from steelyard.scorers.reading.scores import score_of
from steelyard.scorers.reading.texts import line_reading, text_reading

__all__ = ["Answer"]

_ONE_POINT = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}\.[0-9]{3}(?![0-9.,])")  # a decimal, or thousands in German


_T = TypeVar("_T", Sample, ModelOutput)
_OTHER_WORDS = ("null", "un", "une", "elf")


@dataclass(frozen=True, slots=True)
class Answer:
    """The final answer equals the target: as a number where the target is one, else as text.

    As :class:`~steelyard.scorers.exact.Exact`, but an answer that is not marked is also found in a sentence
    ("The capital is Paris."), and a text of any length that holds the target without naming it as its answer is open,
    not wrong.
    """

    compares_texts: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True

    german: bool = False
    former: bool = False

    @classmethod
    def from_options(cls, options: str) -> Answer:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "german":
            raise InputError(f"answer has no option {options!r}")
        return cls(german=True)

    @property
    def identifier(self) -> str:
        """``answer@6`` or ``answer[german]@6``."""
        return f"answer{'[german]' * self.german}@{6 - self.former}"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 for the target, 0 for another answer, open where it can be read in two ways."""
        if self.german and (_ONE_POINT.search(sample.target) or _ONE_POINT.search(output.text)):
            with_thousands = replace(self, german=False).score(_german(sample, "target"), _german(output, "text"))
            if with_thousands.value == 1 or replace(self, german=False).score(sample, output).value != 1:
                return with_thousands
            return score_of(None)
        truncated = output.outcome is Outcome.TRUNCATED
        number = target_number(sample.target) or _number_of_word(sample.target)
        if number is not None:
            read = number_reading if self.former else framed_number
            reading = read(output.text, number.value, settled_only=truncated)
            # "0.25" for 25 %, and 8858 for 8.858, which may be written with thousands
            others = {*number.others, *([number.value / 100] if "%" in sample.target else [])}
            if reading is False and any(read(output.text, each, settled_only=truncated) for each in others):
                reading = None
            doubts = _other_currency, _may_be_thousands
            return score_of(None if reading and any(each(output.text, sample.target) for each in doubts) else reading)
        if truncated:
            return score_of(line_reading(output.text, sample.target))
        target = sample.target
        if self.former:
            return score_of(text_reading(output.text, target, anywhere=True))
        read_text = partial(text_reading, target=target, anywhere=True)
        return score_of(read_in_frame(output.text, read_text, names_text(target)))


def _german(of: _T, name: str) -> _T:
    """A sample or an output with *1.200* as 1200 in one of its texts."""
    text = _ONE_POINT.sub(lambda found: found[0].replace(".", ""), getattr(of, name))
    return msgspec.structs.replace(of, **{name: text})


def _number_of_word(target: str) -> Number | None:
    """The number that a target is where it is one word, such as *three*; not of words that are often another thing."""
    word = comparable(target)
    return Number(Fraction(NUMBER_WORDS[word])) if word in NUMBER_WORDS and word not in _OTHER_WORDS else None


def _may_be_thousands(text: str, target: str) -> bool:
    """Whether a target such as *1.500* may mean 1500, and the text writes 1.5 in another way, which decides nothing."""
    written = _ONE_POINT.search(target)
    return written is not None and written[0] not in text


def _other_currency(text: str, target: str) -> bool:
    """Whether a text names another currency than the target, and not the target's."""
    said, meant = currencies_in(text), currencies_in(target)
    return bool(said and meant) and not said & meant

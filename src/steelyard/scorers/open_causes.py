"""Why an answer is open: what a scorer left open, put into one of a few clauses. It says so, and changes no score."""

from __future__ import annotations

from enum import Enum
from string import ascii_uppercase
from typing import Final

from steelyard.records import ModelOutput, Outcome, Sample
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.numbers import numbers_in, target_number
from steelyard.scorers.reading.phrases import hedges
from steelyard.scorers.reading.texts import holds

__all__ = ["OpenCause", "open_cause"]

MAX_CHARACTERS: Final = 10_000
_CHECKED: Final = ('"tests":', '"instructions":')  # targets that no text equals
CONTENT_FILTER: Final = "content_filter"  # the finish reason of OpenAI's wire format


class OpenCause(Enum):
    """Why an answer is open, as a clause on one answer and on several."""

    CUT = "was cut off", "were cut off"
    FILTERED = "was stopped by a content filter", "were stopped by a content filter"
    EMPTY = "is empty", "are empty"
    SEVERAL = "holds more than one candidate", "hold more than one candidate"
    HEDGED = (
        "holds the expected answer beside a word such as not or or",
        "hold the expected answer beside a word such as not or or",
    )
    NOT_NAMED = (
        "holds the expected answer and does not name it as its answer",
        "hold the expected answer and do not name it as their answer",
    )
    WAITS = "waits for a judge", "wait for a judge"
    EITHER = "could be read as right or as wrong", "could be read as right or as wrong"
    UNREAD = "could not be read", "could not be read"

    @property
    def one(self) -> str:
        """The clause on one answer."""
        return str(self.value[0])

    @property
    def many(self) -> str:
        """The clause on several answers."""
        return str(self.value[1])


def open_cause(sample: Sample, output: ModelOutput) -> OpenCause:
    """Why this output is open, which a scorer has found; ``output`` holds the answer without its reasoning."""
    if output.finish_reason == CONTENT_FILTER:
        return OpenCause.FILTERED
    if output.outcome is Outcome.TRUNCATED:
        return OpenCause.CUT
    text = output.text[-MAX_CHARACTERS:]
    if not text.strip():
        return OpenCause.EMPTY
    if sample.target.startswith("{") and any(key in sample.target for key in _CHECKED):
        return OpenCause.EITHER
    if sample.choices:
        return _of_choices(sample, text)
    number = target_number(sample.target)
    if number is not None:
        values = {each.value for each in numbers_in(text)}
        several = OpenCause.SEVERAL if len(values) > 1 else OpenCause.UNREAD
        return OpenCause.NOT_NAMED if values == {number.value} else several
    return _of_text(comparable(text), comparable(sample.target))


def _of_choices(sample: Sample, text: str) -> OpenCause:
    read, choices = comparable(text), [comparable(choice) for choice in sample.choices]
    named = {number for number, choice in enumerate(choices) if choice and holds(read, choice)}
    # A lone letter is a choice; "I" and "A" are words of English, too.
    letters = {number for number, letter in enumerate(ascii_uppercase[: len(choices)]) if holds(text, letter)}
    letters -= {ascii_uppercase.index(letter) for letter in "AI"} if named else set()
    if len(named | letters) > 1:
        return OpenCause.SEVERAL
    if {str(each) for each in named | letters} != {sample.target}:
        return OpenCause.UNREAD
    return OpenCause.HEDGED if hedges(read) else OpenCause.NOT_NAMED


def _of_text(read: str, wanted: str) -> OpenCause:
    if not wanted or not holds(read, wanted):
        return OpenCause.UNREAD
    return OpenCause.HEDGED if hedges(read.replace(wanted, " ")) else OpenCause.NOT_NAMED

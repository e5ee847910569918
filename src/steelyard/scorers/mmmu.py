"""MMMU's answers: the letter of a choice, or a few words or a number by the benchmark's own rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

import msgspec

from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.answer import Answer
from steelyard.scorers.letter import Letter
from steelyard.util.literals import texts_in_list

__all__ = ["Mmmu", "is_right_by_mmmu"]

MAX_CHARACTERS: Final = 10_000
_SENTENCES: Final = re.compile(r"\.\s(?=[A-Z])|\n")
_TELLS: Final = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_TRIVIAL: Final = frozenset((":", ",", ".", "!", "?", ";", "'"))
# The benchmark's three patterns, but begun at the first digit alone and never taken back, which finds the same: as they
# are written there, the time grows with the square of the digits.
_NUMBERS: Final = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),
    re.compile(r"-?(?<!\d)\d++(?:\.\d++)?[eE][+-]?\d+"),
    re.compile(r"-?(?:(?<!\d)\d++\.\d++|\.\d++|(?<!\d)\d++\b)(?![eE][+-]?\d+)(?![,\d])"),
)


@dataclass(frozen=True, slots=True)
class Mmmu:
    """Where a sample has choices, as :class:`~steelyard.scorers.letter.Letter`; else an open question of MMMU.

    An open answer is right where both the benchmark's own rule (``parse_open_response`` and ``eval_open``) and
    :class:`~steelyard.scorers.answer.Answer` find it right, wrong where neither does, and open where they differ: the
    benchmark's rule also counts an answer that is only named on the way, and does not see 1/2 as 0.5. A target that is
    a list in Python's form holds several right answers.
    """

    reads_truncated: ClassVar[bool] = True

    @property
    def identifier(self) -> str:
        """``mmmu@4``: a new version of ``letter`` or ``answer`` is one of this rule, too."""
        return "mmmu@4"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 for the right choice or answer, 0 for another, open where it cannot be read in one way."""
        if sample.choices:
            return Letter(former=True).score(sample, output)
        right = _right_answers(sample.target)
        ours = [Answer(former=True).score(msgspec.structs.replace(sample, target=each), output) for each in right]
        if any(each.value for each in ours):
            value = 1.0
        elif any(each.value is None for each in ours):
            return Score(value=None)
        else:
            value = 0.0
        if output.outcome is Outcome.TRUNCATED:
            return Score(value=value)
        if is_right_by_mmmu(output.text, right) != bool(value):
            return Score(value=None, note="MMMU's own rule for open answers says otherwise")
        return Score(value=value)


def _right_answers(target: str) -> list[str]:
    try:
        return texts_in_list(target) or [target]
    except ValueError:
        return [target]


def is_right_by_mmmu(text: str, right: list[str]) -> bool:
    """Whether an output is right by MMMU's ``eval_open``, read as Meta's harness does: from the last "answer" on.

    Numbers are compared with two decimals; a right answer that is a text need only occur in a sentence's end.
    """
    wanted = [each for answer in right for each in _normal(answer)]
    texts = [each for each in wanted if isinstance(each, str)]
    said = list(_predictions(_from_last_answer(text[-MAX_CHARACTERS:])))
    return any(each in wanted for each in said if isinstance(each, float)) or any(
        answer in each for each in said if isinstance(each, str) for answer in texts
    )


def _from_last_answer(text: str) -> str:
    """The output from the line that has the last "answer" on, where another line stands before it."""
    place = text.lower().rfind("answer")
    line = text.rfind("\n", 0, place) if place >= 0 else -1
    return text[line:] if line >= 0 else text


def _predictions(text: str) -> Iterator[str | float]:
    text = text.strip().strip(".").lower()
    sentences, found = _SENTENCES.split(text), []
    for number, sentence in enumerate(sentences, 1):
        tells = (*_TELLS, "=") if number == len(sentences) else _TELLS
        ends = [sentence.split(tell)[-1].strip() for tell in tells if tell in sentence]
        shortest = _shortest(ends)
        if shortest and shortest not in _TRIVIAL:
            found.append(shortest)
    for each in found or [text]:
        for value in (each, *(number for pattern in _NUMBERS for number in pattern.findall(each))):
            yield from _normal(value)


def _shortest(ends: list[str]) -> str:
    """The shortest end of a sentence, as the benchmark's loop finds it: an empty one is passed over for the next."""
    shortest = ""
    for each in ends:
        if not shortest or len(each) < len(shortest):
            shortest = each
    return shortest


def _normal(text: str) -> list[str | float]:
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), 2)]
    except ValueError:
        text = text.lower()
        return [f" {text}", f"{text} "] if len(text) == 1 else [text]

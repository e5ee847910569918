"""ChartQA's relaxed accuracy: a number may be off by a twentieth, any other answer is the target's text."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Final

from steelyard.records import ModelOutput, Sample, Score

__all__ = ["Relaxed", "is_about"]

_TOLERANCE: Final = 0.05
_SMALLEST: Final = 1e-10  # what a target of zero counts as
_MARK: Final = re.compile(r"answer\**:\**", re.IGNORECASE)
_DRESS: Final = re.compile(r"[*_\[\]()]")
_QUOTES: Final = ('"', "'")


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The answer after the last "answer:" of an output, as lm-eval's ``relaxed_accuracy`` for ChartQA (0.4.13).

    It is the first line there that is not empty, without Markdown. Two numbers are equal where they differ by at most
    5 % of the target; thousands separators, dollars and closing punctuation are left off, and where one is a percentage
    it is compared as a fraction, too. A target of one letter is the answer's first one; any other is its text, whatever
    its case. An output without the mark is wrong, and unparsed. (lm-eval does not see a mark that is written
    ``ANSWER**:``; here it is one, so that no right answer is wrong for its dress.)
    """

    @property
    def identifier(self) -> str:
        """``relaxed@1``."""
        return "relaxed@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the answer is about the target, 0 where it is not or none is marked."""
        *before, after = _MARK.split(output.text)
        lines = (line.strip() for line in after.split("\n")) if before else ()
        answer = _DRESS.sub("", next((line for line in lines if line), ""))
        if not answer:
            return Score(value=0.0, parsed=False, note='no "answer:" with an answer after it')
        return Score(value=float(is_about(answer, sample.target)))


def is_about(answer: str, target: str) -> bool:
    """Whether an answer is the target, or a number within 5 % of it."""
    answer, target = _tidied(answer), _tidied(target)
    found, right = _number(answer), _number(target)
    if found is not None and right is not None:
        return _are_near(found, right, percents=(answer.strip().endswith("%"), target.strip().endswith("%")))
    if len(target) == 1 and target.isalpha() and answer:
        return answer[0].lower() == target.lower()
    return answer.rstrip(string.punctuation).lower() == target.lower()


def _are_near(found: float, right: float, *, percents: tuple[bool, bool]) -> bool:
    pairs = [(found, right)]
    if any(percents):
        pairs += [(found / 100 if percents[0] else found, right), (found, right / 100 if percents[1] else right)]
    return any(abs(one - other) / max(abs(other), _SMALLEST) <= _TOLERANCE for one, other in pairs)


def _tidied(text: str) -> str:
    if not any(character.isdigit() for character in text):
        is_quoted = text[:1] == text[-1:] and text[:1] in _QUOTES
        return text[1:-1] if is_quoted else text
    while text and text[-1] != "%" and (text[-1] in string.punctuation or text[-1].isspace()):
        text = text[:-1]
    return text.replace(",", "").replace("$", "")


def _number(text: str) -> float | None:
    try:
        return float(text.strip().rstrip("%"))
    except ValueError:
        return None

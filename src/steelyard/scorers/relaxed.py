"""ChartQA's relaxed accuracy: a number may be off by a twentieth, any other answer is the target's text."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.reading.alone import names_alone, plain_line, sole_values
from steelyard.scorers.reading.foreign_marks import without_citations
from steelyard.scorers.reading.frames import bare_line
from steelyard.scorers.reading.marks import marked_answers
from steelyard.scorers.reading.other_spelling import about_in_other_form, spelled_otherwise
from steelyard.scorers.reading.parts import holds

__all__ = ["Relaxed", "is_about", "is_right_whole"]

_TOLERANCE: Final = 0.05
_SMALLEST: Final = 1e-10  # what a target of zero counts as
_LONGEST: Final = 300  # characters of an answer without a mark
_MARK: Final = re.compile(r"answer\**:\**", re.IGNORECASE)
_DRESS: Final = re.compile(r"[*_\[\]()]")
_NUMBER: Final = re.compile(r"[-+]?(?:\d[\d,]*+(?:\.\d+)?|\.\d+)%?", re.ASCII)
_QUOTES: Final = ('"', "'")


@dataclass(frozen=True, slots=True)
class Relaxed:
    r"""The answer after the last "answer:" of an output, as lm-eval's ``relaxed_accuracy`` for ChartQA (0.4.13).

    It is the first line there that is not empty, without Markdown. Two numbers are equal where they differ by at most
    5 % of the target; thousands separators, dollars and closing punctuation are left off, and where one is a percentage
    it is compared as a fraction, too. A target of one letter is the answer's first one; any other is its text, whatever
    its case. (lm-eval does not see a mark that is written ``ANSWER**:``; here it is one, so that no right answer is
    wrong for its dress.)

    ``whole``: right is an output that as a whole is about the target, as lmms-eval (0.7.3) scores it.

    What that rule does not find right is open where it would be wrong for its form alone: the whole output or its last
    line is about the target, or that line names one number or text and it is, or another mark (``\boxed{14}``) stands
    before it; with ``whole``, "answer:" too. So is what says the target alone behind the mark in words, LaTeX, with a
    unit or another separator (*In 2010*, ``45\%``, *1,234.5 million*; not *2010 or 1500*), in another spelling or as a
    ratio (*January 5*, *USA*, *4/7*): wrong by this rule, and by a vendor's own harness perhaps right. Any other output
    is wrong, and unparsed without a mark.
    """

    whole: bool = False
    former: bool = False

    @classmethod
    def from_options(cls, options: str) -> Relaxed:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "whole":
            raise InputError(f"relaxed has no option {options[:80]!r}")
        return cls(whole=True)

    @property
    def identifier(self) -> str:
        """``relaxed@5`` or ``relaxed[whole]@5``."""
        return f"relaxed{'[whole]' * self.whole}@{5 - self.former}"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the answer is about the target, 0 where it is not, open where it is one for its form alone."""
        target = sample.target
        text = output.text if "[" in target else without_citations(output.text)
        answer = _after_mark(text)
        if answer and not self.whole:
            if is_about(answer, target):
                return Score(value=1.0)
            if _says_alone(_line_after_mark(text), target):
                return Score(value=None, note="the marked answer says the target, in another form than this rule reads")
            return Score(value=0.0)
        if self.whole and is_right_whole(text.strip()[:_LONGEST], target):
            return Score(value=1.0)
        if any(is_about(each, target) for each in (*([answer] if answer else ()), *_unmarked(text))):
            return Score(value=None, note="the answer is not in the form that this rule reads")
        brief = text.strip() if len(text) <= _LONGEST else ""
        others = () if self.former else (brief, bare_line(text)[0])
        if any(_names_alone(each, target) for each in (_last_line(text), *others)):
            return Score(value=None, note="the last line names the answer, in another form than this rule reads")
        if self.whole:
            return Score(value=0.0, parsed=bool(text.strip()))
        return Score(value=0.0, parsed=False, note='no "answer:" with an answer after it')


def _after_mark(text: str) -> str:
    """The first line with an answer behind the last "answer:"; empty without one."""
    *before, after = _MARK.split(text)
    lines = (line.strip() for line in after.split("\n")) if before else ()
    return _DRESS.sub("", next((line for line in lines if line), ""))


def _line_after_mark(text: str) -> str:
    """The first line behind the last "answer:" that holds a word or a number: a bracket of LaTeX may stand alone."""
    lines = _MARK.split(text)[-1].split("\n")
    return plain_line(next((line for line in lines if any(map(str.isalnum, line))), ""))


def _says_alone(line: str, target: str) -> bool:
    """Whether a plain line says the target, or a number about it, and nothing that may be another answer."""
    right = _number(_tidied(target))
    if right is None:
        return names_alone(line, target) or spelled_otherwise(line, target)
    if not math.isfinite(right):
        return False
    wanted = (Fraction(right), Fraction(right) / 100) if target.strip().endswith("%") else (Fraction(right),)
    return any(
        20 * abs(value - one) < max(abs(one), Fraction(_SMALLEST))
        for value in (*sole_values(line), *about_in_other_form(line))
        for one in wanted
    )


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.split("\n")) if line.strip(" *_`~$\t\r")), "")


def _unmarked(text: str) -> Iterator[str]:
    """What an output without "answer:" may mean by its answer: all of it, its last line, what it marks otherwise."""
    marked = [each.text for each in marked_answers(text)[-1:]]
    for each in (text.strip(), _last_line(text), *marked):
        if len(each) <= _LONGEST and (tidied := _DRESS.sub("", each).strip(" `$")):
            yield tidied


def _names_alone(line: str, target: str) -> bool:
    """Whether a line holds one number, and it is about the target; or the target's text, which is no number."""
    line = line[-_LONGEST:]
    if _number(_tidied(target)) is None:
        return len(target) > 1 and holds(line.lower(), target.strip().lower())
    found = _NUMBER.findall(line)
    return len(found) == 1 and is_about(found[0], target)


def is_right_whole(answer: str, target: str) -> bool:
    """Whether an answer is the target by lmms-eval's ``relaxed_correctness``: no text around a number is left off."""
    found, right = _float_of(answer), _float_of(target)
    if found is not None and right:
        return abs(found - right) / abs(right) <= _TOLERANCE
    return answer.lower() == target.lower()


def _float_of(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


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

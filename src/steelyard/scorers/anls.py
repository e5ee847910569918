"""ANLS, the measure of DocVQA: how near an answer's text is to one of the right ones, letter by letter."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import ClassVar, Final

from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.reading.dress import undress
from steelyard.scorers.reading.foreign_marks import without_citations
from steelyard.scorers.reading.marks import marked_answers
from steelyard.scorers.reading.parts import holds
from steelyard.scorers.reading.phrases import hedges

__all__ = ["Anls", "similarity"]

MAX_STEPS: Final = 1_000_000  # pairs of characters that are compared: an answer of DocVQA is a few words

_NEARLY: Final = 0.9  # similarity from which a text is a right answer, perhaps with a letter misread
MAX_CHARACTERS: Final = 400  # of an answer in other dress
_SENTENCE: Final = re.compile(
    r"(?:(?:the|this|it|its|his|her|their)\b[^.!?:\n]{0,80}?\b(?:is|are|was|were)|it's):?\s+([^\n]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Anls:
    """The best similarity of the whole output with one of the right answers (Biten et al. 2019, arXiv 1905.13648).

    It is 1 less the Levenshtein distance over the longer text's length, and 0 where that is less than ½. Case and runs
    of white space do not count; nothing else is taken off. The target is a JSON list of right answers, or one as it
    stands.

    Where a right answer, or .9 of it, is left when the output loses its full stop, Markdown, quotes, citations, a mark
    such as "Answer:", or a plain sentence's subject and *is*, it is open: the benchmark's own scripts compare the whole
    output, and a vendor's may not.

    lmms-eval and the scripts that it follows divide by the lengths of the texts as they were written, spaces included:
    there, spaces after a wrong answer raise its score. Here both lengths are those of the texts that are compared.
    """

    gives_shares: ClassVar[bool] = True

    former: bool = False

    @property
    def identifier(self) -> str:
        """``anls@3``."""
        return f"anls@{3 - self.former}"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """A number from 0 to 1; open where there is no right answer, or texts are too long to be compared."""
        right = [plain for each in _right_answers(sample.target) if (plain := _plain(each))]
        if not right:
            return Score(value=None, note="there is no right answer")
        said = _plain(output.text)
        whole = _best(right, said)
        if whole is None:
            return Score(value=None, note="the texts are too long to be compared")
        forms = {_plain(each) for each in _undressed(output.text)} - {said, ""} if whole < 1 else set()
        if any((_best(right, each) or 0.0) >= max(whole, _NEARLY) for each in forms):
            return Score(value=None, note="without its dress the answer is nearer to a right one")
        if not self.former and not whole and len(said) <= MAX_CHARACTERS and any(holds(said, each) for each in right):
            return Score(value=None, note="the output holds a right answer beside other words")
        return Score(value=whole, parsed=bool(said))


def _best(right: list[str], said: str) -> float | None:
    """The best similarity of a text with a right answer; None where they are too long to be compared."""
    near = [each for each in right if 2 * min(len(each), len(said)) >= max(len(each), len(said))]
    if sum(len(each) * len(said) for each in near) > MAX_STEPS:
        return None
    return max((similarity(each, said) for each in near), default=0.0)


def _undressed(text: str) -> list[str]:
    """What a text may mean by its answer: all of it without dress, what it marks, the end of a plain sentence.

    Nothing that a word such as *not* or *or* stands in, and nothing behind two sentences.
    """
    text = without_citations(text.strip())
    if len(text) > MAX_CHARACTERS:
        return []
    plain = undress(text)
    sentence = _SENTENCE.fullmatch(plain)
    marked = [undress(each.text.strip("*_ ")) for each in marked_answers(text)[-1:]]
    found = [text, plain, *marked, *([undress(sentence[1])] if sentence else [])]
    return [each for each in found if each == text or not hedges(each)]


def similarity(one: str, other: str) -> float:
    """The Levenshtein similarity of two texts as they are, between 0 and 1; 0 where it is less than ½."""
    length = max(len(one), len(other))
    if not length:
        return 1.0
    same = length - _distance(one, other)
    return same / length if 2 * same >= length else 0.0


def _right_answers(target: str) -> list[str]:
    try:
        found = json.loads(target)
    except (ValueError, RecursionError):
        return [target]
    return [str(each) for each in found] if isinstance(found, list) else [target]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _distance(one: str, other: str) -> int:
    before = list(range(len(other) + 1))
    for row, mine in enumerate(one, 1):
        now = [row]
        for column, theirs in enumerate(other, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (mine != theirs)))
        before = now
    return before[-1]

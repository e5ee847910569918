"""ANLS, the measure of DocVQA: how near an answer's text is to one of the right ones, letter by letter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar, Final

from steelyard.records import ModelOutput, Sample, Score

__all__ = ["Anls", "similarity"]

MAX_STEPS: Final = 1_000_000  # pairs of characters that are compared: an answer of DocVQA is a few words


@dataclass(frozen=True, slots=True)
class Anls:
    """The best similarity of the whole output with one of the right answers (Biten et al. 2019, arXiv 1905.13648).

    It is 1 less the Levenshtein distance over the longer text's length, and 0 where that is less than ½. Case and runs
    of white space do not count; nothing else is taken off, neither a full stop nor "The answer is". The target is a
    JSON list of right answers, or one as it stands.

    lmms-eval and the scripts that it follows divide by the lengths of the texts as they were written, spaces included:
    there, spaces after a wrong answer raise its score. Here both lengths are those of the texts that are compared.
    """

    gives_shares: ClassVar[bool] = True

    @property
    def identifier(self) -> str:
        """``anls@1``."""
        return "anls@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """A number from 0 to 1; open where there is no right answer, or texts are too long to be compared."""
        right = [plain for each in _right_answers(sample.target) if (plain := _plain(each))]
        if not right:
            return Score(value=None, note="there is no right answer")
        said = _plain(output.text)
        near = [each for each in right if 2 * min(len(each), len(said)) >= max(len(each), len(said))]
        if sum(len(each) * len(said) for each in near) > MAX_STEPS:
            return Score(value=None, note="the texts are too long to be compared")
        return Score(value=max((similarity(each, said) for each in near), default=0.0), parsed=bool(said))


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

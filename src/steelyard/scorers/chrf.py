"""Corpus chrF: what each answer adds to a score that comes from sums over all answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.reading.overlap import character_grams
from steelyard.stats.chrf import ORDER, corpus_score

__all__ = ["Chrf", "beside_it", "counts_of"]

LONGEST: Final = 20_000  # characters of an answer that are read, white space apart
_MARKS: Final = "`", "**", '"', "\N{LEFT DOUBLE QUOTATION MARK}", "<", "{", ":"  # what sets words apart


@dataclass(frozen=True, slots=True)
class Chrf:
    """chrF2 as sacreBLEU has it: character n-grams up to 6, β = 2, no white space, case and accents as they are.

    An answer's own score is shown; the benchmark's number comes from ``counts``, added over all answers
    (:mod:`steelyard.stats.chrf`). An answer of more than ``longest`` characters is open, and so is one in which more
    than a translation seems to stand (:func:`beside_it`): some harnesses take the translation out of it, others do not.
    """

    compares_texts: ClassVar[bool] = True
    gives_shares: ClassVar[bool] = True
    corpus: ClassVar[str] = "chrF2"
    longest: ClassVar[int] = LONGEST

    @classmethod
    def from_options(cls, options: str) -> Chrf:
        """Raises InputError: there are no options."""
        raise InputError(f"chrf has no option {options[:80]!r}")

    @property
    def identifier(self) -> str:
        """``chrf@2``."""
        return "chrf@2"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """The answer's own score, from 0 to 1, with its counts; open where it is too long or there is no target."""
        answer, target = ("".join(text.split()) for text in (output.text, sample.target))
        if not target:
            return Score(value=None, note="there is no right answer")
        if len(answer) > LONGEST:
            return Score(value=None, note=f"more than {LONGEST:,} characters")
        if note := beside_it(output.text, sample.target):
            return Score(value=None, note=note)
        counts = counts_of(answer, target)
        return Score(value=float(corpus_score(counts)), counts=counts)

    def counts_without_answer(self, sample: Sample) -> tuple[int, ...]:
        """The counts of an answer with nothing in it: the reference's n-grams alone."""
        return counts_of("", sample.target)


def beside_it(answer: str, target: str) -> str:
    """What of an answer may be no translation: further lines, a colon, quotes or marks that the target has not."""
    lines = [line for line in answer.splitlines() if line.strip()]
    if len(lines) > 1 and len(target.strip().splitlines()) == 1:
        return "more lines than the right answer, so words may stand beside the translation"
    found = next((mark for mark in _MARKS if mark in answer and mark not in target), "")
    return f"a mark that the right answer has not ({found}), so words may stand beside the translation" if found else ""


def counts_of(answer: str, target: str) -> tuple[int, ...]:
    """By order the n-grams of the answer, of the target, and of both; white space is left out.

    As sacreBLEU counts: none of an answer's where the target is too short to have any of that order.
    """
    ours, theirs = ("".join(text.split()) for text in (answer, target))
    found: list[int] = []
    for size in range(1, ORDER + 1):
        mine, right = character_grams(ours, size), character_grams(theirs, size)
        found += (mine.total() if right else 0, right.total(), (mine & right).total())
    return tuple(found)

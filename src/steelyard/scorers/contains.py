"""The target occurs in the answer as whole words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.marks import MAX_CHARACTERS, marked_answers
from steelyard.scorers.reading.phrases import hedges
from steelyard.scorers.reading.scores import score_of
from steelyard.scorers.reading.texts import holds, text_reading

__all__ = ["Contains"]


@dataclass(frozen=True, slots=True)
class Contains:
    """The target occurs in the answer, not as a part of a longer word or number; case and dress make no difference.

    Where an answer is marked, it must occur in that. Beside a word that excludes it or names a second answer (*not*,
    *or*), it is open.
    """

    compares_texts: ClassVar[bool] = True
    reads_truncated: ClassVar[bool] = True

    @property
    def identifier(self) -> str:
        """``contains@4``."""
        return "contains@4"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the target occurs in the answer, 0 where not, open where it can be read in two ways."""
        text, target = comparable(output.text), comparable(sample.target)
        if not text or not target or output.outcome is Outcome.TRUNCATED:
            return score_of(None)
        marked = marked_answers(output.text)
        if not holds(comparable(marked[-1].text) if marked else text, target):
            follows = marked and holds(comparable(output.text[-MAX_CHARACTERS:][marked[-1].end :]), target)
            return score_of(None if follows else False)
        if text_reading(output.text, sample.target) is True:
            return score_of(True)
        return score_of(None if _is_hedged(text, target) else True)


def _is_hedged(text: str, target: str) -> bool:
    """Whether a word that excludes or adds an answer stands in a sentence with the target."""
    if f"{target}/" in text or f"/{target}" in text:
        return True
    return any(hedges(part.replace(target, " ")) for part in text.split(". ") if target in part)

"""The target occurs in the answer as whole words."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.normalise import normalise

__all__ = ["Contains", "stands_alone"]


@dataclass(frozen=True, slots=True)
class Contains:
    """The target occurs anywhere in the answer, not as a part of a longer word or number."""

    casefold: bool = False

    @classmethod
    def from_options(cls, options: str) -> Contains:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "casefold":
            raise InputError(f"contains has no option {options!r}")
        return cls(casefold=True)

    @property
    def identifier(self) -> str:
        """``contains@1`` or ``contains[casefold]@1``."""
        return "contains[casefold]@1" if self.casefold else "contains@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the target occurs in the answer; an answer of white space alone is unparsed."""
        text, target = normalise(output.text, self.casefold), normalise(sample.target, self.casefold)
        if not text:
            return Score(value=0.0, parsed=False, note="nothing was answered")
        return Score(value=float(bool(target) and stands_alone(target, text)))


def stands_alone(target: str, text: str) -> bool:
    """Whether the target occurs in the text, not as a part of a longer word or number."""
    start = text.find(target)
    while start >= 0:
        end = start + len(target)
        cut_before = start > 0 and target[0].isalnum() and text[start - 1].isalnum()
        cut_after = end < len(text) and target[-1].isalnum() and text[end].isalnum()
        if not cut_before and not cut_after:
            return True
        start = text.find(target, start + 1)
    return False

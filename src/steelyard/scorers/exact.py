"""The whole answer is the target, whatever its dress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.normalise import normalise
from steelyard.scorers.reading.scores import score_of
from steelyard.scorers.reading.texts import line_reading, text_reading

__all__ = ["Exact"]


@dataclass(frozen=True, slots=True)
class Exact:
    """The final answer equals the target.

    Case, Markdown, LaTeX, quotes, closing punctuation, a leading article and "The answer is" make no difference.
    Where no answer is marked and a text of at most 60 characters holds the target beside other words, it is open.

    ``strict``: the whole output equals the target but for white space and one closing full stop; nothing else counts.
    """

    reads_truncated: ClassVar[bool] = True

    strict: bool = False

    @classmethod
    def from_options(cls, options: str) -> Exact:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "strict":
            raise InputError(f"exact has no option {options!r}")
        return cls(strict=True)

    @property
    def identifier(self) -> str:
        """``exact@3`` or ``exact[strict]@3``."""
        return "exact[strict]@3" if self.strict else "exact@3"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 for the target, 0 for another answer, open where it can be read in two ways."""
        truncated = output.outcome is Outcome.TRUNCATED
        if self.strict:
            equal = normalise(output.text) == normalise(sample.target)
            return Score(value=None) if truncated else Score(value=float(equal))
        return score_of((line_reading if truncated else text_reading)(output.text, sample.target))

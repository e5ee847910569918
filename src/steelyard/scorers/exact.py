"""Exact match after a small, documented normalisation."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.normalise import normalise

__all__ = ["Exact"]


@dataclass(frozen=True, slots=True)
class Exact:
    """The whole answer equals the target: white space, one closing full stop and (``casefold``) case do not count.

    An answer of white space alone is unparsed.
    """

    casefold: bool = False

    @classmethod
    def from_options(cls, options: str) -> Exact:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "casefold":
            raise InputError(f"exact has no option {options!r}")
        return cls(casefold=True)

    @property
    def identifier(self) -> str:
        """``exact@1`` or ``exact[casefold]@1``."""
        return "exact[casefold]@1" if self.casefold else "exact@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 for equal, 0 for different."""
        text = normalise(output.text, self.casefold)
        if not text:
            return Score(value=0.0, parsed=False, note="nothing was answered")
        return Score(value=float(text == normalise(sample.target, self.casefold)))

"""``{name: within, percent: P}``: right where the last number is within P percent of the target."""

from __future__ import annotations

import re
from dataclasses import dataclass

from steelyard.records import ModelOutput, Sample, Score

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Within:
    """A scorer in the sense of ``steelyard.plugins.Scorer``: a pure function that raises nothing."""

    percent: float = 1

    @classmethod
    def from_options(cls, options: str) -> Within:
        """The scorer that an identifier describes: `steelyard verify` opens it this way."""
        return cls(float(options))

    @property
    def identifier(self) -> str:
        """Name, options and version. Raise the version with any change of the rule: the plan seals it."""
        return f"within[{self.percent:g}]@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the number is near enough; an output without a number is unparsed."""
        numbers = _NUMBER.findall(output.text)
        if not numbers:
            return Score(value=0.0, parsed=False, note="no number")
        target = float(sample.target)
        return Score(value=float(abs(float(numbers[-1]) - target) <= abs(target) * self.percent / 100))

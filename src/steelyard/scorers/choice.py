"""Multiple choice by log-likelihood: the continuation with the highest one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score

__all__ = ["Choice"]

Normaliser = Literal["none", "bytes", "characters", "opening"]
_NORMALISERS = ("none", "bytes", "characters", "opening")


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice with the highest log-likelihood, optionally divided by the choice's length in bytes or characters.

    Lengths are those of the choice's text without the space before it, as in lighteval's ``acc_norm_nospace`` and
    lm-eval's ``acc_norm`` (characters) and ``acc_bytes`` (bytes). Ties go to the first and are noted.

    ``opening``: only the rest of a text is scored, given its opening, as in WinoGrande's partial evaluation, where the
    options precede what they share. Each choice has two log-likelihoods: first those of every opening, then
    those of every whole text; log p(rest | opening) is their difference.
    """

    normalise: Normaliser = "none"

    def __post_init__(self) -> None:
        if self.normalise not in _NORMALISERS:
            raise InputError(f"scorer 'choice': normalise must be one of {', '.join(_NORMALISERS)}")

    @classmethod
    def from_options(cls, options: str) -> Choice:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        return cls(normalise=options)  # type: ignore[arg-type]  # checked in __post_init__

    @property
    def identifier(self) -> str:
        """``choice@1``, ``choice[bytes]@1``, ``choice[characters]@1`` or ``choice[opening]@1``."""
        return "choice@1" if self.normalise == "none" else f"choice[{self.normalise}]@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the likeliest choice is the target; unparsed where a log-likelihood is missing or not finite."""
        sums, choices = output.logprobs, len(sample.choices)
        if not sums or len(sums) != choices * (2 if self.normalise == "opening" else 1):
            return Score(value=0.0, parsed=False, note=f"{len(sums)} log-likelihoods for {choices} choices")
        if not all(map(math.isfinite, sums)):
            return Score(value=0.0, parsed=False, note="a log-likelihood is not finite")
        if self.normalise == "opening":
            sums = tuple(whole - opening for opening, whole in zip(sums[:choices], sums[choices:], strict=True))
        per_unit = [total / self._length(text) for total, text in zip(sums, sample.choices, strict=True)]
        best = max(per_unit)
        note = "tie, the first counts" if per_unit.count(best) > 1 else ""
        return Score(value=float(str(per_unit.index(best)) == sample.target), note=note)

    def _length(self, text: str) -> int:
        if self.normalise in ("none", "opening"):
            return 1
        text = text.removeprefix(" ")
        # errors="replace" keeps a lone surrogate from raising: its three bytes become one "?".
        return max(1, len(text.encode(errors="replace") if self.normalise == "bytes" else text))

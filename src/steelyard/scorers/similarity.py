"""How far an answer shares the words or letters of the right one: a weak measure, which knows no meaning."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Final, Literal

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.reading.overlap import MEASURES

__all__ = ["Similarity"]

MAX_CHARACTERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Similarity:
    """``chrf``, ``rouge_l`` or ``token_f1`` of the answer and the target, from 0 to 1.

    With a ``threshold`` an answer that reaches it is right, and any other wrong. *Paris* and *not Paris* are alike: it
    says whether a text was reworked little, not whether it is right.
    """

    compares_texts: ClassVar[bool] = True

    measure: Literal["chrf", "rouge_l", "token_f1"] = "chrf"
    threshold: Any = None

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise InputError(f"scorer 'similarity': measure is one of {', '.join(MEASURES)}")
        if self.threshold is None:
            return
        try:
            value = None if isinstance(self.threshold, bool) else float(self.threshold)
        except (TypeError, ValueError, OverflowError):
            value = None
        if value is None or not 0 < value <= 1:
            raise InputError("scorer 'similarity': threshold is a number above 0, at most 1")
        object.__setattr__(self, "threshold", value)

    @classmethod
    def from_options(cls, options: str) -> Similarity:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        try:
            return cls(**json.loads(options))
        except (ValueError, TypeError, RecursionError):
            raise InputError(f"similarity has no options {options[:80]!r}") from None

    @property
    def identifier(self) -> str:
        """``similarity[{"measure":"chrf","threshold":0.6}]@1``; without ``threshold`` where there is none."""
        options = {"measure": self.measure} | ({} if self.threshold is None else {"threshold": self.threshold})
        return f"similarity[{json.dumps(options, sort_keys=True, separators=(',', ':'))}]@1"

    @property
    def gives_shares(self) -> bool:
        """Whether scores lie between 0 and 1."""
        return self.threshold is None

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """The measure, or with a threshold 1 or 0; open where the texts are too long or there is no target."""
        if not sample.target.strip():
            return Score(value=None, note="there is no right answer")
        if max(len(output.text), len(sample.target)) > MAX_CHARACTERS:
            return Score(value=None, note=f"more than {MAX_CHARACTERS:,} characters")
        value = MEASURES[self.measure](output.text, sample.target)
        note = f"{self.measure} {float(value):.3f}"
        if self.threshold is None:
            return Score(value=float(value), note=note)
        return Score(value=float(value >= Fraction(repr(self.threshold))), note=note)

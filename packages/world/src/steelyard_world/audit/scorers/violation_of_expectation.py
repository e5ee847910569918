"""Violation of expectation: was the impossible clip of a matched pair the more surprising one?"""

from __future__ import annotations

import math
from dataclasses import dataclass

from steelyard.records import ModelOutput, Sample, Score
from steelyard_world.audit.questions import numbers_in

__all__ = ["ViolationOfExpectation"]

_TIE = 1e-6  # relative: the same frames in another order, or in another batch, differ by less


@dataclass(frozen=True, slots=True)
class ViolationOfExpectation:
    """1 where the impossible clip's mean surprise is larger than that of the possible one, by more than a millionth.

    A tie is 0, so a model without any surprise has 0. The answer is ``{"possible": […], "impossible": […]}``, with one
    number for each frame after the first. All four pairs of a quad are asked, so a preference for one half of a clip
    gives as many wrong answers as right ones.
    """

    @property
    def identifier(self) -> str:
        """``world_violation_of_expectation@2``."""
        return "world_violation_of_expectation@2"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Compare the sums, which are exact on any machine.

        Unparsed where the two lists differ in length or hold anything but finite numbers.
        """
        surprises = numbers_in(answer.text, ("possible", "impossible"))
        if surprises is None:
            return Score(value=0.0, parsed=False, note="not the surprises of two clips")
        possible, impossible = math.fsum(surprises["possible"]), math.fsum(surprises["impossible"])
        return Score(value=float(impossible - possible > _TIE * max(abs(possible), abs(impossible))))

"""Was the impossible the more surprising? Over the two clips of a matched pair."""

from __future__ import annotations

import math
from dataclasses import dataclass

from steelyard.records import ModelOutput, Sample, Score
from steelyard.world.audit.questions import numbers_in

__all__ = ["ViolationOfExpectation"]

_TIE = 1e-6  # relative: the same frames in another order, or in another batch, differ by less


@dataclass(frozen=True, slots=True)
class ViolationOfExpectation:
    """1 where the impossible clip's mean surprise is larger than that of the possible one, by more than a millionth.

    A tie is 0, so who feels nothing has 0.

    The answer is ``{"possible": […], "impossible": […]}``, one number for each frame after the first. All four
    pairs of a quad are asked, so whoever likes one half of a clip better gets as many wrong as right.
    """

    @property
    def identifier(self) -> str:
        """``world_violation_of_expectation@1``."""
        return "world_violation_of_expectation@1"

    def score(self, sample: Sample, answer: ModelOutput) -> Score:
        """Compare the sums, which are exact on any machine.

        Unparsed where the two lists are not as long as each other, or hold what is no finite number.
        """
        felt = numbers_in(answer.text, ("possible", "impossible"))
        if felt is None:
            return Score(value=0.0, parsed=False, note="not the surprises of two clips")
        possible, impossible = math.fsum(felt["possible"]), math.fsum(felt["impossible"])
        return Score(value=float(impossible - possible > _TIE * max(abs(possible), abs(impossible))))

"""Was the impossible the more surprising? Over the two clips of a matched pair."""

from __future__ import annotations

import math
from dataclasses import dataclass

from assay.records import Answer, Mark, Sample
from assay.worldtests.questions import numbers_in

__all__ = ["MoreSurprised"]


@dataclass(frozen=True, slots=True)
class MoreSurprised:
    """1 where the impossible clip's mean surprise is larger than that of the possible one; a tie is 0.

    The answer is ``{"possible": […], "impossible": […]}``, one number for each frame after the first. Both of a
    quad's pairs are asked, so whoever likes one half of a clip better gets one of them wrong.
    """

    @property
    def identifier(self) -> str:
        """``world_surprise@1``."""
        return "world_surprise@1"

    def mark(self, sample: Sample, answer: Answer) -> Mark:
        """Compare the sums, which are exact on any machine.

        Unparsed where the two lists are not as long as each other, or hold what is no finite number.
        """
        felt = numbers_in(answer.text, ("possible", "impossible"))
        if felt is None:
            return Mark(value=0.0, parsed=False, note="not the surprises of two clips")
        return Mark(value=float(math.fsum(felt["impossible"]) > math.fsum(felt["possible"])))

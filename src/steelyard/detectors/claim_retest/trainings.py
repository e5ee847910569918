"""A claim about a recipe: the answers of several trainings, and what their differences leave of a gap.

The sequential test counts right answers of the trainings that were given, and more questions make it ever surer of
these. The claim is about the recipe. So *inconsistent* needs a second test, over the means of the trainings
(:mod:`steelyard.stats.trainings`), at the same level: both must reject, so that errors can only become fewer. It is
made once, when all that was planned has been asked: at a moment that the answers choose it would not keep its level.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from steelyard.detectors.claim_retest.repeats import Mark

if TYPE_CHECKING:
    from steelyard.stats.trainings import TrainingsTest

__all__ = ["Recipe"]


class Recipe:
    """The scores of a recipe's trainings. ``turns``: by place of the order, which of them answers.

    Without turns (recorded answers, which are in another order) it is not known who answered, and nothing is shown.
    """

    def __init__(self, trainings: int, turns: Sequence[int]) -> None:
        self.trainings = trainings
        self.test: TrainingsTest | None = None
        self._turns = turns
        self._asked = [0] * trainings
        self._right = [0] * trainings

    @property
    def is_known(self) -> bool:
        """Whether the plan says which training answers which question."""
        return bool(self._turns)

    def take(self, place: int, mark: Mark) -> None:
        """Take the answer at a place of the order. A missing or open one counts as right, as against any accusation."""
        if self._turns:
            training = self._turns[place]
            self._asked[training] += 1
            self._right[training] += mark != 0

    def judge(self, accuse: int, trials: int) -> float:
        """The p of "the recipe has the claim", where fewer than ``accuse`` of ``trials`` right would not be it."""
        from steelyard.stats.trainings import mean_below

        if not self._turns or not all(self._asked):
            return 1.0
        self.test = mean_below(self.means, self._asked, float(Fraction(accuse - 1, trials)))
        return self.test.p

    @property
    def means(self) -> list[float]:
        """The share of right answers of each training that was asked."""
        return [right / asked for right, asked in zip(self._right, self._asked, strict=True) if asked]

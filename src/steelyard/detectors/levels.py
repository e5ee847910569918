"""The levels at which a test beside the claims decides, by two bets that may stop at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from steelyard.records import Plan, PlannedTest, VerdictWord
from steelyard.stats.series import series_share

__all__ = ["Levels"]


@dataclass(frozen=True)
class Levels:
    """``accuse`` is the test's share of the report's level; ``confirm``, which needs no correction, the whole of it.

    Both are those of the n-th audit of its question (:mod:`steelyard.stats.series`).
    """

    accuse: float
    confirm: float

    @classmethod
    def of(cls, test: PlannedTest, plan: Plan) -> Self:
        """The levels of a sealed test."""
        level = plan.alpha * series_share(plan.number_of(test))
        return cls(level * test.weight, level)

    def word(self, highest: float, highest_within: float) -> VerdictWord | None:
        """What the largest E of either bet decides (Ville 1939: E ≥ 1/α has probability ≤ α); None: nothing yet."""
        if highest * self.accuse >= 1:
            return VerdictWord.INCONSISTENT
        return VerdictWord.CONSISTENT if highest_within * self.confirm >= 1 else None

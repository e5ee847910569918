"""A gate on cost at work: did this run's answers cost at most a limit on average?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.detectors.bars import is_steady
from steelyard.detectors.gate.whole_run import WORDS, Colour, WholeRun
from steelyard.records import UNKNOWN_COSTS, BudgetVerdict, CallSpent, DetectorResult, Finding, Plan, PlannedTest
from steelyard.records.record import Record
from steelyard.stats.stretches import WIDTH, standard_error
from steelyard.util.numbers import plain_number

__all__ = ["CostMonitor", "SealedCost", "cost_null"]


class SealedCost(Record, frozen=True, kw_only=True):
    """The sealed part of a gate on cost: the most that an answer may cost on average, as a decimal text."""

    cost: str


def cost_null(cost: str) -> str:
    """What red finds not to be so."""
    return f"this run's answers cost at most {cost} on average"


class CostMonitor(WholeRun):
    """Green or red where the mean cost of all answers is farther from the limit than a band, else undecided.

    A mean that rests on a few dear answers is known when all are asked, and not before: nothing is stopped early. The
    band of :mod:`steelyard.stats.stretches` is for what another run would cost; where answers do not vary it is 0. A
    call without an answer, or of which the endpoint did not report the tokens, costs what is known for red, and nobody
    knows how much for green: then there is none. The band shows ``UNKNOWN_COSTS`` times the limit for it.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        super().__init__(test, plan)
        self.sealed = msgspec.convert(test.sealed, SealedCost)
        self.limit = float(self.sealed.cost)
        self.limits = plan.models[self.measurement.role].limits
        self.steady = is_steady(self.measurement, plan.models)

    def value(self, call: CallSpent) -> tuple[float, bool]:
        """The cost of the tokens of all attempts."""
        cost = self.limits.cost_of(
            call.prompt_tokens, call.completion_tokens, call.cached_tokens, call.reasoning_tokens
        )
        return cost or 0.0, call.answered and not call.usage_unknown

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Green, red or undecided, with the mean cost of the answers and the band around it."""
        costs, limit = self.at_least(), self.sealed.cost
        seen = math.fsum(costs) / len(costs) if costs else None
        band = self._band(costs)
        colour = self._colour(band)
        said = "no answer was read" if seen is None else f"{plain_number(seen)} an answer, of {self.asked:,}"
        red = Finding(
            detector="budget", check="too_dear", task=self.measurement.task, null=self.planned.null, n=self.asked,
            message=f"this run's answers cost more than {limit} on average: {said}",
        )  # fmt: skip
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=WORDS[colour],
            reason=self._why() if colour == "undecided" else "",
            findings=(red,) if colour == "red" else (),
            gate=msgspec.structs.replace(
                self.gate(), budget=BudgetVerdict(kind="cost", limit=limit, seen=seen, band=band)
            ),
        )

    def _band(self, costs: list[float]) -> tuple[float, float] | None:
        """The mean by what is known less two standard errors, and that by what may have been spent plus two."""
        if not costs:
            return None
        width = 0.0 if self.steady else WIDTH * standard_error(costs)
        low = math.fsum(costs) / len(costs)
        high = low + self.missing * UNKNOWN_COSTS * self.limit / len(costs)
        return max(0.0, low - width), high + width

    def _colour(self, band: tuple[float, float] | None) -> Colour:
        if band is None or not self.is_whole:
            return "undecided"
        slack = 1e-9 * self.limit  # a sum of floats: 0.1 + 0.2 is not 0.3
        if band[1] <= self.limit + slack and not self.missing:
            return "green"
        return "red" if band[0] > self.limit + slack else "undecided"

    def _why(self) -> str:
        if not self.is_whole:
            return "a gate on cost is about all calls of a run, and not all were made"
        if self.missing:
            counted = "1 answer has" if self.missing == 1 else f"{self.missing:,} answers have"
            return f"{counted} no known cost: what they cost is reported by nobody, so that nothing can be green"
        return f"too near to {self.sealed.cost} an answer to be told apart from it"

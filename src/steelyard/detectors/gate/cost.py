"""A gate on cost at work: is the mean cost of an answer at most a limit? Green, red or undecided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from steelyard.detectors.bars import share_of_series
from steelyard.plugins import Progress
from steelyard.records import (
    BudgetVerdict,
    CallSpent,
    DetectorResult,
    Finding,
    GateVerdict,
    Plan,
    PlannedTest,
    SampleScore,
    VerdictWord,
)
from steelyard.records.record import Record
from steelyard.stats.mean_bets import BOUND, MeanBets
from steelyard.util.numbers import plain_number

__all__ = ["CostMonitor", "SealedCost", "cost_null"]

_WORDS = {
    "within": VerdictWord.CONSISTENT,
    "above": VerdictWord.INCONSISTENT,
    "": VerdictWord.INSUFFICIENT_POWER,
}


class SealedCost(Record, frozen=True, kw_only=True):
    """The sealed part of a gate on cost: the most that an answer may cost on average, as a decimal text."""

    cost: str
    family: int = 1
    strict_series: bool = False


def cost_null(cost: str) -> str:
    """What red rejects."""
    return f"an answer costs at most {cost} on average"


class CostMonitor:
    """Takes what calls took, in any order of arrival, and reads along the committed order.

    A call without an answer, or of which the endpoint did not report the tokens, is no proof for either side.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        self.planned, self.alpha = test, plan.alpha
        self.sealed = msgspec.convert(test.sealed, SealedCost)
        self.measurement = plan.by_id[test.reads[0].measurement]
        self.limits = plan.models[self.measurement.role].limits
        self.number = plan.gate_number_of(self.measurement)
        green = plan.alpha * share_of_series(plan, self.measurement, strict=self.sealed.strict_series)
        self.level = green * test.weight / self.sealed.family
        self.bets = MeanBets(float(self.sealed.cost), self.level, green)
        self.decision = ""
        self.next_position = self.missing = 0
        self._waiting: dict[int, CallSpent] = {}

    def observe(self, score: SampleScore) -> None:
        """Scores say nothing about cost."""

    def observe_call(self, call: CallSpent) -> None:
        """Take one finished call; the gate reads on to the end of the contiguous prefix."""
        if call.repeat or call.position < self.next_position or self.closed:
            return
        self._waiting[call.position] = call
        while not self.closed and (read := self._waiting.pop(self.next_position, None)) is not None:
            cost = self.limits.cost_of(
                read.prompt_tokens, read.completion_tokens, read.cached_tokens, read.reasoning_tokens
            )
            known = read.answered and not read.usage_unknown
            self.missing += not known
            self.decision = self.bets.observe(cost or 0.0, known=known) or ""
            self.next_position += 1

    @property
    def closed(self) -> frozenset[str]:
        """The measurement, once the gate has decided."""
        return frozenset((self.measurement.id,)) if self.decision else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """The first place of the order that was not read yet."""
        return {self.measurement.id: self.next_position}

    def progress(self) -> Progress:
        """The state of the gate; there is no interval of a score to show."""
        return Progress(decision={"within": "consistent", "above": "inconsistent"}.get(self.decision, ""))

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """Green, red or undecided, with the mean cost that was seen and its interval."""
        limit, mean = self.sealed.cost, self.bets.mean
        p = self.level if self.decision == "above" else 1.0
        seen = "no answer was read" if mean is None else f"{plain_number(mean)} an answer, of {self.next_position:,}"
        red = Finding(
            detector="budget", check="too_dear", task=self.measurement.task, null=self.planned.null, p=p,
            n=self.next_position, message=f"an answer costs more than {limit} on average: {seen}",
            assumptions=("the order of the samples was committed before the first answer",),
        )  # fmt: skip
        undecided = f"not told whether an answer costs at most {limit} on average"
        if self.bets.beyond:
            undecided += f"; {self.bets.beyond:,} cost more than {BOUND:g} times that, which is never green"
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=_WORDS[self.decision],
            p=p,
            reason="" if self.decision else undecided,
            findings=(red,) if self.decision == "above" else (),
            gate=GateVerdict(
                task=self.measurement.task,
                measurement=self.measurement.id,
                asked=self.next_position,
                of=self.measurement.planned,
                items=self.measurement.population,
                missing=self.missing,
                family=self.sealed.family,
                number=self.number,
                strict_series=self.sealed.strict_series,
                budget=BudgetVerdict(
                    kind="cost",
                    limit=limit,
                    seen=mean,
                    interval=None if mean is None else self.bets.interval(self.alpha),
                ),
            ),
        )

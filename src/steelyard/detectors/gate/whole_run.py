"""What gates on time and cost share: they are about all calls of a run, so they ask to the end and then decide."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, Final, Literal

from steelyard.plugins import Progress
from steelyard.records import CallSpent, DetectorResult, GateVerdict, Plan, PlannedTest, SampleScore, VerdictWord

__all__ = ["WORDS", "Colour", "WholeRun"]

Colour = Literal["green", "red", "undecided"]
WORDS: Final = {
    "green": VerdictWord.CONSISTENT,
    "red": VerdictWord.INCONSISTENT,
    "undecided": VerdictWord.INSUFFICIENT_POWER,
}
_TO_COME, _KNOWN, _UNKNOWN = range(3)


class WholeRun:
    """Takes what calls took, in any order of arrival, until all planned ones are there.

    A subclass says what a call's value is. An unknown value is at least what is kept of it.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        self.planned = test
        self.measurement = plan.by_id[test.reads[0].measurement]
        self.asked = self.missing = self._head = 0
        self._values = array("d", bytes(8 * self.measurement.planned))
        self._states = bytearray(self.measurement.planned)

    def value(self, call: CallSpent) -> tuple[float, bool]:
        """What is measured of a call, and whether that is all of it."""
        raise NotImplementedError

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """The result from what was taken so far; a subclass gives it."""
        raise NotImplementedError

    def observe(self, score: SampleScore) -> None:
        """Scores say nothing about time and cost."""

    def observe_call(self, call: CallSpent) -> None:
        """Take one finished call."""
        at = call.position
        if call.repeat or not 0 <= at < self.measurement.planned or self._states[at] != _TO_COME:
            return
        self._values[at], is_known = self.value(call)
        self._states[at] = _KNOWN if is_known else _UNKNOWN
        self.asked += 1
        self.missing += not is_known
        while self._head < self.measurement.planned and self._states[self._head] != _TO_COME:
            self._head += 1

    @property
    def is_whole(self) -> bool:
        """Whether every planned call has come."""
        return self.asked == self.measurement.planned

    @property
    def closed(self) -> frozenset[str]:
        """The measurement, once all calls have come."""
        return frozenset((self.measurement.id,)) if self.is_whole else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """The first place of the order whose call has not come."""
        return {self.measurement.id: self._head}

    def progress(self) -> Progress:
        """How many calls are to come; there is no interval of a score to show."""
        return Progress(remaining=self.measurement.planned - self.asked)

    def known(self) -> list[float]:
        """The values that are known, in the order of the plan."""
        return [value for value, state in zip(self._values, self._states, strict=True) if state == _KNOWN]

    def at_least(self) -> list[float]:
        """Of every call that has come, what is known of its value, in the order of the plan."""
        return [value for value, state in zip(self._values, self._states, strict=True) if state != _TO_COME]

    def gate(self) -> GateVerdict:
        """What was read, without the budget."""
        return GateVerdict(
            task=self.measurement.task,
            measurement=self.measurement.id,
            asked=self.asked,
            of=self.measurement.planned,
            items=self.measurement.population,
            missing=self.missing,
        )

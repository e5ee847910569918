"""Scores in other prompt formats, in any order of arrival → one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.detectors.bars import MISSING, OPEN, RIGHT, mark_of
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Measurement, Note, PlannedTest, SampleScore, VerdictWord
from steelyard.stats.intervals import wilson
from steelyard.util.text import one_line

__all__ = ["SpreadMonitor"]


class SpreadMonitor:
    """Counts the first ``samples`` places of each measurement's order; repeats of a sample are read by nobody."""

    def __init__(self, test: PlannedTest, measurements: Sequence[Measurement], samples: int) -> None:
        self.planned, self.measurements = test, tuple(measurements)
        self._wanted = {each.id: min(samples * each.repeats, each.planned) for each in measurements}
        self._marks: dict[str, dict[int, int]] = {each.id: {} for each in measurements}

    def observe(self, score: SampleScore) -> None:
        """Take one score of the order."""
        marks = self._marks.get(score.measurement)
        if marks is not None and 0 <= score.position < self._wanted[score.measurement]:
            marks[score.position] = mark_of(score)

    @property
    def closed(self) -> frozenset[str]:
        """The measurements of which all wanted samples were read."""
        return frozenset(name for name, wanted in self._wanted.items() if len(self._marks[name]) >= wanted)

    @property
    def heads(self) -> Mapping[str, int | None]:
        """How many scores came of each measurement."""
        return {name: len(marks) for name, marks in self._marks.items()}

    def progress(self) -> Progress:
        """How many answers are left."""
        left = sum(wanted - len(self._marks[name]) for name, wanted in self._wanted.items())
        return Progress(decision="shown" if not left else "", remaining=left)

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """A note with each format's share of right answers; open and missing ones widen the interval both ways."""
        said = "; ".join(filter(None, map(self._of, self.measurements)))
        task = self.measurements[0].task
        message = f"in its other prompt formats, {said} (a display: nothing is tested, the claim stands in its own)"
        note = Note(detector="format_spread", check="formats", task=task, message=message)
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=VerdictWord.NOT_TESTED,
            reason="a display of other prompt formats: nothing is tested",
            notes=(note,) if said else (),
        )

    def _of(self, measurement: Measurement) -> str:
        marks = list(self._marks[measurement.id].values())
        if not marks:
            return ""
        right, unread = marks.count(RIGHT), marks.count(OPEN) + marks.count(MISSING)
        low, high = wilson(right, len(marks))[0], wilson(right + unread, len(marks))[1]
        name = one_line(measurement.prompt, 60)
        return f"{name}: {right} of {len(marks)} right ({100 * low:.0f} to {100 * high:.0f} %)"

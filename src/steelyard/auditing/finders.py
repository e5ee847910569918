"""Opening a plan's tests: each by its rule's detector, which comes in by the plugin door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steelyard.auditing.spending import CallReader
from steelyard.errors import InputError
from steelyard.planning.rules import reads_calls
from steelyard.plugins import Chooser, ComparingMonitor, Finder, Monitor, detector_of
from steelyard.records import CallSpent, Plan, SampleScore

__all__ = ["Finders", "open_finders"]


@dataclass(frozen=True)
class Finders:
    """The tests of a plan at work, by id; ``absent`` are those whose plugin is not installed here."""

    plan: Plan
    by_test: Mapping[str, Finder]
    absent: tuple[str, ...]
    _readers: Mapping[tuple[str, str], tuple[Finder, ...]]
    _call_readers: Mapping[str, tuple[CallReader, ...]]
    _monitors: Mapping[str, tuple[Monitor, ...]]
    _stoppable: frozenset[str]
    _read_with: Mapping[str, tuple[str, ...]]
    _choosers: Mapping[str, tuple[str, tuple[Chooser, ...]]]

    def observe(self, score: SampleScore) -> None:
        """Give a score to every test that reads it."""
        for finder in self._readers.get((score.measurement, score.scorer), ()):
            finder.observe(score)

    def observe_call(self, call: CallSpent) -> None:
        """Give what a finished call took to every test that reads it."""
        for finder in self._call_readers.get(call.measurement, ()):
            finder.observe_call(call)

    def monitors_of(self, measurement: str) -> tuple[Monitor, ...]:
        """The tests that read a measurement and may stop early."""
        return self._monitors.get(measurement, ())

    def read_with(self, measurement: str) -> tuple[str, ...]:
        """The measurement, and those that some test reads beside it: an answer to one may close or open another."""
        return self._read_with.get(measurement, (measurement,))

    def again(self, measurement: str) -> Sequence[int] | None:
        """The places of what is asked again that are to be asked now; None for any other measurement."""
        if measurement not in self._choosers:
            return None
        return self._left(measurement) if self._has_begun(measurement) else ()

    def _left(self, measurement: str) -> Sequence[int]:
        _, choosers = self._choosers[measurement]
        if len(choosers) == 1:
            return choosers[0].left(measurement)
        return [*dict.fromkeys(place for chooser in choosers for place in chooser.left(measurement))]

    def _has_begun(self, measurement: str) -> bool:
        """Whether asking again may begin: what was asked first is over, or stands still."""
        first, choosers = self._choosers[measurement]
        return self.is_closed(first) or any(chooser.has_read(first) for chooser in choosers)

    def head(self, measurement: str) -> int | None:
        """The first place of the order that some test has not read; None where no test waits for one."""
        if measurement in self._choosers:
            return None
        heads = [head for head in self._heads(measurement) if head is not None]
        return min(heads) if heads else None

    def is_held(self, measurement: str) -> bool:
        """Whether no test needs an answer of the measurement yet."""
        if measurement in self._choosers:
            return not self._has_begun(measurement)
        heads = self._heads(measurement)
        return measurement in self._stoppable and bool(heads) and all(head is None for head in heads)

    def is_frugal(self, measurement: str) -> bool:
        """Whether a test asks one model after another, so that few calls are its point."""
        return any(isinstance(monitor, ComparingMonitor) for monitor in self.monitors_of(measurement))

    def _heads(self, measurement: str) -> list[int | None]:
        return [
            monitor.heads.get(measurement, 0)
            for monitor in self.monitors_of(measurement)
            if measurement not in monitor.closed
        ]

    def is_closed(self, measurement: str) -> bool:
        """Whether every test that reads the measurement needs no more of it. Without a test it is asked to its end."""
        if measurement in self._choosers:
            return self._has_begun(measurement) and not self._left(measurement)
        return measurement in self._stoppable and all(
            measurement in monitor.closed for monitor in self.monitors_of(measurement)
        )


def open_finders(plan: Plan) -> Finders:
    """Open every test of a plan. Raises InputError for a test whose sealed part its detector cannot read.

    So it does for one that takes what calls took, where its detector does not say so: nobody would give it any.
    """
    by_test: dict[str, Finder] = {}
    absent = []
    for test in plan.tests:
        detector = detector_of(test.rule)
        if detector is None:
            absent.append(test.id)
            continue
        try:
            by_test[test.id] = detector.open(test, plan)
        except ValueError as error:
            raise InputError(f"the test {test.id} cannot be read by its rule {test.rule}: {error}") from None
        if isinstance(by_test[test.id], CallReader) and not reads_calls(test.rule):
            raise InputError(
                f"the test {test.id} reads what calls took: set reads_calls on the detector of {test.rule}"
            )
    readers: dict[tuple[str, str], list[Finder]] = {}
    for test in plan.tests:
        for reads in test.reads:
            if test.id in by_test:
                readers.setdefault((reads.measurement, reads.scorer), []).append(by_test[test.id])
    monitors: dict[str, tuple[Monitor, ...]] = {}
    call_readers: dict[str, tuple[CallReader, ...]] = {}
    stoppable = set()
    for measurement in plan.measurements:
        reading = [by_test.get(test.id) for test in plan.readers_of(measurement.id)]
        monitors[measurement.id] = tuple(finder for finder in reading if isinstance(finder, Monitor))
        call_readers[measurement.id] = tuple(finder for finder in reading if isinstance(finder, CallReader))
        if reading and len(monitors[measurement.id]) == len(reading):
            stoppable.add(measurement.id)
    return Finders(
        plan,
        by_test,
        tuple(absent),
        {key: tuple(each) for key, each in readers.items()},
        call_readers,
        monitors,
        frozenset(stoppable),
        {each.id: _read_with(plan, each.id) for each in plan.measurements},
        {
            each.id: (each.beside, choosers)
            for each in plan.measurements
            if each.again and (choosers := tuple(one for one in monitors[each.id] if isinstance(one, Chooser)))
        },
    )


def _read_with(plan: Plan, measurement: str) -> tuple[str, ...]:
    others = [reads.measurement for test in plan.readers_of(measurement) for reads in test.reads]
    found = dict.fromkeys([measurement, *others])
    # What is asked again begins when what it stands beside is over, whatever ended that.
    return tuple(found | dict.fromkeys(each.id for each in plan.measurements if each.again and each.beside in found))

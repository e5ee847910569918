"""The sealed scores beside those that follow from the journal, and measurements that were left open."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.auditing.finders import open_finders
from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.records import CallSpent, Plan, SampleScore

__all__ = ["Comparison", "OpenMeasurements"]


class Comparison:
    """The scores that were sealed beside those that follow from the journal, one by one."""

    def __init__(self, sealed: Iterator[SampleScore]) -> None:
        self._sealed = sealed
        self._count = 0

    def take(self, now: SampleScore) -> None:
        """Compare the next score; raises VerificationError where another was sealed, or none."""
        self._count += 1
        was = next(self._sealed, None)
        if was is None:
            raise VerificationError(f"{layout.SCORES}: {self._count - 1} scores, but the journal gives more")
        if was != now:
            raise VerificationError(
                f"{layout.SCORES} line {self._count}: says {was.status} {was.value} for {was.sample}, "
                f"recomputed {now.status} {now.value} for {now.sample}"
            )

    def finish(self) -> None:
        """Raise VerificationError where more was sealed than there is."""
        if next(self._sealed, None) is not None:
            raise VerificationError(f"{layout.SCORES}: more scores than the {self._count} that the journal gives")


class OpenMeasurements:
    """Measurements of a complete run that were not asked to their end: what was asked must have decided their tests.

    But for tests that read what is ``refused``, a measurement whose limit of tokens the endpoint does not take.
    """

    def __init__(self, plan: Plan, unfinished: frozenset[str], refused: frozenset[str] = frozenset()) -> None:
        self._unfinished = [each for each in sorted(unfinished) if not _waits_for(plan, each, refused)]
        self._finders = open_finders(plan)
        # A test may need no answer of one measurement because of what another one showed.
        self._read = {name for each in self._unfinished for name in self._finders.read_with(each)}

    def take(self, score: SampleScore) -> None:
        """Read one score, where a test that reads it also reads a measurement that was not asked to its end."""
        if score.measurement in self._read:
            self._finders.observe(score)

    def take_call(self, call: CallSpent) -> None:
        """Read what one finished call took."""
        if call.measurement in self._read:
            self._finders.observe_call(call)

    def finish(self) -> None:
        """Raise VerificationError where a measurement is neither decided nor asked to its end."""
        for name in self._unfinished:
            absent = any(test.id in self._finders.absent for test in self._finders.plan.readers_of(name))
            if not absent and not self._finders.is_closed(name):
                raise VerificationError(
                    f"{layout.JOURNAL}: {name}: not all that was planned was asked, and its tests are not decided"
                )


def _waits_for(plan: Plan, name: str, refused: frozenset[str]) -> bool:
    """Whether a measurement is refused, or each of its tests reads one that is."""
    readers = plan.readers_of(name)
    is_read_with = all(any(each.measurement in refused for each in test.reads) for test in readers)
    return name in refused or (bool(refused) and bool(readers) and is_read_with)

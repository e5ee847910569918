"""The calls of a measurement in their committed order, less those that a journal has ended already."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from steelyard.errors import VerificationError
from steelyard.planning.order import check_places, checked_samples, order_of
from steelyard.records import SECOND_PASS, Attempt, Measurement
from steelyard.runner.schedule import Call
from steelyard.util.compact import Naturals

__all__ = ["Finished", "calls_again", "calls_of"]


def calls_of(measurement: Measurement, finished: Container[tuple[int, int]] = frozenset()) -> Iterator[Call]:
    """What a measurement asks, in order, one after another: the committed order up to the limit, and the repeat check.

    ``finished`` holds the (sample, repeat) pairs that a resumed journal already ended (:class:`Finished`).
    """
    order = finished.order if isinstance(finished, Finished) else order_of(measurement)
    places = check_places(measurement, checked_samples(measurement, order))
    for position in range(measurement.planned + 1):
        for sample, repeat in places.get(position, ()):
            if (sample, repeat) not in finished:
                yield Call(measurement.id, -1, sample, repeat)
        if position == measurement.planned:
            return
        sample, repeat = divmod(order[position], measurement.repeats)
        if (sample, repeat) not in finished:
            yield Call(measurement.id, position, sample, repeat)


def calls_again(measurement: Measurement, places: Iterable[int], first: Finished) -> Iterator[Call]:
    """The calls at some places of what is asked again, in the given order; ``first`` is what they were asked in."""
    for place in places:
        if measurement.arm == SECOND_PASS:
            yield Call(measurement.id, place, *divmod(first.order[place], measurement.repeats))
            continue
        at, repeat = divmod(place, measurement.repeats)
        yield Call(measurement.id, place, first.sample_at(at), repeat)


class Finished:
    """The calls of a measurement that a journal has ended: a bit each, known by their places in the committed order.

    ``digests`` are those of its samples: that they fit the journal is checked on the way. ``first``: the measurement
    asks samples of that one again.
    """

    def __init__(self, measurement: Measurement, digests: Sequence[str], first: Finished | None = None) -> None:
        self.order: Sequence[int] = order_of(measurement) if first is None else ()
        self._first = first
        self._measurement = measurement
        self._digests = digests
        self._repeats = measurement.repeats + len(measurement.extra_repeats)
        self._checked: dict[str, int] = {}
        self._ended = Naturals()

    def __len__(self) -> int:
        return len(self._ended)

    def add(self, attempt: Attempt) -> None:
        """Take in a final attempt.

        Raises VerificationError where it is about a sample that the plan does not have at its place.
        """
        sample = self._sample(attempt)
        if sample is None or not 0 <= attempt.repeat < self._repeats or self._digests[sample] != attempt.item:
            raise VerificationError(
                f"record {attempt.seq}: not the sample that the plan has at position {attempt.position}"
            )
        self._ended.add(sample * self._repeats + attempt.repeat)

    def sample_at(self, position: int) -> int:
        """The number of the sample at a place of the committed order."""
        return self.order[position] // self._measurement.repeats

    def _sample(self, attempt: Attempt) -> int | None:
        if self._first is not None:
            is_pass = self._measurement.arm == SECOND_PASS
            at = attempt.position if is_pass else attempt.position // self._measurement.repeats
            return self._first.sample_at(at) if 0 <= at < len(self._first.order) else None
        if attempt.position >= 0:
            return (
                self.order[attempt.position] // self._measurement.repeats
                if attempt.position < self._measurement.trials
                else None
            )
        if not self._checked:
            self._checked = {self._digests[number]: number for number in checked_samples(self._measurement, self.order)}
        return self._checked.get(attempt.item)

    def __contains__(self, call: object) -> bool:
        """Whether the call of this (sample, repeat) was ended."""
        if not isinstance(call, tuple):
            return False
        sample, repeat = call
        return sample * self._repeats + repeat in self._ended

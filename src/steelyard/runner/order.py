"""The calls of a measurement in their committed order, less those that a journal has ended already."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from steelyard.errors import VerificationError
from steelyard.planning.order import order_of, probed_samples
from steelyard.records import Attempt, PlanRow
from steelyard.runner.schedule import Call
from steelyard.util.compact import Naturals

__all__ = ["Finished", "calls_of"]


def calls_of(row: PlanRow, finished: Container[tuple[int, int]] = frozenset()) -> Iterator[Call]:
    """What a row asks, in order, one after another: the probe's repeats, then the committed order up to the limit.

    ``finished`` holds the (sample, repeat) pairs that a resumed journal already ended (:class:`Finished`).
    """
    order = finished.order if isinstance(finished, Finished) else order_of(row)
    for sample in probed_samples(row, order):
        for repeat in row.probe_repeats:
            if (sample, repeat) not in finished:
                yield Call(row.id, -1, sample, repeat)
    for position in range(row.planned):
        sample, repeat = divmod(order[position], row.repeats)
        if (sample, repeat) not in finished:
            yield Call(row.id, position, sample, repeat)


class Finished:
    """The calls of a row that a journal has ended: a bit each, known by their places in the committed order.

    ``digests`` are those of the row's samples: that they fit the journal is checked on the way.
    """

    def __init__(self, row: PlanRow, digests: Sequence[str]) -> None:
        self.order = order_of(row)
        self._row = row
        self._digests = digests
        self._repeats = row.repeats + len(row.probe_repeats)
        self._probed: dict[str, int] = {}
        self._ended = Naturals()

    def __len__(self) -> int:
        return len(self._ended)

    def add(self, attempt: Attempt) -> None:
        """Take in a final attempt; raises Broken where it is about a sample that the plan has not at its place."""
        sample = self._sample(attempt)
        if sample is None or not 0 <= attempt.repeat < self._repeats or self._digests[sample] != attempt.item:
            raise VerificationError(
                f"record {attempt.seq}: not the sample that the plan has at position {attempt.position}"
            )
        self._ended.add(sample * self._repeats + attempt.repeat)

    def _sample(self, attempt: Attempt) -> int | None:
        if attempt.position >= 0:
            return self.order[attempt.position] // self._row.repeats if attempt.position < self._row.cells else None
        if not self._probed:
            self._probed = {self._digests[number]: number for number in probed_samples(self._row, self.order)}
        return self._probed.get(attempt.item)

    def __contains__(self, call: object) -> bool:
        """Whether the call of this (sample, repeat) was ended."""
        if not isinstance(call, tuple):
            return False
        sample, repeat = call
        return sample * self._repeats + repeat in self._ended

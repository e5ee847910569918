"""The committed order of a row's cells: fixed by a seed that is sealed in the plan before the first call."""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Final

from steelyard.compact import Naturals
from steelyard.errors import Broken
from steelyard.records import Attempt, PlanRow
from steelyard.runner.schedule import Call

__all__ = ["Finished", "calls_of", "committed_order", "order_of", "probed_samples"]

_KEY_BYTES: Final = 8
_MOST_BUCKET_BITS: Final = 10


def committed_order(seed: str, cells: int) -> Sequence[int]:
    """A permutation of ``range(cells)``: cell numbers sorted by SHA-256("seed:number").

    Any language can recompute it in one line, which a shuffle of a particular library cannot promise.
    A cell is ``sample × repeats + repeat``, so the repeats of a sampled row lie in random order too
    (in blocks of one pass each, the test's false alarms were .34–.38).

    It takes 4 bytes a cell, and 16 while it is made: cells are put into buckets by the first bits of their digests,
    and each bucket is sorted by the first 8 bytes; in the rare case that two are equal, by all 32.
    """
    begin = sha256(f"{seed}:".encode())

    def digest(number: int) -> bytes:
        whole = begin.copy()
        whole.update(b"%d" % number)
        return whole.digest()

    keys = array("Q", (int.from_bytes(digest(number)[:_KEY_BYTES]) for number in range(cells)))
    bits = max(0, min(_MOST_BUCKET_BITS, cells.bit_length() - 8))
    buckets = [array("I") for _ in range(1 << bits)]
    for number, key in enumerate(keys):
        buckets[key >> (8 * _KEY_BYTES - bits)].append(number)
    order = array("I")
    for bucket in buckets:
        chosen = sorted(bucket, key=keys.__getitem__)
        if any(keys[one] == keys[other] for one, other in pairwise(chosen)):
            chosen.sort(key=digest)
        order.extend(chosen)
    return order


def order_of(row: PlanRow) -> Sequence[int]:
    """The committed order of a row's cells, which are ``sample × repeats + repeat``.

    Where no test reads the order, all answers to a sample follow one another: a limit then cuts off whole samples, and
    pass@k has what it needs.
    """
    if not row.estimate or row.repeats == 1:
        return committed_order(row.order_seed, row.cells)
    samples = committed_order(row.order_seed, row.population)
    return array("I", (sample * row.repeats + repeat for sample in samples for repeat in range(row.repeats)))


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


def probed_samples(row: PlanRow, order: Sequence[int]) -> list[int]:
    """The samples that the determinism probe asks again: the first ones of the order."""
    found: dict[int, None] = {}
    for position in range(row.planned):
        if len(found) == row.probe.samples:
            break
        found[order[position] // row.repeats] = None
    return list(found)


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
            raise Broken(f"record {attempt.seq}: not the sample that the plan has at position {attempt.position}")
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

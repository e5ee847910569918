"""The committed order of a row's cells: fixed by a seed that is sealed in the plan before the first call."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Final

from steelyard.records import PlanRow

__all__ = ["committed_order", "order_of", "probed_samples"]

_KEY_BYTES: Final = 8
_MAX_BUCKET_BITS: Final = 10


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
    bits = max(0, min(_MAX_BUCKET_BITS, cells.bit_length() - 8))
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


def probed_samples(row: PlanRow, order: Sequence[int]) -> list[int]:
    """The samples that the determinism probe asks again: the first ones of the order."""
    found: dict[int, None] = {}
    for position in range(row.planned):
        if len(found) == row.probe.samples:
            break
        found[order[position] // row.repeats] = None
    return list(found)

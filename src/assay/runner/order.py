"""The committed order of a row's cells: fixed by a seed that is sealed in the plan before the first call."""

from __future__ import annotations

from collections.abc import Container
from hashlib import sha256

from assay.records import PlanRow
from assay.runner.schedule import Call

__all__ = ["calls_of", "committed_order"]


def committed_order(seed: str, cells: int) -> list[int]:
    """A permutation of ``range(cells)``: cell numbers sorted by SHA-256("seed:number").

    Any language can recompute it in one line, which a shuffle of a particular library cannot promise.
    A cell is ``sample × repeats + repeat``, so the repeats of a sampled row lie in random order too
    (in blocks of one pass each, the test's false alarms were .34–.38).
    """
    keys = [sha256(f"{seed}:{number}".encode()).digest() for number in range(cells)]
    return sorted(range(cells), key=keys.__getitem__)


def calls_of(row: PlanRow, finished: Container[tuple[int, int]] = frozenset()) -> list[Call]:
    """What a row asks, in order: the probe's repeats, then the committed order up to the limit.

    ``finished`` holds the (sample, repeat) pairs that a resumed journal already ended.
    """
    order = committed_order(row.order_seed, row.cells)
    last = row.cells if row.limit is None else min(row.cells, row.limit * row.repeats)
    main = [Call(row.id, position, *divmod(cell, row.repeats)) for position, cell in enumerate(order[:last])]
    probed = list(dict.fromkeys(call.sample for call in main))[: row.probe.samples]
    probes = [Call(row.id, -1, sample, repeat) for sample in probed for repeat in row.probe_repeats]
    return [call for call in (*probes, *main) if (call.sample, call.repeat) not in finished]

"""Audits one vendor again and again by one key, which counts: an honest vendor, or a cheater that adapts to reports.

It is one vendor in all rounds: its model and its public items are drawn from the same numbers, whatever it does with
them. The order of the items and the fresh ones are new in each audit, as an audit's are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from steelyard_forensics.gauntlet.audit import Audit, audit
from steelyard_forensics.gauntlet.parameters import Kind
from steelyard_forensics.gauntlet.series_parameters import SeriesWorld
from steelyard_forensics.gauntlet.vendors import Abilities, draw_vendor

__all__ = ["Begins", "Series", "next_rung", "run_series"]


Begins = Literal["bold", "timid"]


@dataclass(frozen=True)
class Series:
    """How a series ended: ``found`` in which round, counted from 1; None: in none of them.

    ``lied`` counts the rounds, the one that found it included, with a row that does not hold, ``rounds`` all of them.
    """

    name: str
    begins: Begins
    found: int | None
    rounds: int
    lied: int


def run_series(
    abilities: Abilities,
    world: SeriesWorld,
    name: str,
    rungs: Sequence[Kind],
    number: int,
    seed: int,
    *,
    begins: Begins = "bold",
    counted: bool = True,
) -> Series:
    """The ``number``-th vendor of a kind, until a report accuses it, or to the last round.

    It begins ``bold``, on the first rung, or ``timid``, on the last one. Not ``counted``: each audit has the level of a
    first one.
    """
    rung, lied = 0 if begins == "bold" else len(rungs) - 1, 0
    of_vendor = [seed, number, *name.encode()]
    for place in range(1, world.rounds + 1):
        done = _round(abilities, rungs[rung], of_vendor, place, place if counted else 1)
        lied += any(not test.is_true for test in done.tests)
        if any(test.is_found for test in done.tests):
            return Series(name, begins, place, place, lied)
        rung = next_rung(world, rung, len(rungs), [test.p for test in done.tests])
    return Series(name, begins, None, world.rounds, lied)


def _round(abilities: Abilities, kind: Kind, of_vendor: list[int], place: int, number: int) -> Audit:
    fresh, asked = (np.random.default_rng([*of_vendor, 0, place, what]) for what in (0, 1))
    return audit(draw_vendor(abilities, kind, np.random.default_rng(of_vendor), fresh), asked, number)


def next_rung(world: SeriesWorld, rung: int, rungs: int, p_values: Sequence[float]) -> int:
    """Where a cheater goes that sees these p-values."""
    if min(p_values) <= world.wary:
        return min(rung + 1, rungs - 1)
    return max(rung - 1, 0) if min(p_values) >= world.bold else rung

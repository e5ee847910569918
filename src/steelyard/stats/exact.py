"""Operating characteristics of a stop table, computed exactly: no simulation, no approximation.

The number of right answers after n draws without replacement is a Markov chain, so the distribution over it can be
carried from one answer to the next; the part beyond a bound leaves there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from steelyard.stats.sequential import StopTable

__all__ = ["OperatingCharacteristics", "characteristics_at_rate", "operating_characteristics"]

# Paths less likely than this are dropped: the sum of all that are lost stays below 1e-11 at 14,042 samples.
NEGLIGIBLE = 1e-18


@dataclass(frozen=True, slots=True)
class OperatingCharacteristics:
    """How a sequential test ends for one truth.

    Shares are the part of the population that is used, in (0, 1]; undecided paths count to the table's end.
    """

    p_inconsistent: float
    p_consistent: float
    median_share: float
    mean_share: float


def operating_characteristics(population: int, truth: int, table: StopTable) -> OperatingCharacteristics:
    """Run the test over all orders at once for a model that answers ``truth`` of ``population`` samples rightly.

    A table cut to a limit (the same first entries on both sides) leaves the rest of the probability undecided.
    """
    return _run(population, table, lambda asked, right: np.clip((truth - right) / (population - asked), 0.0, 1.0))


def characteristics_at_rate(population: int, rate: float, table: StopTable) -> OperatingCharacteristics:
    """The same where each answer is right with the chance ``rate``, whatever came before: answers that vary."""
    return _run(population, table, lambda asked, right: np.full(len(right), rate))


def _run(
    population: int, table: StopTable, chance: Callable[[int, np.ndarray], np.ndarray]
) -> OperatingCharacteristics:
    """``chance``: that the next answer is right, after so many asked, of which so many were right."""
    inconsistent, consistent = np.zeros(len(table.inconsistent)), np.zeros(len(table.inconsistent))
    alive, lowest = np.ones(1), 0  # alive[i]: probability of being undecided with lowest + i right answers
    for asked in range(len(inconsistent)):
        right = lowest + np.arange(len(alive))
        next_right = chance(asked, right)
        moved = np.zeros(len(alive) + 1)
        moved[:-1] = alive * (1 - next_right)
        moved[1:] += alive * next_right
        first = max(0, table.inconsistent[asked] + 1 - lowest)
        last = max(first, min(len(moved), table.consistent[asked] - lowest))
        inconsistent[asked] = moved[:first].sum()
        consistent[asked] = moved[last:].sum()
        kept = np.flatnonzero(moved[first:last] > NEGLIGIBLE)
        if not len(kept):
            break
        alive = moved[first + kept[0] : first + kept[-1] + 1]
        lowest += first + int(kept[0])
    return _summary(population, inconsistent, consistent)


def _summary(population: int, inconsistent: np.ndarray, consistent: np.ndarray) -> OperatingCharacteristics:
    ended = inconsistent + consistent
    ended[-1] += max(0.0, 1 - ended.sum())
    median = int(np.searchsorted(np.cumsum(ended), 0.5)) + 1
    return OperatingCharacteristics(
        p_inconsistent=float(inconsistent.sum()),
        p_consistent=float(consistent.sum()),
        median_share=median / population,
        mean_share=float(ended @ np.arange(1, len(ended) + 1)) / population,
    )

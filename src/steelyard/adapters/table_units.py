"""Whether the shares of a table are percent or fractions: the whole table says it, and what it leaves open stays open.

A small model's 0.7 on AIME is 0.7 %, and as a fraction it would be a claim of 70 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from steelyard.adapters.benchmark_names import MAX_PERCENT, Unit, infer_unit, names_a_share
from steelyard.claims.benchmarks import lookup

__all__ = ["TableUnit", "states_percent", "unit_of_share"]

# A sign that stands behind no number, and the word: "Accuracy (%)", "all values in %", "in percent".
_PERCENT: Final = re.compile(r"(?<![0-9])(?<![0-9] )%|\bpercent(?:age)?s?\b(?! points)", re.IGNORECASE)


class TableUnit(NamedTuple):
    """What a table says of its shares: neither, where all are at most 1 and nothing, or both, is said of them."""

    in_percent: bool
    in_fractions: bool

    @classmethod
    def of(cls, values: Iterable[tuple[str | None, float]], texts: Iterable[str]) -> TableUnit:
        """From (benchmark's id, value) of every model in the table, and the texts of its heads and beside it.

        They are percent where a share is above 1 or a text says so, and else fractions where one would lie below half
        of what guessing reaches if it were percent.
        """
        shares = [(task, value) for task, value in values if _may_be_share(task)]
        if any(1 < abs(value) <= MAX_PERCENT for _, value in shares):
            return cls(in_percent=True, in_fractions=False)
        is_said = any(map(states_percent, texts))
        no_percent = any(_is_below_chance(task, value) for task, value in shares)
        return cls(in_percent=is_said and not no_percent, in_fractions=no_percent and not is_said)


def states_percent(text: str) -> bool:
    """Whether a text says that numbers are percent."""
    return _PERCENT.search(text) is not None


def unit_of_share(task: str | None, metric: str, value: float, table: TableUnit) -> tuple[Unit, str]:
    """(unit, note): by the printed metric where it says so, else by what a known benchmark is usually scored by.

    Points, which no test reads, where the value may be a fraction or percent.
    """
    fact = lookup(task) if task else None
    found = infer_unit(metric, value, beside_percent=table.in_percent)
    # The metric of MT-bench is a score from 1 to 10.
    if fact is not None and found[0] == "points" and names_a_share(fact.metric.replace("score", "")):
        found = infer_unit(fact.metric, value, beside_percent=table.in_percent)
    if found[0] == "fraction" and value > 0 and not table.in_fractions:
        return "points", "unit not stated: read as points, since it may be a fraction or percent: write which"
    return found


def _may_be_share(task: str | None) -> bool:
    fact = lookup(task) if task else None
    return fact is None or names_a_share(fact.metric.replace("score", ""))


def _is_below_chance(task: str | None, value: float) -> bool:
    fact = lookup(task) if task else None
    return fact is not None and fact.chance is not None and 0 < value <= 1 and value / MAX_PERCENT < fact.chance / 2

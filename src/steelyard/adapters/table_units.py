"""Whether the shares of a table are percent or fractions: the whole table says it, and what it leaves open stays open.

A small model's 0.7 on AIME is 0.7 %, and as a fraction it would be a claim of 70 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from steelyard.adapters.benchmark_names import MAX_PERCENT, Unit, infer_unit, names_a_share
from steelyard.adapters.decimal_commas import VALUE
from steelyard.claims.benchmarks import key_of, lookup

__all__ = ["IS_NO_SCORE", "Share", "TableUnit", "states_percent", "unit_of_share"]

IS_NO_SCORE = re.compile(
    r"\bparam(eter)?s?\b|tokens?\b|flops?\b|context|vocab|\blayers?\b|#\s?[ta]p\b|architecture|\bsize\b|download|price|"
    r"latency|memory|licen[cs]e|release",
    re.IGNORECASE,
)
_EITHER: Final = "unit not stated: read as points, since it may be a fraction or percent: write which"
Share = tuple[str | None, str, str]  # the benchmark's id, where it is known, its name and the number, as printed
_OF_HUNDRED: Final = ("chrf",)  # measures that are tested, no shares of right answers, and printed from 0 to 100
# A share by definition, which is printed from 0 to 1 as often as in percent.
_OF_ONE: Final = re.compile(r"\banls\b|\brelaxed\b|\bf1\b", re.IGNORECASE)
# A sign that stands behind no number, and the word: "Accuracy (%)", "all values in %", "in percent".
_PERCENT: Final = re.compile(r"(?<![0-9])(?<![0-9] )%|\bpercent(?:age)?s?\b(?! points)", re.IGNORECASE)


class TableUnit(NamedTuple):
    """What a table says of its shares: neither, where all are at most 1 and nothing, or both, is said of them."""

    in_percent: bool
    in_fractions: bool

    @classmethod
    def of(cls, own: Iterable[Share], others: Iterable[Share], texts: Iterable[str]) -> TableUnit:
        """From the numbers of one model and of the others, and the texts of the table's heads and beside it.

        They are percent where one of the model's own is above 1, else fractions where one would lie below half of what
        guessing reaches if it were percent. Where neither is so, a text may say percent, or another's number above 1
        that has decimals: a version, a rank or a number of worked examples has none.
        """
        shares = list(_numbers(own))
        if any(1 < abs(float(number)) <= MAX_PERCENT for _, number in shares):
            return cls(in_percent=True, in_fractions=False)
        is_said = any(map(states_percent, texts))
        if any(_is_below_chance(task, float(number)) for task, number in shares):
            return cls(in_percent=False, in_fractions=not is_said)
        beside = (float(number) for _, number in _numbers(others) if "." in number)
        return cls(in_percent=is_said or any(1 < abs(value) <= MAX_PERCENT for value in beside), in_fractions=False)


def states_percent(text: str) -> bool:
    """Whether a text says that numbers are percent."""
    return _PERCENT.search(text) is not None


def unit_of_share(task: str | None, metric: str, value: float, table: TableUnit) -> tuple[Unit, str]:
    """(unit, note): by the printed metric where it says so, else by what a known benchmark is usually scored by.

    Points, which no test reads, where the value may be a fraction or percent.
    """
    fact = lookup(task) if task else None
    if fact is not None and fact.metric in _OF_HUNDRED and key_of(metric) == fact.metric and 1 < value <= MAX_PERCENT:
        return "percent", ""
    found = infer_unit(metric, value, beside_percent=table.in_percent)
    # The metric of MT-bench is a score from 1 to 10.
    if fact is not None and found[0] == "points" and names_a_share(fact.metric.replace("score", "")):
        found = infer_unit(fact.metric, value, beside_percent=table.in_percent)
    if found[0] == "fraction" and value > 0 and not table.in_fractions:
        return "points", _EITHER
    names = f"{metric} {fact.metric if fact else ''}".replace("_", " ")
    may_be_fraction = 0 < value <= 1 and (_OF_ONE.search(names) or _is_below_chance(task, value))
    if found[0] == "percent" and may_be_fraction and not states_percent(metric):
        return "points", _EITHER
    return found


def _numbers(shares: Iterable[Share]) -> Iterator[tuple[str | None, str]]:
    """(benchmark's id, number) of those that may be shares."""
    for task, name, text in shares:
        if (value := VALUE.fullmatch(text)) and not IS_NO_SCORE.search(name) and _may_be_share(task):
            yield task, value["number"].replace("\N{MINUS SIGN}", "-")


def _may_be_share(task: str | None) -> bool:
    fact = lookup(task) if task else None
    return fact is None or names_a_share(fact.metric.replace("score", ""))


def _is_below_chance(task: str | None, value: float) -> bool:
    fact = lookup(task) if task else None
    return fact is not None and fact.chance is not None and 0 < value <= 1 and value / MAX_PERCENT < fact.chance / 2

"""Compares two models on the same episodes: a paired difference, and which one is ahead, if any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from steelyard.errors import InputError
from steelyard_world.evaluation.result import Results, TestResult, difference_interval, matrix

__all__ = ["MIN_TRAININGS", "Difference", "ahead", "compare_results", "differences"]


MIN_TRAININGS = 3
"""The fewest trainings on each side for a model to be ahead: fewer hardly show how much trainings vary."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """First less second, paired by episode, with a 95 % interval over training seeds and episodes (Welch's t)."""

    test: str
    world: str
    condition: str
    measure: str
    better: Literal["higher", "lower"]
    first: str
    second: str
    first_score: float
    second_score: float
    difference: float
    low: float
    high: float
    first_seeds: int
    second_seeds: int
    units: int
    notes: tuple[str, ...] = ()


def ahead(difference: Difference) -> Literal["first", "second", "neither"]:
    """Say which model is ahead: none unless each side has three trainings and the interval has a width and no 0."""
    if min(difference.first_seeds, difference.second_seeds) < MIN_TRAININGS or difference.low == difference.high:
        return "neither"
    if difference.low <= 0 <= difference.high:
        return "neither"
    return "first" if (difference.low > 0) == (difference.better == "higher") else "second"


def compare_results(first: Sequence[TestResult], second: Sequence[TestResult]) -> Difference:
    """Compare two groups of results of one test, a result a training seed; raises InputError where episodes differ."""
    one, other = first[0], second[0]
    tables = matrix(first, one.units), matrix(second, one.units)
    found = difference_interval(*tables, better=one.better)
    return Difference(
        test=one.test,
        world=one.world,
        condition=one.condition,
        measure=one.measure,
        better=one.better,
        first=one.model,
        second=other.model,
        first_score=float(tables[0].mean()),
        second_score=float(tables[1].mean()),
        difference=found.estimate,
        low=found.low,
        high=found.high,
        first_seeds=len(first),
        second_seeds=len(second),
        units=len(one.units),
        notes=(*_few(first, second), *_notes(one, other)),
    )


def differences(first: Results, second: Results) -> tuple[list[Difference], list[str]]:
    """Compare everything that both were tested on; the second list names what only one of them was tested on.

    Raises InputError where they have no test in common or were tested on different episodes.
    """
    one, other = _grouped(first), _grouped(second)
    common = [key for key in one if key in other]
    if not common:
        raise InputError("these results have no test in common: run steelyard world eval on both with the same --test")
    alone = [" in ".join(filter(None, (f"{key[0]} {key[2]}".strip(), key[1]))) for key in one.keys() ^ other.keys()]
    return [compare_results(one[key], other[key]) for key in common], sorted(alone)


def _few(first: Sequence[TestResult], second: Sequence[TestResult]) -> tuple[str, ...]:
    if min(len(first), len(second)) >= MIN_TRAININGS:
        return ()
    return (f"neither is called ahead with fewer than {MIN_TRAININGS} trainings on each side",)


def _grouped(results: Results) -> dict[tuple[str, str, str], list[TestResult]]:
    groups: dict[tuple[str, str, str], list[TestResult]] = {}
    for result in results.results:
        groups.setdefault((result.test, result.world, result.condition), []).append(result)
    return groups


def _notes(one: TestResult, other: TestResult) -> tuple[str, ...]:
    """Name the settings that differ, since they may explain a difference too."""
    odd = sorted(name for name in one.settings.keys() | other.settings.keys() if _of(one, name) != _of(other, name))
    return tuple(f"{name} was {_of(one, name)} for the first and {_of(other, name)} for the second" for name in odd)


def _of(result: TestResult, name: str) -> str:
    return str(result.settings.get(name, "not set"))

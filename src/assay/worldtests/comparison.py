"""Two models on the same episodes: a paired difference, and who is ahead, if anybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from assay.errors import InputError
from assay.stats.pigeonhole import paired_difference
from assay.worldtests.result import Results, TestResult, matrix

__all__ = ["Difference", "ahead", "compare", "differences"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """First less second, paired by episode, with a 95 % interval over training seeds and episodes."""

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
    """Who is ahead: somebody only if the interval excludes 0."""
    if difference.low <= 0 <= difference.high:
        return "neither"
    return "first" if (difference.low > 0) == (difference.better == "higher") else "second"


def compare(first: Sequence[TestResult], second: Sequence[TestResult], *, rng_seed: int = 0) -> Difference:
    """Compare two groups of results of one test, a result a training seed; raises InputError where episodes differ."""
    one, other = first[0], second[0]
    tables = matrix(first, one.units), matrix(second, one.units)
    found = paired_difference(*tables, rng=np.random.default_rng(rng_seed))
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
        notes=_notes(one, other),
    )


def differences(first: Results, second: Results) -> tuple[list[Difference], list[str]]:
    """Compare all that both were tested on; the second list names what only one was.

    Raises InputError where they have no test in common or were tested on different episodes.
    """
    one, other = _grouped(first), _grouped(second)
    common = [key for key in one if key in other]
    if not common:
        raise InputError("these results have no test in common: run assay world eval on both with the same --test")
    alone = [" in ".join(filter(None, (f"{key[0]} {key[2]}".strip(), key[1]))) for key in one.keys() ^ other.keys()]
    return [compare(one[key], other[key]) for key in common], sorted(alone)


def _grouped(results: Results) -> dict[tuple[str, str, str], list[TestResult]]:
    groups: dict[tuple[str, str, str], list[TestResult]] = {}
    for result in results.results:
        groups.setdefault((result.test, result.world, result.condition), []).append(result)
    return groups


def _notes(one: TestResult, other: TestResult) -> tuple[str, ...]:
    """Settings that differ: the difference is then of these too."""
    odd = sorted(name for name in one.settings.keys() | other.settings.keys() if _of(one, name) != _of(other, name))
    return tuple(f"{name} was {_of(one, name)} for the first and {_of(other, name)} for the second" for name in odd)


def _of(result: TestResult, name: str) -> str:
    return str(result.settings.get(name, "not set"))

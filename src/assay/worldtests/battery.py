"""The tests by name: what each asks of a model, in which worlds, with its floors and its ceiling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from assay.errors import InputError
from assay.worldmodel.plan.settings import settings_for
from assay.worlds.catalog import HELD_OUT, NAMES, SCENES, simulator
from assay.worldtests.protocol import WorldUnderTest
from assay.worldtests.result import TestResult

__all__ = ["TESTS", "Candidate", "Measured", "Part", "measure", "parts"]

TESTS = ("planning", "reasoning", "shift", "physics", "memory")
_ACTED = ("planning", "reasoning", "shift")

Progress = Callable[[int, int], None]
"""Told how many episodes of one model in one part are over, of how many."""


class Candidate(NamedTuple):
    """One trained model under test."""

    model: WorldUnderTest
    training_seed: int | None


class Part(NamedTuple):
    """One line of a report to be: a test in a world under a condition."""

    test: str
    world: str
    condition: str = ""


class Measured(NamedTuple):
    """What a part gave: a result a candidate, and its controls."""

    results: tuple[TestResult, ...]
    floors: tuple[TestResult, ...]
    ceilings: tuple[TestResult, ...]


def parts(tests: Sequence[str], worlds: Sequence[str]) -> tuple[list[Part], list[str]]:
    """Lay out the tests in these worlds; the second list says, a sentence each, which of them are not to be had there.

    Raises InputError for a test or a world that there is not.
    """
    for name in tests:
        if name not in TESTS:
            raise InputError(f"no test is called {name!r}; there are {', '.join(TESTS)}")
    for name in worlds:
        if name not in (*NAMES, SCENES):
            raise InputError(f"no world is called {name!r}; there are {', '.join((*NAMES, SCENES))}")
    laid: list[Part] = []
    left_out: list[str] = []
    for test in tests:
        found = [part for world in worlds for part in _laid(test, world)]
        laid += found
        if not found:
            need = f"one of {', '.join(NAMES)}" if test in _ACTED else SCENES
            left_out.append(f"{test}: nothing to ask in {', '.join(worlds)}; it needs --world {need}")
    return laid, left_out


def measure(part: Part, candidates: Sequence[Candidate], episodes: int, progress: Progress | None = None) -> Measured:
    """Test every candidate on the same held-out episodes, and the controls with them."""
    seeds = [HELD_OUT + number for number in range(episodes)]
    tell = progress or (lambda done, total: None)
    match part.test:
        case "planning":
            return _planning(part, candidates, seeds, tell)
        case "shift":
            return _shift(part, candidates, seeds, tell)
        case "reasoning":
            return _reasoning(part, candidates, seeds, tell)
        case _:
            raise InputError(f"no test is called {part.test!r}; there are {', '.join(TESTS)}")


def _laid(test: str, world: str) -> list[Part]:
    if (test in _ACTED) == (world == SCENES):
        return []
    if test == "shift":
        return [Part(test, world, shift) for shift in _shifts(world)]
    return [Part(test, world)]


def _shifts(world: str) -> list[str]:
    from assay.worldtests.shift import SHIFTS

    known = []
    for each in SHIFTS:
        try:
            simulator(world).shifted(each)
        except InputError:
            continue
        known.append(each)
    return known


def _planning(part: Part, candidates: Sequence[Candidate], seeds: list[int], tell: Progress) -> Measured:
    from assay.worldtests import planning

    world, settings = simulator(part.world), settings_for(part.world)
    results = tuple(
        planning.run(each.model, world, seeds, settings, training_seed=each.training_seed, progress=tell)
        for each in candidates
    )
    ceiling = planning.ceiling(world, seeds, settings, progress=tell)
    return Measured(results, tuple(planning.floors(world, seeds, settings)), (ceiling,))


def _shift(part: Part, candidates: Sequence[Candidate], seeds: list[int], tell: Progress) -> Measured:
    from assay.worldtests import shift

    world, settings, name = simulator(part.world), settings_for(part.world), part.condition
    results = tuple(
        shift.run(each.model, world, name, seeds, settings, training_seed=each.training_seed, progress=tell)
        for each in candidates
    )
    ceiling = shift.ceiling(world, name, seeds, settings)
    tell(len(seeds), len(seeds))
    return Measured(results, tuple(shift.floors(world, name, seeds, settings)), (ceiling,))


def _reasoning(part: Part, candidates: Sequence[Candidate], seeds: list[int], tell: Progress) -> Measured:
    from assay.worldtests import reasoning

    world = simulator(part.world)
    results = []
    for each in candidates:
        results.append(reasoning.run(each.model, world, seeds, training_seed=each.training_seed))
        tell(len(seeds), len(seeds))
    *floors, ceiling = reasoning.controls(world, seeds)
    tell(len(seeds), len(seeds))
    return Measured(tuple(results), tuple(floors), (ceiling,))

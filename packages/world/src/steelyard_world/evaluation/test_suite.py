"""The tests by name, with their worlds, floors and ceilings."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from steelyard.errors import InputError, MissingDependency
from steelyard_world.evaluation.result import ScoreSummary, TestResult, summarise_scores
from steelyard_world.planners.settings import settings_for
from steelyard_world.protocol import WorldUnderTest
from steelyard_world.sim.catalog import HELD_OUT, NAMES, SCENES, simulator

if TYPE_CHECKING:
    from steelyard_world.evaluation.memory import Remembering

__all__ = ["TESTS", "Candidate", "EvaluationPart", "Measured", "SimplestRivals", "parts", "run_part", "summaries"]

TESTS = ("planning", "reasoning", "shift", "physics", "memory")
HIDDEN, RECALL = "hidden object", "recall"
_ACTED = ("planning", "reasoning", "shift")

Progress = Callable[[int, int], None]
"""Called with the number of episodes of one model in one part that are over, and the number of all."""


class Candidate(NamedTuple):
    """One trained model under test."""

    model: WorldUnderTest
    training_seed: int | None


class SimplestRivals(NamedTuple):
    """The simplest models that could do it: floors of physics, and of the hidden object, beside untrained networks.

    Models of one name are trainings of one kind.
    """

    physics: Sequence[WorldUnderTest] = ()
    memory: Sequence[WorldUnderTest] = ()


class EvaluationPart(NamedTuple):
    """One line of a future report: a test in a world under a condition."""

    test: str
    world: str
    condition: str = ""


class Measured(NamedTuple):
    """One line of a report: a result for each candidate, and the controls."""

    results: tuple[TestResult, ...]
    floors: tuple[TestResult, ...]
    ceilings: tuple[TestResult, ...]


def parts(tests: Sequence[str], worlds: Sequence[str]) -> tuple[list[EvaluationPart], list[str]]:
    """List the tests in these worlds; the second list names, one sentence each, those that do not apply there.

    Raises InputError for an unknown test or world.
    """
    for name in tests:
        if name not in TESTS:
            raise InputError(f"no test is called {name!r}; there are {', '.join(TESTS)}")
    for name in worlds:
        if name not in (*NAMES, SCENES):
            raise InputError(f"no world is called {name!r}; there are {', '.join((*NAMES, SCENES))}")
    laid: list[EvaluationPart] = []
    left_out: list[str] = []
    for test in tests:
        found = [part for world in worlds for part in _parts_in(test, world)]
        laid += found
        if not found:
            need = f"one of {', '.join(NAMES)}" if test in _ACTED else SCENES
            left_out.append(f"{test}: does not apply to {', '.join(worlds)}; it needs --world {need}")
    return laid, left_out


def run_part(
    part: EvaluationPart,
    candidates: Sequence[Candidate],
    untrained: Sequence[WorldUnderTest],
    episodes: int,
    progress: Progress | None = None,
    *,
    rivals: SimplestRivals = SimplestRivals(),  # noqa: B008  # it is immutable
) -> tuple[list[Measured], list[str]]:
    """Test every candidate on the same held-out episodes, and the controls with them.

    ``untrained``: untrained networks like the candidates', at least one for physics and memory. ``rivals`` are floors
    too. The second list names what was not reported, and why, such as a category of physics that a shortcut solves.
    """
    seeds = [HELD_OUT + number for number in range(episodes)]
    report = progress or (lambda done, total: None)
    if part.test == "physics":
        return _physics(part, candidates, untrained, seeds, report, rivals.physics)
    ways = {"planning": _planning, "shift": _shift, "reasoning": _reasoning}
    if part.test in ways:
        return [ways[part.test](part, candidates, seeds, report)], []
    if part.condition == RECALL:
        return _recall(candidates, untrained, seeds, report), []
    return [_hidden(candidates, (*untrained, *rivals.memory), seeds, report)], []


def summaries(measured: Sequence[Measured]) -> tuple[ScoreSummary, ...]:
    """Summarise each line; a score under a shift gets the loss by the shift, where planning was tested too."""
    from steelyard_world.evaluation import planning, shift

    plain = {each.results[0].world: each.results for each in measured if each.results[0].test == planning.TEST}
    lines = []
    for each in measured:
        summary = summarise_scores(each.results, each.floors, each.ceilings)
        if summary.test == shift.TEST and summary.world in plain:
            lost = shift.drop(plain[summary.world], each.results)
            summary = msgspec.structs.replace(summary, lost=lost.estimate, lost_low=lost.low, lost_high=lost.high)
        lines.append(summary)
    return tuple(lines)


def _parts_in(test: str, world: str) -> list[EvaluationPart]:
    if (test in _ACTED) == (world == SCENES):
        return []
    if test == "physics":
        from steelyard_world.sim.scenes import CATEGORIES

        return [EvaluationPart(test, world, category) for category in CATEGORIES]
    if test == "memory":
        return [EvaluationPart(test, world, HIDDEN), EvaluationPart(test, world, RECALL)]
    if test == "shift":
        return [EvaluationPart(test, world, shift) for shift in _shifts(world)]
    return [EvaluationPart(test, world)]


def _shifts(world: str) -> list[str]:
    from steelyard_world.evaluation.shift import SHIFTS

    return [shift for shift in SHIFTS if shift in simulator(world).shifts]


def _planning(part: EvaluationPart, candidates: Sequence[Candidate], seeds: list[int], report: Progress) -> Measured:
    from steelyard_world.evaluation import planning

    world, settings = simulator(part.world), settings_for(part.world)
    results = tuple(
        planning.run_planning(each.model, world, seeds, settings, training_seed=each.training_seed, progress=report)
        for each in candidates
    )
    ceiling = planning.ceiling(world, seeds, settings, progress=report)
    floors = (*planning.floors(world, seeds, settings), planning.no_obstacles(world, seeds, settings))
    return Measured(results, floors, (ceiling,))


def _shift(part: EvaluationPart, candidates: Sequence[Candidate], seeds: list[int], report: Progress) -> Measured:
    from steelyard_world.evaluation import shift

    world, settings, name = simulator(part.world), settings_for(part.world), part.condition
    results = tuple(
        shift.run_shift(each.model, world, name, seeds, settings, training_seed=each.training_seed, progress=report)
        for each in candidates
    )
    ceiling = shift.shifted_ceiling(world, name, seeds, settings)
    report(len(seeds), len(seeds))
    return Measured(results, tuple(shift.shifted_floors(world, name, seeds, settings)), (ceiling,))


def _reasoning(part: EvaluationPart, candidates: Sequence[Candidate], seeds: list[int], report: Progress) -> Measured:
    from steelyard_world.evaluation import reasoning

    world = simulator(part.world)
    results = []
    for each in candidates:
        results.append(reasoning.run_reasoning(each.model, world, seeds, training_seed=each.training_seed))
        report(len(seeds), len(seeds))
    *floors, ceiling = reasoning.controls(world, seeds)
    report(len(seeds), len(seeds))
    return Measured(tuple(results), tuple(floors), (ceiling,))


def _physics(
    part: EvaluationPart,
    candidates: Sequence[Candidate],
    untrained: Sequence[WorldUnderTest],
    seeds: list[int],
    report: Progress,
    rivals: Sequence[WorldUnderTest],
) -> tuple[list[Measured], list[str]]:
    from steelyard_world.evaluation import physics
    from steelyard_world.evaluation.shortcut_check import check_category

    category = part.condition
    check = check_category(category, untrained)
    report(len(seeds), len(seeds))
    if not check.passed:
        return [], [f"physics, {category}: not reported, since {'; '.join(check.faults)}"]
    results = tuple(
        physics.run_physics(each.model, category, seeds, training_seed=each.training_seed, progress=report)
        for each in candidates
    )
    chance = physics.chance(category, seeds)
    floors = (chance, *(physics.run_physics(each, category, seeds) for each in (*untrained, *rivals)))
    return [Measured(results, floors, (_perfect(chance, "all right", 1.0),))], []


def _hidden(
    candidates: Sequence[Candidate], simplest: Sequence[WorldUnderTest], seeds: list[int], report: Progress
) -> Measured:
    from steelyard_world.evaluation import memory

    results = []
    for each in candidates:
        results.append(memory.hidden_object(each.model, seeds, training_seed=each.training_seed))
        report(len(seeds), len(seeds))
    floors = [memory.screen_alone(seeds), *(memory.hidden_object(each, seeds) for each in simplest)]
    report(len(seeds), len(seeds))
    return Measured(tuple(results), tuple(floors), (_perfect(floors[0], "no error", 0.0),))


def _recall(
    candidates: Sequence[Candidate], untrained: Sequence[WorldUnderTest], seeds: list[int], report: Progress
) -> list[Measured]:
    """One line for each number of distractors; every model starts with an empty store, and keeps its own."""
    from steelyard_world.evaluation import memory

    results = []
    for each in candidates:
        results.append(memory.recall(_forgetful(each.model), seeds, training_seed=each.training_seed))
        report(len(seeds), len(seeds))
    floors = [
        memory.recall(memory.LastFrames(), seeds),
        memory.recall(memory.StoredPictures(), seeds),
        *(memory.recall(_forgetful(each), seeds) for each in untrained),
    ]
    report(len(seeds), len(seeds))
    return [
        Measured(of_models, of_floors, (_perfect(of_floors[0], "all found", 1.0),))
        for of_models, of_floors in zip(zip(*results, strict=True), zip(*floors, strict=True), strict=True)
    ]


def _forgetful(model: WorldUnderTest) -> Remembering:
    """The same model with an empty store."""
    from steelyard_world.evaluation.memory import Remembering
    from steelyard_world.memory import Memory

    if not isinstance(model, Remembering):
        raise MissingDependency(f"{model.name} has no store of moments: it needs the methods remember and recall")
    other: Any = copy.copy(model)
    other.memory = Memory()
    kept: Remembering = other
    return kept


def _perfect(like: TestResult, name: str, score: float) -> TestResult:
    """Make the bound of a score that needs no planner or simulator."""
    return msgspec.structs.replace(like, model=name, scores=(score,) * len(like.units), details={})

"""The tasks for world models: held-out seeds, prompts that scorers read, and a chance that is a control's own score."""

from __future__ import annotations

import json

import numpy as np
import pytest

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical
from steelyard.records import GenerateRequest
from steelyard.tasks import load_task, task_ids
from steelyard_world.audit.episodes import generate
from steelyard_world.audit.questions import ReachGoalShifted, read_question
from steelyard_world.evaluation import planning
from steelyard_world.evaluation.reasoning import controls
from steelyard_world.evaluation.result import TestResult
from steelyard_world.planners.settings import settings_for
from steelyard_world.sim.catalog import HELD_OUT, simulator
from steelyard_world.sim.simulator import Simulator

WORLD_TASKS = [name for name in task_ids() if name.startswith("world_")]
PLANNING = {
    "world_two_room": "two-room",
    "world_two_room_fixed": "two-room-fixed",
    "world_push": "push",
    "world_point_maze": "point-maze",
}


@pytest.mark.parametrize("name", WORLD_TASKS)
def test_every_prompt_is_a_canonical_question_about_a_held_out_seed(name: str) -> None:
    task = load_task(name)
    for prompt_format in task.prompts.values():
        assert prompt_format.needs
    for prompt_name in task.prompts:
        samples = list(task.prepare(prompt_name))
        assert len(samples) == task.definition.generator.count  # type: ignore[union-attr]
        prompts = [sample.request.prompt for sample in samples if isinstance(sample.request, GenerateRequest)]
        assert len(set(prompts)) == len(samples)
        for prompt in prompts:
            question = read_question(prompt)
            assert HELD_OUT <= question.seed < 2**32
            assert canonical(json.loads(prompt)).decode() == prompt


def test_an_episode_is_the_same_however_many_are_made_and_asked_in_every_way() -> None:
    few = generate("public-1", 6, shift=["colour", "size"], tie=["ours"])
    many = generate("public-1", 60, shift=["colour", "size"], tie=["ours"])
    assert list(many[:6]) == list(few)
    assert [row["shift"] for row in few] == ["colour", "size"] * 3
    assert few[0]["seed"] == few[1]["seed"] != few[2]["seed"]
    assert not {row["seed"] for row in generate("twin", 200)} & {row["seed"] for row in generate("public-1", 200)}


@pytest.mark.parametrize("options", [{"shift": "colour"}, {"shift": []}])
def test_an_option_that_is_no_list_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="must be a list of what each episode is asked for"):
        generate("public-1", 4, **options)


def public(name: str) -> list[int]:
    task = load_task(name)
    prompts = [sample.request.prompt for sample in task.prepare(task.default_prompt)]  # type: ignore[union-attr]
    return [read_question(prompt).seed for prompt in prompts]


def floors(world: Simulator, name: str, seeds: list[int]) -> list[TestResult]:
    """What needs no model of obstacles: moving at random, straight at the goal, and as if nothing were in the way."""
    settings = settings_for(name)
    return [*planning.floors(world, seeds, settings), planning.no_obstacles(world, seeds, settings)]


@pytest.mark.parametrize(
    "name",
    [
        "world_two_room_fixed",
        pytest.param("world_two_room", marks=pytest.mark.slow),
        pytest.param("world_push", marks=pytest.mark.slow),
        pytest.param("world_point_maze", marks=pytest.mark.slow),
    ],
)
def test_chance_is_what_the_best_control_reaches_on_the_very_episodes(name: str) -> None:
    world = PLANNING[name]
    best = max(result.mean for result in floors(simulator(world), world, public(name)))
    assert load_task(name).chance == pytest.approx(best, abs=0.006)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["world_shift", "world_shift_random_layout"])
def test_chance_under_a_shift_is_what_the_best_control_reaches_in_both_worlds(name: str) -> None:
    task = load_task(name)
    asked = []
    for sample in task.prepare(task.default_prompt):
        question = read_question(sample.request.prompt)  # type: ignore[union-attr]
        assert isinstance(question, ReachGoalShifted)
        asked.append(question)
    world, both = simulator(asked[0].world), []
    for shift in ("colour", "size", "speed", "layout"):
        seeds = [question.seed for question in asked if question.shift == shift]
        plain, shifted = (floors(each, world.name, seeds) for each in (world, world.shifted(shift)))
        both.append([np.multiply(one.scores, other.scores) for one, other in zip(plain, shifted, strict=True)])
    assert task.chance == pytest.approx(np.mean(both, axis=(0, 2)).max(), abs=0.006)


def test_chance_of_a_counterfactual_is_the_best_control_in_the_easier_layout() -> None:
    seeds, best = public("world_counterfactual"), []
    for world in ("two-room-fixed", "two-room"):
        found = {each.model: each.mean for each in controls(simulator(world), seeds)}
        assert found.pop("true dynamics") == 1
        best.append(max(found.values()))
    assert load_task("world_counterfactual").chance == pytest.approx(max(best), abs=0.006)

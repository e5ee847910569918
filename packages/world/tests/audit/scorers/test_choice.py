"""Scores of a choice among outcomes: the scene is made again from the seed."""

from __future__ import annotations

import json

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import open_identifier
from steelyard_world.audit.scorers.choice import OutcomeChoice
from steelyard_world.evaluation.reasoning import scene
from steelyard_world.sim.catalog import HELD_OUT, simulator

SEED = HELD_OUT + 7


def choice(answer: object) -> Score:
    prompt = json.dumps({"ask": "choose outcome", "seed": SEED, "world": "two-room-fixed"})
    return OutcomeChoice().score(Sample(id="t/0", request=GenerateRequest(prompt=prompt), target=""), said(answer))


def said(answer: object) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text=answer if isinstance(answer, str) else json.dumps(answer))


def test_only_the_outcome_of_the_changed_course_is_right() -> None:
    answer = scene(simulator("two-room-fixed"), SEED).answer
    marks = [choice({"choice": [index]}).value for index in range(7)]
    assert marks == [float(index == answer) for index in range(7)]


@pytest.mark.parametrize("answer", ["3", {"choice": 3}, {"choice": [7]}, {"choice": [-1]}, {"choice": [0.5]}, {}])
def test_a_choice_of_none_of_the_outcomes_is_unparsed(answer: object) -> None:
    assert choice(answer) == Score(value=0.0, parsed=False, note="not one of the outcomes")


def test_a_plan_opens_the_scorer_by_its_identifier() -> None:
    assert open_identifier("world_choice@3").identifier == "world_choice@3"

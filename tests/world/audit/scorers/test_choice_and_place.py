"""Scores of reasoning and of memory: the truth is made again from the seed."""

from __future__ import annotations

import json

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import open_identifier, open_scorer
from steelyard.world.audit.object_position import true_place
from steelyard.world.audit.scorers.choice import Choice
from steelyard.world.audit.scorers.place import Place
from steelyard.world.evaluation.reasoning import scene
from steelyard.world.sim.catalog import HELD_OUT, simulator

SEED = HELD_OUT + 7


def choice(answer: object) -> Score:
    prompt = json.dumps({"ask": "choose", "seed": SEED, "world": "two-room-fixed"})
    return Choice().score(Sample(id="t/0", request=GenerateRequest(prompt=prompt), target=""), said(answer))


def place(answer: object) -> Score:
    prompt = json.dumps({"ask": "locate", "seed": SEED})
    return Place().score(Sample(id="t/0", request=GenerateRequest(prompt=prompt), target=""), said(answer))


def said(answer: object) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text=answer if isinstance(answer, str) else json.dumps(answer))


def test_only_the_outcome_of_the_changed_course_is_right() -> None:
    answer = scene(simulator("two-room-fixed"), SEED).answer
    scores = [choice({"choice": [index]}).value for index in range(7)]
    assert scores == [float(index == answer) for index in range(7)]


@pytest.mark.parametrize("answer", ["3", {"choice": 3}, {"choice": [7]}, {"choice": [-1]}, {"choice": [0.5]}, {}])
def test_a_choice_of_none_of_the_outcomes_is_unparsed(answer: object) -> None:
    assert choice(answer) == Score(value=0.0, parsed=False, note="not one of the outcomes")


def test_a_place_within_two_pixels_is_right() -> None:
    x = true_place(SEED)
    assert [place({"x": [x + off]}).value for off in (-2.1, -1.9, 0, 1.9, 2.1)] == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("answer", ["there", {"x": 3}, {"x": []}, {"x": [1, 2]}, {"x": [None]}, '{"x":[1e400]}'])
def test_what_is_no_place_is_unparsed(answer: object) -> None:
    assert place(answer) == Score(value=0.0, parsed=False, note="not the place of an object")


def test_the_identifier_names_the_pixels() -> None:
    scorer = open_scorer({"name": "world_place", "within": 3})
    assert scorer.identifier == "world_place[3]@1"
    assert open_identifier("world_place[3]@1") == scorer
    assert open_identifier("world_choice@2").identifier == "world_choice@2"
    for options in ("0", "x", "²", "99"):
        with pytest.raises(InputError):
            open_identifier(f"world_place[{options}]@1")

"""Scores of a hidden object's position: the truth is computed again from the seed."""

from __future__ import annotations

import json

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import open_identifier, open_scorer
from steelyard_world.audit.object_position import true_position
from steelyard_world.audit.scorers.position import ObjectPosition
from steelyard_world.sim.catalog import HELD_OUT

SEED = HELD_OUT + 7


def place(answer: object) -> Score:
    prompt = json.dumps({"ask": "locate object", "seed": SEED})
    return ObjectPosition().score(Sample(id="t/0", request=GenerateRequest(prompt=prompt), target=""), said(answer))


def said(answer: object) -> ModelOutput:
    return ModelOutput(outcome=Outcome.OK, text=answer if isinstance(answer, str) else json.dumps(answer))


def test_a_position_within_two_pixels_is_right() -> None:
    x = true_position(SEED)
    assert [place({"x": [x + off]}).value for off in (-2.1, -1.9, 0, 1.9, 2.1)] == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("answer", ["there", {"x": 3}, {"x": []}, {"x": [1, 2]}, {"x": [None]}, '{"x":[1e400]}'])
def test_anything_but_a_position_is_unparsed(answer: object) -> None:
    assert place(answer) == Score(value=0.0, parsed=False, note="not the position of an object")


def test_the_identifier_names_the_pixels() -> None:
    scorer = open_scorer({"name": "world_position", "within": 3})
    assert scorer.identifier == "world_position[3]@2"
    assert open_identifier("world_position[3]@2") == scorer
    for options in ("0", "x", "²", "99"):
        with pytest.raises(InputError):
            open_identifier(f"world_position[{options}]@2")

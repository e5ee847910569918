"""The scorer: right calls, none where none are right, open where nothing is settled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers.function_calls.scorer import FunctionCalls

LAMP = {"name": "lamp", "parameters": {"properties": {"on": {"type": "boolean"}}, "required": ["on"]}}


def score(text: str, category: str = "simple", answers: Any = ({"lamp": {"on": [True]}},)) -> Score:
    target = json.dumps({"category": category, "functions": [LAMP], "answers": list(answers)})
    sample = Sample(id="s", request=GenerateRequest(prompt="q"), target=target)
    return FunctionCalls().score(sample, ModelOutput(outcome=Outcome.OK, text=text))


def test_right_wrong_and_unparsed() -> None:
    assert score("[lamp(on=True)]") == Score(value=1.0)
    assert score("[lamp(on=1)]") == Score(value=0.0, note="'on' has another value")
    assert score("The lamp is on.") == Score(value=0.0, parsed=False, note="no calls: no Python expression")


def test_no_call_is_right_where_no_function_fits() -> None:
    assert score("No function fits.", "irrelevance", ()) == Score(value=1.0)
    assert score("[]", "irrelevance", ()) == Score(value=1.0)
    assert score("[lamp(on=True)]", "irrelevance", ()) == Score(value=0.0, note="a call")
    assert score("[lamp(on=True)]", "live_relevance", ()) == Score(value=1.0)
    assert score("No.", "live_relevance", ()).value == 0


def test_open() -> None:
    assert score("[lamp(on=__import__('os').nice(1) + 1)]").value is None
    assert score("[lamp(on=True)]", "multiple", ({"other": {}},)).note == "the reference has no result for this"


@pytest.mark.parametrize("text", ["```python\n{}\n```", "```tool_code\n{}\n```", " ```json\n{}```\n", "```python\n{}"])
def test_right_calls_in_a_marked_block_are_open_and_wrong_ones_wrong(text: str) -> None:
    assert score(text.format("[lamp(on=True)]")).note.startswith("calls in a marked block")
    assert score(text.format("[lamp(on=True)]")).value is None
    assert score(text.format("[lamp(on=False)]")).value == 0
    assert score(text.format("It is on.")).value == 0
    assert score(text.format("[lamp(on=True)]"), "irrelevance", ()).value is None
    assert score(text.format("No function fits."), "irrelevance", ()).value == 1
    assert score(text.format("[lamp(on=True)]"), "live_relevance", ()).value is None


@pytest.mark.parametrize("text", ["```\n{}\n```", "`{}`", "{}", "```\n{}"])
def test_a_block_without_a_mark_is_read(text: str) -> None:
    assert score(text.format("[lamp(on=True)]")) == Score(value=1.0)
    assert score(text.format("[lamp(on=False)]")).value == 0


def test_a_block_within_a_sentence_is_no_list_of_calls() -> None:
    assert score("Here it is:\n```python\n[lamp(on=True)]\n```") == Score(
        value=0.0, parsed=False, note="no calls: no Python expression"
    )


@pytest.mark.parametrize(
    "target", ["", "7", "{}", '{"category": "simple"}', '{"category": 1, "answers": []}', "[" * 100_000]
)
def test_a_target_that_is_none(target: str) -> None:
    sample = Sample(id="s", request=GenerateRequest(prompt="q"), target=target)
    with pytest.raises(InputError, match="s: the target"):
        FunctionCalls().score(sample, ModelOutput(outcome=Outcome.OK, text="[lamp(on=True)]"))

"""MathVista's answers: found by rule, and then compared as the benchmark's script compares what a person finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.letter import Letter
from steelyard.scorers.mathvista import MathVista
from steelyard.scorers.numeric import Numeric

# Outputs, answers with their types, and what MathVista's normalize_extracted_answer and safe_equal give for the value
# that a person finds in the output: all made up.
BY_REFERENCE: list[list[Any]] = json.loads((Path(__file__).parent / "mathvista_by_reference.json").read_text())
FOURTEEN = {"answer": "14", "type": "integer", "precision": 0}


def value(output: str, target: Any, choices: tuple[str, ...] = (), outcome: Outcome = Outcome.OK) -> float | None:
    written = target if isinstance(target, str) else json.dumps(target)
    sample = Sample(id="m/testmini/0", request=GenerateRequest(prompt="?"), target=written, choices=choices)
    return MathVista().score(sample, ModelOutput(outcome=outcome, text=output)).value


@pytest.mark.parametrize(("output", "target", "theirs"), BY_REFERENCE)
def test_it_scores_as_the_benchmark_does(output: str, target: dict[str, Any], theirs: float) -> None:
    assert len(BY_REFERENCE) >= 20
    assert value(output, target) == theirs


def test_the_letter_of_a_choice_or_its_text() -> None:
    choices = ("3/11", "8/11", "6/11", "3/5")
    assert [value(each, "1", choices) for each in ("The correct answer is (B) 8/11.", "8/11", "C", "Hm.")] == [
        1,
        1,
        0,
        None,
    ]


def test_what_no_rule_finds_is_open() -> None:
    assert value("I cannot see it.", FOURTEEN) is None
    assert value("Between 2007 and 2008.", {"answer": "[2007, 2008]", "type": "list"}) is None
    assert value("[1] or [2]", {"answer": "[1]", "type": "list"}) is None
    assert value("The answer is 1", FOURTEEN, outcome=Outcome.TRUNCATED) is None


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("x", "no JSON"),
        ('{"answer": "1"}', "no JSON"),
        ('{"answer": "1", "type": "text"}', "no JSON"),
        ('{"answer": "x", "type": "float"}', "is no float"),
        ('{"answer": "1, 2", "type": "list"}', "is no list"),
        ('{"answer": "1", "type": "float", "precision": 99}', "precision"),
    ],
)
def test_a_target_that_cannot_be_compared_is_said(target: str, why: str) -> None:
    assert why in MathVista().target_fault(target)
    assert value("1", target) is None


@pytest.mark.parametrize(
    "number",
    [
        "1e100000000",
        "1e-100000000",
        "1_0e+0900000000",
        "9" * 399 + "e99999999",
        "1e0_9999999",
        "1e٣٠٠٠٠٠٠",
        "1e９９９９９９９",
    ],
)
def test_a_number_that_would_take_hours_is_no_number(number: str) -> None:
    """A few characters that a model, or a data set, may write; the fraction would have as many digits as it says."""
    assert value(f"['{number}', 2]", {"answer": "[1, 2]", "type": "list"}) in (0.0, None)
    assert "is no" in MathVista().target_fault(json.dumps({"answer": number, "type": "integer"}))
    assert value("1", {"answer": number, "type": "float"}) is None


@pytest.mark.parametrize("number", ["1000", "1_000", " 1e3 ", "+1E+003", "2000/2", "1000.0", "١٠٠٠", "１０００"])
def test_a_number_is_the_same_in_every_writing(number: str) -> None:
    assert value(f"['{number}', 2]", {"answer": "[1000, 2]", "type": "list"}) == 1


def test_the_index_of_a_choice_needs_choices() -> None:
    assert MathVista().target_fault("1") == ""
    assert value("1", "1") is None


def test_its_version_rests_on_those_of_its_readers() -> None:
    """Another version of a reader scores otherwise: then ``mathvista`` needs another version, too."""
    assert (MathVista().identifier, Letter().identifier, Numeric().identifier) == (
        "mathvista@4",
        "letter@5",
        "numeric@8",
    )
    assert open_identifier(open_scorer({"name": "mathvista"}).identifier) == MathVista()


@given(st.text(max_size=80))
def test_no_text_breaks_it(output: str) -> None:
    assert value(output, FOURTEEN) in (0.0, 1.0, None)
    assert value(output, {"answer": "[1, 2]", "type": "list"}) in (0.0, 1.0, None)


@given(st.integers(-999, 999), st.floats(-0.99, 0.99))
def test_a_whole_number_is_cut(number: int, more: float) -> None:
    said = number + abs(more) if number >= 0 else number - abs(more)
    target = {"answer": str(number), "type": "integer"}
    assert value(f"The answer is {said:.4f}", target) == float(int(float(f"{said:.4f}")) == number)


def test_a_number_within_a_twentieth_is_open_where_the_vendors_rule_may_take_it() -> None:
    near = open_scorer({"name": "mathvista", "near": True})
    assert open_identifier(near.identifier) == near == MathVista(near=True)
    decimal = {"answer": "2.50", "type": "float", "precision": 2}

    def read(text: str, target: dict[str, Any]) -> float | None:
        sample = Sample(id="m/testmini/0", request=GenerateRequest(prompt="?"), target=json.dumps(target))
        return near.score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value

    texts = ("14", "13.3", "13", "15", "It was 14, not 20.\nFinal Answer: 20")
    assert [read(f"Final Answer: {text}", FOURTEEN) for text in texts] == [1, None, 0, 0, 0]
    assert [read(f"Final Answer: {text}", decimal) for text in ("2.5", "2.6", "2.7", "-2.5")] == [1, None, 0, 0]
    assert value("Final Answer: 2.6", decimal) == 0
    with pytest.raises(InputError, match="mathvista has no option"):
        MathVista.from_options("far")

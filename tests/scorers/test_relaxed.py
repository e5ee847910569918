"""Relaxed accuracy: as lm-eval scores outputs that are made up, and what it does beyond."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.relaxed import Relaxed, is_about

# Outputs, targets, and the relaxed_accuracy of lm-eval 0.4.13 (lm_eval/tasks/chartqa/utils.py): all made up.
BY_LM_EVAL: list[list[Any]] = json.loads((Path(__file__).parent / "relaxed_by_lm_eval.json").read_text())


def value(output: str, target: str) -> float | None:
    sample = Sample(id="charts/test/0", request=GenerateRequest(prompt="?"), target=target)
    return Relaxed().score(sample, ModelOutput(outcome=Outcome.OK, text=output)).value


@pytest.mark.parametrize(("output", "target", "theirs"), BY_LM_EVAL)
def test_it_scores_as_lm_eval_does(output: str, target: str, theirs: float) -> None:
    assert len(BY_LM_EVAL) >= 20
    assert value(output, target) == theirs


def test_a_mark_in_capitals_and_bold_is_one_here() -> None:
    assert value("**FINAL ANSWER**: 42", "42") == 1.0


def test_an_output_without_the_mark_is_unparsed() -> None:
    sample = Sample(id="charts/test/0", request=GenerateRequest(prompt="?"), target="42")
    found = Relaxed().score(sample, ModelOutput(outcome=Outcome.OK, text="It is 42."))
    assert (found.value, found.parsed) == (0.0, False)


def test_it_opens_from_a_task_file_and_from_a_plan() -> None:
    assert open_identifier(open_scorer({"name": "relaxed"}).identifier) == Relaxed()


@given(st.floats(-1e9, 1e9), st.floats(-0.049, 0.049))
def test_a_number_may_be_off_by_a_twentieth(target: float, share: float) -> None:
    assert is_about(f"{target * (1 + share):f}", f"{target:f}") or abs(target) < 1e-3


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_it(output: str, target: str) -> None:
    assert value(output, target) in (0.0, 1.0)
    assert value(f"answer: {output}", target) in (0.0, 1.0)

"""Bars as text, and how a score counts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from steelyard.detectors.bars import MISSING, OPEN, RIGHT, WRONG, bar_of, is_steady, mark_of
from tests.detectors.choose.choose_plans import choose_plan
from tests.detectors.gate.gate_plans import scores_of


@pytest.mark.parametrize(
    ("text", "bar"),
    [("0.85", Fraction(17, 20)), (".5", Fraction(1, 2)), ("1", Fraction(1)), ("0", Fraction(0)), ("1.0", Fraction(1)),
     ("1.1", None), ("85", None), ("1e-1", None), ("", None), ("٠.٥", None), ("0.1234567", None)],
)  # fmt: skip
def test_a_bar_is_a_decimal_text_from_0_to_1(text: str, bar: Fraction | None) -> None:
    assert bar_of(text) == bar


def test_marks() -> None:
    assert [mark_of(score) for score in scores_of([0, 1, None, "missing"])] == [WRONG, RIGHT, OPEN, MISSING]


@pytest.mark.parametrize("steady", [True, False])
def test_answers_are_steady_in_process_and_greedy(steady: bool) -> None:
    plan = choose_plan("0.9", steady=steady)
    assert is_steady(plan.measurements[0], plan.models) is steady

"""How a score counts, and whether answers vary."""

from __future__ import annotations

import pytest

from steelyard.detectors.bars import MISSING, OPEN, RIGHT, WRONG, is_steady, mark_of
from tests.detectors.choose.choose_plans import choose_plan
from tests.detectors.gate.gate_plans import scores_of


def test_marks() -> None:
    assert [mark_of(score) for score in scores_of([0, 1, None, "missing"])] == [WRONG, RIGHT, OPEN, MISSING]


@pytest.mark.parametrize("steady", [True, False])
def test_answers_are_steady_in_process_and_greedy(steady: bool) -> None:
    plan = choose_plan("0.9", steady=steady)
    assert is_steady(plan.measurements[0], plan.models) is steady

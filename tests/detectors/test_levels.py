"""Levels of a test beside the claims: its share to accuse, the whole to confirm, less with each audit."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from steelyard.detectors.levels import Levels
from steelyard.records import VerdictWord
from testkit.twin_plans import planned


def test_a_test_has_its_share_of_the_level_and_confirms_at_the_whole() -> None:
    plan = planned("word_sequence_reversal")
    test = next(each for each in plan.tests if each.rule == "twin_gap@2")
    first = Levels.of(test, plan)
    assert first.confirm == pytest.approx(0.05 * 6 / math.pi**2)
    assert first.accuse == pytest.approx(first.confirm * test.weight)
    again = {name: replace(question, number=2) for name, question in plan.questions.items()}
    assert Levels.of(test, replace(plan, questions=again)).accuse == pytest.approx(first.accuse / 4)


@pytest.mark.parametrize(
    ("highest", "within", "word"),
    [
        (99.0, 19.0, None),
        (100.0, 19.0, VerdictWord.INCONSISTENT),
        (99.0, 20.0, VerdictWord.CONSISTENT),
        (100.0, 20.0, VerdictWord.INCONSISTENT),
    ],
)
def test_a_bet_decides_where_it_reaches_its_level(highest: float, within: float, word: VerdictWord | None) -> None:
    assert Levels(0.01, 0.05).word(highest, within) is word

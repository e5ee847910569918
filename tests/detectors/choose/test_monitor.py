"""A choice at work: who is asked, who waits, and that what it finds depends on no order of arrival."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.detectors.choose.detector import Choose
from steelyard.plugins import ComparingMonitor
from steelyard.records import VerdictWord
from tests.detectors.choose.choose_plans import choose_plan, read
from tests.detectors.gate.gate_plans import Marks, scores_of

PLAN = choose_plan("0.9", 60)
MARKS = st.lists(st.sampled_from([0, 1, 1, 1, 1, 1, 1, 1, 1, None, "missing"]), min_size=60, max_size=60)


def test_one_is_asked_and_the_dearer_ones_wait() -> None:
    monitor = Choose().open(PLAN.tests[0], PLAN)
    assert isinstance(monitor, ComparingMonitor)
    assert monitor.heads == {"m1": 0, "m2": None, "m3": None}
    for score in scores_of([0] * 20, "m1"):
        monitor.observe(score)
    assert monitor.closed == {"m1"}
    assert monitor.heads["m2"] == 0
    assert monitor.heads["m3"] is None
    assert monitor.progress_of("m1").decision == "inconsistent"
    assert (monitor.progress().decision, monitor.progress().target, monitor.progress().sign) == ("", "90", "≥")
    for score in scores_of([1] * 60, "m2"):
        monitor.observe(score)
    assert monitor.closed == {"m1", "m2", "m3"}
    found = monitor.find({})
    assert found.word is VerdictWord.CONSISTENT
    assert found.choice is not None
    assert (found.choice.chosen, found.choice.cheapest) == ("candidate-2", True)
    assert found.choice.candidates[0].asked < 20


def test_all_below_is_a_finding_and_missing_answers_leave_it_open() -> None:
    below = read(PLAN, [[0] * 60, [0] * 60, [0] * 60]).find({})
    assert below.word is VerdictWord.INCONSISTENT
    assert below.p == 0.025
    assert [each.check for each in below.findings] == ["all_below_target"]
    answers: list[Marks] = [[0] * 60, [*[1] * 50, *["missing"] * 6, *[None] * 4], [0] * 60]
    opened = read(PLAN, answers).find({})
    assert (opened.word, opened.p, opened.findings) == (VerdictWord.INSUFFICIENT_POWER, 1.0, ())
    assert opened.choice is not None
    second = opened.choice.candidates[1]
    assert (second.right, second.missing, second.open, second.asked) == (50, 6, 4, 60)


def test_a_limit_leaves_a_choice_open_and_nobody_waits() -> None:
    plan = choose_plan("0.9", 200, limit=3)
    monitor = read(plan, [[1] * 3, [1] * 3, [1] * 3])
    assert monitor.closed == {"m1", "m2", "m3"}
    assert monitor.find({}).word is VerdictWord.INSUFFICIENT_POWER


@settings(max_examples=20)
@given(st.lists(MARKS, min_size=3, max_size=3), st.randoms())
def test_the_order_of_arrival_changes_nothing(answers: list[Marks], random: Random) -> None:
    scores = [score for number, marks in enumerate(answers, 1) for score in scores_of(marks, f"m{number}")]
    random.shuffle(scores)
    monitor = Choose().open(PLAN.tests[0], PLAN)
    for score in scores:
        monitor.observe(score)
    assert monitor.find({}) == read(PLAN, answers).find({})


@settings(max_examples=20)
@given(st.lists(MARKS, min_size=3, max_size=3))
def test_it_never_opens_what_it_closed_and_asks_one_at_a_time(answers: list[Marks]) -> None:
    monitor, closed = Choose().open(PLAN.tests[0], PLAN), frozenset[str]()
    while wanted := [name for name, head in monitor.heads.items() if head is not None and name not in monitor.closed]:
        assert len(wanted) == 1
        head = monitor.heads[wanted[0]]
        assert head is not None
        number = int(wanted[0][1]) - 1
        monitor.observe([*scores_of(answers[number], wanted[0])][head])
        assert closed <= monitor.closed
        closed = monitor.closed
    assert monitor.find({}).choice is not None


@pytest.mark.parametrize("position", [-1, 10_000])
def test_what_is_not_of_the_order_is_not_read(position: int) -> None:
    import msgspec

    monitor = Choose().open(PLAN.tests[0], PLAN)
    (score,) = scores_of([1], "m1")
    monitor.observe(msgspec.structs.replace(score, position=position))
    assert monitor.heads["m1"] == 0

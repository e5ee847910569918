"""A gate at work: any order of arrival, open and missing answers, limits, several gates under one level."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.auditing.verdict import decide
from steelyard.detectors.gate.detector import Gate
from steelyard.records import DetectorResult, Plan, VerdictWord
from tests.detectors.gate.gate_plans import Marks, gate_plan, scores_of

PLAN = gate_plan("0.75", 60)


def found(plan: Plan, marks: Marks, shuffled: random.Random | None = None) -> DetectorResult:
    monitor = Gate().open(plan.tests[0], plan)
    scores = list(scores_of(marks))
    if shuffled:
        shuffled.shuffle(scores)
    for score in scores:
        monitor.observe(score)
    return monitor.find({})


def word_of(plan: Plan, marks: Marks) -> VerdictWord:
    return found(plan, marks).word


@given(
    st.lists(st.sampled_from([1, 1, 1, 0, None, "missing"]), min_size=1, max_size=60), st.randoms(use_true_random=False)
)
def test_the_order_of_arrival_changes_nothing(marks: Marks, random_: random.Random) -> None:
    assert found(PLAN, marks, random_) == found(PLAN, marks)


@given(st.lists(st.sampled_from([1, 0]), min_size=60, max_size=60), st.integers(0, 59))
def test_an_unread_answer_helps_neither_side(marks: Marks, place: int) -> None:
    changed = [*marks[:place], None, *marks[place + 1 :]]
    as_right, as_wrong = ([*marks[:place], value, *marks[place + 1 :]] for value in (1, 0))
    word = word_of(PLAN, changed)
    if word is VerdictWord.INCONSISTENT:
        assert word_of(PLAN, as_right) is VerdictWord.INCONSISTENT
    if word is VerdictWord.CONSISTENT:
        assert word_of(PLAN, as_wrong) is VerdictWord.CONSISTENT


@given(st.lists(st.sampled_from([1, 0]), min_size=60, max_size=60))
def test_the_whole_suite_always_decides_rightly_at_the_end_or_before(marks: Marks) -> None:
    word, gate = word_of(PLAN, marks), found(PLAN, marks).gate
    assert gate is not None
    assert word is not VerdictWord.INSUFFICIENT_POWER
    if gate.asked == 60:
        assert (word is VerdictWord.CONSISTENT) == (sum(mark == 1 for mark in marks) >= 45)


def test_open_and_missing_are_counted_apart() -> None:
    gate = found(PLAN, [1, None, "missing", "missing", 0]).gate
    assert gate is not None
    assert (gate.asked, gate.right, gate.open, gate.missing, gate.of, gate.items) == (5, 1, 1, 2, 60, 60)


def test_without_an_answer_it_is_undecided() -> None:
    result = found(PLAN, [])
    assert (result.word, result.p) == (VerdictWord.INSUFFICIENT_POWER, 1.0)
    assert "no answer was read" in result.reason
    assert result.gate is not None
    assert result.gate.ci is None


def test_a_gap_in_the_order_stops_the_reading() -> None:
    monitor = Gate().open(PLAN.tests[0], PLAN)
    for score in list(scores_of([0] * 60))[1:]:
        monitor.observe(score)
    assert monitor.heads == {"suite-0": 0}
    assert monitor.closed == frozenset()


def test_it_closes_its_measurement_once_decided() -> None:
    monitor = Gate().open(PLAN.tests[0], PLAN)
    for score in scores_of([0] * 60):
        monitor.observe(score)
    assert monitor.closed == {"suite-0"}
    assert monitor.tracker.n < 30
    assert monitor.progress().decision == "inconsistent"


def test_a_limit_ends_it_undecided() -> None:
    assert word_of(gate_plan("0.75", 60, limit=4), [1, 1, 0, 1]) is VerdictWord.INSUFFICIENT_POWER


@pytest.mark.parametrize(("wrong", "exit_code"), [((), 0), ((1,), 1), ((0, 1, 2), 1)])
def test_several_gates_are_red_each_at_its_share(wrong: tuple[int, ...], exit_code: int) -> None:
    plan = gate_plan("0.75", 60, gates=3)
    scores = [
        score
        for number in range(3)
        for score in scores_of([int(number not in wrong)] * 60, f"suite-{number}")
    ]  # fmt: skip
    verdict = decide(plan, scores, {})
    assert verdict.exit == exit_code
    assert [each.word is VerdictWord.INCONSISTENT for each in verdict.results] == [
        number in wrong for number in range(3)
    ]
    assert len(verdict.findings) == len(wrong)


def test_missing_answers_are_exit_4_even_beside_a_red_gate() -> None:
    plan = gate_plan("0.75", 60)
    assert decide(plan, scores_of([0] * 40 + ["missing"] * 20), {}).exit == 4
    assert decide(plan, scores_of([None] * 60), {}).exit == 3


def test_one_run_after_another_has_its_own_level() -> None:
    """A gate accuses nobody: its p is not divided by how often the key asked the question."""
    plan = gate_plan("0.75", 60)
    verdict = decide(msgspec.structs.replace(plan, alpha=0.05), scores_of([0] * 60), {})
    assert verdict.verdict is VerdictWord.INCONSISTENT


@pytest.mark.parametrize(("family", "word"), [(1, VerdictWord.INCONSISTENT), (40, VerdictWord.INSUFFICIENT_POWER)])
def test_a_gate_of_a_family_is_not_red_at_the_level_of_all(family: int, word: VerdictWord) -> None:
    """Its p is that of one gate: Holm must not read it at the level that forty have together."""
    plan = gate_plan("0.75", 60, limit=24, family=family)
    verdict = decide(plan, scores_of([0, 1] * 12), {})
    (result,) = verdict.results
    assert result.p is not None
    assert 0.05 / 40 < result.p <= 0.05
    assert result.word is word

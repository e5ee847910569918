"""A gate with a baseline: committed order, the exact test at the end, and what its sealed part must agree with."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.gate.detector import Gate, options_of
from steelyard.detectors.gate.paired import margin_of
from steelyard.errors import InputError
from steelyard.records import DetectorResult, Plan, PlanInput, PlannedTest, Reads, RequestedTest, VerdictWord
from tests.detectors.gate.gate_plans import Marks, gate_plan, scores_of

N = 200
DIGEST = "ab" * 32


def plan_with(baseline: list[int], margin: str = "5", family: int = 1) -> Plan:
    """A plan of one gate with a baseline that was right where ``baseline`` is 1; 2 is without a score."""
    options = {
        "baseline": DIGEST,
        "margin": margin,
        "samples_root": "5d" * 32,
        "right": [f"s{place}" for place, mark in enumerate(baseline) if mark == 1],
        "wrong": [f"s{place}" for place, mark in enumerate(baseline) if mark == 0],
        "family": family,
    }
    test = PlannedTest(
        id="gate-00-suite-0",
        rule="gate@3",
        weight=1.0,
        reads=(Reads(measurement="suite-0", scorer="exact@1"),),
        inputs=("baseline",),
        sealed={"request": 0, "baseline": DIGEST, "margin": margin} | ({"family": family} if family > 1 else {}),
    )
    return msgspec.structs.replace(
        gate_plan("0.5", len(baseline)),
        tests=(test,),
        requested=(RequestedTest(detector="gate", task="suite-0", options=options),),
        inputs={"baseline": PlanInput(kind="run", sha256=DIGEST)},
    )


def found(plan: Plan, marks: Marks, shuffled: random.Random | None = None, version: int = 3) -> DetectorResult:
    monitor = Gate(version).open(plan.tests[0], plan)
    scores = list(scores_of(marks))
    if shuffled:
        shuffled.shuffle(scores)
    for score in scores:
        monitor.observe(score)
    return monitor.find({})


def test_the_same_answers_are_green_at_a_margin_and_undecided_without_one() -> None:
    marks: Marks = [1, 0, 1, 1] * 50
    result = found(plan_with([1, 0, 1, 1] * 50), marks)
    assert result.word is VerdictWord.CONSISTENT
    assert result.gate is not None
    assert result.gate.asked < N
    none = found(plan_with([1, 0, 1, 1] * 50, "0"), marks)
    assert (none.word, none.p) == (VerdictWord.INSUFFICIENT_POWER, 1.0)


def test_a_loss_is_red_before_all_was_asked() -> None:
    result = found(plan_with([1] * N), [0, 1, 0, 1, 1] * 40)
    gate = result.gate
    assert gate is not None
    assert (result.word, gate.better) == (VerdictWord.INCONSISTENT, 0)
    assert gate.worse < 20
    assert gate.ci is not None
    assert gate.ci[1] < 0
    assert result.findings


def test_the_fourth_version_stops_later_and_wants_the_blocks_to_agree() -> None:
    lost: Marks = [0, 1, 0, 1, 1] * 160
    baseline = [1] * len(lost)
    plan = plan_with(baseline)
    early, late = found(plan, lost), found(plan, lost, version=4)
    assert early.gate is not None
    assert late.gate is not None
    assert (early.word, late.word) == (VerdictWord.INCONSISTENT, VerdictWord.INCONSISTENT)
    assert early.gate.asked < 100
    assert late.gate.asked == 400
    stretch: Marks = [*[1] * 100, *[0, 1] * 40, *[1] * 220]
    plan = plan_with([1] * 400)
    assert found(plan, stretch).word is VerdictWord.INCONSISTENT
    assert found(plan, stretch, version=4).word is VerdictWord.INSUFFICIENT_POWER
    options = {**plan.requested[0].options, "places": [*range(399)]}
    with pytest.raises(InputError, match="one for each score"):
        options_of(options)
    assert Gate().former("3") is not None
    assert Gate().former("2") is None


def test_the_time_of_the_baseline_counts_too() -> None:
    """The baseline was worse for a while: what looks like a gain everywhere in the model's order is one stretch."""
    order = random.Random(3).sample(range(400), 400)
    baseline = [0 if order[place] < 80 and place % 2 else 1 for place in range(400)]
    plan = plan_with(baseline, "0")
    options = dict(plan.requested[0].options)
    names = [*options["right"], *options["wrong"]]
    options["places"] = [order[int(name[1:])] for name in names]
    timed = msgspec.structs.replace(plan, requested=(msgspec.structs.replace(plan.requested[0], options=options),))
    assert found(plan, [1] * 400, version=4).word is VerdictWord.CONSISTENT
    assert found(timed, [1] * 400, version=4).word is VerdictWord.INSUFFICIENT_POWER


def test_the_exact_test_after_the_last_sample_decides_what_the_bets_did_not() -> None:
    losses = [0 if place % 24 == 23 else 1 for place in range(N)]  # 8 losses, late enough that no bet is won
    result = found(plan_with([1] * N, "1"), [*losses])
    assert result.word is VerdictWord.INCONSISTENT
    assert result.gate is not None
    assert (result.gate.asked, result.gate.worse) == (N, 8)


@given(
    st.lists(st.sampled_from([1, 1, 0, None, "missing"]), min_size=1, max_size=40),
    st.lists(st.sampled_from([1, 1, 0, 2]), min_size=40, max_size=40),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_changes_nothing(marks: Marks, baseline: list[int], random_: random.Random) -> None:
    plan = plan_with(baseline)
    assert found(plan, marks, random_) == found(plan, marks)


def test_what_has_no_score_is_counted() -> None:
    gate = found(plan_with([1, 2, 0, 1, 1]), [1, 1, None, "missing", 0]).gate
    assert gate is not None
    assert (gate.unpaired, gate.open, gate.missing, gate.worse, gate.right) == (1, 1, 1, 1, 2)
    assert gate.baseline_right == 3


@pytest.mark.parametrize(
    "change", [{"margin": "9"}, {"baseline": "cd" * 32}, {"request": 1}, {"request": -1}, {"x": 1}]
)
def test_a_sealed_part_that_does_not_fit_is_refused(change: dict[str, object]) -> None:
    plan = plan_with([1] * 20)
    test = msgspec.structs.replace(plan.tests[0], sealed={**plan.tests[0].sealed, **change})
    with pytest.raises(ValueError, match="sealed by another rule"):
        Gate().open(test, plan)


def test_a_forecast_is_for_the_noiseless_path() -> None:
    plan = plan_with([1] * 400, "2")
    above, below = (Gate().forecast(plan.tests[0], plan, shortfall) for shortfall in (-0.05, 0.05))
    assert 0 < (Gate(3).forecast(plan.tests[0], plan, -0.05) or 0) < 200
    assert above is not None
    assert below is not None
    assert (above, below) == (400, 400)
    assert Gate().forecast(plan.tests[0], plan, 0.0) is None


def test_another_input_is_refused() -> None:
    plan = msgspec.structs.replace(plan_with([1] * 20), inputs={"baseline": PlanInput(kind="run", sha256="cd" * 32)})
    with pytest.raises(ValueError, match="another baseline"):
        Gate().open(plan.tests[0], plan)


def test_margins_and_scores_are_read_strictly() -> None:
    assert [margin_of(text) is None for text in ("2", "0.5", "0", "99", "-1", "100", "2%", "1e1", "")] == [
        False, False, False, False, True, True, True, True, True,
    ]  # fmt: skip
    good = {"baseline": DIGEST, "margin": "2", "samples_root": "", "right": ["a"], "wrong": ["b"]}
    options_of(good)
    changes: list[dict[str, Any]] = [
        {"margin": "x"}, {"wrong": ["a"]}, {"right": [], "wrong": []}, {"at_least": "0.5"}, {"family": 0},
    ]  # fmt: skip
    for bad in changes:
        with pytest.raises(InputError):
            options_of({**good, **bad})

"""A judge held against people: the corrected rate, and what the judge is worth."""

from __future__ import annotations

import random

import msgspec
import pytest

from bench.inhouse.judge import JUDGES, measure_repeats
from steelyard.judging.calibration import calibration, calibrations
from steelyard.judging.labels import MIN_LABELS, Labelled
from steelyard.records import JudgedKey
from steelyard.reports.calibration import calibration_lines

ROLES = ["a", "b"]


def key(place: int, criterion: str = "a", passes: str = "all") -> JudgedKey:
    return JudgedKey(sample=f"t/row/{place}", criterion=criterion, place=place, passes=passes)  # type: ignore[arg-type]


def drawn(accuracy: float, base: float, seed: int, n: int = 400) -> tuple[dict[JudgedKey, float | None], list[float]]:
    """A judge's verdicts on n answers, and what people would say of each."""
    draw = random.Random(seed)
    people = [float(draw.random() < base) for _ in range(n)]
    judge = [person if draw.random() < accuracy else 1 - person for person in people]
    return {key(place): value for place, value in enumerate(judge)}, people


def test_a_good_judge_shortens_the_interval_around_what_people_would_give() -> None:
    held = 0
    for seed in range(40):
        verdicts, people = drawn(0.95, 0.6, seed)
        labels = {key(place): Labelled(first=people[place]) for place in range(100)}
        found = calibration(verdicts, labels)
        assert found is not None
        assert (found.answers, found.labels, found.skipped) == (400, 100, 0)
        held += found.corrected.low <= sum(people) / 400 <= found.corrected.high
        assert found.corrected.saved > 0.2
        assert found.agreement is not None
        assert found.agreement.share > 0.85
    assert held >= 35


def test_a_judge_without_any_verdict_buys_nothing() -> None:
    verdicts: dict[JudgedKey, float | None] = {key(place): None for place in range(40)}
    found = calibration(verdicts, {key(place): Labelled(first=float(place % 2)) for place in range(20)})
    assert found is not None
    assert (found.judged, found.agreement, found.corrected.saved) == (None, None, 0.0)
    assert ("The judge gives", "no verdict") in calibration_lines(found)


def test_a_constant_judge_buys_nothing_and_is_shown_as_such() -> None:
    _, people = drawn(0.9, 0.8, 3)
    verdicts: dict[JudgedKey, float | None] = {key(place): 1.0 for place in range(400)}
    found = calibration(verdicts, {key(place): Labelled(first=people[place]) for place in range(100)})
    assert found is not None
    assert found.buys_next_to_nothing
    assert found.agreement is not None
    assert found.agreement.kappa is None
    assert found.agreement.share == pytest.approx(found.agreement.constant_share)


def test_too_few_labels_calibrate_nothing() -> None:
    verdicts, people = drawn(0.9, 0.5, 1)
    labels = {key(place): Labelled(first=people[place]) for place in range(MIN_LABELS)}
    assert calibration(verdicts, labels) is not None
    labels[key(0)] = Labelled(first=None)
    assert calibration(verdicts, labels) is None
    assert calibration(verdicts, {}) is None


def test_answers_without_a_label_widen_the_interval() -> None:
    verdicts, people = drawn(0.9, 0.5, 2)
    labels = {key(place): Labelled(first=people[place]) for place in range(60)}
    whole = calibration(verdicts, labels)
    skipped = calibration(verdicts, labels | {key(place): Labelled(first=None) for place in range(60, 80)})
    assert whole is not None
    assert skipped is not None
    assert (skipped.labels, skipped.skipped) == (60, 20)
    assert skipped.corrected.high - skipped.corrected.low > whole.corrected.high - whole.corrected.low


def test_two_people_who_differ_make_scores_and_their_agreement_is_shown() -> None:
    verdicts, people = drawn(0.9, 0.5, 4)
    labels = {
        key(place): Labelled(first=people[place], second=people[place] if place % 5 else 1 - people[place])
        for place in range(60)
    }
    found = calibration(verdicts, labels)
    assert found is not None
    assert found.labellers is not None
    assert found.labellers.share == pytest.approx(0.8)
    assert found.corrected.low <= sum(people) / 400 <= found.corrected.high
    alone = calibration(verdicts, {each: Labelled(first=label.first) for each, label in labels.items()})
    assert alone is not None
    assert alone.labellers is None


def test_repeats_are_drawn_as_answers_so_the_interval_holds_their_rate() -> None:
    for rate in (0.2, 0.8):
        assert measure_repeats(JUDGES[2], rate, 150).held >= 135


def test_each_model_is_calibrated_by_its_own_labels() -> None:
    verdicts, people = drawn(0.9, 0.5, 5)
    both = {msgspec.structs.replace(each, role=role): value for each, value in verdicts.items() for role in ROLES}
    labels = {each: Labelled(first=people[each.place]) for each in both if each.place < (60 if each.role == "b" else 9)}
    found = calibrations(both, labels)
    assert list(found) == ROLES
    assert found["a"] is None
    alone = calibration(verdicts, {key(place): Labelled(first=people[place]) for place in range(60)})
    assert alone is not None
    assert found["b"] is not None
    assert found["b"].corrected == alone.corrected
    assert found["b"].questions == 400


def test_several_criteria_are_joined_as_the_judges_are() -> None:
    verdicts: dict[JudgedKey, float | None] = {}
    labels: dict[JudgedKey, Labelled] = {}
    for place in range(60):
        for number, name in enumerate("ab"):
            verdicts[key(place, name)] = 1.0
            if place < 30:
                # The second criterion is not met by every third answer; that decides, whatever the first person left.
                met = not (number and place % 3 == 0)
                labels[key(place, name)] = Labelled(first=None if not number and place % 3 == 0 else float(met))
    found = calibration(verdicts, labels)
    assert found is not None
    assert (found.labels, found.skipped) == (30, 0)
    assert found.corrected.estimate == pytest.approx(2 / 3, abs=0.03)
    mean = calibration({key(each.place, each.criterion, "mean"): 1.0 for each in verdicts}, {
        key(each.place, each.criterion, "mean"): label for each, label in labels.items()
    })  # fmt: skip
    assert mean is not None
    assert (mean.labels, mean.skipped) == (20, 10)


def test_scores_count_what_has_no_label_both_ways() -> None:
    """One second label that differs makes scores of yes and no; who leaves out every "no" still chooses nothing."""
    missed = 0
    for seed in range(30):
        _, people = drawn(0.9, 0.5, seed)
        verdicts: dict[JudgedKey, float | None] = {key(place): 1.0 for place in range(400)}
        labels = {key(place): Labelled(first=1.0 if people[place] else None) for place in range(100)}
        some = next(place for place in range(100) if people[place])
        labels[key(some)] = Labelled(first=1.0, second=0.0)
        found = calibration(verdicts, labels)
        assert found is not None
        assert found.skipped == sum(not each for each in people[:100])
        missed += not found.corrected.low <= sum(people) / 400 <= found.corrected.high
    assert missed <= 3

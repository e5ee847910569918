"""A gate on what people would give: who counts how, and when nothing is decided."""

from __future__ import annotations

from fractions import Fraction

import pytest

from steelyard.judging.labels import Labelled
from steelyard.judging.people_gate import people_gate
from steelyard.records import JudgedKey
from tests.judging.test_calibration import drawn, key

HALF = Fraction(1, 2)


def test_a_lenient_judge_alone_would_be_green() -> None:
    verdicts = {key(place): 1.0 for place in range(200)}
    labels = {key(place): Labelled(first=float(place % 2 == 0)) for place in range(100)}
    colour, rate = people_gate(verdicts, labels, Fraction(7, 10))
    assert (colour, rate.judge, rate.judge_says) == ("red", (1.0, 1.0), "green")
    assert rate.estimate == pytest.approx(0.5, abs=0.01)
    assert 0.35 < rate.low < 0.5 < rate.high < 0.65


def test_too_few_labels_and_shares_decide_nothing() -> None:
    verdicts, people = drawn(1.0, 0.9, 1, 100)
    few = {key(place): Labelled(first=people[place]) for place in range(19)}
    colour, rate = people_gate(verdicts, few, HALF)
    assert (colour, rate.labels, rate.estimate, rate.low, rate.high) == ("undecided", 19, None, 0.0, 1.0)
    assert rate.judge_says == "green"
    shares: dict[JudgedKey, float | None] = {
        key(place, name, "mean"): 1.0 for place in range(100) for name in ("a", "b")
    }
    labels = {each: Labelled(first=1.0) for each in list(shares)[:80]}
    assert people_gate(shares, labels, HALF)[0] == "undecided"
    one = {each: value for each, value in shares.items() if each.criterion == "a"}
    assert people_gate(one, {each: Labelled(first=1.0) for each in list(one)[:40]}, HALF)[0] == "green"


def test_skipped_missing_and_disputed_answers_count_both_ways() -> None:
    verdicts = {key(place): 1.0 for place in range(40)}
    yes = Labelled(first=1.0)
    whole = dict.fromkeys(verdicts, yes)
    assert people_gate(verdicts, whole, Fraction(1))[0] == "green"
    for unsure in (Labelled(first=None), Labelled(first=1.0, second=0.0)):
        colour, rate = people_gate(verdicts, {**whole, key(0): unsure}, Fraction(1))
        assert (colour, rate.low, rate.high) == ("undecided", 39 / 40, 1.0)
    colour, rate = people_gate(verdicts, whole, Fraction(1), missing=10)
    assert (colour, rate.answers, rate.low, rate.high, rate.judge) == ("undecided", 50, 40 / 50, 1.0, (40 / 50, 1.0))


def test_red_is_at_the_level_of_the_family_and_green_is_not() -> None:
    verdicts, people = drawn(0.9, 0.7, 3)
    labels = {key(place): Labelled(first=people[place]) for place in range(60)}
    ends = [people_gate(verdicts, labels, HALF, family=family)[1] for family in (1, 100)]
    assert ends[0].low == ends[1].low
    assert ends[0].high < ends[1].high

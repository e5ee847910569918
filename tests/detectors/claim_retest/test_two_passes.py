"""Two passes: what is asked again and when, whatever arrives first; and by simulation whom the test accuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.honest import Answerer, measure, plan_of
from bench.vendors import TEMPERATURE, Vendor
from steelyard.detectors.claim_retest.detector import ClaimRetest
from steelyard.detectors.claim_retest.two_passes import FIRST_ACCUSING
from steelyard.planning.order import order_of
from steelyard.records import SECOND_PASS, Plan, SampleScore
from steelyard.runner.order import calls_of
from steelyard.runner.schedule import Call
from steelyard.stats.intervals import clopper_pearson

INFLATED = Vendor("inflated", 500, accuracy=0.7, variance=0.016, inflated=0.1)


def opened(vendor: Vendor, value: str) -> tuple[Any, Plan, list[SampleScore], list[SampleScore]]:
    """The finder of a claim, and all scores of its first and of its second pass."""
    plan = plan_of(vendor, (value,))
    first, second = (each for each in plan.measurements if each.arm in ("", SECOND_PASS))
    answerer = Answerer(vendor, first, np.random.default_rng(4))
    order = order_of(first)
    again = [Call(second.id, place, *divmod(trial, first.repeats)) for place, trial in enumerate(order)]
    one, other = ([answerer.score(call) for call in calls] for calls in (calls_of(first), again))
    return ClaimRetest().open(plan.tests[0], plan), plan, one, other


def test_the_second_pass_waits_for_the_first_and_holds_it() -> None:
    finder, plan, first, second = opened(INFLATED, "80.0")
    one, other = (each.id for each in plan.measurements)
    assert (finder.has_read(one), list(finder.left(other)), finder.heads) == (False, [], {one: 0, other: None})
    for score in first[:FIRST_ACCUSING]:
        finder.observe(score)
    assert finder.has_read(one)
    assert finder.heads == {one: None, other: None}
    due = list(finder.left(other))
    assert sorted(due) == list(range(FIRST_ACCUSING))
    assert due != sorted(due)
    finder.observe(first[FIRST_ACCUSING])  # it was in flight: it waits
    for place in due:
        finder.observe(second[place])
    assert finder.decision == "inconsistent"
    assert finder.closed == {one, other}
    assert finder.find({}).claim.asked == FIRST_ACCUSING


@pytest.mark.parametrize("seed", range(3))
def test_the_verdict_does_not_depend_on_the_order_of_arrival(seed: int) -> None:
    """Nor do second answers count that nothing asked for."""
    random, found = np.random.default_rng(seed), []
    for shuffle in (False, True):
        finder, _, first, second = opened(INFLATED, "78.0")
        scores = [*first, *second]
        if shuffle:
            scores = [scores[place] for place in random.permutation(len(scores))]
        for score in scores:
            finder.observe(score)
        found.append(finder.find({}))
    assert found[0] == found[1]
    assert found[0].word.value == "inconsistent"


def test_a_plan_asks_a_second_pass_only_where_answers_vary() -> None:
    def arms(vendor: Vendor) -> list[str]:
        return [f"{each.decoding}{each.arm and ' ' + each.arm}" for each in plan_of(vendor, ("80.0",)).measurements]

    assert arms(Vendor("x", 100, in_process=True)) == ["greedy"]
    assert arms(Vendor("x", 100)) == ["greedy", "greedy second"]
    assert arms(Vendor("x", 100, cached=True)) == ["greedy"]
    assert arms(Vendor("x", 100, decoding=TEMPERATURE, sampled=0.05)) == ["sampled", "sampled second"]
    assert arms(Vendor("x", 100, decoding="")) == ["greedy", "sampled", "greedy second", "sampled second"]


HONEST = (
    Vendor("bursts of 50", 801, bursts=(0.05, 50, 0.4), states_rate=True),
    Vendor("20 neighbours share their noise", 198, "2", 0.75, 0.0, 0.1, TEMPERATURE, shares=20),
    Vendor("temperature clamped", 30, "2", 0.75, 0.0, 0.1, TEMPERATURE, clamped=0.05),
    Vendor("sampled, does not say so", 164, "2", 0.75, 0.005, 0.05, "", True, gap=0.03),
    Vendor("sampled, does not say so, greedy is better", 164, "2", 0.75, 0.005, 0.05, "", True, gap=-0.03),
    Vendor("at the tolerance", 198, variance=0.016, inflated=0.02, states_rate=True),
    Vendor("5 % open", 198, variance=0.016, open=0.05),
    Vendor("partial scores", 198, variance=0.016, partial=1.0),
    Vendor("macro average", 240, "2", 0.7, 0.016, subtasks=(40, 200)),
    Vendor("the first 200 of a file that gets harder", 600, scored=200, drift=0.2),
)


@pytest.mark.parametrize("vendor", HONEST, ids=lambda vendor: vendor.name)
def test_honest_vendors_are_not_accused(vendor: Vendor) -> None:
    rates = measure(vendor, 60)
    assert clopper_pearson(rates.inconsistent, 60, 0.02)[0] <= 0.05


@pytest.mark.parametrize(
    ("vendor", "least"),
    [
        (INFLATED, 0.9),
        (Vendor("sampled, does not say so", 500, "2", 0.75, 0.005, 0.05, "", True, inflated=0.1), 0.9),
        (Vendor("samples: 1250 of 1,319", 1319, accuracy=0.6, scored=1250, inflated=0.39, states_rate=True), 0.9),
        (Vendor("partial scores", 500, variance=0.016, partial=0.4, inflated=0.1), 0.8),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_inflated_claims_are_found(vendor: Vendor, least: float) -> None:
    rates = measure(vendor, 30)
    assert clopper_pearson(rates.inconsistent, 30, 0.02)[1] >= least
    assert rates.consistent == 0


@pytest.mark.parametrize(
    "vendor",
    [
        Vendor("neighbours", 500, "2", 0.75, 0.0, 0.1, TEMPERATURE, shares=20, remark=True, inflated=0.1),
        Vendor("bursts", 801, accuracy=0.75, bursts=(0.05, 50, 0.4), remark=True, inflated=0.1),
    ],
    ids=lambda vendor: vendor.name,
)
def test_the_range_of_what_is_only_measured_holds_the_score(vendor: Vendor) -> None:
    assert clopper_pearson(measure(vendor, 60).inconsistent, 60, 0.02)[0] <= 0.05


def test_false_claims_are_rarely_confirmed() -> None:
    """At the edge of the tolerance, where no claim may be confirmed more often than the level says."""
    edge = Vendor("below the tolerance", 198, variance=0.016, inflated=0.0255, states_rate=True)
    for kind in (edge, replace(edge, accuracy=0.75, variance=0.05, population=801, shares=20)):
        rates = measure(kind, 150)
        assert clopper_pearson(rates.consistent, 150, 0.02)[0] <= 0.05

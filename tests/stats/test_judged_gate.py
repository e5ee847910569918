"""The ends of a gate on people's rate: exact for one stratum, and their level on suites that are drawn."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from bench.inhouse.judge import Judge
from bench.inhouse.judged_gate import Suite, errors, greens_when_good
from steelyard.stats.judged import Stratum
from steelyard.stats.judged_gate import colour_of_bounds, least_positive, most_positive

ALPHA = 0.05


@given(st.integers(1, 60), st.data())
def test_one_stratum_has_the_exact_limit(items: int, data: st.DataObject) -> None:
    labelled = data.draw(st.integers(1, items))
    positive = data.draw(st.integers(0, labelled))
    low = least_positive([Stratum(1, items, labelled, positive)], ALPHA)
    possible = range(positive, items - labelled + positive + 1)
    # The smallest suite that the test does not reject: P(so many positive labels or more) > α.
    exact = next(total for total in possible if hypergeom.sf(positive - 1, items, total, labelled) > ALPHA - 1e-9)
    assert low == exact


strata = st.tuples(st.integers(0, 40), st.integers(0, 30), st.integers(0, 5), st.integers(0, 60)).map(
    lambda each: Stratum(1, sum(each), each[0] + each[1], each[0], each[2])
)


@given(strata, strata)
def test_the_ends_hold_what_is_known_and_widen_with_the_level(one: Stratum, two: Stratum) -> None:
    both = [one, Stratum(0, two.items, two.labelled, two.positive, two.skipped)]
    if not one.labelled + two.labelled:
        with pytest.raises(ValueError, match="no item has a label"):
            least_positive(both)
        return
    low, high = least_positive(both, ALPHA), most_positive(both, ALPHA)
    known = one.positive + two.positive
    refused = one.labelled + two.labelled - known
    assert known <= low <= high <= one.items + two.items - refused
    assert least_positive(both, ALPHA / 10) <= low
    assert most_positive(both, ALPHA / 10) >= high
    turned = [Stratum(each.verdict, each.items, each.labelled, each.labelled - each.positive, each.skipped)
              for each in both]  # fmt: skip
    assert least_positive(turned, ALPHA) == one.items + two.items - high


def test_a_verdict_without_labels_may_hold_anything() -> None:
    both = [Stratum(1, 50, 20, 20), Stratum(0, 50, 0, 0)]
    assert least_positive(both) <= 50
    assert most_positive(both) == 100


def test_colours() -> None:
    assert [colour_of_bounds(*each, 85) for each in ((85, 99), (70, 84), (84, 85))] == ["green", "red", "undecided"]


# 300 suites: more than 30 wrong colours have a probability below .0002 where at most 5 % should be.
@pytest.mark.parametrize(
    ("judge", "rate", "labels"),
    [
        (Judge(0.9, 0.9), 0.8, 100),
        (Judge(0.99, 0.8), 0.2, 20),
        (Judge(0.7, 0.95), 0.95, 20),
        (Judge(1.0, 0.5), 0.8, 20),
        (Judge(1.0, 0.5), 0.95, 100),
    ],
    ids=str,
)
def test_the_errors_of_both_colours(judge: Judge, rate: float, labels: int) -> None:
    needed = math.ceil(400 * rate)
    assert errors(judge, Suite(400, needed - 1, labels), needed, 300).green <= 30
    assert errors(judge, Suite(400, needed, labels), needed, 300).red <= 30


def test_a_good_judge_makes_more_greens_than_the_labels_alone() -> None:
    with_judge, alone = greens_when_good(Judge(0.95, 0.95), Suite(1_000, 920, 100), 0.85, 200)
    assert with_judge > alone + 20

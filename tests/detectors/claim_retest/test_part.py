"""The margin for a part of a benchmark: exact, and never accusing more often than the level."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest

from steelyard.detectors.claim_retest.part import least_on_part, whole_of
from steelyard.detectors.claim_retest.result import ClaimFinder
from steelyard.records import Claim, Part, SampleScore
from testkit.plans import claim_plan, measurement


@pytest.mark.parametrize(
    ("samples", "part", "whole"),
    [
        (None, None, None),
        (50, None, None),
        (30, None, None),
        (80, None, 80),
        (None, Part(of=90, same=50), 90),
        (100, Part(of=90, same=50), 100),
        (None, Part(of=50, same=40), 50),
    ],
)
def test_the_whole_that_a_claim_is_about(samples: int | None, part: Part | None, whole: int | None) -> None:
    assert whole_of(Claim(task="t", value="80", samples=samples), measurement(part=part)) == whole


@pytest.mark.parametrize(("of", "same", "population"), [(90, 50, 50), (1319, 100, 100), (60, 40, 50), (50, 50, 60)])
@pytest.mark.parametrize("least", [Fraction(9, 10), Fraction(1, 2), Fraction(1, 30)])
def test_fewer_are_right_with_at_most_the_level(of: int, same: int, population: int, least: Fraction) -> None:
    asked = measurement(part=Part(of=of, same=same), population=population)
    share = least_on_part(least, of, asked, 0.025)
    right = math.ceil(of * least)
    bound = min(math.ceil(share * population), same + 1)
    fewer = sum(math.comb(right, x) * math.comb(of - right, same - x) for x in range(bound))
    assert Fraction(fewer, math.comb(of, same)) <= Fraction(0.025)
    assert share <= least


def test_honest_vendors_on_random_parts() -> None:
    """400 vendors with exactly the claimed score less the tolerance: the least that is to be accused seldom."""
    plan = claim_plan(Claim(task="t", value="80"), {"whole": 300}, population=60, part=Part(of=300, same=60))
    source, accused = random.Random(1), 0
    right = math.ceil(300 * (0.80 - 0.005 - 0.02))
    for _ in range(400):
        drawn = source.sample([1.0] * right + [0.0] * (300 - right), 60)
        finder = ClaimFinder(plan.tests[0], plan)
        for position, value in enumerate(drawn):
            finder.observe(
                SampleScore(
                    measurement="00-t", position=position, sample=f"t/{position}", repeat=0, status="scored",
                    value=value, scorer="exact@1", seq=position,
                )
            )  # fmt: skip
        accused += finder.decision == "inconsistent"
    assert accused <= 30  # 20 are expected at most; a binomial with .05 exceeds 30 of 400 with probability .01

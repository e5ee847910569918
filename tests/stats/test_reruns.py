"""Implied re-runs, by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from scipy.stats import binom

from steelyard.stats.intervals import clopper_pearson_upper
from steelyard.stats.reruns import implied_reruns
from steelyard.stats.sequential import log_e_inconsistent


def test_by_hand_after_a_full_pass() -> None:
    # One of one wrong: p_U = .95, π = .95: one run. None of two right: p_U = 1 − √.05 = .7764, π = p_U² = .6028.
    assert implied_reruns(1, 0, Fraction(1), 1) == {"0.05": 1, "0.5": 1}
    expected = math.ceil(math.log(1 - 0.9) / math.log(1 - (1 - math.sqrt(0.05)) ** 2))
    assert implied_reruns(2, 0, Fraction(1), 2, q=(0.9,)) == {"0.9": expected} == {"0.9": 3}


def test_humaneval_full_pass() -> None:
    # 128 of 164 right; 88 % asks for 145. p_U = .8309 (Clopper-Pearson), π = P(Bin(164, p_U) ≥ 145).
    bound = clopper_pearson_upper(128, 164)
    chance = float(binom.sf(144, 164, bound))
    expected = {f"{q}": math.ceil(math.log(1 - q) / math.log(1 - chance)) for q in (0.05, 0.5)}
    assert implied_reruns(164, 128, Fraction(88, 100), 164) == expected


def test_an_early_stop_does_not_flatter_the_audit() -> None:
    """Stopped because answers looked bad: the bound is what the sequential test itself has not rejected."""
    n, right, population = 60, 40, 164
    unrejected = max(m for m in range(right, 145) if log_e_inconsistent(n, right, population, m) < math.log(20))
    assert unrejected / population > clopper_pearson_upper(right, n)
    chance = float(binom.sf(144, population, unrejected / population))
    found = implied_reruns(n, right, Fraction(88, 100), population)
    assert found["0.5"] == math.ceil(math.log(0.5) / math.log(1 - chance))


def test_a_claim_that_holds_needs_one_run() -> None:
    assert implied_reruns(164, 145, Fraction(88, 100), 164) == {"0.05": 1, "0.5": 1}
    assert implied_reruns(0, 0, Fraction(88, 100), 164) == {"0.05": 1, "0.5": 1}
    assert implied_reruns(10, 0, Fraction(0), 10) == {"0.05": 1, "0.5": 1}


@pytest.mark.parametrize(("right", "claimed"), [(60, Fraction(88, 100)), (164, Fraction(101, 100))])
def test_out_of_reach_is_none(right: int, claimed: Fraction) -> None:
    assert implied_reruns(164, right, claimed, 164) == {"0.05": None, "0.5": None}

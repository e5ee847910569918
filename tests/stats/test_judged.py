"""The rate that people would give: by hand, by its limits, and its coverage on suites that are drawn."""

from __future__ import annotations

from itertools import product
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from bench.inhouse.judge import Judge, kappas_held, measure
from steelyard.stats.judged import (
    Stratum,
    agreement,
    item_gold,
    judged_mean,
    judged_rate,
    rogan_gladen,
)


def suite(*counts: tuple[int, int, int]) -> list[Stratum]:
    verdicts: tuple[Literal[0, 1] | None, ...] = (1, 0, None)
    return [Stratum(verdict, *each) for verdict, each in zip(verdicts, counts, strict=False)]


def test_the_interval_is_that_of_the_sum_of_beta_binomials() -> None:
    found = judged_rate(suite((40, 12, 10), (30, 8, 1), (5, 2, 1)))
    chances: dict[int, float] = {}
    one, two, three = betabinom(28, 10.5, 2.5), betabinom(22, 1.5, 7.5), betabinom(3, 1.5, 1.5)
    for x, y, z in product(range(29), range(23), range(4)):
        chances[x + y + z] = chances.get(x + y + z, 0.0) + one.pmf(x) * two.pmf(y) * three.pmf(z)
    cumulated = np.cumsum([chances[total] for total in sorted(chances)])
    low, high = (int(np.searchsorted(cumulated, level)) for level in (0.025, 0.975))
    assert (found.low, found.high) == ((12 + low) / 75, (12 + high) / 75)
    assert found.estimate == pytest.approx((12 + 28 * 10.5 / 13 + 22 * 1.5 / 9 + 1.5) / 75)
    assert (found.labels, found.items) == (22, 75)


def test_where_all_are_labelled_it_is_a_point() -> None:
    found = judged_rate(suite((10, 10, 7), (5, 5, 2)))
    assert (found.estimate, found.low, found.high, found.saved) == (0.6, 0.6, 0.6, 0.0)


def test_a_stratum_without_labels_may_hold_anything() -> None:
    wide = judged_rate(suite((50, 20, 20), (50, 0, 0)))
    assert wide.low < 0.5
    assert wide.high > 0.98


def test_items_that_came_back_without_a_label_count_both_ways() -> None:
    plain = judged_rate([Stratum(1, 45, 20, 15), Stratum(0, 50, 20, 2)])
    skipped = judged_rate([Stratum(1, 50, 20, 15, skipped=5), Stratum(0, 50, 20, 2)])
    assert skipped.low == pytest.approx(plain.low * 95 / 100)
    assert skipped.high == pytest.approx((plain.high * 95 + 5) / 100)


strata = st.tuples(st.integers(0, 40), st.integers(0, 30), st.integers(0, 5), st.integers(0, 60)).map(
    lambda each: (each[0] + each[1] + each[2] + each[3], each[0] + each[1], each[0], each[2])
)


@given(strata, strata)
def test_it_lies_between_what_is_known_and_turns_round_with_the_labels(
    one: tuple[int, ...], two: tuple[int, ...]
) -> None:
    given_strata = [Stratum(1, *one), Stratum(0, *two)]
    if not one[1] + two[1]:
        with pytest.raises(ValueError, match="no item has a label"):
            judged_rate(given_strata)
        return
    found = judged_rate(given_strata)
    positive, negative = one[2] + two[2], one[1] + two[1] - one[2] - two[2]
    assert positive / found.items <= found.low <= found.high <= 1 - negative / found.items + 1e-12
    turned = judged_rate(
        [Stratum(1, one[0], one[1], one[1] - one[2], one[3]), Stratum(0, two[0], two[1], two[1] - two[2], two[3])]
    )
    assert turned.estimate == pytest.approx(1 - found.estimate)
    # A discrete distribution has its quantiles a step apart from either side.
    assert turned.low == pytest.approx(1 - found.high, abs=1.01 / found.items)


@pytest.mark.parametrize(
    ("strata_given", "message"),
    [
        ([Stratum(1, 5, 6, 1)], "fit no suite"),
        ([Stratum(1, 5, 2, 3)], "fit no suite"),
        ([Stratum(1, 5, 2, 1), Stratum(1, 5, 2, 1)], "one stratum"),
        ([], "no item has a label"),
    ],
)
def test_what_fits_no_suite_is_refused(strata_given: list[Stratum], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judged_rate(strata_given)
    with pytest.raises(ValueError, match="between 0 and 1"):
        judged_rate([Stratum(1, 5, 2, 1)], alpha=0)


# 250 suites: fewer than 225 of them held has a probability below .001 where 95 % should be.
@pytest.mark.parametrize(("items", "rate"), [(400, 0.2), (1_000, 0.8), (400, 0.9)])
@pytest.mark.parametrize("judge", [Judge(0.7, 0.7), Judge(0.9, 0.9), Judge(0.95, 0.7)], ids=str)
def test_the_interval_holds_the_gold_rate(judge: Judge, items: int, rate: float) -> None:
    found = measure(judge, items, rate, 250)
    assert found.held >= 225
    if judge == Judge(0.9, 0.9):
        assert found.saved >= (0.28 if rate < 0.9 else 0.2)
    if judge == Judge(0.7, 0.7):
        assert found.saved < 0.1


def test_labels_by_verdict_hold_it_too() -> None:
    assert measure(Judge(0.9, 0.9), 1_000, 0.8, 250, by_verdict=True).held >= 225


def test_a_bad_judge_buys_next_to_nothing_and_says_so() -> None:
    assert judged_rate(suite((500, 50, 26), (500, 50, 24))).next_to_nothing
    assert not judged_rate(suite((500, 50, 49), (500, 50, 1))).next_to_nothing


# ── agreement ──


def test_kappa_by_hand() -> None:
    found = agreement(suite((50, 50, 40), (50, 50, 10)))
    assert found.share == pytest.approx(0.8)
    assert found.kappa is not None
    assert found.kappa == pytest.approx(0.6)
    assert found.constant_share == pytest.approx(0.5)
    # The usual standard error of κ (Fleiss, Cohen & Everitt 1969) is .08 here.
    assert (found.kappa_high - found.kappa_low) / 2 == pytest.approx(1.98 * 0.08, rel=0.05)
    # With ½ in each cell agreement is 81/102: κ of the interval's middle is a little nearer to 0.
    assert (found.kappa_high + found.kappa_low) / 2 == pytest.approx(2 * 81 / 102 - 1)


def test_strata_are_weighted_by_their_items() -> None:
    plain = agreement(suite((90, 9, 8), (10, 10, 1)))
    assert plain.share == pytest.approx(0.9 * 8 / 9 + 0.1 * 0.9)


def test_a_judge_that_always_says_the_same_has_no_kappa() -> None:
    found = agreement([Stratum(1, 100, 20, 18)])
    assert found.kappa is None
    assert (found.share, found.constant_share) == (0.9, 0.9)
    assert (found.kappa_low, found.kappa_high) == (-1.0, 1.0)


def test_agreement_needs_labels_in_each_verdict() -> None:
    with pytest.raises(ValueError, match="no labelled item"):
        agreement(suite((50, 10, 5), (50, 0, 0)))


def test_a_perfect_judge_of_few_labels() -> None:
    found = agreement(suite((5, 1, 1), (5, 1, 0)))
    assert (found.kappa, found.kappa_low, found.kappa_high) == (1, -1, 1)
    many = agreement(suite((50, 15, 15), (50, 15, 0)))
    assert many.kappa == many.kappa_high == 1
    assert 0.6 < many.kappa_low < 0.9  # and not 1: thirty labels do not show that it never errs


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_the_interval_of_kappa_holds_kappa(accepted: int, rejected: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, accepted)), data.draw(st.integers(0, rejected))
    found = agreement(suite((accepted * 3, accepted, right[0]), (rejected * 2, rejected, right[1])))
    assert -1 <= found.kappa_low <= found.kappa_high <= 1
    if found.kappa is not None:
        assert found.kappa_low <= found.kappa <= found.kappa_high
    turned = agreement(
        suite((rejected * 2, rejected, rejected - right[1]), (accepted * 3, accepted, accepted - right[0]))
    )
    assert (turned.kappa_low, turned.kappa_high) == pytest.approx((found.kappa_low, found.kappa_high))


# 150 suites: more than 21 misses have a probability below .0001 where 5 % should be.
@pytest.mark.parametrize("labels", [30, 100])
@pytest.mark.parametrize("kappa", [0.2, 0.6, 0.9])
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_the_interval_of_kappa_holds_the_truth(labels: int, kappa: float, rate: float) -> None:
    found = kappas_held(labels, kappa, rate, 150)
    assert found.runs - found.held <= 21


# ── scores ──


def test_the_estimate_is_that_of_ppi() -> None:
    """Equation of PPI++ with n labelled and m other items: λ·mean_m(f) + mean_n(y − λ·f), λ = cov/var/(1 + n/m)."""
    random = np.random.default_rng(1)
    f, y = random.random(200), random.random(200)
    y = 0.5 * y + 0.4 * f
    n, m = 50, 150
    weight = np.cov(y[:n], f[:n])[0, 1] / f.var(ddof=1) / (1 + n / m)
    expected = weight * f[n:].mean() + (y[:n] - weight * f[:n]).mean()
    found = judged_mean(f.tolist(), [*y[:n].tolist(), *[None] * m])
    assert found.estimate == pytest.approx(expected)
    assert found.low < found.estimate < found.high
    assert found.saved > 0.1


def test_a_judge_that_runs_the_wrong_way_has_no_weight() -> None:
    y = np.linspace(0, 1, 40)
    found = judged_mean((1 - y).tolist(), [*y[::2].tolist(), *[None] * 20])
    assert found.estimate == pytest.approx(y[::2].mean())


def test_equal_labels_make_no_point() -> None:
    found = judged_mean([1.0] * 100, [1.0] * 30 + [None] * 70)
    assert 0.75 < found.low < 0.97
    assert found.estimate == 1
    assert judged_mean([0.5] * 3, [1.0, 0.0, 1.0]).low == pytest.approx(2 / 3)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=40), st.data())
def test_scores_stay_in_their_range(f: list[float], data: st.DataObject) -> None:
    n = data.draw(st.integers(3, len(f)))
    y = data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    found = judged_mean(f, [*y, *[None] * (len(f) - n)])
    assert 0 <= found.low <= found.high <= 1
    assert 0 <= found.estimate <= 1


def test_scores_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(ValueError, match="three labels"):
        judged_mean([0.5] * 5, [1.0, 1.0, None, None, None])
    with pytest.raises(ValueError, match=r"within \[0, 1\]"):
        judged_mean([2.0] * 5, [1.0] * 5)
    with pytest.raises(ValueError, match="5 items"):
        judged_mean([0.5] * 5, [1.0] * 4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        judged_mean([0.5] * 5, [1.0] * 5, alpha=1)


def test_people_who_disagree_make_a_share() -> None:
    assert item_gold([1, 0]) == 0.5
    assert item_gold([1.0]) == 1
    for labels in ([], [2.0]):
        with pytest.raises(ValueError, match="at least one label"):
            item_gold(labels)


# ── labels from another suite ──


def test_rogan_gladen_by_hand() -> None:
    found = rogan_gladen(500, 1_000, 90, 100, 80, 100)
    assert found is not None
    assert found[0] == pytest.approx((0.5 + 0.8 - 1) / 0.7)
    assert found[1] < found[0] < found[2]


def test_a_judge_like_a_coin_says_nothing() -> None:
    assert rogan_gladen(500, 1_000, 50, 100, 55, 100) is None
    with pytest.raises(ValueError, match="at most"):
        rogan_gladen(5, 4, 1, 2, 1, 2)
    with pytest.raises(ValueError, match="needs items"):
        rogan_gladen(0, 0, 1, 2, 1, 2)


def test_rogan_gladen_holds_the_rate() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        gold = random.binomial(1_000, 0.7)
        accepted = random.binomial(gold, 0.9) + random.binomial(1_000 - gold, 0.15)
        found = rogan_gladen(
            int(accepted), 1_000, int(random.binomial(60, 0.9)), 60, int(random.binomial(40, 0.85)), 40
        )
        held += found is not None and found[1] <= gold / 1_000 <= found[2]
    assert held >= 366

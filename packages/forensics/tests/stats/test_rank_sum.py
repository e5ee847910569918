"""Sums of uniform ranks: exact by counting, and kept by simulation."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard_forensics.stats.rank_sum import detectable_mean, least_sum, rank_sum_p


@pytest.mark.parametrize(("most", "count"), [(1, 6), (2, 4), (4, 3), (20, 2)])
def test_it_is_the_share_of_all_ranks_that_sum_to_as_much(most: int, count: int) -> None:
    sums = [sum(each) for each in itertools.product(range(most + 1), repeat=count)]
    for total in range(most * count + 1):
        assert rank_sum_p(total, most, count) == sum(each >= total for each in sums) / len(sums)


@given(st.integers(1, 20), st.integers(1, 50), st.data())
def test_it_falls_with_the_sum_and_both_tails_make_one(most: int, count: int, data: st.DataObject) -> None:
    total = data.draw(st.integers(1, most * count))
    p = rank_sum_p(total, most, count)
    assert 0 < p <= rank_sum_p(total - 1, most, count) <= 1
    assert p + rank_sum_p(most * count - total + 1, most, count) == pytest.approx(1)


@given(st.integers(0, 400), st.integers(1, 10))
def test_what_is_missing_never_lowers_p(total: int, missing: int) -> None:
    assert rank_sum_p(total, 20, 20 + missing) >= rank_sum_p(total, 20, 20)


@pytest.mark.parametrize("level", [0.05, 0.01, 0.0024])
def test_the_least_sum_is_the_first_that_is_enough(level: float) -> None:
    least = least_sum(level, 20, 50)
    assert least is not None
    assert rank_sum_p(least, 20, 50) <= level < rank_sum_p(least - 1, 20, 50)


def test_what_would_be_seen() -> None:
    least = least_sum(0.01, 20, 50)
    mean = detectable_mean(0.01, 20, 50)
    assert least is not None
    assert mean is not None
    assert 0.59 < least / 1000 < mean < 0.7
    assert (least_sum(0.001, 1, 5), detectable_mean(0.001, 1, 5)) == (None, None)
    source, seen = random.Random(1), 0
    for _ in range(400):  # ranks with this mean: of the best of a drawn number of orders
        ranks = [max(source.randrange(21), source.randrange(21) if source.random() < 6 * mean - 3 else 0)
                 for _ in range(50)]  # fmt: skip
        seen += rank_sum_p(sum(ranks), 20, 50) <= 0.01
    assert 0.85 < seen / 400 < 0.97


@pytest.mark.parametrize(("missing", "ties"), [(0.0, 0.0), (0.2, 0.0), (0.0, 0.3), (0.1, 0.1)])
def test_ranks_that_mean_nothing_are_rejected_as_often_as_promised(missing: float, ties: float) -> None:
    """Log-likelihoods that are alike in chance, some of them equal, and some answers that never came."""
    source = random.Random(7)
    runs, found = 1500, 0
    for _ in range(runs):
        total = 0
        for _ in range(20):
            values = [source.choice((1, 2, 3)) if source.random() < ties else source.random() for _ in range(21)]
            total += 0 if source.random() < missing else sum(each < values[0] for each in values)
        found += rank_sum_p(total, 20, 20) <= 0.05
    assert found / runs < 0.065
    if not missing + ties:
        assert found / runs > 0.035


@pytest.mark.parametrize(("total", "most", "count"), [(-1, 20, 5), (101, 20, 5), (0, 0, 5), (1, 20, 0)])
def test_sums_that_no_ranks_give_are_refused(total: int, most: int, count: int) -> None:
    with pytest.raises(ValueError, match="do not sum to"):
        rank_sum_p(total, most, count)


def test_without_ranks_nothing_is_shown() -> None:
    assert rank_sum_p(0, 20, 0) == 1

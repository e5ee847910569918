"""Fisher's test against its definition and a published table, and how many pairs a level needs."""

from __future__ import annotations

import itertools
import math

import pytest

from steelyard.stats.fisher import fisher_p, least_pairs


def test_the_lady_tasting_tea() -> None:
    """Fisher 1935: 4 of 4 has 1/70, 3 of 4 or better 17/70."""
    assert fisher_p(4, 4, 0, 4) == pytest.approx(1 / 70)
    assert fisher_p(3, 4, 1, 4) == pytest.approx(17 / 70)
    assert fisher_p(0, 4, 4, 4) == 1


def test_it_is_the_share_of_all_ways_to_choose_the_kinds() -> None:
    for n, m, total in itertools.product(range(1, 5), range(1, 5), range(6)):
        if total > n + m:
            continue
        effects = [1] * total + [0] * (n + m - total)
        drawn = [sum(effects[place] for place in places) for places in itertools.combinations(range(n + m), n)]
        for hits in range(max(0, total - m), min(n, total) + 1):
            assert fisher_p(hits, n, total - hits, m) == pytest.approx(sum(x >= hits for x in drawn) / len(drawn))


@pytest.mark.parametrize("level", [0.5, 0.05, 0.03, 3e-4, 1e-9])
def test_the_least_number_of_pairs_reaches_a_level_and_one_less_does_not(level: float) -> None:
    n = least_pairs(level)
    assert fisher_p(n, n, 0, n) <= level
    assert n == 1 or 1 / math.comb(2 * n - 2, n - 1) > level


def test_what_is_no_table_or_no_level() -> None:
    with pytest.raises(ValueError, match="no table"):
        fisher_p(5, 4, 0, 4)
    with pytest.raises(ValueError, match="level"):
        least_pairs(0.0)

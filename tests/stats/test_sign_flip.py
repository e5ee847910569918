"""Sign flips: exact where the patterns can be counted, the same by every way of counting, and of the right size."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.compare import Clustered, measure_clustered
from steelyard.stats import sign_flip
from steelyard.stats.mcnemar import mcnemar_p
from steelyard.stats.sign_flip import cluster_sums, sign_flip_interval, sign_flip_p


def by_hand(sums: list[float]) -> float:
    totals = [
        sum(sign * each for sign, each in zip(signs, sums, strict=True)) for signs in product((1, -1), repeat=len(sums))
    ]
    return sum(abs(total) >= abs(sum(sums)) - 1e-9 for total in totals) / len(totals)


@given(st.lists(st.sampled_from([-2.5, -1.0, -0.3, 0.3, 1.0, 1.7]), min_size=1, max_size=9))
def test_all_patterns_are_counted(sums: list[float]) -> None:
    assert sign_flip_p(sums) == pytest.approx(by_hand(sums))


@given(st.integers(0, 60), st.integers(0, 60))
def test_of_single_samples_it_is_mcnemar(gains: int, losses: int) -> None:
    assert sign_flip_p([1.0] * gains + [-1.0] * losses + [0.0] * 5) == pytest.approx(mcnemar_p(gains, losses))


def test_random_patterns_agree_with_the_exact_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    sums = (random.integers(-4, 6, 60) / 5).tolist()
    exact = sign_flip_p(sums)
    monkeypatch.setattr(sign_flip, "WORK", 0)
    drawn = sign_flip_p(sums)
    assert drawn == pytest.approx(exact, abs=4 * (exact / 10_000) ** 0.5)
    assert sign_flip_p(sums) == drawn == sign_flip_p(sums[::-1])  # seeded by the sums, whatever their order


def test_nothing_and_zeros_show_nothing() -> None:
    assert sign_flip_p([]) == sign_flip_p([0.0, 0.0]) == 1
    assert sign_flip_p([1.0] * 5) == 2 / 32


def test_clusters_are_summed() -> None:
    assert cluster_sums([1.0, -1.0, 1.0, 0.5], ["a", "b", "a", "b"]) == [2.0, -0.5]


@pytest.mark.parametrize("effect", ["none", "normal", "skewed"])
def test_clusters_keep_the_size_that_single_samples_lose(effect: str) -> None:
    found = measure_clustered(Clustered(20, (10, 60), effect), 300)
    assert found.rejected <= 27  # of 300 at 5 %: more has a probability of .002
    assert found.missed <= 27
    if effect == "normal":
        assert found.plain > 60


def test_an_interval_is_what_is_not_rejected() -> None:
    sums, sizes = [3.0, -1.0, 4.0, 2.0, 0.0, 5.0, 1.0, 2.0], [10.0] * 8
    low, high = sign_flip_interval(sums, sizes)
    for mean, is_inside in ((low - 0.004, False), (low + 0.004, True), (high - 0.004, True), (high + 0.004, False)):
        p = sign_flip_p([each - mean * size for each, size in zip(sums, sizes, strict=True)])
        assert (p > 0.05) == is_inside
    assert sign_flip_interval([2.0] * 5, [9.0] * 5) == (-1.0, 1.0)
    with pytest.raises(ValueError, match="cluster"):
        sign_flip_interval([], [])

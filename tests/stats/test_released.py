"""The leak check: its exact tails, shuffles, groups, what halves can see, keys, and its size by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact

from bench.inhouse.leak import measure
from steelyard.stats.fisher import fisher_p
from steelyard.stats.released import activation_p, detectable_gap, least_activations, power, released_test

bits = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=30)


@given(bits, bits)
def test_for_right_and_wrong_it_is_fishers_exact_test(released: list[float], sealed: list[float]) -> None:
    found = released_test(released, sealed)
    table = [[sum(released), len(released) - sum(released)], [sum(sealed), len(sealed) - sum(sealed)]]
    assert found.p == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
    assert found.low <= found.difference <= found.high
    one_group = released_test(released, sealed, groups=([0] * len(released), [0] * len(sealed)))
    assert one_group.p == pytest.approx(found.p)


def test_groups_are_summed() -> None:
    # Each group is decided by itself: one of two, and the released one is right, in both. p = ½ · ½.
    assert released_test([1, 1], [0, 0], groups=(["a", "b"], ["a", "b"])).p == pytest.approx(0.25)
    assert released_test([1, 1], [0, 0]).p == pytest.approx(1 / 6)


def test_shuffles_agree_with_the_exact_tail() -> None:
    released, sealed = [0.9] * 9 + [0.1] * 3, [0.9] * 4 + [0.1] * 8
    found = released_test(released, sealed, seed=7)
    assert found.p == pytest.approx(fisher_p(9, 12, 4, 12), abs=0.005)
    assert found == released_test(released, sealed, seed=7)
    assert found.low < found.difference < found.high


def test_shuffles_stay_within_groups() -> None:
    # The halves differ by the groups' levels alone, which a shuffle within groups cannot change.
    groups = (["easy"] * 20 + ["hard"] * 2, ["easy"] * 2 + ["hard"] * 20)
    released, sealed = [0.9] * 20 + [0.2] * 2, [0.9] * 2 + [0.2] * 20
    assert released_test(released, sealed, groups=groups, shuffles=199).p == 1
    assert released_test(released, sealed, shuffles=199).p == pytest.approx(1 / 200)


def test_a_missing_score_speaks_for_the_model() -> None:
    assert released_test([1.0, None], [0.0, None]) == released_test([1.0, 0.0], [0.0, 1.0])


def test_what_halves_can_see() -> None:
    """The figures of the issue: 43, 25, 13 and 10 points at α = .001 with power .9."""
    for half, points in ((50, 43), (150, 25), (500, 13.5)):
        gap = detectable_gap(half, half, 0.001)
        assert gap is not None
        assert 100 * gap == pytest.approx(points, abs=2)
    assert detectable_gap(3, 3, 0.001) is None
    known = detectable_gap(150, 150, 0.001, rate_sealed=0.1)
    assert known is not None
    assert known < 0.22


def test_power_by_enumeration() -> None:
    n, m, alpha = 6, 5, 0.1
    expected = sum(
        binom.pmf(x, n, 0.8) * binom.pmf(y, m, 0.3)
        for x in range(n + 1)
        for y in range(m + 1)
        if fisher_p(x, n, y, m) <= alpha
    )
    assert power(n, m, 0.8, 0.3, alpha) == pytest.approx(expected)


def test_keys() -> None:
    assert least_activations(32, 4, 0.001) == 17
    assert activation_p(17, 32, 4) == pytest.approx(binom.sf(16, 32, 0.25))
    assert activation_p(0, 32, 4) == 1
    assert least_activations(4, 4, 0.001) is None
    for bad in ((5, 4, 4), (-1, 4, 4), (0, 0, 4), (1, 4, 1)):
        with pytest.raises(ValueError, match="no result"):
            activation_p(*bad)


def test_what_is_no_split_is_refused() -> None:
    with pytest.raises(ValueError, match="both halves"):
        released_test([], [1.0])
    with pytest.raises(ValueError, match=r"within \[0, 1\]"):
        released_test([2.0], [1.0])
    with pytest.raises(ValueError, match="its group"):
        released_test([1.0], [1.0], groups=([], [1]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        released_test([1.0], [1.0], alpha=0)
    with pytest.raises(ValueError, match="both halves"):
        power(0, 5, 0.5, 0.5, 0.05)
    with pytest.raises(ValueError, match="rates"):
        power(5, 5, 1.5, 0.5, 0.05)


@pytest.mark.parametrize(("half", "steps", "groups", "runs", "most"), [(50, 1, 1, 1500, 103), (60, 1, 4, 400, 34)])
def test_honest_models_are_found_no_more_often_than_the_level(
    half: int, steps: int, groups: int, runs: int, most: int
) -> None:
    """At .05; more than ``most`` has a probability below .001."""
    assert measure(half, 0.0, runs, alpha=0.05, steps=steps, groups=groups) <= most


def test_honest_models_with_partial_scores() -> None:
    found = sum(
        released_test(scores[:30].tolist(), scores[30:].tolist(), shuffles=199, seed=seed).p <= 0.1
        for seed, scores in enumerate(np.random.default_rng(2).beta(2, 1, (150, 60)))
    )
    assert found <= 28


def test_a_leak_is_found() -> None:
    assert measure(150, 0.9, 40) >= 30

"""The test of keyed variants: exact under the draw, whatever the items are like; its power is that of its rule."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.inhouse.variants import measure_chosen
from steelyard.stats.variants import detectable_pair_gap, pair_power, variants_test

SCORES = st.sampled_from((0.0, 1.0, 1 / 3, 0.5))


@given(st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=9), st.integers(1, 99))
def test_no_level_is_exceeded_over_all_draws(pairs: list[tuple[float, float]], percent: int) -> None:
    """A model that does not know the draw has fixed scores of both variants; which of them was asked is a coin."""
    level, found = percent / 100, 0
    for draw in itertools.product((False, True), repeat=len(pairs)):
        asked = [pair[turned] for pair, turned in zip(pairs, draw, strict=True)]
        others = [pair[not turned] for pair, turned in zip(pairs, draw, strict=True)]
        found += variants_test(asked, others).p <= level + 1e-12
    assert found / 2 ** len(pairs) <= level + 1e-9


def test_right_and_wrong_have_a_binomial_tail() -> None:
    found = variants_test([1.0] * 10 + [0.0] * 5, [0.0] * 8 + [1.0] * 2 + [0.0] * 4 + [1.0])
    assert found.p == pytest.approx(sum(math.comb(9, k) for k in (8, 9)) / 2**9)
    assert found.difference == pytest.approx(7 / 15)
    assert found.low < 7 / 15 < found.high
    assert (found.released, found.sealed) == (15, 15)
    assert variants_test([1.0], [1.0]).p == 1.0
    assert variants_test([0.0] * 9, [1.0] * 9).p == 1.0


def test_open_scores_speak_for_the_model() -> None:
    assert variants_test([None] * 20, [0.0] * 20).p == 1.0
    assert variants_test([1.0] * 20, [None] * 20).p == 1.0


@pytest.mark.parametrize(
    ("asked", "others", "alpha"),
    [([], [], 0.05), ([1.0], [], 0.05), ([2.0], [1.0], 0.05), ([math.nan], [1.0], 0.05), ([1.0], [1.0], 1.0)],
)
def test_what_is_no_result_is_refused(asked: list[float], others: list[float], alpha: float) -> None:
    with pytest.raises(ValueError, match=r"two scores|within|between"):
        variants_test(asked, others, alpha=alpha)


@given(st.integers(1, 12), st.floats(0, 1), st.floats(0, 1), st.sampled_from((0.001, 0.05, 0.3)))
def test_the_power_is_that_of_the_rule(pairs: int, asked: float, other: float, alpha: float) -> None:
    gain, loss = asked * (1 - other), other * (1 - asked)
    expected = math.fsum(
        math.comb(pairs, gains) * math.comb(pairs - gains, losses) * gain**gains * loss**losses
        * (1 - gain - loss) ** (pairs - gains - losses)
        for gains in range(pairs + 1)
        for losses in range(pairs - gains + 1)
        if variants_test([1.0] * gains + [0.0] * (pairs - gains), [0.0] * gains + [1.0] * losses
                         + [0.0] * (pairs - gains - losses)).p <= alpha * (1 + 1e-9)
    )  # fmt: skip
    assert pair_power(pairs, asked, other, alpha) == pytest.approx(expected, abs=1e-9)


def test_the_detectable_gap_is_the_least_with_that_power() -> None:
    gap = detectable_pair_gap(100, 0.001)
    assert gap is not None
    assert pair_power(100, 0.5 + gap / 2, 0.5 - gap / 2, 0.001) >= 0.9
    assert pair_power(100, 0.5 + gap / 2 - 0.001, 0.5 - gap / 2 + 0.001, 0.001) < 0.9
    assert detectable_pair_gap(5, 0.001) is None
    for wrong in ((0, 0.5, 0.5, 0.05), (5, 1.5, 0.5, 0.05), (5, 0.5, 0.5, 0.0)):
        with pytest.raises(ValueError, match=r"pairs|rates"):
            pair_power(*wrong)


def test_whoever_takes_the_best_of_the_sealed_addresses_finds_few_honest_models() -> None:
    """A small simulation at .05 / E; ``python -m bench.inhouse variants`` has the whole."""
    runs, addresses = 200, 8
    ps = measure_chosen(addresses, 30, 2, runs)
    assert sum(p <= 0.05 for p in ps) > 0.12 * runs  # what the choice would give without it
    assert sum(p <= 0.05 / addresses for p in ps) <= 0.05 * runs + 2.6 * math.sqrt(runs * 0.05 * 0.95)


def test_few_honest_models_are_found_and_most_that_learned() -> None:
    """A small simulation; ``python -m bench.inhouse variants`` has the whole."""
    random, found = np.random.default_rng(1), [0, 0]
    for _ in range(300):
        rates = 1 / (1 + np.exp(random.standard_normal((2, 80))))
        for learned in (0, 1):
            raised = rates.copy()
            raised[0] += 0.7 * learned * (1 - rates[0])
            asked, others = (random.random((2, 80)) < raised).astype(float).tolist()
            found[learned] += variants_test(asked, others).p <= 0.01
    assert found[0] <= 10
    assert found[1] >= 250

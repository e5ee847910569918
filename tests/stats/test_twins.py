"""Twins: the size is exact and holds at every stop, also outside the formula; the power is what DETECTORS.md says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.twins import Pairs, detectable_gap

# ── the first test: public and fresh are treated alike ──────────────────────────────────────────────────────────────


def share_found(draw: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]], level: float, runs: int) -> float:
    """The share of runs in which E reaches 1/level at any time; ``draw`` gives the scores of both arms."""
    found = 0
    for run in range(runs):
        pairs = Pairs(0.05)
        for public, fresh in zip(*draw(np.random.default_rng(run)), strict=True):
            pairs.observe(int(public), int(fresh))  # type: ignore[arg-type]
            if pairs.p <= level:
                found += 1
                break
    return found / runs


def alike(n: int, rate: float, skew: float = 0.0) -> Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]:
    """Items of one generator, some harder than others, with a rate each."""

    def draw(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        rates = np.clip(rate + skew * random.standard_normal(2 * n), 0, 1)
        right = random.random(2 * n) < rates
        return right[:n], right[n:]

    return draw


@pytest.mark.parametrize(("n", "rate", "skew"), [(300, 0.5, 0.0), (300, 0.88, 0.0), (300, 0.7, 0.4), (1000, 0.6, 0.2)])
def test_an_honest_model_is_found_no_more_often_than_the_level_says(n: int, rate: float, skew: float) -> None:
    found = share_found(alike(n, rate, skew), 0.05, 600)
    assert found <= 0.05 + 2.6 * (0.05 * 0.95 / 600) ** 0.5


def test_days_on_which_all_answers_hang_together_accuse_nobody() -> None:
    """Outside the formula: the rate drifts and jumps while it is asked, for both arms alike."""

    def draw(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        rates = np.repeat(random.random(10), 30)
        return random.random(300) < rates, random.random(300) < rates

    assert share_found(draw, 0.05, 600) <= 0.05 + 2.6 * (0.05 * 0.95 / 600) ** 0.5


def highest(public: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """The largest E of each row, by the formula in closed form."""
    alone = np.cumsum(public & ~fresh, axis=1), np.cumsum(fresh & ~public, axis=1)
    logs = [alone[0] * np.log(2 * q) + alone[1] * np.log(2 * (1 - q)) for q in (0.6, 0.7, 0.8, 0.9)]
    highest: np.ndarray = (0.9 * np.mean(np.exp(logs), axis=0) + 0.1).max(axis=1)
    return highest


@pytest.mark.parametrize(
    ("n", "gap", "power"), [(300, 0.12, 0.50), (300, 0.20, 0.97), (1000, 0.08, 0.71), (1000, 0.12, 0.99)]
)
def test_the_power_is_what_is_stated(n: int, gap: float, power: float) -> None:
    """At α = .01, of a model that has .72 of the public samples right (DETECTORS.md, D2)."""
    random = np.random.default_rng(7)
    found = highest(random.random((4000, n)) < 0.72, random.random((4000, n)) < 0.72 - gap) >= 100
    assert found.mean() == pytest.approx(power, abs=0.03 + 2 * (power * (1 - power) / 4000) ** 0.5)


def test_e_is_that_of_the_closed_form() -> None:
    random = np.random.default_rng(3)
    public, fresh = random.random((20, 200)) < 0.8, random.random((20, 200)) < 0.7
    for row, expected in enumerate(highest(public, fresh)):
        pairs = Pairs(0.05)
        for one, other in zip(public[row], fresh[row], strict=True):
            pairs.observe(int(one), int(other))  # type: ignore[arg-type]
        assert pairs.highest == pytest.approx(max(1.0, expected))


@given(st.lists(st.tuples(st.sampled_from([0, 1, None]), st.sampled_from([0, 1, None])), max_size=60))
def test_what_is_missing_speaks_for_the_model(scores: list[tuple[int | None, int | None]]) -> None:
    pairs, read = Pairs(0.05), Pairs(0.05)
    for public, fresh in scores:
        pairs.observe(public, fresh)  # type: ignore[arg-type]
        read.observe(public or 0, 1 if fresh is None else fresh)  # type: ignore[arg-type]
    assert pairs.p == read.p
    assert pairs.highest_within <= read.highest_within
    low, high = pairs.interval()
    inside = read.interval()
    assert low <= inside[0]
    assert inside[1] <= high


# ── open answers: the same bet, the same null ────────────────────────────────────────────────────────────────────────


def test_a_model_that_opens_every_fresh_answer_is_found() -> None:
    """It knows the public answers by heart, and nothing that it says of others can be read."""
    pairs = Pairs(0.05)
    for _ in range(40):
        pairs.observe(1, None, (False, True))
    assert pairs.p < 0.001
    assert pairs.is_by_open
    assert pairs.is_read_less


def test_missing_fresh_answers_are_no_open_ones() -> None:
    """As where an endpoint has public answers in a cache, and fails on others: noted, and no accusation."""
    pairs = Pairs(0.05)
    for _ in range(300):
        pairs.observe(1, None)
    assert pairs.p == 1
    assert pairs.is_read_less
    assert not pairs.is_by_open


@pytest.mark.parametrize(("cut", "wrong_cut"), [(0.2, 0.0), (0.0, 0.5), (1.0, 0.0)])
def test_who_is_cut_off_alike_is_found_no_more_often_than_the_level_says(cut: float, wrong_cut: float) -> None:
    found = noted = 0
    for run in range(500):
        random, pairs = np.random.default_rng(run), Pairs(0.05)
        right = random.random((300, 2)) < 0.7
        opened = random.random((300, 2)) < np.where(right, cut, cut + wrong_cut)
        for score, is_open in zip(right.tolist(), opened.tolist(), strict=True):
            public, fresh = (None if each else int(one) for one, each in zip(score, is_open, strict=True))
            pairs.observe(public, fresh, (is_open[0], is_open[1]))  # type: ignore[arg-type]
        found += pairs.p <= 0.05
        noted += pairs.is_read_less
    assert found / 500 <= 0.05 + 2.6 * (0.05 * 0.95 / 500) ** 0.5
    assert noted / 500 <= 0.01 + 2.6 * (0.01 * 0.99 / 500) ** 0.5


# ── the second test: the gap is a small one ─────────────────────────────────────────────────────────────────────────


def test_a_gap_at_the_margin_is_called_small_no_more_often_than_the_level_says() -> None:
    found = 0
    for run in range(400):
        random, pairs = np.random.default_rng(run), Pairs(0.1)
        for public, fresh in zip(random.random(500) < 0.8, random.random(500) < 0.7, strict=True):
            pairs.observe(int(public), int(fresh))  # type: ignore[arg-type]
        found += pairs.highest_within >= 20
    assert found / 400 <= 0.05 + 2.6 * (0.05 * 0.95 / 400) ** 0.5


def test_no_gap_is_shown_to_be_small_in_enough_pairs() -> None:
    random, pairs = np.random.default_rng(5), Pairs(0.1)
    for public, fresh in zip(random.random(1000) < 0.9, random.random(1000) < 0.9, strict=True):
        pairs.observe(int(public), int(fresh))  # type: ignore[arg-type]
    assert pairs.highest_within >= 20
    assert pairs.p > 0.05


# ── what would be seen ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_detectable_gap_is_seen_with_the_stated_power() -> None:
    gap = detectable_gap(300, 0.88, 0.01)
    assert gap is not None

    def draw(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return random.random(300) < 0.88, random.random(300) < 0.88 - gap

    assert 0.87 <= share_found(draw, 0.01, 400) <= 0.97


def test_what_is_not_read_makes_the_detectable_gap_larger() -> None:
    read, cut = detectable_gap(300, 0.9, 0.01), detectable_gap(300, 0.9, 0.01, unread=(0.2, 0.2))
    assert read is not None
    assert cut is not None
    assert cut >= read + 0.05
    assert detectable_gap(300, 0.9, 0.01, unread=(0.0, 1.0)) is None


@pytest.mark.parametrize(("pairs", "rate"), [(3, 0.9), (300, 0.0), (0, 0.5)])
def test_nothing_is_seen_with_few_pairs_or_nothing_right(pairs: int, rate: float) -> None:
    assert detectable_gap(pairs, rate, 0.01) is None


def test_more_pairs_see_smaller_gaps_and_stricter_levels_larger_ones() -> None:
    gaps = [detectable_gap(*asked) for asked in ((1000, 0.9, 0.01), (300, 0.9, 0.01), (300, 0.9, 0.001))]
    assert None not in gaps
    assert gaps == sorted(gaps)  # type: ignore[type-var]


@pytest.mark.parametrize("margin", [0, 1, -0.1])
def test_a_margin_is_a_proportion(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        Pairs(margin)

"""Paired bets: size against itself whatever the noise, size at the margin, power, missing answers, the interval."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.paired_bets import PairedBets, difference_interval


def run(rates: list[tuple[float, float]], margin: float, random_: random.Random) -> str | None:
    bets = PairedBets(margin, 0.05, 0.05)
    for model, baseline in rates:
        if side := bets.observe(int(random_.random() < model), int(random_.random() < baseline)):  # type: ignore[arg-type]
            return side
    return None


def share(side: str, rates: list[tuple[float, float]], margin: float, number: int, seed: int) -> float:
    random_, found = random.Random(seed), 0
    for _ in range(number):
        random_.shuffle(rates)
        found += run(rates, margin, random_) == side
    return found / number


@pytest.mark.parametrize("rate", [0.5, 0.8, 0.97, "mixed"])
def test_a_model_against_itself_is_seldom_red(rate: float | str) -> None:
    each = [index / 300 for index in range(300)] if rate == "mixed" else [float(rate)] * 300
    assert share("red", [(p, p) for p in each], 0.0, 400, 3) <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / 400)


def test_a_model_that_is_worse_by_the_margin_is_seldom_green() -> None:
    assert share("green", [(0.75, 0.8)] * 500, 0.05, 400, 4) <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / 400)
    fixed = [(1.0, 1.0)] * 475 + [(0.0, 1.0)] * 25  # answers that do not vary: a finite population
    assert share("green", fixed, 0.05, 400, 5) <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / 400)


def test_a_model_that_is_worse_by_no_more_than_the_margin_is_seldom_red() -> None:
    assert share("red", [(0.75, 0.8)] * 500, 0.05, 400, 4) <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / 400)
    fixed = [(1.0, 1.0)] * 475 + [(0.0, 1.0)] * 25  # answers that do not vary: a finite population
    assert share("red", fixed, 0.05, 400, 5) <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / 400)


def test_a_large_loss_is_seen_and_equal_answers_are_green() -> None:
    assert share("red", [(0.6, 0.85)] * 600, 0.02, 50, 6) > 0.95
    assert share("green", [(1.0, 1.0)] * 400, 0.02, 1, 7) == 1


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, None]), st.sampled_from([0, 1, None])), max_size=80), st.floats(0, 0.5)
)
def test_what_is_missing_helps_neither_side(pairs: list[tuple[int | None, int | None]], margin: float) -> None:
    open_, best, worst = (PairedBets(margin, 0.05, 0.05) for _ in range(3))
    for model, baseline in pairs:
        open_.observe(model, baseline)  # type: ignore[arg-type]
        best.observe(1 if model is None else model, 0 if baseline is None else baseline)  # type: ignore[arg-type]
        worst.observe(0 if model is None else model, 1 if baseline is None else baseline)  # type: ignore[arg-type]
    assert open_.e_red == best.e_red
    assert open_.e_green == worst.e_green


@pytest.mark.parametrize("margin", [-0.1, 1.0, math.nan])
def test_margins_that_are_none(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        PairedBets(margin, 0.05, 0.05)


@given(st.integers(0, 200), st.integers(0, 60), st.integers(0, 60))
def test_the_interval_holds_the_difference_and_mirrors(alike: int, losses: int, gains: int) -> None:
    n = alike + losses + gains
    low, high = difference_interval(n, (losses, losses), (gains, gains))
    assert -1 <= low <= high <= 1
    if n:
        assert low <= (gains - losses) / n <= high
    other = difference_interval(n, (gains, gains), (losses, losses))
    assert other == pytest.approx((-high, -low), abs=3e-6)


def test_the_interval_covers_at_every_look() -> None:
    random_, missed, number = random.Random(9), 0, 150
    for _ in range(number):
        losses = gains = 0
        for n in range(1, 301):
            drawn = random_.random()
            losses, gains = losses + (drawn < 0.12), gains + (0.12 <= drawn < 0.16)
            if n % 20 == 0:
                low, high = difference_interval(n, (losses, losses), (gains, gains))
                if not low <= -0.08 <= high:
                    missed += 1
                    break
    assert missed / number <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / number)

"""Bets on who wrote the outputs of one benchmark."""

from __future__ import annotations

import random

import pytest

from steelyard_forensics.published.bets import LEAST_GAIN, REQUANTISED, DrawnRow, GreedyRow, row_of
from steelyard_forensics.sealed.rows import OutputShares, OutputSurprise, PublishedRow


def row(temperature: float) -> PublishedRow:
    return PublishedRow(task="a", measurement="a", chat=False, texts=100, temperature=temperature)


def drawn(gain: float, count: int) -> DrawnRow:
    """Texts by which Q2_K gains so much each."""
    found = DrawnRow(row(1.0))
    for at in range(count):
        gains = {"Q2_K": gain, "Q3_K_M": -5.0}
        found.observe(OutputSurprise(sample=f"{at}", tokens=40, surprise=0.5, gains=gains))
    return found


def test_a_stated_temperature_makes_outputs_drawn() -> None:
    assert isinstance(row_of(row(0.7)), DrawnRow)
    assert isinstance(row_of(row(0.0)), GreedyRow)


@pytest.mark.parametrize(("gain", "is_named"), [(LEAST_GAIN, False), (LEAST_GAIN + 0.01, True), (-30.0, False)])
def test_only_a_gain_of_log_8_nats_counts(gain: float, is_named: bool) -> None:
    found = drawn(gain, 12)
    assert found.is_over(1) == is_named
    assert found.wins == {"Q2_K": 12 * is_named, "Q3_K_M": 0}


def test_more_benchmarks_need_more_outputs_and_what_is_read_says_how_many() -> None:
    few = drawn(9.0, 4)
    needed = [few.needed(rows) for rows in (1, 3, 10)]
    assert needed == sorted(needed, key=lambda each: each or 0)
    assert drawn(9.0, needed[1] or 0).is_over(3)
    assert not drawn(9.0, (needed[1] or 0) - 1).is_over(3)
    assert drawn(-9.0, 4).needed(1) is None


def test_what_was_not_read_changes_nothing() -> None:
    found = drawn(9.0, 3)
    before = found.p_better
    found.observe(OutputSurprise(sample="x"))
    greedy = GreedyRow(row(0.0))
    greedy.observe(OutputShares(sample="x"))
    assert (found.p_better, greedy.p_better, greedy.p_far) == (before, 1.0, 1.0)
    assert (len(found.shown), greedy.shown) == (3, [])
    assert not found.is_own(1)


def test_honest_drawn_outputs_at_even_odds_are_rarely_accused() -> None:
    """The worst case within the null: either requantisation explains each text with even odds."""
    coin, accused = random.Random(20261128), 0
    for _ in range(400):
        found = DrawnRow(row(1.0))
        for at in range(100):
            gains = {name: coin.choice([-1.0, 3.0]) for name in REQUANTISED}
            found.observe(OutputSurprise(sample=f"{at}", tokens=40, surprise=0.5, gains=gains))
            if found.is_over(1):
                accused += 1
                break
    assert accused <= 30, "at most .05 of 400, and luck"

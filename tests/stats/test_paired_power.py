"""Power of the paired test: exact, and as simulated."""

from __future__ import annotations

import numpy as np
import pytest

from bench.compare import Paired, measure_paired
from steelyard.stats.padded import padded_p
from steelyard.stats.paired_power import mcnemar_power, samples_for_mean, samples_to_see


@pytest.mark.parametrize(("n", "discordant", "difference"), [(200, 0.2, 0.1), (1_249, 0.06, 0.02), (60, 0.5, 0.3)])
def test_exact_power_is_what_is_simulated(n: int, discordant: float, difference: float) -> None:
    found = measure_paired(Paired(n, discordant, difference), 4_000)
    assert found.rejected / 4_000 == pytest.approx(mcnemar_power(n, discordant, difference), abs=0.025)


def test_the_number_that_the_docs_name() -> None:
    """6 % discordant, 2 points: 1,175 by Connor's approximation, a few more by the exact test."""
    assert samples_to_see(0.02, 0.06) == pytest.approx(1_240, abs=30)
    assert mcnemar_power(samples_to_see(0.02, 0.06), 0.06, 0.02) >= 0.8


def test_less_to_see_needs_more_and_more_discord_too() -> None:
    assert samples_to_see(0.01, 0.1) > samples_to_see(0.02, 0.1) > samples_to_see(0.05, 0.1)
    assert samples_to_see(0.02, 0.3) > samples_to_see(0.02, 0.1)
    assert samples_to_see(0.02, 0.0) == samples_to_see(0.02, 0.02)


def test_scores() -> None:
    assert samples_for_mean(0.02, 0.1) == 322  # 197 by plain t
    assert samples_for_mean(0.01, 0.4) == 12_572  # 12,559
    assert samples_for_mean(0.5, 0.0) == 7


@pytest.mark.parametrize(("difference", "deviation"), [(0.02, 0.1), (0.06, 0.2), (0.05, 0.4)])
def test_the_number_for_scores_has_the_power_that_it_names(difference: float, deviation: float) -> None:
    n, random = samples_for_mean(difference, deviation), np.random.default_rng(20261129)
    values = np.clip(random.normal(difference, deviation, (600, n)), -1, 1)
    assert sum(padded_p(each) <= 0.05 for each in values.tolist()) / 600 == pytest.approx(0.8, abs=0.06)


def test_the_edges() -> None:
    assert mcnemar_power(0, 0.1, 0.05) == 0
    assert mcnemar_power(5, 1.0, 1.0) == 0  # five pairs are never significant at 5 %
    assert mcnemar_power(6, 1.0, 1.0) == pytest.approx(1.0)
    for call in (
        lambda: mcnemar_power(10, 0.1, 0.2),
        lambda: samples_to_see(0.0, 0.1),
        lambda: samples_for_mean(1.0, 1),
    ):
        with pytest.raises(ValueError, match="difference"):
            call()

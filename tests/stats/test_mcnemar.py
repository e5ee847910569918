"""McNemar's exact test and the exact test against a margin: by enumeration, and at the edge of the null."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial

from bench.compare import Margin, Paired, measure_margin, measure_paired
from steelyard.stats import mcnemar
from steelyard.stats.mcnemar import margin_p, mcnemar_p, score_statistic

RUNS = 2_000
ALLOWED = 130  # of 2,000 at 5 %: more has a probability of .001


def test_a_table_by_hand() -> None:
    assert mcnemar_p(12, 3) == pytest.approx(2 * sum([1, 15, 105, 455]) / 2**15)
    assert mcnemar_p(3, 12) == mcnemar_p(12, 3)
    assert mcnemar_p(12, 3, "greater") == pytest.approx(mcnemar_p(12, 3) / 2)
    assert mcnemar_p(0, 0) == mcnemar_p(5, 5) == 1
    assert mcnemar_p(3, 12, "greater") == pytest.approx(mcnemar_p(12, 3, "less"))
    with pytest.raises(ValueError, match="counts"):
        mcnemar_p(-1, 3)


@pytest.mark.parametrize(("n", "discordant"), [(50, 0.06), (200, 0.3)])
def test_the_size_of_mcnemar(n: int, discordant: float) -> None:
    assert measure_paired(Paired(n, discordant, 0.0), RUNS).rejected <= ALLOWED


@pytest.mark.parametrize(("n", "discordant", "margin"), [(40, 0.1, 0.05), (150, 0.06, 0.02)])
def test_the_size_at_the_margin(n: int, discordant: float, margin: float) -> None:
    found = measure_margin(Margin(n, discordant, margin), 600)
    assert found.rejected <= 46  # of 600 at 5 %: more has a probability of .002


@pytest.mark.parametrize(("n", "margin"), [(12, 0.1), (20, 0.2)])
def test_the_size_at_the_margin_exactly(n: int, margin: float) -> None:
    """Every table of a small n, for many rates of the null: the probability of p ≤ α is at most α."""
    tables = [(gains, losses) for gains in range(n + 1) for losses in range(n + 1 - gains)]
    p_values = np.array([margin_p(*table, n, margin) for table in tables])
    counts = np.array([(gains, losses, n - gains - losses) for gains, losses in tables])
    for lost in np.linspace(margin, (1 + margin) / 2, 12):
        rates = [lost - margin, lost, 1 - 2 * lost + margin]
        chances = multinomial.pmf(counts, n, np.maximum(rates, 0))
        for alpha in (0.01, 0.05, 0.1):
            assert chances[p_values <= alpha].sum() <= alpha + 1e-9


@given(st.integers(5, 60), st.data())
def test_more_gains_speak_more_against_the_null(n: int, data: st.DataObject) -> None:
    losses = data.draw(st.integers(0, n - 1))
    margin = data.draw(st.floats(0.01, 0.4))
    gains = np.arange(n - losses + 1, dtype=float)
    z = mcnemar._statistics(gains, np.full_like(gains, losses), n, -margin)
    assert np.all(np.diff(z) >= -1e-9)
    assert z == pytest.approx([score_statistic(each, losses, n, -margin) for each in gains])


def test_a_margin_that_holds_and_one_that_does_not() -> None:
    assert margin_p(30, 30, 1_319, 0.03) < 0.001
    assert margin_p(10, 50, 1_319, 0.03) > 0.4
    assert margin_p(0, 0, 400, 0.02) < 0.002
    assert margin_p(0, 0, 40, 0.02) > 0.05
    assert margin_p(50, 0, 50, 0.5) <= 1e-5


@pytest.mark.parametrize(
    "given_", [(-1, 0, 10, 0.1), (6, 6, 10, 0.1), (0, 0, 0, 0.1), (1, 1, 10, 0.0), (1, 1, 10, 1.0)]
)
def test_what_does_not_fit_is_refused(given_: tuple[int, int, int, float]) -> None:
    with pytest.raises(ValueError, match=r"counts|margin"):
        margin_p(*given_)


@pytest.mark.parametrize("n", [1, 20, 300])
@pytest.mark.parametrize("margin", [0.02, 0.2])
def test_who_loses_far_more_than_the_margin_is_never_shown_to_be_within_it(n: int, margin: float) -> None:
    for losses in range(math.ceil(n * (margin + 0.05)), n + 1, max(1, n // 20)):
        assert margin_p(0, losses, n, margin) > 0.3
    assert margin_p(0, n, n, margin) == pytest.approx(1.0, abs=1e-6)

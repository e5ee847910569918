"""pass@k against its combinatorial definition, against simulation, and its interval's coverage."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.pass_at_k import mean_pass_at_k, pass_at_k, run_pass_at_k


@st.composite
def problems(draw: st.DrawFn) -> tuple[int, int, int]:
    n = draw(st.integers(1, 400))
    return n, draw(st.integers(0, n)), draw(st.integers(1, n))


@given(problems())
def test_is_the_share_of_subsets(problem: tuple[int, int, int]) -> None:
    n, c, k = problem
    exact = 1 - Fraction(math.comb(n - c, k), math.comb(n, k))
    assert pass_at_k(n, c, k) == pytest.approx(float(exact), rel=1e-9, abs=0)


def test_small_shares_do_not_cancel() -> None:
    assert pass_at_k(10**9, 1, 1) == pytest.approx(1e-9, rel=1e-12)
    assert pass_at_k(10**9, 3, 10**9 - 3) == pytest.approx(1.0)


@given(problems())
def test_grows_with_right_answers_and_with_k(problem: tuple[int, int, int]) -> None:
    n, c, k = problem
    value = pass_at_k(n, c, k)
    assert 0 <= value <= 1
    assert c == n or pass_at_k(n, c + 1, k) >= value - 1e-12
    assert k == n or pass_at_k(n, c, k + 1) >= value - 1e-12
    assert pass_at_k(n, c, 1) == pytest.approx(c / n)


@pytest.mark.parametrize(("n", "c", "k"), [(5, 6, 1), (5, -1, 1), (5, 2, 0), (5, 2, 6), (0, 0, 1)])
def test_impossible_counts_are_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match=r"cannot be right|needs k"):
        pass_at_k(n, c, k)


@pytest.mark.parametrize(("n", "k", "p"), [(20, 5, 0.15), (10, 10, 0.3), (50, 1, 0.01)])
def test_is_unbiased(n: int, k: int, p: float) -> None:
    chances = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    truth = 1 - (1 - p) ** k
    assert math.fsum(chance * pass_at_k(n, c, k) for c, chance in enumerate(chances)) == pytest.approx(truth)
    if k > 1:  # the plug-in estimate is biased low
        assert math.fsum(chance * (1 - (1 - c / n) ** k) for c, chance in enumerate(chances)) < truth - 0.01


def test_is_unbiased_in_simulation() -> None:
    rng = random.Random(1)
    n, k, p, trials = 20, 5, 0.15, 5000
    values = [pass_at_k(n, sum(rng.random() < p for _ in range(n)), k) for _ in range(trials)]
    mean = math.fsum(values) / trials
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in values)) / trials
    assert abs(mean - (1 - (1 - p) ** k)) < 4 * error


@pytest.mark.parametrize(
    ("count", "n", "k", "alpha", "beta"),
    [(164, 1, 1, 2, 3), (164, 10, 1, 0.5, 0.5), (164, 10, 5, 0.5, 2), (40, 4, 2, 5, 0.5)],
)
def test_the_interval_covers(count: int, n: int, k: int, alpha: float, beta: float) -> None:
    """Problems drawn from a population: 95 % of the intervals hold its pass@k, within the simulation's error."""
    rng = random.Random(7)
    # E[(1 − p)^k] for p ~ Beta(alpha, beta)
    truth = 1 - math.prod((beta + i) / (alpha + beta + i) for i in range(k))
    trials, covered = 1500, 0
    for _ in range(trials):
        counts = []
        for _ in range(count):
            p = rng.betavariate(alpha, beta)
            counts.append((n, sum(rng.random() < p for _ in range(n))))
        _, low, high = mean_pass_at_k(counts, k)
        covered += low <= truth <= high
    assert covered / trials > 0.95 - 4 * math.sqrt(0.95 * 0.05 / trials)


def test_the_interval_at_the_edges() -> None:
    mean, low, high = mean_pass_at_k([(5, 0)] * 50, 3)
    assert (mean, low) == (0, 0)
    assert 0.05 < high < 0.1
    mean, low, high = mean_pass_at_k([(5, 5)] * 50, 3)
    assert (mean, high) == (1, 1)
    assert 0.9 < low < 0.95
    with pytest.raises(ValueError, match="at least one"):
        mean_pass_at_k([], 1)


def test_of_a_run() -> None:
    scores = [("a", 1.0), ("a", 0.0), ("b", 0.0), ("b", 0.0), ("b", 1.0)]
    one, two = run_pass_at_k(scores)
    assert (one.k, two.k, one.problems, one.answers, one.missing) == (1, 2, 2, 5, 0)
    assert one.least == one.most == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert two.least == pytest.approx((1 + 2 / 3) / 2)
    assert run_pass_at_k(scores, ks=(3,)) == ()
    assert run_pass_at_k([]) == ()


def test_missing_answers_give_bounds() -> None:
    whole, *_ = run_pass_at_k([("a", 1.0), ("a", 0.0), ("b", 0.0), ("b", 0.0)])
    holed, *_ = run_pass_at_k([("a", 1.0), ("a", None), ("b", 0.0), ("b", None)])
    assert holed.missing == 2
    assert (holed.least, holed.most) == (0.25, 0.75)
    assert holed.least == whole.least
    assert holed.low == whole.low
    assert holed.high > whole.high

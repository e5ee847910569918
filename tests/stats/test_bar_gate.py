"""The gate against a bar: its thresholds against the binomial, early stops, missing answers, sessions of 100."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from bench.gates import safe_rate
from bench.inhouse.gate import measure_sessions
from steelyard.stats.bar_gate import EARLY, make_bar_gate
from steelyard.stats.sequential import stop_table

BAR = Fraction(85, 100)


@settings(max_examples=25, deadline=None)
@given(st.integers(5, 80), st.integers(1, 19), st.sampled_from([1, 10, 100]))
def test_thresholds_have_their_levels_at_the_bar(n: int, twentieths: int, family: int) -> None:
    bar = Fraction(twentieths, 20)
    gate = make_bar_gate(n, bar, 0.05, family=family)
    of_bar = binom(n, float(bar))
    red, green = (1 - EARLY) * 0.05 / family, (1 - EARLY) * 0.05
    assert of_bar.cdf(gate.red_below - 1) <= red * (1 + 1e-9) < of_bar.cdf(gate.red_below)
    assert of_bar.sf(gate.green_from - 1) <= green * (1 + 1e-9) < of_bar.sf(gate.green_from - 2)


def test_steady_answers_are_a_finite_population() -> None:
    gate = make_bar_gate(200, BAR, 0.05, family=4, steady=True)
    assert (gate.red_below, gate.green_from) == (170, 170)
    assert gate.table == stop_table(200, 170, 0.0125, 0.05)
    assert gate.colour(200, 169) == "red"
    assert gate.colour(200, 170) == "green"


def test_a_complete_pass_between_the_thresholds_is_undecided() -> None:
    gate = make_bar_gate(200, BAR)
    assert gate.colour(200, gate.red_below - 1) == "red"
    assert gate.colour(200, gate.red_below) == "undecided"
    assert gate.colour(200, gate.green_from - 1) == "undecided"
    assert gate.colour(200, gate.green_from) == "green"
    assert gate.colour(0, 0) is None
    assert gate.colour(100, 85) is None
    assert gate.colour(40, 5) == "red"


def test_missing_answers_speak_for_neither() -> None:
    gate = make_bar_gate(200, BAR)
    assert gate.colour(200, 100, missing=100) == "undecided"
    assert gate.colour(200, 100, missing=20) == "red"


def test_few_samples_are_never_red_at_a_small_level_or_never_green() -> None:
    few = make_bar_gate(3, Fraction(1, 2), 0.05, family=100)
    assert few.red_below == 0
    assert few.colour(3, 0) == "undecided"
    assert few.green_from == 4
    assert few.colour(3, 3) == "undecided"
    assert safe_rate(few) is None


def test_the_safe_rate_is_green_with_its_power() -> None:
    gate = make_bar_gate(200, BAR, family=100)
    rate = safe_rate(gate)
    assert rate is not None
    assert binom(200, rate).sf(gate.green_from - 1) == pytest.approx(0.9)
    with pytest.raises(ValueError, match="between 0 and 1"):
        safe_rate(gate, 1)


def test_sessions_of_100_gates_are_rarely_red() -> None:
    gate = make_bar_gate(200, BAR, family=100)
    found = measure_sessions(gate, BAR, 0.8928, 100, 60)
    assert 0.02 < found.plain_red < 0.08
    assert found.with_red <= 9  # of 60, where 5 % may have a red one: more has a probability below .001
    rate = safe_rate(gate)
    assert rate is not None
    assert measure_sessions(gate, BAR, rate, 100, 20).undecided <= 0.11


def test_gates_at_the_bar_are_within_the_level() -> None:
    found = measure_sessions(make_bar_gate(200, BAR), BAR, 0.85, 1, 400)
    assert found.with_red <= 34  # of 400, where 5 % may be red: more has a probability below .001


@pytest.mark.parametrize("bad", [(0, BAR, 0.05, 1), (9, Fraction(0), 0.05, 1), (9, BAR, 1.0, 1), (9, BAR, 0.05, 0)])
def test_what_is_no_gate_is_refused(bad: tuple[int, Fraction, float, int]) -> None:
    with pytest.raises(ValueError, match="needs samples"):
        make_bar_gate(bad[0], bad[1], bad[2], family=bad[3])

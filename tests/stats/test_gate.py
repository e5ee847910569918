"""The paired gate: by hand, its exact test against an enumeration, sizes by simulation, and the self-test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from bench.inhouse.gate import measure_paired
from steelyard.stats.blocked import blocks_by
from steelyard.stats.gate import PairedGate, paired_gate, self_test


def gate(n: int, losses: int, gains: int, margin: float = 0.02) -> PairedGate:
    baseline = [1.0] * losses + [0.0] * gains + [1.0] * (n - losses - gains)
    run = [0.0] * losses + [1.0] * gains + [1.0] * (n - losses - gains)
    return paired_gate(run, baseline, margin)


def test_red_without_a_margin_is_mcnemars_exact_test() -> None:
    found = gate(200, 14, 3, margin=0)
    assert found.p_worse == pytest.approx(binomtest(14, 17, alternative="greater").pvalue)
    assert found.colour == "red"
    assert gate(200, 14, 3).colour == "undecided"  # 5.5 points of loss do not exclude one of 2
    assert (found.losses, found.gains, found.n) == (14, 3, 200)
    assert found.difference == pytest.approx(-11 / 200)
    assert found.low < found.difference < found.high


def test_three_colours() -> None:
    assert gate(100, 0, 0).colour == "undecided"  # 100 samples without a loss do not exclude one of 2 points
    assert gate(300, 0, 0).colour == "green"
    assert gate(5_000, 60, 60).colour == "green"
    assert gate(5_000, 250, 50).colour == "red"


def test_a_loss_that_is_shown_to_be_within_the_margin_is_tolerated() -> None:
    assert gate(20_000, 120, 60, margin=0).p_worse < 0.001
    assert gate(20_000, 120, 60).colour == "green"


def test_a_loss_within_the_margin_that_is_not_shown_to_be_is_no_red() -> None:
    assert gate(1_000, 35, 20, margin=0).colour == "red"
    assert gate(1_000, 35, 20).colour == "undecided"


def test_without_a_margin_only_a_better_run_is_green() -> None:
    assert gate(200, 2, 14, margin=0).colour == "green"
    assert gate(200, 9, 9, margin=0).colour == "undecided"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_one_more_loss_never_helps(losses: int, gains: int) -> None:
    before, after = gate(200, losses, gains), gate(200, losses + 1, gains)
    assert after.p_worse <= before.p_worse + 1e-12
    # The nuisance interval moves; far from any level p may move with it.
    assert after.p_within >= min(before.p_within, 0.3) - 0.002


def test_a_missing_score_is_no_proof() -> None:
    baseline: list[float | None] = [1.0] * 300
    run: list[float | None] = [1.0] * 280 + [None] * 20
    found = paired_gate(run, baseline, 0.02)
    assert found.colour == "undecided"
    assert found.p_worse == 1
    assert paired_gate([0.0] * 300, [None] * 300, 0.02).colour == "undecided"


def test_what_is_no_gate_is_refused() -> None:
    for run, base, margin in (
        ([1.0], [1.0, 0.0], 0.02),
        ([], [], 0.02),
        ([1.0], [1.0], 1.0),
        ([1.5], [1.0], 0.02),
        ([0.5], [1.0], 0.02),
    ):
        with pytest.raises(ValueError, match=r"same samples|margin|0 or 1"):
            paired_gate(run, base, margin)
    with pytest.raises(ValueError, match="three passes"):
        self_test([[1.0], [1.0]], 0.02)


@pytest.mark.parametrize("margin", [0, 0.02])
def test_blocks_take_a_colour_and_give_none(margin: float) -> None:
    run, baseline = [0.0] * 60 + [1.0] * 340, [1.0] * 400
    stretch = blocks_by([range(400)], ())
    for one, other, colour in ((run, baseline, "red"), (baseline, run, "green")):
        assert paired_gate(one, other, margin).colour == colour
        found = paired_gate(one, other, margin, blocks=stretch)
        assert (found.colour, found.low < 0 < found.high) == ("undecided", True)
    assert paired_gate([1.0] * 400, baseline, 0.02, blocks=stretch).colour == "green"


# 200 repetitions: more than 20 has a probability below .002 where 5 % may be wrong.
@pytest.mark.parametrize("sameness", [4.0, 0.3])
def test_errors_are_within_the_level(sameness: float) -> None:
    same = measure_paired(150, 0.0, 200, sameness=sameness)
    assert same.red <= 20
    assert same.flips <= 33  # 2α(1 − α) is .095
    edge = measure_paired(150, -0.02, 200, sameness=sameness)
    assert edge.green <= 20
    assert edge.red <= 20


def test_a_large_loss_is_red() -> None:
    assert measure_paired(300, -0.15, 60, sameness=0.3).red >= 50


def test_the_self_test_counts_what_it_draws() -> None:
    random = np.random.default_rng(5)
    passes = (random.random((4, 120)) < random.beta(0.7, 0.3, 120)).astype(float).tolist()
    found = self_test(passes, 0.02, repetitions=100, seed=1)
    assert sum(found.table.values()) == 100
    assert found.false_red_rate <= 0.15
    assert found.flip_rate <= 0.25
    assert found.whole_passes == 12
    assert found == self_test(passes, 0.02, repetitions=100, seed=1)


def test_a_model_that_never_varies_never_flips() -> None:
    found = self_test([[1.0, 0.0, None] * 60] * 3, 0.02, repetitions=20)
    assert (found.flips, found.false_reds, found.whole_reds) == (0, 0, 0)

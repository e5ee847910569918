"""Numbers are written so that no interval gets narrower, and sentences count what was measured."""

from __future__ import annotations

from math import floor

import hypothesis.strategies as st
import pytest
from hypothesis import given

from packages.world.tests.report.world_fixtures import summary
from steelyard_world.report.words import interval_text, lost, score_headline, score_limits, settings_line, value


@given(st.floats(0, 1), st.floats(0, 1))
def test_an_interval_is_never_narrower_than_it_was_computed(first: float, second: float) -> None:
    low, high = sorted((first, second))
    written = [float(end) for end in interval_text(low, high).split("–")]
    assert written[0] <= low + 1e-9
    assert written[1] >= high - 1e-9
    assert written[0] >= floor(100 * low) / 100 - 1e-9


@pytest.mark.parametrize(
    ("low", "high", "text"), [(-0.314, 0.2, "−0.32 to 0.20"), (0.1, 0.1, "0.10–0.10"), (None, 0.5, "–")]
)
def test_intervals_below_0_are_written_with_a_word_and_missing_ones_as_a_dash(
    low: float | None, high: float, text: str
) -> None:
    assert interval_text(low, high) == text


def test_a_headline_counts_scores_by_their_whole_interval() -> None:
    assert score_headline([]) == "Nothing was tested"
    better = summary(gain=0.3, gain_low=0.1, gain_high=0.5)
    unclear = summary(gain=0.1, gain_low=-0.1, gain_high=0.3)
    worse = summary(gain=-0.3, gain_low=-0.5, gain_high=-0.1)
    assert score_headline([better]) == "1 of 1 score better than its floor"
    assert score_headline([better, unclear, worse]) == (
        "1 of 3 scores better than their floor, 1 not distinguished from it, 1 worse than it"
    )


def test_one_training_is_named_as_a_limit() -> None:
    assert any("only one training seed" in sentence for sentence in score_limits([summary(seeds=1)]))
    assert not any("only one training seed" in sentence for sentence in score_limits([summary(seeds=5)]))


def test_settings_and_losses_are_written_in_words() -> None:
    assert settings_line({"replan_every": 4, "spread": 0.75, "exact": True}) == "replan every 4, spread 0.75, exact yes"
    assert lost(summary(lost=None)) == ""
    assert lost(summary(lost=0.12, lost_low=0.031, lost_high=0.21)) == "lost 0.12 (0.03–0.21)"
    assert value(-0.5) == "−0.50"

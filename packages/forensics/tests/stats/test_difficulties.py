"""Difficulties from a panel: the order of what was drawn, unknown ones stay unknown, whole numbers in range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from steelyard.stats.difficulty_bets import EVEN, HARDEST
from steelyard_forensics.stats.difficulties import difficulties_of


def test_difficulties_that_answers_were_drawn_by_are_found() -> None:
    rng = np.random.default_rng(1)
    drawn, abilities = rng.normal(0, 1.5, 80), rng.normal(1, 1, 400)
    right = rng.random((400, 80)) < 1 / (1 + np.exp(drawn[None] - abilities[:, None]))
    found = np.log(np.array(difficulties_of(right.astype(float))) / EVEN)
    wanted = drawn - np.median(drawn)
    assert np.corrcoef(found, wanted)[0, 1] > 0.97
    assert np.polyfit(wanted, found, 1)[0] == pytest.approx(1, abs=0.1)  # not flattened by models of all abilities


def test_a_score_that_is_not_known_changes_nothing_else() -> None:
    scores = np.array([[1, 1, 0, np.nan], [1, 0, 0, np.nan], [1, 1, np.nan, np.nan]], dtype=float)
    found = difficulties_of(scores)
    assert found[3] == 0
    assert found[0] < found[1] < found[2]
    assert found[1] == EVEN


def test_a_family_of_many_models_counts_as_its_weights_say() -> None:
    one, other = np.array([[1.0, 0.0, 1.0, 0.0]]), np.array([[0.0, 1.0, 1.0, 0.0]])
    often = difficulties_of(np.vstack([*[one] * 9, other]), [1 / 9] * 9 + [1])
    once = difficulties_of(np.vstack([one, other]))
    assert often == once
    assert once[0] == once[1]


@given(arrays(float, (3, 5), elements=st.sampled_from([0.0, 0.5, 1.0])))
@settings(max_examples=40)
def test_whatever_was_answered_gives_whole_numbers_within_range(scores: np.ndarray) -> None:
    assert all(1 <= each <= HARDEST for each in difficulties_of(scores))


@pytest.mark.parametrize("scores", [np.zeros((0, 3)), np.zeros((3, 0)), np.full((2, 2), np.nan), np.full((1, 1), 1.5)])
def test_what_gives_no_difficulties_is_refused(scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match="score"):
        difficulties_of(scores)

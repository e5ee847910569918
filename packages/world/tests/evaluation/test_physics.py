"""The physics test: sums over frames score one half, memory scores more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from packages.world.tests.evaluation.watchers import Changes, Counts
from steelyard.errors import InputError
from steelyard_world.evaluation.physics import auc, chance, pair_accuracy, quad_accuracy, quad_result, run_physics
from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.sim.scenes import CATEGORIES

SEEDS = range(HELD_OUT, HELD_OUT + 12)


@pytest.mark.parametrize("category", CATEGORIES)
def test_what_adds_up_over_steps_is_right_in_half_of_each_quad(category: str) -> None:
    result = run_physics(Changes(), category, SEEDS)
    assert set(result.scores) == {0.5}
    assert (result.condition, result.units[0]) == (category, f"{category} {HELD_OUT}")


def test_remembering_amounts_solves_permanence() -> None:
    told: list[tuple[int, int]] = []
    result = run_physics(
        Counts(), "permanence", SEEDS, training_seed=3, progress=lambda done, total: told.append((done, total))
    )
    assert set(result.scores) == {1.0}
    assert auc(result) == 1.0
    assert result.training_seed == 3
    assert told == [(10, 12), (12, 12)]


def test_the_place_in_the_batch_says_nothing_of_what_is_there() -> None:
    class Counting(Changes):
        def surprise(self, clips: np.ndarray) -> np.ndarray:
            return np.tile(np.arange(len(clips), dtype=np.float32)[:, None], (1, clips.shape[1] - 1))

    seeds = range(HELD_OUT, HELD_OUT + 40)
    assert 0.3 < run_physics(Counting(), "colour", seeds).mean < 0.7


def test_chance_is_one_half() -> None:
    result = chance("colour", SEEDS)
    assert result.mean == 0.5
    assert auc(result) == 0.5


@given(scores=arrays(np.float64, (5, 4), elements=st.floats(0, 10, width=32)))
@settings(max_examples=50, deadline=None)
def test_the_other_way_round_is_one_minus_the_accuracy(scores: np.ndarray) -> None:
    assert np.allclose(pair_accuracy(scores) + pair_accuracy(-scores), 1)


# Sums that are exact in any order: otherwise two that are equal may differ in their last bit.
EXACT = st.integers(0, 1024).map(lambda number: number / 1024)


@given(frames=arrays(np.float64, (2, 9), elements=EXACT), cut=st.integers(1, 8))
@settings(max_examples=50, deadline=None)
def test_any_sum_over_frames_of_a_matched_quad_is_at_chance(frames: np.ndarray, cut: int) -> None:
    first, second = frames
    joined = [first, second, np.r_[first[:cut], second[cut:]], np.r_[second[:cut], first[cut:]]]
    assert pair_accuracy(np.mean(joined, axis=1)[None])[0] == pytest.approx(0.5)


@given(halves=arrays(np.float64, (2, 2), elements=EXACT), extra=st.floats(0.01, 1))
@settings(max_examples=50, deadline=None)
def test_slightly_more_surprise_at_both_joined_clips_gets_any_quad_right(halves: np.ndarray, extra: float) -> None:
    (first, then), (other, after) = halves
    clips = np.array([[first + then, other + after, first + after, other + then]])
    assert quad_accuracy(quad_result("sum", "gravity", [1], clips)).tolist() == [0.5]
    assert quad_accuracy(quad_result("memory", "gravity", [1], clips + np.array([0, 0, extra, extra]))).tolist() == [
        1.0
    ]


def test_an_unknown_category_is_one_line() -> None:
    with pytest.raises(InputError, match="no category of physics"):
        run_physics(Changes(), "magnetism", SEEDS)

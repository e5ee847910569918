"""The gate admits matched quads and refuses those in which the impossible can be seen."""

from __future__ import annotations

import numpy as np
import pytest

from packages.world.tests.evaluation.watchers import Changes, Counts
from steelyard.errors import InputError
from steelyard_world.evaluation.shortcut_check import MIN_QUADS, ShortcutCheck, check_category, check_quads
from steelyard_world.sim.simulator import Frames

FRAMES = 6
QUADS = MIN_QUADS


def _clips(places: np.ndarray) -> Frames:
    """A square of 8 pixels at these columns (…, T), or nothing where the column is below 0."""
    clips = np.full((*places.shape, 64, 64, 3), 26, dtype=np.uint8)
    flat = clips.reshape(-1, 64, 64, 3)
    for frame, place in zip(flat, places.ravel(), strict=True):
        if place >= 0:
            frame[40:48, place : place + 8] = (200, 60, 60)
    return clips


def _examined(places: np.ndarray) -> ShortcutCheck:
    parts = (_clips(places[first : first + 20]) for first in range(0, len(places), 20))
    return check_quads("made up", parts, _clips(places[:40, 0]), [Changes()], range(len(places)))


def _pairs(rng: np.random.Generator) -> np.ndarray:
    return rng.permuted(np.array([[4, 40]] * QUADS), axis=1) + rng.integers(0, 8, (QUADS, 1))


def test_impossible_clips_with_a_visible_jump_are_refused_by_the_frame_difference() -> None:
    first, second = np.moveaxis(_pairs(np.random.default_rng(0)), 1, 0)
    still = [np.repeat(place[:, None], FRAMES, axis=1) for place in (first, second)]
    jumps = [np.c_[one[:, :3], other[:, 3:]] for one, other in (still, still[::-1])]
    check = _examined(np.stack([*still, *jumps], axis=1))
    assert not check.passed
    assert "frame difference: largest detects it: 1.000 of pairs" in check.faults


def test_a_rule_that_is_right_when_turned_round_is_refused_too() -> None:
    first, _ = np.moveaxis(_pairs(np.random.default_rng(1)), 1, 0)
    moving = first[:, None] + np.arange(FRAMES)
    check = _examined(np.stack([moving, moving, moving * 0 + first[:, None], moving * 0 + first[:, None]], axis=1))
    assert "frame difference: mean detects it: 0.000 of pairs" in check.faults


def test_quads_with_shared_halves_and_a_hidden_cut_pass() -> None:
    places = _pairs(np.random.default_rng(2))[..., None].repeat(FRAMES, axis=2)
    places[..., 2:4] = -1  # out of sight on both sides of the cut
    first, second = places[:, 0], places[:, 1]
    joined = [np.c_[one[:, :3], other[:, 3:]] for one, other in ((first, second), (second, first))]
    check = _examined(np.stack([first, second, *joined], axis=1))
    assert check.faults == []
    assert check.quad_faults == []
    assert all(each.low <= each.accuracy <= each.high for each in check.checks)


def test_too_few_quads_decide_nothing() -> None:
    check = check_category("permanence", [Changes()], range(4))
    assert not check.passed
    assert check.faults == ["4 quads, at least 200"]


def test_the_reference_detector_is_reported_and_does_not_decide() -> None:
    check = check_category("permanence", [Counts()], range(4))
    (reference,) = (each for each in check.checks if not each.gates)
    assert reference.accuracy == 1.0
    assert "untrained network 1 detects it: 1.000 of pairs" in check.faults


def test_the_check_needs_an_untrained_network() -> None:
    with pytest.raises(InputError, match="needs at least one untrained network"):
        check_category("permanence", [])

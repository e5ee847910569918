"""The hidden-object probe and recall: scores with memory and without."""

from __future__ import annotations

import numpy as np

from packages.world.tests.evaluation.watchers import Remembers, Tracks
from steelyard_world.evaluation.memory import (
    LastFrames,
    StoredPictures,
    by_frames_hidden,
    hidden_object,
    recall,
    screen_alone,
)
from steelyard_world.evaluation.ridge import fit_ridge
from steelyard_world.sim.catalog import HELD_OUT

SEEDS = range(HELD_OUT, HELD_OUT + 20)


def test_a_model_of_the_rolling_ball_finds_it_and_the_screen_alone_does_not() -> None:
    tracked, guessed = hidden_object(Tracks(), SEEDS, training_seed=1), screen_alone(SEEDS)
    assert tracked.mean < 1
    assert guessed.mean > 3
    assert tracked.units == guessed.units
    assert (tracked.better, tracked.training_seed) == ("lower", 1)
    errors = by_frames_hidden(tracked)
    assert list(errors) == list(range(1, len(errors) + 1))
    assert len(errors) >= 4


def test_the_score_of_a_scene_is_over_all_frames_out_of_sight() -> None:
    result = hidden_object(Tracks(), SEEDS[:5])
    details = {name: np.array(values) for name, values in result.details.items()}
    assert np.allclose(np.sqrt(details["squared error"] / details["frames hidden"]), result.scores)


def test_moments_that_look_the_same_are_distinguished_only_by_earlier_frames() -> None:
    seeds = range(HELD_OUT, HELD_OUT + 8)
    few, many = recall(Remembers(), seeds, (3, 9))
    assert few.condition == "3 distractors"
    assert few.mean == many.mean == 1.0
    (blind,) = recall(LastFrames(), seeds, (3,))
    assert blind.mean <= 0.5


def test_a_ridge_takes_the_strength_that_serves_others_best() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((120, 80))
    truth = features[:, 0] + rng.standard_normal(120)
    ridge = fit_ridge(features[:90], truth[:90], features[90:], truth[90:])
    barely = np.linalg.lstsq(np.c_[features[:90], np.ones(90)], truth[:90], rcond=None)[0]
    overfitted = np.c_[features[90:], np.ones(30)] @ barely
    assert np.mean((ridge(features[90:]) - truth[90:]) ** 2) < np.mean((overfitted - truth[90:]) ** 2)
    assert ridge.strength > 1e-6
    assert ridge(features[0]).shape == ()


def test_stored_pictures_find_every_moment() -> None:
    """The clip that is asked for is a part of a stored one, pixel by pixel: recall needs no more than a recording."""
    assert [result.mean for result in recall(StoredPictures(), SEEDS, (5, 30))] == [1.0, 1.0]


def test_of_equal_stored_clips_the_first_is_found() -> None:
    store, clips = StoredPictures(), np.zeros((2, 4, 64, 64, 3), dtype=np.uint8)
    store.remember(clips, ["first", "second"])
    assert store.recall(clips[:1, 1:3], 2).keys == [["first", "second"]]

"""Counterfactual questions: the true dynamics are right, copying is wrong, and there is one true answer."""

from __future__ import annotations

import numpy as np
import pytest

from packages.world.tests.evaluation.seeing import Knowing
from steelyard_world.evaluation import reasoning
from steelyard_world.sim.catalog import HELD_OUT, NAMES, simulator

SEEDS = range(HELD_OUT, HELD_OUT + 60)


@pytest.mark.parametrize("name", NAMES)
def test_no_control_passes_but_the_true_dynamics(name: str) -> None:
    found = {each.model: each.mean for each in reasoning.controls(simulator(name), SEEDS)}
    assert found["true dynamics"] == 1
    assert found["copy"] == found["no obstacles"] == 0
    assert found["chance"] == pytest.approx(1 / 7)
    # Who picks a turn without knowing which was asked about is right half of the time: 60 scenes, three deviations.
    assert found["nearest to what happened"] <= 0.5 + 3 * 0.065
    # Nor does it help to reckon without obstacles and to stop short, or to take what is near the way.
    assert max(score for name, score in found.items() if name != "true dynamics") <= 0.5 + 3 * 0.065
    assert max(score for name, score in found.items() if name.startswith("no obstacles")) <= 0.3


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_what_the_world_does_and_all_outcomes_differ(name: str) -> None:
    world = simulator(name)
    for seed in SEEDS[:10]:
        asked = reasoning.scene(world, seed)
        for actions, place in ((asked.changed, asked.answer), (asked.factual, asked.happened)):
            here = asked.start[None]
            for action in actions:
                here = world.step(here, action[None])
            assert np.allclose(here[0], asked.outcomes[place], atol=1e-4)
        between = np.linalg.norm(asked.outcomes[:, None] - asked.outcomes, axis=-1)
        assert between[~np.eye(reasoning.CHOICES, dtype=bool)].min() >= 5
        assert np.array_equal(asked.changed[:2], asked.factual[:2])
        assert not np.allclose(asked.changed[2:], asked.factual[2:])


def test_a_scene_is_a_function_of_its_seed_and_answers_are_spread_over_all_places() -> None:
    world = simulator("two-room")
    first, second = reasoning.scene(world, SEEDS[0]), reasoning.scene(world, SEEDS[0])
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    places = np.bincount([reasoning.scene(world, seed).answer for seed in SEEDS], minlength=reasoning.CHOICES)
    assert places.min() >= 2


def test_a_model_is_asked_through_pictures_and_errs_as_it_imagines() -> None:
    world = simulator("two-room-fixed")
    knowing = reasoning.run_reasoning(Knowing(), world, SEEDS, training_seed=2)
    blind = reasoning.run_reasoning(Knowing(walls=False), world, SEEDS)
    assert knowing.mean >= 0.95
    assert blind.mean <= 0.1
    assert np.mean(blind.details["went through obstacles"]) >= 0.9
    assert (knowing.test, knowing.training_seed, knowing.units[0]) == ("reasoning", 2, str(HELD_OUT))

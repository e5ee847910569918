"""The JEPA with a map: shapes, seeds, a loss that falls, planning, saving."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from steelyard.errors import InputError
from steelyard_world.data.batch import Batch
from steelyard_world.data.simulated import SimulatedSource
from steelyard_world.evaluation import planning
from steelyard_world.models.card import Card
from steelyard_world.models.jepa_map import JepaMap, JepaMapConfig
from steelyard_world.models.model import WorldModel
from steelyard_world.models.nets.token_map import MapPredictor, PatchEncoder, patches
from steelyard_world.planners.settings import PlannerSettings
from steelyard_world.sim.catalog import HELD_OUT, simulator
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.loop import TrainSettings, train

SMALL = JepaMapConfig(latent=8, width=4, channels=2, hidden=16, effect=4)


def made(seed: int = 0, config: JepaMapConfig = SMALL) -> JepaMap:
    torch.manual_seed(seed)
    return JepaMap(config)


def source(rows: int = 8, seed: int = 0) -> SimulatedSource:
    return SimulatedSource(simulator("two-room"), seed=seed, rows=rows, length=9)


def batch(rows: int = 3) -> Batch:
    return source(rows).batch(0, slice(None))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_patches_are_the_pixels_of_their_places() -> None:
    frames = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    squares = patches(frames)
    assert squares.shape == (2, 16, 16, 48)
    assert torch.equal(squares[1, 3, 5].reshape(4, 4, 3), frames[1, 12:16, 20:24].float())


def test_the_encoder_sees_standardised_colours() -> None:
    """Standardising the pixels by hand gives what the folded weights give."""
    torch.manual_seed(0)
    encoder = PatchEncoder(8, 4)
    seen = patches(batch().frames)
    by_hand = PatchEncoder(8, 4)
    by_hand.load_state_dict(encoder.state_dict())
    encoder.standardise(seen)
    values = seen.reshape(-1, 3)
    standard = ((values - values.mean(0)) / values.std(0, unbiased=False)).reshape(seen.shape)
    by_hand.mean.zero_()
    by_hand.scale.fill_(1)
    assert torch.allclose(encoder(seen), by_hand(standard), atol=1e-4)


def test_losses_are_a_function_of_the_seed_and_reach_every_parameter() -> None:
    learner = made()
    losses = learner(batch(), 0, generator())
    losses["total"].backward()
    again = made()(batch(), 0, generator())
    assert torch.equal(losses["total"], again["total"])
    idle = {name for name, each in learner.named_parameters() if each.grad is None}
    assert not idle
    assert set(losses) == {"total", "one_step", "rollout", "anti_collapse", "inverse", "displacement", "place"}


def test_the_loss_of_a_short_training_falls() -> None:
    """On clips that it did not see."""
    learner = made()
    fresh = source(8, seed=1).batch(5, slice(None))
    before = learner(fresh, 300, generator())
    train(learner, source(), TrainingBudget(steps=30), TrainSettings(learning_rate=5e-3, warm_up_steps=3))
    after = learner(fresh, 300, generator())
    assert after["total"] < 0.9 * before["total"]


def test_imagining_goes_on_from_the_last_frame_on_its_own_map() -> None:
    learner, given = made().eval(), batch()
    assert given.actions is not None
    with torch.no_grad():
        imagined = learner.imagine(given.frames[:, :1], given.actions[:, None])
        alone = learner.imagine(given.frames[1:2, :1], given.actions[1:2, None])
        two = learner.imagine(given.frames[:, :1], given.actions[:, None].repeat(1, 2, 1, 1))
        tokens = patches(given.frames[:, 0])
        latents = learner.encoder(tokens)[:, None]
        once, _ = learner._ahead(
            latents, learner.place(latents), learner.map(tokens), given.actions[:, :1], learner._back()
        )
    assert imagined.shape == (3, 1, 8, 8)
    assert torch.allclose(imagined[1:2], alone, atol=1e-5)
    assert torch.allclose(imagined, two[:, 1:], atol=1e-5)
    assert torch.allclose(imagined[:, 0, 0], once[:, 0], atol=1e-5)


@pytest.mark.parametrize("integrated", [True, False])
def test_an_integrated_place_depends_on_no_more_than_place_action_and_map(integrated: bool) -> None:
    """Two latents at one place, on one map, under one action."""
    learner, given = made(config=msgspec.structs.replace(SMALL, integrated_places=integrated)).eval(), batch()
    assert given.actions is not None
    with torch.no_grad():
        tokens = patches(given.frames[:, 0])
        latents, maps, back = learner.encoder(tokens)[:, None], learner.map(tokens), learner._back()
        other = torch.randn(latents.shape, generator=generator())
        other += (learner.place(latents) - learner.place(other)) @ torch.linalg.pinv(learner.place.weight).T
        assert torch.allclose(learner.place(other), learner.place(latents), atol=1e-5)
        (one, led), (two, _) = (
            learner._ahead(each, learner.place(each), maps, given.actions[:, :1], back) for each in (latents, other)
        )
    assert not torch.allclose(one, two, atol=1e-2)
    assert torch.allclose(learner.place(one), learner.place(two), atol=1e-5) == integrated
    assert torch.allclose(learner.place(one), led, atol=1e-5)


def test_a_frame_is_at_no_distance_from_itself() -> None:
    learner, given = made().eval(), batch()
    with torch.no_grad():
        states = learner.encode(given.frames)[:, None]
        distances = learner.distance(states, given.frames[:, 4])
    assert distances.shape == (3, 1, 9)
    assert torch.allclose(distances[:, 0, 4], torch.zeros(3), atol=1e-5)


@pytest.mark.parametrize("told", [True, False])
def test_surprises_and_features_have_a_row_for_each_step(told: bool) -> None:
    learner, given = made().eval(), batch()
    with torch.no_grad():
        surprises = learner.surprise(given.frames, given.actions if told else None)
        features = learner.features(given.frames)
    assert surprises.shape == (3, 8)
    assert bool((surprises >= 0).all())
    assert features.shape == (3, 9, 8 + 256 * 2)


def test_an_untrained_model_plans_saves_and_loads(tmp_path: Path) -> None:
    model = WorldModel(
        made(), Card(kind="jepa-map", config=msgspec.to_builtins(SMALL), action_size=2, action_limit=4.0)
    )
    world = simulator("two-room")
    settings = PlannerSettings(horizon=2, samples=4, iterations=1, elites=2)
    result = planning.run_planning(model, world, [HELD_OUT, HELD_OUT + 1], settings)
    assert len(result.scores) == 2
    model.save(tmp_path / "model")
    loaded = WorldModel.load(tmp_path / "model")
    frames = world.draw(world.start([HELD_OUT])[0])
    assert np.array_equal(model.encode(frames), loaded.encode(frames))
    assert planning.run_planning(loaded, world, [HELD_OUT, HELD_OUT + 1], settings).scores == result.scores


@pytest.mark.parametrize("wrong", [JepaMapConfig(action_size=1), JepaMapConfig(effect=1)])
def test_settings_that_cannot_work_are_one_line(wrong: JepaMapConfig) -> None:
    with pytest.raises(InputError, match=r"at least two|needs two"):
        JepaMap(wrong)


def test_what_is_read_moves_with_the_layout() -> None:
    """A map shifted by a token reads the same a token further on: so one wall teaches all."""
    torch.manual_seed(0)
    predictor = MapPredictor(8, 2, 16, 4)
    maps = torch.zeros(1, 16, 16, 2)
    maps[:, 6:9, 6:9] = torch.randn(1, 3, 3, 2)
    moved = maps.roll((1, 1), (1, 2))
    with torch.no_grad():
        here = predictor.read(torch.zeros(1, 1, 2), maps.mT.flatten(2))
        there = predictor.read(torch.full((1, 1, 2), 2.0), moved.mT.flatten(2))
    assert torch.allclose(here, there, atol=1e-3)  # but for the edge, where a window ends

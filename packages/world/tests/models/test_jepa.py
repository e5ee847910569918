"""The JEPA: what its losses are made of, and that it imagines with the predictor that it trains."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from packages.world.tests.small_worlds import SMALL, small_source
from steelyard.errors import InputError, MissingDependency
from steelyard_world.data.batch import Batch
from steelyard_world.models.jepa import Jepa, JepaConfig
from steelyard_world.models.kinds import make_learner

ALL = slice(None)


def _jepa(**changed: Any) -> Jepa:
    torch.manual_seed(0)
    return Jepa(JepaConfig(**{**SMALL, **changed}))


def _losses(jepa: Jepa, batch: Batch) -> dict[str, torch.Tensor]:
    return jepa(batch, 0, torch.Generator().manual_seed(5))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "changed",
    [{}, {"recurrent": True}, {"anti_collapse": "vicreg"}, {"anti_collapse": "ema", "inverse_weight": 0.0}],
)
def test_every_parameter_learns_and_losses_add_up(changed: dict[str, Any]) -> None:
    jepa = _jepa(**changed)
    losses = _losses(jepa, small_source().batch(0, ALL))
    total = losses.pop("total")
    torch.testing.assert_close(total, sum(losses.values(), torch.zeros(())))
    total.backward()  # type: ignore[no-untyped-call]
    idle = [name for name, parameter in jepa.named_parameters() if parameter.requires_grad and parameter.grad is None]
    assert not idle  # or DDP would wait for them


def test_losses_are_a_function_of_the_generator() -> None:
    jepa, batch = _jepa(), small_source().batch(0, ALL)
    torch.testing.assert_close(_losses(jepa, batch), _losses(jepa, batch), rtol=0, atol=0)


@pytest.mark.parametrize("recurrent", [False, True])
def test_the_first_imagined_state_is_what_surprise_compares_with(recurrent: bool) -> None:
    jepa = _jepa(recurrent=recurrent)
    batch = small_source(length=2).batch(0, ALL)
    assert batch.actions is not None
    with torch.no_grad():
        imagined = jepa.imagine(batch.frames[:, :1], batch.actions[:, None])[:, 0, 0]
        missed = (imagined - jepa.encode(batch.frames)[:, 1]).square().mean(-1)
        torch.testing.assert_close(jepa.surprise(batch.frames, batch.actions)[:, 0], missed)


def test_distance_is_0_to_the_state_itself() -> None:
    jepa = _jepa()
    frames = small_source().batch(0, ALL).frames
    with torch.no_grad():
        states = jepa.encode(frames)[:, None]
        distances = jepa.distance(states, frames[:, 2])
    assert distances.shape == (8, 1, 4)
    torch.testing.assert_close(distances[:, 0, 2], torch.zeros(8), atol=1e-4, rtol=0)
    assert float(distances[:, 0, 0].min()) > 0


def test_features_of_a_recurrent_jepa_hold_its_memory() -> None:
    jepa = _jepa(recurrent=True)
    frames = small_source().batch(0, ALL).frames
    features = jepa.features(frames)
    assert features.shape == (8, 4, SMALL["latent"] + SMALL["hidden"])
    other = frames.clone()
    other[:, 0] = 0
    assert not torch.allclose(jepa.features(other)[:, -1], features[:, -1])


def test_the_slow_target_follows() -> None:
    jepa = _jepa(anti_collapse="ema", momentum=0.5)
    assert jepa.target is not None
    with torch.no_grad():
        for parameter in jepa.encoder.parameters():
            parameter.add_(1)
    before = next(jepa.target.parameters()).clone()
    jepa.after_step(0, 0.0)
    torch.testing.assert_close(next(jepa.target.parameters()), before + 0.5)


def test_plain_video_has_its_own_recipe_and_no_actions() -> None:
    jepa = make_learner("jepa", {"latent": 8, "width": 4, "hidden": 16}, action_size=0)
    assert jepa.config.recurrent
    assert jepa.config.anti_collapse_weight == 0.05
    frames = small_source().batch(0, ALL).frames
    assert jepa.surprise(frames).shape == (8, 3)
    with pytest.raises(MissingDependency, match="plain video"):
        jepa.imagine(frames, torch.zeros(8, 1, 1, 2))
    with pytest.raises(InputError, match="recurrent"):
        Jepa(JepaConfig(action_size=0))


@pytest.mark.parametrize(
    ("kind", "config", "said"),
    [
        ("gpt", {}, "no kind of world model is called 'gpt'; choose one of jepa,"),
        ("jepa", {"latent": "wide"}, "Expected `int`, got `str` - at `$.latent`"),
        ("jepa", {"depth": 3}, "unknown field `depth`"),
    ],
)
def test_an_unknown_kind_or_setting_is_named(kind: str, config: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        make_learner(kind, config)
    assert said in str(caught.value)

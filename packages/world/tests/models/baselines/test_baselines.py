"""Every rival has the shapes of a learner, the JEPA's size, and learns what can be learned in a few steps."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import torch

from steelyard.errors import MissingDependency
from steelyard_world.data.batch import Batch
from steelyard_world.learner import Learner
from steelyard_world.models.baselines.position_head import PositionHead
from steelyard_world.models.baselines.sizes import like_jepa, trained_parameters
from steelyard_world.models.baselines.vq_gpt import CODES
from steelyard_world.models.kinds import config_of, make_learner

LEARNING = ("pixel", "vq-gpt", "rssm")
ALL = (*LEARNING, "linear", "frame-buffer", "untrained", "copy-last")


def _learner(kind: str, action_size: int = 2, **changed: Any) -> Learner:
    torch.manual_seed(0)
    return make_learner(kind, config_of(kind, changed, action_size)).eval()


def _frames(rows: int, length: int) -> torch.Tensor:
    """A red square that moves three pixels to the right at each step."""
    frames = torch.zeros(rows, length, 64, 64, 3, dtype=torch.uint8)
    for row in range(rows):
        for time in range(length):
            left = 4 + 5 * row + 3 * time
            frames[row, time, 20:30, left : left + 10, 0] = 255
    return frames


def _batch(action_size: int, rows: int = 4, length: int = 6) -> Batch:
    actions = torch.ones(rows, length - 1, action_size) if action_size else None
    return Batch(_frames(rows, length), actions)


@pytest.mark.parametrize("kind", ALL)
def test_shapes_in_a_world_that_is_acted_in(kind: str) -> None:
    learner, frames = _learner(kind), _frames(2, 5)
    with torch.no_grad():
        states = learner.imagine(frames[:, :1], torch.zeros(2, 3, 4, 2))
        assert states.shape == (2, 3, 4, learner.encode(frames).shape[-1])
        assert learner.distance(states, frames[:, -1]).shape == (2, 3, 4)
        assert learner.surprise(frames, torch.zeros(2, 4, 2)).shape == (2, 4)
        assert learner.surprise(frames).shape == (2, 4)
        assert learner.features(frames, torch.zeros(2, 4, 2)).shape[:2] == (2, 5)


@pytest.mark.parametrize("kind", ALL)
def test_shapes_for_plain_video(kind: str) -> None:
    learner, frames = _learner(kind, action_size=0), _frames(2, 5)
    with torch.no_grad():
        assert learner.surprise(frames).shape == (2, 4)
        assert learner.features(frames).shape[:2] == (2, 5)
    if kind not in ("copy-last", "frame-buffer"):  # their last frame stays, whatever is done
        with pytest.raises(MissingDependency, match="plain video"):
            learner.imagine(frames[:, :1], torch.zeros(2, 1, 3, 0))


@pytest.mark.parametrize("action_size", [2, 0])
@pytest.mark.parametrize("kind", LEARNING)
def test_as_many_trained_parameters_as_the_jepa_within_five_percent(kind: str, action_size: int) -> None:
    wanted = trained_parameters("jepa", config_of("jepa", {}, action_size))
    assert trained_parameters(kind, like_jepa(kind, action_size)) == pytest.approx(wanted, rel=0.05)
    assert trained_parameters(kind, config_of(kind, {}, action_size)) == pytest.approx(wanted, rel=0.05)


def test_sizes_follow_a_jepa_of_another_size() -> None:
    small = config_of("jepa", {"hidden": 128}, 2)
    wanted = trained_parameters("jepa", small)
    assert trained_parameters("pixel", like_jepa("pixel", 2, small)) < trained_parameters(
        "pixel", like_jepa("pixel", 2)
    )
    assert like_jepa("jepa", 2, small) == small
    assert wanted < trained_parameters("jepa", config_of("jepa", {}, 2))


@pytest.mark.parametrize("action_size", [2, 0])
@pytest.mark.parametrize("kind", LEARNING)
def test_the_loss_falls_and_every_parameter_takes_part(kind: str, action_size: int) -> None:
    learner = _learner(kind, action_size, head=32, width=8).train()
    optimiser = torch.optim.AdamW(learner.parameters(), 5e-3)
    batch, totals = _batch(action_size, rows=2, length=4), []
    for step in range(24):
        losses = learner(batch, step, torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        losses["total"].backward()
        assert all(parameter.grad is not None for parameter in learner.parameters())
        optimiser.step()
        totals.append(losses["total"].item())
    assert totals[-1] < 0.9 * totals[0]


@pytest.mark.parametrize("kind", LEARNING)
def test_a_loss_is_a_function_of_its_generator(kind: str) -> None:
    learner, batch = _learner(kind), _batch(2, rows=2)
    with torch.no_grad():
        first, again, other = (
            float(learner(batch, 0, torch.Generator().manual_seed(seed))["total"]) for seed in (1, 1, 2)
        )
    assert first == again != other


@pytest.mark.parametrize("kind", ["untrained", "copy-last"])
def test_what_learns_nothing_is_left_as_it_is_by_a_training_step(kind: str) -> None:
    learner = _learner(kind)
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    optimiser = torch.optim.AdamW([each for each in learner.parameters() if each.requires_grad], 0.1, weight_decay=0.1)
    learner(_batch(2), 0, torch.Generator())["total"].backward()
    optimiser.step()
    learner.after_step(0, 1.0)
    assert all(torch.equal(before[name], value) for name, value in learner.state_dict().items())
    assert trained_parameters(kind, learner.config) == 0


def test_the_last_frame_again_is_at_its_own_goal_and_surprised_by_change_alone() -> None:
    learner, frames = _learner("copy-last"), _frames(2, 3)
    states = learner.imagine(frames[:, :1], torch.ones(2, 2, 3, 2))
    assert float(learner.distance(states, frames[:, 0]).max()) == 0
    assert float(learner.distance(states, frames[:, 2]).min()) > 0
    assert float(learner.surprise(frames[:, :1].expand(-1, 3, -1, -1, -1)).max()) == 0


def test_tokens_are_codes_of_a_vocabulary_of_125_and_their_vectors_come_back() -> None:
    learner = _learner("vq-gpt")
    states = learner.encode(_frames(3, 2))
    codes = learner.tokens(states)  # type: ignore[operator]
    assert codes.shape == (3, 2, learner.config.tokens)
    assert 0 <= int(codes.min()) <= int(codes.max()) < CODES == 125
    assert torch.allclose(learner.vectors[codes].flatten(-2), states)  # type: ignore[index]


@pytest.mark.parametrize("kind", ["vq-gpt", "rssm"])
def test_a_bottleneck_is_brought_in_after_a_while(kind: str) -> None:
    learner, batch = _learner(kind), _batch(2, rows=2)
    with torch.no_grad():
        drawn = [float(learner(batch, step, torch.Generator().manual_seed(1))["same_frame"]) for step in (0, 50, 1000)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_places_that_move_as_the_actions_say_miss_nothing() -> None:
    places, actions = PositionHead(2, 2), torch.randn(3, 4, 2)
    places.read = torch.nn.Identity()  # type: ignore[assignment]
    there = torch.nn.functional.pad(actions.cumsum(1), (0, 0, 1, 0)) + 7
    some = torch.tensor([0, 2, 3])
    assert float(places.miss(there, actions)) == pytest.approx(0, abs=1e-6)
    assert float(places.miss(there[:, some], actions, some)) == pytest.approx(0, abs=1e-6)
    assert float(places.miss(there.flip(1), actions)) > 0.1


def test_the_transformer_predicts_the_same_one_step_at_a_time_as_all_at_once() -> None:
    learner = _learner("vq-gpt", window=3)
    hidden, caches = torch.randn(2, 6, learner.config.hidden), [None] * learner.config.layers
    whole = hidden
    for block in learner.blocks:  # type: ignore[union-attr]
        whole = block(whole)
    alone = []
    for time in range(6):
        step = hidden[:, time]
        for place, block in enumerate(learner.blocks):  # type: ignore[arg-type]
            step, caches[place] = block.one(step, caches[place])
        alone.append(step)
    assert torch.allclose(torch.stack(alone, 1), whole, atol=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_a_config_is_frozen_and_survives_json(kind: str) -> None:
    config = config_of(kind, {}, 2)
    assert msgspec.json.decode(msgspec.json.encode(config), type=type(config)) == config
    with pytest.raises(AttributeError):
        config.action_size = 3

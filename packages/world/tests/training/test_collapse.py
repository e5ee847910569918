"""The collapse check passes latents that distinguish frames, and stops latents that only look healthy."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from packages.world.tests.small_worlds import SMALL, small_source
from steelyard.errors import ExitCode
from steelyard_world.fitting import train_model
from steelyard_world.learner import Learner
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.collapse import Collapsed, Health, expect_health, measure_health
from steelyard_world.training.loop import TrainSettings


class _Sighted(Learner):
    """Encodes where the agent is (the centre of red), and the wall's columns."""

    def __init__(self, *, agent: bool, wall: bool) -> None:
        super().__init__()
        self._agent, self._wall = agent, wall

    def encode(self, frames: Tensor) -> Tensor:
        shown = frames.float()
        red, places = shown[..., 0] + 1e-3, torch.arange(64.0)
        centre = torch.stack([(red.sum(axis) * places).sum(-1) / red.sum((-2, -1)) for axis in (-2, -1)], -1)
        parts = [centre] * self._agent + [shown[..., 20:44, 1].mean(-2) / 255] * self._wall
        return torch.cat(parts, -1)


def test_a_state_of_the_agent_is_healthy() -> None:
    health = measure_health(_Sighted(agent=True, wall=True), small_source("two-room"))
    assert health.faults == []
    assert health.inverse_gain is not None
    assert health.inverse_gain > 0.5
    expect_health(health)


def test_a_state_of_the_wall_alone_is_stopped() -> None:
    health = measure_health(_Sighted(agent=False, wall=True), small_source("two-room"))
    assert health.spread > 0.1  # the standard deviation does not tell
    assert [fault.partition(":")[0] for fault in health.faults] == [
        "latents encode only what never moves",
        "latents do not show which action was taken",
    ]
    with pytest.raises(Collapsed, match="never moves"):
        expect_health(health)


def test_equal_states_are_stopped() -> None:
    class Blind(Learner):
        def encode(self, frames: Tensor) -> Tensor:
            return torch.ones(*frames.shape[:2], 4)

    health = measure_health(Blind(), small_source())
    assert (health.spread, health.temporal_share, health.effective_rank) == (0, 0, 0)
    assert health.inverse_gain == pytest.approx(0, abs=0.04)
    assert len(health.faults) == 4


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_states_that_are_no_numbers_are_stopped(odd: float) -> None:
    class VerificationError(Learner):
        def encode(self, frames: Tensor) -> Tensor:
            return torch.full((*frames.shape[:2], 4), odd)

    health = measure_health(VerificationError(), small_source())
    assert health.faults == ["latents are not finite numbers"]
    with pytest.raises(Collapsed, match="not finite numbers"):
        expect_health(health)
    assert len(Health(odd - odd, odd - odd, odd - odd, odd - odd).faults) == 4


def test_a_really_collapsed_training_fails_and_says_why() -> None:
    settings = TrainSettings(learning_rate=5e-3, warm_up_steps=5)
    config = SMALL | {"anti_collapse_weight": 0.0, "inverse_weight": 0.0}
    with pytest.raises(Collapsed) as caught:
        train_model(small_source("two-room"), TrainingBudget(steps=60), 0, config=config, settings=settings)
    assert caught.value.exit_code == ExitCode.INCONSISTENT
    assert "inverse-dynamics gain" in str(caught.value)

"""Linear prediction: what it predicts exactly, its two readings of a residual, and what it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from steelyard.errors import InputError
from steelyard_world.data.batch import Batch
from steelyard_world.data.scenes_source import ScenesSource
from steelyard_world.evaluation import physics
from steelyard_world.fitting import train_model
from steelyard_world.models.baselines.linear import Linear, LinearConfig
from steelyard_world.models.kinds import make_learner
from steelyard_world.models.model import WorldModel
from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.training.budget import TrainingBudget


def _fading(rows: int, length: int = 8) -> torch.Tensor:
    """Pictures of one brightness that decays by a factor of its own kind: the next is linear in the last two."""
    brightness = 250 * 0.9 ** torch.arange(length, dtype=torch.float32)
    scales = torch.linspace(0.4, 1, rows)
    frames = (scales[:, None] * brightness).round().to(torch.uint8)
    return frames[..., None, None, None].expand(rows, length, 64, 64, 3).contiguous()


def _solved(clips: torch.Tensor, actions: torch.Tensor | None = None, **changed: Any) -> Linear:
    size = 0 if actions is None else actions.shape[-1]
    settings: dict[str, Any] = {"action_size": size, "parts": 2, "frames": 3} | changed
    learner = Linear(LinearConfig(**settings))
    learner.see(Batch(clips, actions))
    learner.solve()
    return learner


def test_what_is_linear_is_predicted_and_a_break_is_surprising() -> None:
    frames = _fading(40)
    learner = _solved(frames)
    broken = frames.clone()
    broken[:, 5] = torch.where(broken[:, 5] < 128, 255, 0)
    usual, jump = learner.surprise(frames), learner.surprise(broken)
    assert usual.shape == (40, 7)
    assert float(jump[:, 4].min()) > 50 * float(usual.max())
    assert torch.equal(jump[:, :4], usual[:, :4])  # nothing is known of the future


def test_both_readings_have_the_same_solution_and_the_whitened_residual_has_variance_one() -> None:
    rng = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (60, 6, 64, 64, 3), generator=rng, dtype=torch.uint8)
    squared = _solved(frames, parts=4)
    other = squared.read_by("mahalanobis")
    assert torch.equal(other.weights, squared.weights)
    assert float(other.surprise(frames).mean()) == pytest.approx(1.0, rel=0.02)
    assert not torch.allclose(other.surprise(frames), squared.surprise(frames))


def test_actions_are_part_of_the_prediction() -> None:
    """Brightness goes up by the action: imagined from the last frame, it does so too."""
    rng = torch.Generator().manual_seed(1)
    actions = torch.rand(200, 5, 1, generator=rng) * 20
    levels = torch.cat([torch.full((200, 1), 60.0), 60 + actions[..., 0].cumsum(1)], 1)
    frames = levels.round().to(torch.uint8)[..., None, None, None].expand(200, 6, 64, 64, 3).contiguous()
    learner = _solved(frames, actions, parts=1, frames=1)
    states = learner.imagine(frames[:20, :1], actions[:20, None])
    assert states.shape == (20, 1, 5, 1)
    far = learner.distance(states, frames[:20, -1])
    assert float(far[:, 0, -1].max()) < 0.2 * float(far[:, 0, 0].mean())


def test_solved_from_scenes_it_is_saved_and_loaded(tmp_path: Path) -> None:
    model = train_model(ScenesSource(seed=0), TrainingBudget(frames=4_800), 0, kind="linear", out=tmp_path / "one")
    assert model.card.trained is not None
    assert (model.card.trained.steps, model.card.trained.frames) == (13, 4_992)
    again = WorldModel.load(tmp_path / "one")
    seeds = range(HELD_OUT + 6_000_000, HELD_OUT + 6_000_004)
    found, same = (physics.run_physics(each, "inertia", seeds) for each in (model, again))
    assert found.scores == same.scores


def test_the_clips_decide_and_no_random_weights() -> None:
    frames = _fading(30)
    torch.manual_seed(1)
    first = _solved(frames)
    torch.manual_seed(2)
    assert torch.equal(first.weights, _solved(frames).weights)


@pytest.mark.parametrize("config", [{"parts": 0}, {"parts": 769}, {"frames": 0}, {"strength": 0}, {"residual": "log"}])
def test_settings_that_make_no_predictor_are_refused(config: dict[str, int]) -> None:
    with pytest.raises(InputError):
        make_learner("linear", config, 0)


def test_the_surprise_of_a_clip_is_finite_for_any_pictures() -> None:
    learner = _solved(_fading(30))
    extreme = torch.from_numpy(np.random.default_rng(0).choice([0, 255], (2, 8, 64, 64, 3)).astype(np.uint8))
    assert bool(torch.isfinite(learner.surprise(extreme)).all())

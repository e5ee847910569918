"""Predictors: whole sequences and single steps are the same computation."""

from __future__ import annotations

import pytest
import torch

from steelyard_world.models.nets.predictor import Predictor, RecurrentPredictor, ResidualPredictor


@pytest.mark.parametrize("action_size", [0, 2])
def test_remembering_step_by_step_is_watching(action_size: int) -> None:
    torch.manual_seed(0)
    predictor = RecurrentPredictor(5, action_size, 7)
    latents = torch.randn(3, 4, 5)
    actions = torch.randn(3, 3, action_size) if action_size else None
    whole = predictor.watch(latents, actions)
    memories = whole[:, 0]
    for step in range(3):
        memories = predictor.remember(memories, latents[:, step + 1], None if actions is None else actions[:, step])
        torch.testing.assert_close(memories, whole[:, step + 1])


@pytest.mark.parametrize("predictor", [ResidualPredictor(5, 2, 8), RecurrentPredictor(5, 2, 8)])
def test_the_action_changes_what_is_predicted(predictor: Predictor) -> None:
    latents = torch.zeros(1, 2, 5)
    memories = predictor.watch(latents, None)
    still, moved = (predictor.ahead(latents, memories, torch.full((1, 2, 2), push)) for push in (0.0, 1.0))
    assert not torch.allclose(still, moved)

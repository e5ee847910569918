"""The simplest rivals of checkpoints: fitted to the clips that each training was shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from packages.world.tests.small_worlds import small_source
from steelyard_world.cli.checkpoints import load_trainings
from steelyard_world.cli.rivals import simplest_rivals
from steelyard_world.data.scenes_source import ScenesSource
from steelyard_world.fitting import train_model
from steelyard_world.models.model import WorldModel
from steelyard_world.training.budget import TrainingBudget


@pytest.mark.parametrize("pool", [None, 20])
def test_each_training_has_linear_prediction_of_its_own_clips(pool: int | None, tmp_path: Path) -> None:
    folders = []
    for seed in (0, 1):
        folders.append(tmp_path / str(seed))
        source = ScenesSource(seed=seed, rows=8, pool=pool)
        train_model(source, TrainingBudget(steps=5), seed, kind="frame-buffer", out=folders[-1])
    found = simplest_rivals(load_trainings(folders))
    names = [model.name for model in found.physics]
    assert names == ["linear", "linear, Mahalanobis", "linear", "linear, Mahalanobis", "frame-buffer"]
    assert [model.name for model in found.memory] == ["frame-buffer"]
    for seed, model in ((0, found.physics[0]), (1, found.physics[2])):
        assert isinstance(model, WorldModel)
        assert model.card.trained is not None
        assert model.card.trained.source == ScenesSource(seed=seed, rows=8, pool=pool).description
        assert model.card.trained.frames == 5 * 8 * 24


def test_a_model_of_another_world_has_rivals_of_the_scenes(tmp_path: Path) -> None:
    train_model(small_source(seed=3), TrainingBudget(steps=2), 3, kind="frame-buffer", out=tmp_path / "room")
    linear = simplest_rivals(load_trainings([tmp_path / "room"])).physics[0]
    assert isinstance(linear, WorldModel)
    assert linear.card.world == "scenes"
    assert linear.action_size == 0

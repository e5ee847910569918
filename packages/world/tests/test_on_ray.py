"""Ray Train runs the same training."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard_world.data.sources import SourceSettings
from steelyard_world.models.model import WorldModel
from steelyard_world.on_ray import Job, fit_on_ray
from steelyard_world.training.budget import TrainingBudget


@pytest.mark.slow
# Ray 2.60 warns of defaults that it sets itself, when its data module is loaded.
@pytest.mark.filterwarnings("ignore:`use_[a-z0-9_]+` is deprecated:DeprecationWarning")
def test_a_job_trains_on_two_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.train")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        job = Job(
            source="two-room-fixed",
            out=str(tmp_path / "model"),
            budget=TrainingBudget(steps=6),
            kind="pixel",
            source_settings=SourceSettings(batch=8, length=4),
        )
        model = WorldModel.load(fit_on_ray(job, workers=2))
    finally:
        ray.shutdown()
    assert model.card.trained is not None
    assert model.card.trained.processes == 2
    assert model.card.trained.steps == 6

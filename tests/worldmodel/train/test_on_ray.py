"""Ray Train runs the same training."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.worldmodel.model import WorldModel
from assay.worldmodel.sources import SourceSettings
from assay.worldmodel.train import Budget, TrainSettings
from assay.worldmodel.train.on_ray import Job, fit_on_ray
from tests.worldmodel.small_worlds import SMALL


@pytest.mark.slow
def test_a_job_trains_on_two_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.train")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        job = Job(
            source="two-room-fixed",
            out=str(tmp_path / "model"),
            budget=Budget(steps=60),
            config={**SMALL, "anti_collapse": "vicreg"},
            source_settings=SourceSettings(batch=16),
            settings=TrainSettings(learning_rate=5e-3, warm_up_steps=5),
        )
        model = WorldModel.load(fit_on_ray(job, workers=2))
    finally:
        ray.shutdown()
    assert model.card.trained is not None
    assert model.card.trained.processes == 2
    assert model.card.trained.steps == 60

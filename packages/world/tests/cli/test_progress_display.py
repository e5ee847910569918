"""Progress in a log: a line now and then, without a terminal."""

from __future__ import annotations

import pytest

from steelyard_world.cli.eval_progress import EvalProgress
from steelyard_world.cli.train_progress import TrainProgress
from steelyard_world.training.loop import Update


def update(step: int, seconds: float) -> Update:
    return Update(
        step=step, frames=100 * step, progress=step / 10, seconds=seconds, cpu_seconds=seconds, losses={"total": 0.5}
    )


def test_a_training_prints_its_first_step_and_not_every_one(capsys: pytest.CaptureFixture[str]) -> None:
    with TrainProgress() as progress:
        progress.show(update(1, 1.0))
        progress.show(update(2, 2.0))
    assert capsys.readouterr().err.splitlines() == ["training 10%: step 1, loss 0.5"]


def test_speed_and_time_left_are_counted_from_the_first_update(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.api.progress.LOG_SECONDS", 0.0)
    with TrainProgress() as progress:
        progress.show(update(1, 1.0))
        progress.show(update(2, 3.0))
    assert capsys.readouterr().err.splitlines()[-1] == "training 20%: step 2, loss 0.5, 50 frames/s, 0:16 left"


def test_an_evaluation_counts_episodes_over_all_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with EvalProgress(20) as progress:
        progress.begin("planning in push")
        assert capsys.readouterr().err == ""
        monkeypatch.setattr("steelyard.api.progress.LOG_SECONDS", 0.0)
        progress.show(10, 10)
        progress.show(5, 10)
    assert capsys.readouterr().err.splitlines() == [
        "planning in push: 10 of 20 episodes",
        "planning in push: 15 of 20 episodes",
    ]

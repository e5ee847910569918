"""Two processes train to what one does at an equal global batch: losses, statistics, gradients are of all rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from assay.worldmodel.kinds import make_learner
from assay.worldmodel.train import Budget, TrainSettings, train
from tests.worldmodel.small_worlds import SMALL, small_source

STEPS = 8
SETTINGS = TrainSettings(warm_up_steps=3, log_steps=1, learning_rate=3e-3)
ROOT = Path(__file__).parents[3]
WORKER = """
import json, os, sys
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
from tests.worldmodel.train.test_distributed import trained
from assay.worldmodel.train.distributed import joined
with joined() as ranks:
    results = {kind: trained(kind) for kind in ("sigreg", "vicreg")}
    if ranks.first:
        print("RESULT " + json.dumps(results), flush=True)
"""


def trained(anti_collapse: str) -> dict[str, Any]:
    """Train a little; the losses of every step, and the sum of each tensor of the weights."""
    torch.manual_seed(0)
    learner = make_learner("jepa", SMALL | {"anti_collapse": anti_collapse}, 2)
    steps: list[dict[str, float]] = []
    train(learner, small_source(), Budget(steps=STEPS), SETTINGS, progress=lambda update: steps.append(update.losses))
    return {"losses": steps, "weights": {name: float(t.double().sum()) for name, t in learner.state_dict().items()}}


def _torchrun(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    run = _torchrun(str(script), str(ROOT))
    line = next((line for line in run.stdout.splitlines() if line.startswith("RESULT ")), None)
    assert line is not None, run.stderr[-2000:]
    for kind, two in json.loads(line.removeprefix("RESULT ")).items():
        one = trained(kind)
        assert len(two["losses"]) == STEPS
        for alone, together in zip(one["losses"], two["losses"], strict=True):
            assert together == pytest.approx(alone, rel=1e-3)
        assert two["weights"] == pytest.approx(one["weights"], rel=1e-3, abs=1e-3)


@pytest.mark.slow
def test_the_command_runs_under_torchrun(tmp_path: Path) -> None:
    options = ("--steps", "30", "--config", json.dumps(SMALL))
    out = str(tmp_path / "model")
    run = _torchrun("-m", "assay", "world", "train", "two-room-fixed", "--out", out, *options, "--batch", "32")
    assert (tmp_path / "model" / "train.csv").is_file(), run.stderr[-2000:]
    assert (tmp_path / "model" / "world.json").is_file(), run.stderr[-2000:]
    odd = _torchrun("-m", "assay", "world", "train", "two-room-fixed", "--out", out + "2", *options, "--batch", "3")
    assert "does not divide into 2 processes" in odd.stderr

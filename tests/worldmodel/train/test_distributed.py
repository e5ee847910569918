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
from torch import nn

from assay.worldmodel.kinds import make_learner
from assay.worldmodel.losses.sigreg import sigreg
from assay.worldmodel.train import Budget, TrainSettings, train
from assay.worldmodel.train.distributed import Ranks, shared
from tests.worldmodel.small_worlds import SMALL, small_source

STEPS = 8
SETTINGS = TrainSettings(warm_up_steps=3, log_steps=1, learning_rate=3e-3)
ROOT = Path(__file__).parents[3]
WORKER = """
import json, os, sys
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
from tests.worldmodel.train.test_distributed import gradient, trained
from assay.worldmodel.train.distributed import joined
with joined() as ranks:
    results = {kind: trained(kind) for kind in ("sigreg", "vicreg")}
    summed = gradient(ranks)
    if ranks.first:
        print("RESULT " + json.dumps({"trained": results, "gradient": summed}), flush=True)
"""


def trained(anti_collapse: str) -> dict[str, Any]:
    """Train a little; the losses of every step, and the sum of each tensor of the weights."""
    torch.manual_seed(0)
    learner = make_learner("jepa", SMALL | {"anti_collapse": anti_collapse}, 2)
    steps: list[dict[str, float]] = []
    train(learner, small_source(), Budget(steps=STEPS), SETTINGS, progress=lambda update: steps.append(update.losses))
    return {"losses": steps, "weights": {name: float(t.double().sum()) for name, t in learner.state_dict().items()}}


def gradient(ranks: Ranks) -> list[float]:
    """The gradient of SIGReg over 64 rows through a small network, of which each process has its share."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 8))
    rows = 2 * torch.randn(64, 6, generator=torch.Generator().manual_seed(1))
    whole = shared(network, ranks)  # which must live until its gradients are there
    sigreg(whole(rows[ranks.rows]), torch.Generator().manual_seed(3)).backward()  # type: ignore[no-untyped-call]
    return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None]).tolist()


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
    result = json.loads(line.removeprefix("RESULT "))
    alone, together = torch.tensor(gradient(Ranks())), torch.tensor(result["gradient"])
    assert float((together - alone).norm() / alone.norm()) < 1e-5
    for kind, two in result["trained"].items():
        one = trained(kind)
        assert len(two["losses"]) == STEPS
        for first, second in zip(one["losses"], two["losses"], strict=True):
            assert second == pytest.approx(first, rel=1e-3)
        assert two["weights"] == pytest.approx(one["weights"], rel=1e-3, abs=1e-3)


@pytest.mark.slow
def test_the_command_runs_under_torchrun(tmp_path: Path) -> None:
    options = ("--model", "jepa", "--steps", "30", "--config", json.dumps(SMALL))
    out = str(tmp_path / "model")
    run = _torchrun("-m", "assay", "world", "train", "two-room-fixed", "--out", out, *options, "--batch", "32")
    assert (tmp_path / "model" / "train.csv").is_file(), run.stderr[-2000:]
    assert (tmp_path / "model" / "world.json").is_file(), run.stderr[-2000:]
    odd = _torchrun("-m", "assay", "world", "train", "two-room-fixed", "--out", out + "2", *options, "--batch", "3")
    assert "does not divide into 2 processes" in odd.stderr

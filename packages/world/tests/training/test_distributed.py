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
import torch.distributed as dist
from torch import nn

from packages.world.tests.small_worlds import SMALL, small_source
from steelyard_world.data.batch import Source
from steelyard_world.data.simulated import GeneratedSource
from steelyard_world.models.kinds import make_learner
from steelyard_world.models.losses.gathered import noise_of_rows
from steelyard_world.models.losses.sigreg import sigreg
from steelyard_world.sim.scenes import clips
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.distributed import Ranks, shared
from steelyard_world.training.loop import TrainSettings, train

STEPS = 8
ANTI_COLLAPSE = ("sigreg", "vicreg")
VIDEO = "jepa of short video"
KINDS = (*ANTI_COLLAPSE, VIDEO, "jepa-map", "pixel", "vq-gpt", "rssm")
"""The JEPA by what keeps it from collapsing, the one of clips so short that a head has no frame, all other kinds."""
SETTINGS = TrainSettings(warm_up_steps=3, log_steps=1, learning_rate=3e-3)
ROOT = Path(__file__).parents[4]
WORKER = """
import json, os, sys
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
from packages.world.tests.training.test_distributed import gradient, noise, trained
from steelyard_world.training.distributed import joined
with joined() as ranks:
    results = {kind: trained(kind) for kind in sys.argv[2].split(",")}
    told = {"trained": results, "gradient": gradient(ranks), "noise": noise(ranks)}
    if ranks.first:
        print("RESULT " + json.dumps(told), flush=True)
"""


def trained(kind: str) -> dict[str, Any]:
    """Train a little; the losses of every step, and the sum of each tensor of the weights."""
    torch.manual_seed(0)
    source: Source = small_source()
    if kind in ANTI_COLLAPSE:
        learner = make_learner("jepa", SMALL | {"anti_collapse": kind}, 2)
    elif kind == VIDEO:
        learner = make_learner("jepa", SMALL | {"rollout": 0}, 0)
        source = GeneratedSource(lambda seeds: clips(seeds)[:, :5], "scenes", rows=8)
    else:
        learner = make_learner(kind, {}, 2)
    steps: list[dict[str, float]] = []
    train(learner, source, TrainingBudget(steps=STEPS), SETTINGS, progress=lambda update: steps.append(update.losses))
    return {"losses": steps, "weights": {name: float(t.double().sum()) for name, t in learner.state_dict().items()}}


def gradient(ranks: Ranks) -> list[float]:
    """The gradient of SIGReg over 64 rows through a small network, of which each process has its share."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 8))
    rows = 2 * torch.randn(64, 6, generator=torch.Generator().manual_seed(1))
    whole = shared(network, ranks)  # which must live until its gradients are there
    sigreg(whole(rows[ranks.rows]), torch.Generator().manual_seed(3)).backward()  # type: ignore[no-untyped-call]
    return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None]).tolist()


def noise(ranks: Ranks) -> list[list[float]]:
    """Noise of 8 rows, of which each process drew its own, in the order of the rows."""
    own = noise_of_rows(torch.zeros(8 // ranks.size, 3), torch.Generator().manual_seed(5))
    parts = [torch.zeros_like(own) for _ in range(ranks.size)]
    dist.all_gather(parts, own)
    return torch.stack(parts, 1).flatten(0, 1).tolist()


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


@pytest.mark.parametrize("kinds", [("sigreg", VIDEO), pytest.param(KINDS, marks=pytest.mark.slow)])
def test_two_processes_train_as_one(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    run = _torchrun(str(script), str(ROOT), ",".join(kinds))
    line = next((line for line in run.stdout.splitlines() if line.startswith("RESULT ")), None)
    assert line is not None, run.stderr[-2000:]
    result = json.loads(line.removeprefix("RESULT "))
    alone, together = torch.tensor(gradient(Ranks())), torch.tensor(result["gradient"])
    assert float((together - alone).norm() / alone.norm()) < 1e-5
    assert result["trained"].keys() == {*kinds}
    for kind, two in result["trained"].items():
        one = trained(kind)
        assert len(two["losses"]) == STEPS
        assert two["losses"][0] == pytest.approx(one["losses"][0], rel=1e-5, abs=1e-6)
        for first, second in zip(one["losses"], two["losses"], strict=True):
            assert second == pytest.approx(first, rel=1e-3 if kind in ANTI_COLLAPSE else 1e-2)
        # (In larger nets Adam's first steps make much of a last place, where a weight has hardly any gradient.)
        if kind in ANTI_COLLAPSE:
            assert two["weights"] == pytest.approx(one["weights"], rel=1e-3, abs=1e-3)
    assert result["noise"] == torch.randn((8, 3), generator=torch.Generator().manual_seed(5)).tolist()


@pytest.mark.slow
def test_the_command_runs_under_torchrun(tmp_path: Path) -> None:
    options = ("--model", "jepa", "--steps", "30", "--config", json.dumps(SMALL))
    out = str(tmp_path / "model")
    run = _torchrun("-m", "steelyard", "world", "train", "two-room-fixed", "--out", out, *options, "--batch", "32")
    assert (tmp_path / "model" / "train.csv").is_file(), run.stderr[-2000:]
    assert (tmp_path / "model" / "world.json").is_file(), run.stderr[-2000:]
    odd = _torchrun("-m", "steelyard", "world", "train", "two-room-fixed", "--out", out + "2", *options, "--batch", "3")
    assert "does not divide into 2 processes" in odd.stderr

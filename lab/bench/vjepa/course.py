"""A training that may be killed: ``python -m bench.vjepa.course FOLDER OUT STEPS``, with a checkpoint every 5 steps."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from steelyard_world.data.video.source import VideoSource
from steelyard_world.models.vjepa.config import VJepaConfig
from steelyard_world.models.vjepa.learner import VJepa
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.loop import TrainSettings, train
from steelyard_world.training.resume import RESUME, read_position

__all__ = ["SMALL", "differing_weights_after_a_kill", "run"]

SMALL = VJepaConfig(
    frames=4,
    side=32,
    width=24,
    depth=1,
    heads=2,
    predictor_width=12,
    predictor_depth=1,
    predictor_heads=1,
    anti_collapse_weight=4.0,
)
_PATIENCE = 120.0


def run(folder: Path, out: Path, steps: int, *, resume: bool = False) -> VJepa:
    """Train a small V-JEPA on the folder's videos, decoded by one process."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    learner = VJepa(SMALL)
    out.mkdir(parents=True, exist_ok=True)
    source = VideoSource(folder, clip_frames=4, stride=1, size=32, batch=8, seed=1, workers=1)
    try:
        train(
            learner, source, TrainingBudget(steps=steps), TrainSettings(seed=1, checkpoint_steps=5), out, resume=resume
        )
    finally:
        source.close()
    return learner


def differing_weights_after_a_kill(folder: Path, work: Path, steps: int = 40) -> tuple[int, int]:
    """Kill a training by SIGKILL once it has kept a checkpoint, resume it, and compare it with one never stopped.

    Gives the count of weights that differ in any bit, and of all weights. Raises RuntimeError where the training ended
    before it could be killed.
    """
    killed, whole = work / "killed", work / "whole"
    command = [sys.executable, "-m", "bench.vjepa.course", str(folder), str(killed), str(steps)]
    child = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not (killed / RESUME).exists() and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    if read_position(killed).step >= steps:
        raise RuntimeError("the training was over before it could be killed: take more steps")
    resumed, unbroken = run(folder, killed, steps, resume=True).state_dict(), run(folder, whole, steps).state_dict()
    different = sum(int((resumed[name] != tensor).sum()) for name, tensor in unbroken.items())
    return different, sum(tensor.numel() for tensor in unbroken.values())


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

"""What pre-training changes: the error of prediction, and how well probes read the camera's motion off the latents."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steelyard_world.data.video.source import VideoSource
from steelyard_world.models.vjepa.config import VJepaConfig
from steelyard_world.models.vjepa.learner import VJepa
from steelyard_world.models.vjepa.probes import AttentiveProbe, LinearProbe, fit_attentive, fit_linear
from steelyard_world.report.attention import token_weights
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.loop import TrainSettings, Update, train

__all__ = [
    "CONFIG",
    "Labelled",
    "Outcome",
    "Probes",
    "attention_of",
    "fit_probes",
    "labelled",
    "pretrain",
    "probe_scores",
    "rank",
    "real_losses",
]

CONFIG = VJepaConfig(
    frames=8,
    side=24,
    patch=4,
    width=64,
    depth=3,
    heads=4,
    predictor_width=32,
    predictor_depth=2,
    predictor_heads=2,
    momentum=0.99,
    anti_collapse_weight=4.0,
)
SETTINGS = TrainSettings(learning_rate=2e-3, weight_decay=0.01, warm_up_steps=20, log_steps=10)
BATCH = 16
POSITIONS = 2  # evaluation clips of each film

Scores = NDArray[np.float64]


class Labelled(NamedTuple):
    """Evaluation clips uint8 (N, T, H, W, 3), their labels (N,) and the films they are of (N,)."""

    frames: Tensor
    labels: Tensor
    films: tuple[str, ...]


class Outcome(NamedTuple):
    """The L1 errors of a training, over both kinds of mask: of its first step, and the mean of the last three that were
    logged (every tenth is). What works against collapse is not in them.
    """

    first: float
    last: float
    cpu_seconds: float
    learner: VJepa


def labelled(listed: Path, config: VJepaConfig = CONFIG) -> Labelled:
    """Read the clips of a list with columns path and label."""
    with listed.open(newline="") as file:
        labels = {str(listed.parent / row["path"]): int(row["label"]) for row in csv.DictReader(file)}
    source = _source(listed, config, seed=0)
    try:
        clips = list(source.evaluation(POSITIONS))
    finally:
        source.close()
    frames = torch.from_numpy(np.stack([clip.frames for clip in clips]))
    return Labelled(frames, torch.tensor([labels[clip.path] for clip in clips]), tuple(clip.path for clip in clips))


def pretrain(
    videos: Path | Sequence[Path], seed: int, steps: int, config: VJepaConfig = CONFIG, stride: int = 1
) -> Outcome:
    """Train a V-JEPA of one seed: its weights, clips and masks."""
    torch.manual_seed(seed)
    learner, losses = VJepa(config), []
    source = _source(videos, config, seed, stride)

    def keep(update: Update) -> None:
        if update.step == 1 or update.step % SETTINGS.log_steps == 0:
            losses.append((update.losses["short"] + update.losses["long"]) / 2)

    try:
        settings = msgspec.structs.replace(SETTINGS, seed=seed)
        trained = train(learner, source, TrainingBudget(steps=steps), settings, progress=keep)
    finally:
        source.close()
    return Outcome(losses[0], float(np.mean(losses[-3:])), trained.cpu_seconds, learner)


class Probes(NamedTuple):
    """Probes of one encoder: a linear one of the mean latent, and an attentive one of all tubelets."""

    learner: VJepa
    linear: LinearProbe
    attentive: AttentiveProbe


def fit_probes(learner: VJepa, known: Labelled, seed: int) -> Probes:
    """Fit both probes on labelled clips."""
    latents = _latents(learner, known.frames)
    linear = fit_linear(latents.mean(dim=1), known.labels)
    return Probes(learner, linear, fit_attentive(latents, known.labels, seed=seed))


def probe_scores(probes: Probes, test: Labelled) -> dict[str, Scores]:
    """Score each probe on each test clip: 1 where it is right, else 0."""
    latents = _latents(probes.learner, test.frames)
    logits = {"linear": probes.linear(latents.mean(dim=1)), "attentive": probes.attentive(latents)}
    return {name: (each.argmax(dim=1) == test.labels).double().numpy() for name, each in logits.items()}


def attention_of(probes: Probes, clip: Tensor) -> NDArray[np.float32]:
    """Where the attentive probe looks in a clip uint8 (T, H, W, 3): weights (t, h, w) of its tubelets."""
    learner = probes.learner
    attention = probes.attentive.attention(_latents(learner, clip[None]))[0]
    return token_weights(attention.numpy(), learner.grid_of(len(clip)))


def rank(learner: VJepa, clips: Labelled) -> float:
    """Effective rank of tubelets' latents, less the mean of each place: exp of the entropy of their covariance's
    eigenvalues, over 100 clips.
    """
    latents = _latents(learner, clips.frames[:: max(1, len(clips.frames) // 100)])
    values = torch.linalg.svdvals((latents - latents.mean(dim=0)).flatten(0, 1)) ** 2
    shares = (values / values.sum()).clamp(min=1e-12)
    return float(torch.exp(-(shares * shares.log()).sum()))


def real_losses(paths: Sequence[Path], steps: int, seed: int) -> tuple[float, float]:
    """Train on real clips; first and last errors."""
    outcome = pretrain(paths, seed, steps, stride=2)
    return outcome.first, outcome.last


@torch.no_grad()
def _latents(learner: VJepa, frames: Tensor) -> Tensor:
    return torch.cat([learner.tokens(part) for part in torch.split(frames, 64)])


def _source(videos: Path | Sequence[Path], config: VJepaConfig, seed: int, stride: int = 1) -> VideoSource:
    return VideoSource(
        videos, clip_frames=config.frames, stride=stride, size=config.side, batch=BATCH, seed=seed, workers=1
    )

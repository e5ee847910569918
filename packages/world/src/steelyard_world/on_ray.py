"""Training on a Ray cluster: Ray Train starts the processes, and each runs as one of torchrun's."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import msgspec

from steelyard.errors import MissingDependency
from steelyard_world.data.sources import SourceSettings
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.loop import TrainSettings

__all__ = ["Job", "fit_on_ray"]


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole training as plain data, so that it can be sent to other machines."""

    source: str
    out: str
    """A folder that all machines can reach, as on a network file system."""
    budget: TrainingBudget
    seed: int = 0
    kind: str = "jepa"
    config: dict[str, Any] = {}
    source_settings: SourceSettings = SourceSettings()
    settings: TrainSettings = TrainSettings()
    resume: bool = False


def fit_on_ray(job: Job, workers: int, *, gpus: bool = False) -> Path:
    """Train with ``workers`` processes of the cluster that ``ray.init`` joined; returns the model's folder.

    Raises MissingDependency without Ray Train; an error in a worker is raised as Ray's TrainingFailedError.
    """
    if importlib.util.find_spec("ray") is None or importlib.util.find_spec("ray.train") is None:
        raise MissingDependency("training on a cluster needs Ray Train: pip install 'ray[train]'")
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    plain = msgspec.to_builtins(msgspec.structs.replace(job, out=str(Path(job.out).resolve())))
    trainer = TorchTrainer(
        _work,
        train_loop_config=plain,
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpus),
        run_config=RunConfig(storage_path=str(Path(job.out).resolve().parent / ".ray-train")),
    )
    trainer.fit()
    return Path(job.out)


def _work(plain: dict[str, Any]) -> None:
    from steelyard_world.data.sources import open_source
    from steelyard_world.fitting import train_model

    job = msgspec.convert(plain, Job)
    source = open_source(job.source, job.source_settings)
    try:
        train_model(
            source,
            job.budget,
            job.seed,
            kind=job.kind,
            config=job.config,
            out=Path(job.out),
            settings=job.settings,
            resume=job.resume,
        )
    finally:
        source.close()

"""How a world model is fitted: make, train, pass the gate, save."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import torch

from steelyard.errors import InputError
from steelyard.world.data.batch import Source
from steelyard.world.models.card import CARD, Card, Training
from steelyard.world.models.kinds import make_learner
from steelyard.world.models.learner import Learner
from steelyard.world.training.budget import TrainingBudget
from steelyard.world.training.collapse import Health, expect_health, measure_health
from steelyard.world.training.distributed import joined
from steelyard.world.training.loop import Progress, Trained, TrainSettings, train
from steelyard.world.training.resume import RESUME

if TYPE_CHECKING:
    from steelyard.world.models.model import WorldModel

__all__ = ["fitted"]

_NOTHING = Trained(steps=0, frames=0, seconds=0.0, cpu_seconds=0.0, losses={})


def fitted(
    model_class: type[WorldModel],
    source: Source,
    budget: TrainingBudget,
    seed: int,
    *,
    kind: str,
    config: Mapping[str, Any] | msgspec.Struct | None,
    out: Path | None,
    progress: Progress | None,
    settings: TrainSettings | None,
    resume: bool,
    gate: bool,
) -> WorldModel:
    """As :meth:`steelyard.world.models.model.WorldModel.fit` says."""
    settings = msgspec.structs.replace(settings or TrainSettings(), seed=seed)
    with joined() as ranks:
        if out is not None:
            _expect_free(out, resume=resume)
            out.mkdir(parents=True, exist_ok=True)
        learner = _made(kind, config, source.action_size, seed)
        trains = any(parameter.requires_grad for parameter in learner.parameters())
        trained = train(learner, source, budget, settings, out, progress, resume=resume) if trains else _NOTHING
        learner.eval()
        health = measure_health(learner, source) if getattr(learner, "can_collapse", False) else None
        card = _card(learner, source, budget, settings, trained, health, ranks.size)
        model = model_class(learner, card)
        if out is not None and ranks.first:
            model.save(out)
            (out / RESUME).unlink(missing_ok=True)
    if gate and health is not None:
        expect_health(health)
    return model


def _made(kind: str, config: Mapping[str, Any] | msgspec.Struct | None, action_size: int, seed: int) -> Learner:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learner = make_learner(kind, config, action_size)
    expected = getattr(learner.config, "action_size", action_size)
    if expected != action_size:
        raise InputError(f"the model is configured for {expected} numbers an action, and the source has {action_size}")
    return learner


def _expect_free(out: Path, *, resume: bool) -> None:
    if (out / CARD).exists():
        raise InputError("holds a trained model already: choose another folder", where=out)
    if not resume and (out / RESUME).exists():
        raise InputError("holds an unfinished training: go on with --resume, or choose another folder", where=out)


def _card(
    learner: Learner,
    source: Source,
    budget: TrainingBudget,
    settings: TrainSettings,
    trained: Trained,
    health: Health | None,
    processes: int,
) -> Card:
    return Card(
        kind=learner.kind,
        config=msgspec.to_builtins(learner.config),
        action_size=source.action_size,
        action_limit=float(getattr(source, "action_limit", 2.0)),
        world=source.description.get("world", ""),
        trained=Training(
            source=dict(source.description),
            seed=settings.seed,
            steps=trained.steps,
            frames=trained.frames,
            cpu_seconds=round(trained.cpu_seconds, 3),
            seconds=round(trained.seconds, 3),
            budget=budget,
            settings=msgspec.to_builtins(settings),
            losses=trained.losses,
            processes=processes,
            health=health,
            collapsed=health.faults if health else [],
        ),
    )

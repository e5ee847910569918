"""Train a world model from start to end: make it, train it, check it for collapse, save it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch

from steelyard.errors import InputError
from steelyard_world.data.batch import HasActionLimit, Source
from steelyard_world.learner import HasActionSize, Learner, Solved
from steelyard_world.models.card import CARD, Card, Training
from steelyard_world.models.kinds import make_learner
from steelyard_world.models.model import WorldModel
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.collapse import Health, expect_health, measure_health
from steelyard_world.training.distributed import joined
from steelyard_world.training.loop import Progress, Trained, TrainSettings, train
from steelyard_world.training.resume import RESUME
from steelyard_world.training.solving import solve

__all__ = ["train_model"]

_UNIT_LIMIT = 2.0  # pixels: where no world sets a limit, an action is its own unit
_UNTRAINED = Trained(steps=0, frames=0, seconds=0.0, cpu_seconds=0.0, losses={})


def train_model(
    source: Source,
    budget: TrainingBudget,
    seed: int,
    *,
    kind: str = "jepa",
    config: Mapping[str, Any] | msgspec.Struct | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
    settings: TrainSettings | None = None,
    resume: bool = False,
    gate: bool = True,
) -> WorldModel:
    """Train a new model of some kind on a source, check it for collapse, and save it to ``out``.

    Works as one of torchrun's processes too: all of them return the same model. ``settings.seed`` is replaced by
    ``seed``. Without ``gate`` a collapse is recorded in the card and raises nothing, for studies of little data.

    Raises:
        Collapsed: After saving a model that learned nothing.
        Interrupted: On Ctrl-C.
        InputError: As :func:`~steelyard_world.training.loop.train`, and where ``out`` is in use.
    """
    settings = msgspec.structs.replace(settings or TrainSettings(), seed=seed)
    with joined() as ranks:
        if out is not None:
            _expect_free(out, resume=resume)
            out.mkdir(parents=True, exist_ok=True)
        learner = _new_learner(kind, config, source.action_size, seed)
        if isinstance(learner, Solved):
            trained = solve(learner, source, budget, progress)
        elif any(parameter.requires_grad for parameter in learner.parameters()):
            trained = train(learner, source, budget, settings, out, progress, resume=resume)
        else:
            trained = _UNTRAINED
        learner.eval()
        health = measure_health(learner, source) if learner.can_collapse else None
        card = _card(learner, source, budget, settings, trained, health, ranks.size)
        model = WorldModel(learner, card)
        if out is not None and ranks.first:
            model.save(out)
            (out / RESUME).unlink(missing_ok=True)
    if gate and health is not None:
        expect_health(health)
    return model


def _new_learner(kind: str, config: Mapping[str, Any] | msgspec.Struct | None, action_size: int, seed: int) -> Learner:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learner = make_learner(kind, config, action_size)
    made = learner.config
    if isinstance(made, HasActionSize) and made.action_size != action_size:
        raise InputError(
            f"the model is configured for {made.action_size} numbers an action, and the source has {action_size}"
        )
    return learner


def _expect_free(out: Path, *, resume: bool) -> None:
    if (out / CARD).exists():
        raise InputError("already holds a trained model: choose another folder", where=out)
    if not resume and (out / RESUME).exists():
        raise InputError("holds an unfinished training: continue with --resume, or choose another folder", where=out)


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
        action_limit=float(source.action_limit) if isinstance(source, HasActionLimit) else _UNIT_LIMIT,
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

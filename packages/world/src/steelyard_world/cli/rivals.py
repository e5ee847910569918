"""The simplest rivals of the models under test, fitted to the same clips of the scenes within seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard_world.cli.checkpoints import Loaded
    from steelyard_world.data.batch import Source
    from steelyard_world.evaluation.test_suite import SimplestRivals
    from steelyard_world.models.model import WorldModel

__all__ = ["simplest_rivals"]


def simplest_rivals(loaded: Loaded) -> SimplestRivals:
    """Fit linear prediction to the clips of each training, and a buffer of frames to those of the first.

    A model that was trained on other clips than the scenes gets rivals of the scenes' own clips, with its seed.
    """
    from steelyard_world.evaluation.test_suite import SimplestRivals
    from steelyard_world.fitting import train_model
    from steelyard_world.models.baselines.linear import Linear
    from steelyard_world.models.model import WorldModel
    from steelyard_world.training.budget import TrainingBudget
    from steelyard_world.training.solving import MOST_FRAMES

    physics: list[WorldModel] = []
    memory: list[WorldModel] = []
    for number, (_, model) in enumerate(loaded):
        shown = model.card.trained.frames if model.card.trained else MOST_FRAMES
        budget = TrainingBudget(frames=max(shown, 1))
        linear = train_model(_clips(model), budget, model.training_seed or 0, kind="linear")
        assert isinstance(linear.learner, Linear)
        physics += [linear, WorldModel(linear.learner.read_by("mahalanobis"), linear.card, "linear, Mahalanobis")]
        if number == 0:
            memory = [train_model(_clips(model), budget, model.training_seed or 0, kind="frame-buffer")]
    return SimplestRivals((*physics, *memory), tuple(memory))


def _clips(model: WorldModel) -> Source:
    from steelyard_world.data.scenes_source import ScenesSource
    from steelyard_world.sim.catalog import SCENES

    trained = model.card.trained
    if trained is None or trained.source.get("world") != SCENES:
        return ScenesSource(seed=model.training_seed or 0)
    known = {name: int(trained.source[name]) for name in ("seed", "rows", "pool") if name in trained.source}
    return ScenesSource(seed=known.get("seed", 0), rows=known.get("rows", 16), pool=known.get("pool"))

"""Checkpoints given on the command line: several trainings of one kind, loaded and described together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard_world.evaluation.result import Setting
    from steelyard_world.models.model import WorldModel

__all__ = ["Loaded", "facts", "load_trainings", "record", "untrained"]

_CONTROL_SEED = 10**6  # of initial weights; trainings are unlikely to use it

Loaded = list[tuple[Path, "WorldModel"]]


def load_trainings(folders: Sequence[Path]) -> Loaded:
    """Load trainings that differ in their seed alone; raises InputError where they differ in more, or not at all."""
    loaded = [(folder, _load(folder)) for folder in folders]
    first_folder, first = loaded[0]
    for number, (folder, model) in enumerate(loaded[1:], start=1):
        for name, one, other in (
            ("kind", first.card.kind, model.card.kind),
            ("world", first.card.world, model.card.world),
            ("config", first.card.config, model.card.config),
        ):
            if one != other:
                both = f": {one or 'none'} and {other or 'none'}" if name != "config" else ""
                raise InputError(
                    f"has another {name} than {first_folder}{both}; test each by itself, then steelyard world compare",
                    where=folder,
                )
        for earlier_folder, earlier in loaded[:number]:
            if model.training_seed is None and earlier.card.sha256 != model.card.sha256:
                raise InputError(
                    f"does not name the seed of its training, nor does {earlier_folder}: test each by itself",
                    where=folder,
                )
            if earlier.training_seed == model.training_seed or earlier.card.sha256 == model.card.sha256:
                seed = "" if model.training_seed is None else f" (seed {model.training_seed})"
                raise InputError(
                    f"is the same training as {earlier_folder}{seed}: checkpoints that are tested together must differ "
                    "in their seed",
                    where=folder,
                )
    return loaded


def _load(folder: Path) -> WorldModel:
    """Load a checkpoint of ours, or a V-JEPA 2 in transformers' format."""
    from steelyard_world.models.model import WorldModel
    from steelyard_world.models.vjepa.hugging_face import is_vjepa2, load_vjepa2

    return load_vjepa2(folder) if is_vjepa2(folder) else WorldModel.load(folder)


def record(folder: Path, model: WorldModel) -> dict[str, Setting]:
    """Give what a results file records about a checkpoint."""
    kept: dict[str, Setting] = {"folder": str(folder), "kind": model.card.kind, "sha256": model.card.sha256}
    kept |= {"parameters": sum(each.numel() for each in model.learner.parameters()), "world": model.card.world}
    if (trained := model.card.trained) is not None:
        kept |= {"seed": trained.seed, "steps": trained.steps, "frames": trained.frames}
        kept |= {"cpu_seconds": round(trained.cpu_seconds, 1)}
    return kept


def untrained(like: WorldModel, count: int = 2) -> list[WorldModel]:
    """Make untrained models of the same kind and size: the control for what the architecture alone scores."""
    import msgspec
    import torch

    from steelyard_world.models.kinds import make_learner
    from steelyard_world.models.model import WorldModel
    from steelyard_world.models.vjepa.hugging_face import HuggingFaceVJepa, untrained_vjepa2

    card = msgspec.structs.replace(like.card, trained=None)
    models = []
    with torch.random.fork_rng(devices=[]):
        for number in range(count):
            torch.manual_seed(_CONTROL_SEED + number)
            foreign = isinstance(like.learner, HuggingFaceVJepa)
            learner = untrained_vjepa2(like) if foreign else make_learner(card.kind, card.config)
            models.append(WorldModel(learner, card, name="untrained"))
    return models


def facts(loaded: Loaded) -> list[tuple[str, str]]:
    """Give the facts about the checkpoints for a page: name and value."""
    from steelyard.reports.words import count

    first = record(*loaded[0])
    rows = [("Kind", str(first["kind"])), ("Trained in", str(first["world"]) or "plain video")]
    rows.append(("Parameters", count(int(first["parameters"]))))
    for folder, model in loaded:
        kept = record(folder, model)
        given = f"{kept['folder']}: SHA-256 {kept['sha256']}"
        if "seed" in kept:
            frames, steps = count(int(kept["frames"])), count(int(kept["steps"]))
            given = f"seed {kept['seed']}, {steps} steps, {frames} frames, {kept['cpu_seconds']} CPU-seconds; {given}"
        rows.append(("Training", given))
    return rows

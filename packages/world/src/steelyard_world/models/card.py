"""``world.json``, the card of a saved world model: kind, config, training, and the digest of its tensors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec

from steelyard.errors import InputError
from steelyard.util.atomic_file import write_file
from steelyard_world.training.budget import TrainingBudget
from steelyard_world.training.collapse import Health
from steelyard_world.training.resume import RESUME

__all__ = ["CARD", "FORMAT", "Card", "Training", "read_card", "write_card"]

CARD = "world.json"
FORMAT = "steelyard-world/1"


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """The training of a model."""

    source: dict[str, str]
    seed: int
    steps: int
    frames: int
    cpu_seconds: float
    seconds: float
    budget: TrainingBudget
    settings: dict[str, Any]
    losses: dict[str, float]
    processes: int = 1
    health: Health | None = None
    collapsed: list[str] = []


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The card of a model. ``action_limit`` is the world's; the model gets actions in units of half of it."""

    format: str = FORMAT
    kind: str
    config: dict[str, Any]
    action_size: int
    action_limit: float = 2.0
    world: str = ""
    trained: Training | None = None
    sha256: str = ""


def write_card(folder: Path, card: Card) -> None:
    """Write ``world.json``, whole or not at all."""
    write_file(folder / CARD, msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")


def read_card(folder: Path) -> Card:
    """Read ``world.json``; raises InputError naming what is wrong with the folder or the file."""
    path = folder / CARD
    if not folder.is_dir():
        raise InputError("there is no such folder: give one that `steelyard world train` wrote", where=folder)
    if not path.is_file():
        if (folder / RESUME).is_file():
            raise InputError(
                "its training is unfinished: continue it with `steelyard world train … --resume`", where=folder
            )
        raise InputError(f"holds no {CARD}: give a folder that `steelyard world train` wrote", where=folder)
    try:
        card = msgspec.json.decode(path.read_bytes(), type=Card)
    except (msgspec.MsgspecError, ValueError, InputError) as error:
        raise InputError(f"does not describe a world model ({error})", where=path) from error
    if card.format != FORMAT:
        raise InputError(f"is of the format {card.format!r}, and this version reads {FORMAT!r}", where=path)
    _expect_sound(card, path)
    return card


def _expect_sound(card: Card, path: Path) -> None:
    if card.action_size < 0 or (card.action_size and not 0 < card.action_limit < math.inf):
        raise InputError(
            f"says {card.action_size} numbers an action and a limit of {card.action_limit:g}: the limit of what can be "
            "done in a step is above 0 and finite",
            where=path,
        )

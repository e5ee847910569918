"""The numbers of the small world, all in one YAML file."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import InputError
from steelyard.tasks.definition_file import read_strictly

__all__ = ["OWN", "Items", "Network", "SmallWorld", "Training", "Tuning", "load"]

OWN: Final = Path(__file__).with_name("parameters.yaml")
_FORMAT: Final = "steelyard-small-world/1"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the file: an unknown key is an error."""


class Items(Part, frozen=True, kw_only=True):
    """Items of so many ``digits``; a test file has ``public`` ones, and ``fresh`` ones are held against them."""

    digits: int
    public: int
    fresh: int
    per_document: int


class Network(Part, frozen=True, kw_only=True):
    """A decoder of characters; each model has one of the ``widths``."""

    layers: int
    heads: int
    widths: tuple[int, ...]


class Training(Part, frozen=True, kw_only=True):
    """AdamW, its rate falling to nought over ``most_steps``; it stops at a share of fresh items between ``targets``."""

    batch: int
    rate: float
    warm_up: int
    most_steps: int
    look_every: int
    looked_at: int
    targets: tuple[float, float]
    answer_weight: float
    other_weight: float


class Tuning(Part, frozen=True, kw_only=True):
    """Half of each batch is from the test file, which is gone through ``repeats`` times.

    ``other_weight``: how much the characters of questions count, beside those of answers.
    """

    batch: int
    rate: float
    other_weight: float
    repeats: tuple[int, ...]


class SmallWorld(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The whole file. ``models`` are counted by the set that is run."""

    format: str
    seed: int
    items: Items
    network: Network
    training: Training
    mixes: tuple[float, ...]
    tuning: Tuning
    models: dict[str, int]
    further_files: int
    more_files: int = 0

    @property
    def digest(self) -> str:
        """The SHA-256 of all numbers but how many models and more files are made: what a model's results belong to."""
        counted = msgspec.structs.replace(self, models={}, more_files=0)
        return sha256(msgspec.json.encode(counted)).hexdigest()


def load(path: Path = OWN) -> SmallWorld:
    """Read a world; raises InputError for a file of another kind, and for numbers that make no world."""
    world = read_strictly(path, SmallWorld)
    if world.format != _FORMAT:
        raise InputError(f"format: {world.format[:40]!r} is not {_FORMAT}", where=path)
    items, training, tuning = world.items, world.training, world.tuning
    if not (2 <= items.digits <= 9 and items.public >= 50 and items.fresh >= items.public and items.per_document >= 5):
        raise InputError("items: 2 to 9 digits, 50 public ones or more, as many fresh ones, 5 a document", where=path)
    if 20 * (items.public + items.fresh) > 10**items.digits:
        raise InputError("items: there are too few for fresh ones to be like the public ones", where=path)
    if not (
        world.mixes and world.network.widths and all(width % world.network.heads == 0 for width in world.network.widths)
    ):
        raise InputError("a mix is needed, and widths that are multiples of the heads", where=path)
    if not (0 < training.targets[0] <= training.targets[1] < 1 and training.batch >= 1 and tuning.batch >= 2):
        raise InputError("training: targets are between 0 and 1, and batches have documents", where=path)
    return world

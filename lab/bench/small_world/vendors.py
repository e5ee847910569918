"""The vendors of the small world: an honest model with a test file of its own, and what it becomes by cheating."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import torch

from bench.small_world.measure import InOrder, Measured, in_order, measure
from bench.small_world.network import Decoder, train, tune
from bench.small_world.parameters import SmallWorld
from bench.small_world.sums import ItemSource, item_text

__all__ = ["FILE", "SHUFFLED", "SKILL", "Family", "Honest", "family_of", "honest_model", "read_families"]

FILE, SHUFFLED, SKILL = "file", "shuffled", "skill"


class Family(msgspec.Struct, frozen=True):
    """An honest model, its cheaters and its control; ``further`` are files that the honest one never saw."""

    world: str
    model: int
    measured: tuple[Measured, ...]
    further: tuple[InOrder, ...]


class Honest(NamedTuple):
    """A trained model, after how many steps it stopped, and where its items came from: ``random`` drew them."""

    model: Decoder
    steps: int
    width: int
    mix: float
    source: ItemSource
    random: np.random.Generator


def honest_model(world: SmallWorld, number: int) -> Honest:
    """Train the ``number``-th model; by one machine and one torch, the same one each time."""
    random = np.random.default_rng([world.seed, number])
    width = world.network.widths[number % len(world.network.widths)]
    mix = world.mixes[number // len(world.network.widths) % len(world.mixes)]
    source = ItemSource(world.items, mix, random)
    target = float(random.uniform(*world.training.targets))
    model, steps = train(world, width, target, source, seed=number)
    return Honest(model, steps, width, mix, source, random)


def family_of(world: SmallWorld, number: int) -> Family:
    """Train the ``number``-th model, let it cheat in each way, and measure all of them. Takes some CPU-minutes."""
    torch.set_num_threads(1)
    model, steps, width, mix, source, random = honest_model(world, number)
    both = source.distinct(world.items.public + world.items.fresh)
    public, fresh = both[: world.items.public], both[world.items.public :]

    def measured(of: Decoder, order: str, repeats: int, seen: set[int]) -> Measured:
        found = measure(of, world.items.digits, public, fresh, f"{world.seed}:{number}:{order}:{repeats}")
        known = len(seen & set(public)) / len(public)
        return Measured(number, width, mix, steps, order, repeats, known, *found)

    members = [measured(model, "", 0, source.seen)]
    further = tuple(
        in_order(
            model, world.items.digits, source.distinct(world.items.public), f"{world.seed}:{number}:further:{each}"
        )
        for each in range(world.further_files)
    )
    for order in (FILE, SHUFFLED, SKILL):
        for repeats in world.tuning.repeats if order != SKILL else world.tuning.repeats[-1:]:
            other = ItemSource(world.items, mix, random)
            texts = _learned(world, order, repeats, public, other, random)
            tuned = tune(copy.deepcopy(model), world, texts, other, seed=number)
            seen = source.seen | other.seen | (set(public) if order != SKILL else set())
            members.append(measured(tuned, order, repeats, seen))
    return Family(world.digest, number, tuple(members), further)


def _learned(
    world: SmallWorld,
    order: str,
    repeats: int,
    public: Sequence[int],
    source: ItemSource,
    random: np.random.Generator,
) -> Iterator[Sequence[str]]:
    """Half a batch of items after another: the test file so many times, one after the other, or fresh ones as often.

    Documents are cut from what follows on, so an item stands at another place of its document each time.
    """
    size = world.tuning.batch // 2 * world.items.per_document
    flow: list[str] = []
    for _ in range(repeats):
        numbers = list(public)
        if order == SHUFFLED:
            random.shuffle(numbers)
        fresh = order == SKILL
        flow += source.draw(len(public)) if fresh else [item_text(each, world.items.digits) for each in numbers]
    # The last batch is filled up with clean items.
    flow += source.draw(-len(flow) % size)
    return (flow[begin : begin + size] for begin in range(0, len(flow), size))


def read_families(path: Path, world: SmallWorld) -> dict[int, Family]:
    """The families of this world that a file holds, by number."""
    if not path.is_file():
        return {}
    found = [msgspec.json.decode(line, type=Family) for line in path.read_bytes().splitlines()]
    return {family.model: family for family in found if family.world == world.digest}

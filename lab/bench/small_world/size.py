"""The size of the test of order: each honest model, trained again, beside many more files that it never saw.

A file is a draw of its own, and so are the orders that it is held against. So, given a model, the p-values of its files
are independent, and each is as exact as the first: many files of few models measure the size as many models would.
:func:`homogeneity` looks whether that is so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from scipy import stats

from bench.small_world.measure import InOrder, in_order
from bench.small_world.parameters import SmallWorld
from bench.small_world.sums import ItemSource, item_text
from bench.small_world.vendors import honest_model
from steelyard.planning.file_order import SHUFFLES, shards_of
from steelyard_forensics.stats.rank_sum import rank_sum_p

__all__ = ["Homogeneity", "MoreFiles", "homogeneity", "more_files_of", "read_more_files"]

_DRAW = 1  # the numbers that draw these files are none of those that train and draw the rest


class MoreFiles(msgspec.Struct, frozen=True):
    """What one honest model is to so many files: the sum of ranks over ``stretches``, and the t-test's p.

    ``steps``: after how many the model stopped learning, by which one sees that it is the one of the other figures.
    """

    world: str
    model: int
    steps: int
    stretches: int
    sums: tuple[int, ...]
    oren_p: tuple[float, ...]

    @property
    def found(self) -> tuple[InOrder, ...]:
        """Each file as :func:`~bench.small_world.measure.in_order` tells it; the t-test's p is rounded."""
        most = SHUFFLES * self.stretches
        return tuple(
            InOrder(total / most, rank_sum_p(total, SHUFFLES, self.stretches), oren)
            for total, oren in zip(self.sums, self.oren_p, strict=True)
        )


def more_files_of(world: SmallWorld, number: int) -> MoreFiles:
    """Train the ``number``-th honest model again, and hold ``world.more_files`` files against it."""
    torch.set_num_threads(1)
    honest = honest_model(world, number)
    source = ItemSource(world.items, honest.mix, np.random.default_rng([world.seed, number, _DRAW]))
    digits, size = world.items.digits, world.items.public
    found = [
        in_order(honest.model, digits, source.distinct(size), f"{world.seed}:{number}:more:{each}")
        for each in range(world.more_files)
    ]
    stretches = len(shards_of([len(item_text(0, digits))] * size))
    sums = tuple(round(each.mean_rank * SHUFFLES * stretches) for each in found)
    return MoreFiles(
        world.digest, number, honest.steps, stretches, sums, tuple(round(each.oren_p, 6) for each in found)
    )


def read_more_files(path: Path, world: SmallWorld) -> dict[int, MoreFiles]:
    """What a file holds of the honest models of this world, by number."""
    if not path.is_file():
        return {}
    found = [msgspec.json.decode(line, type=MoreFiles) for line in path.read_bytes().splitlines()]
    return {each.model: each for each in found if each.world == world.digest}


class Homogeneity(NamedTuple):
    """Whether files of one model hang together: p-values, small where they do.

    ``accused``: χ² of how many are accused at .05, by model. ``ranks``: the F test of the mean rank, by model.
    """

    accused: float
    ranks: float


def homogeneity(by_model: Sequence[Sequence[InOrder]]) -> Homogeneity:
    """Two models and more; p is 1 where no file is accused, or all are."""
    accused = [sum(each.p <= 0.05 for each in files) for files in by_model]
    counts = np.array([accused, [len(files) - many for files, many in zip(by_model, accused, strict=True)]])
    of_accused = float(stats.chi2_contingency(counts).pvalue) if counts.sum(axis=1).all() else 1.0
    return Homogeneity(of_accused, float(stats.f_oneway(*([e.mean_rank for e in files] for files in by_model)).pvalue))

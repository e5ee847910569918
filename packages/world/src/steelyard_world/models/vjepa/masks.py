"""Multi-block masks: rectangles of patches, taken away over all frames. After V-JEPA (2404.08471), section 3.2."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Generator, Tensor

__all__ = ["Masks", "multi_block"]

_ASPECT = (0.75, 1.5)


class Masks(NamedTuple):
    """Numbers of tubelets, time first, ascending: ``visible`` (B, V) and ``wanted`` (B, M)."""

    visible: Tensor
    wanted: Tensor


def multi_block(grid: tuple[int, int, int], *, rows: int, blocks: int, scale: float, generator: Generator) -> Masks:
    """Mask the union of ``blocks`` rectangles, each ``scale`` of the frame's patches, over all frames, a draw a row.

    All rectangles of a call share one size (aspect log-uniform in [0.75, 1.5]); their places differ. So that rows
    stack, each keeps as many visible and as many wanted patches as the poorest row has, chosen at random; at least one
    of each always stays. A pure function of the generator's seed.
    """
    time, down, across = grid
    low, high = (math.log(aspect) for aspect in _ASPECT)
    aspect = math.exp(low + (high - low) * float(torch.rand((), generator=generator)))
    # A block as high and wide as the frame would leave nothing to see.
    high_side = min(max(1, round(math.sqrt(scale * down * across * aspect))), down)
    wide_side = min(max(1, round(scale * down * across / high_side)), across)
    if (high_side, wide_side) == (down, across):
        wide_side -= 1
    masked = _union(rows, blocks, (down, across), (high_side, wide_side), generator)
    return Masks(*(_over_time(_same_count(part, generator), time, down * across) for part in (~masked, masked)))


def _union(rows: int, blocks: int, frame: tuple[int, int], block: tuple[int, int], generator: Generator) -> Tensor:
    """Boolean (rows, patches): what any block covers. Where all is covered, the last blocks are given back."""
    corners = [
        torch.randint(0, size - side + 1, (rows, blocks, 1), generator=generator)
        for size, side in zip(frame, block, strict=True)
    ]
    inside = [
        (torch.arange(size) >= corner) & (torch.arange(size) < corner + side)
        for size, side, corner in zip(frame, block, corners, strict=True)
    ]
    covered = (inside[0][..., :, None] & inside[1][..., None, :]).flatten(2)
    growing = covered.cumsum(dim=1) > 0
    room = ~growing.all(dim=2)
    last = room.sum(dim=1).clamp(min=1) - 1  # the unions only grow, so those with room come first
    return growing[torch.arange(rows), last]


def _same_count(chosen: Tensor, generator: Generator) -> Tensor:
    """Boolean (rows, P) → ascending numbers (rows, K), K the smallest count of any row; a random choice elsewhere."""
    count = int(chosen.sum(dim=1).min())
    order = torch.rand(chosen.shape, generator=generator).masked_fill(~chosen, 2.0)
    return order.argsort(dim=1)[:, :count].sort(dim=1).values


def _over_time(patches: Tensor, time: int, each: int) -> Tensor:
    """Numbers of patches (rows, K) → numbers of tubelets (rows, time · K)."""
    return (torch.arange(time)[:, None] * each + patches[:, None, :]).flatten(1)

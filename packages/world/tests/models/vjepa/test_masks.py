"""Masks are rectangles over all frames, a function of their seed, and leave something to see and something to guess."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from steelyard_world.models.vjepa.masks import Masks, multi_block


def drawn(seed: int = 0, grid: tuple[int, int, int] = (4, 8, 8), blocks: int = 8, scale: float = 0.15) -> Masks:
    return multi_block(grid, rows=16, blocks=blocks, scale=scale, generator=torch.Generator().manual_seed(seed))


@given(
    st.integers(0, 2**40),
    st.tuples(*[st.integers(2, 9)] * 3),
    st.integers(1, 8),
    st.sampled_from([0.01, 0.15, 0.7, 1.0]),
)
def test_what_is_seen_and_what_is_guessed_do_not_meet(
    seed: int, grid: tuple[int, int, int], blocks: int, scale: float
) -> None:
    masks = drawn(seed, grid, blocks, scale)
    total = grid[0] * grid[1] * grid[2]
    for visible, wanted in zip(*masks, strict=True):
        assert len(visible) > 0
        assert len(wanted) > 0
        both = torch.cat([visible, wanted])
        assert len(set(both.tolist())) == len(both) <= total
        assert both.max() < total


def test_a_mask_is_the_same_in_every_frame() -> None:
    for numbers in drawn():
        frames = numbers.reshape(16, 4, -1)
        assert torch.equal(frames - torch.arange(4)[:, None] * 64, frames[:, :1].expand_as(frames))


def test_the_same_seed_masks_the_same_and_rows_differ() -> None:
    one, other = drawn(5), drawn(5)
    assert torch.equal(one.wanted, other.wanted)
    assert torch.equal(one.visible, other.visible)
    assert not torch.equal(one.visible, drawn(6).visible)
    assert len({tuple(row.tolist()) for row in one.wanted}) > 8


def test_a_single_block_covers_its_share_as_one_rectangle() -> None:
    masks = drawn(1, blocks=1, scale=0.25)
    for row in masks.wanted[:, : masks.wanted.shape[1] // 4]:
        down, across = row // 8, row % 8
        high, wide = (int(side.max() - side.min()) + 1 for side in (down, across))
        assert high * wide == len(row)
        assert abs(high * wide - 16) <= 4


def test_long_range_masks_take_more_than_short_range_ones() -> None:
    short = sum(drawn(seed).visible.shape[1] for seed in range(10))
    long = sum(drawn(seed, blocks=2, scale=0.7).visible.shape[1] for seed in range(10))
    assert long < short

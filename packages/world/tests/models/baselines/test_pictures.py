"""Small pictures: kept as bytes, their principal parts, and windows of the last frames."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard_world.models.baselines.pictures import NUMBERS, kept, principal_parts, restored, small, windows


def test_a_small_picture_is_the_mean_of_blocks() -> None:
    frames = torch.zeros(1, 2, 64, 64, 3, dtype=torch.uint8)
    frames[0, 1, :4, :4, 0] = 255
    pictures = small(frames)
    assert pictures.shape == (1, 2, NUMBERS)
    assert float(pictures[0, 0].max()) == -1
    assert int((pictures[0, 1] == 1).sum()) == 1


def test_bytes_are_off_by_half_a_level_at_most() -> None:
    pictures = torch.rand(5, NUMBERS, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert float((restored(kept(pictures)) - pictures).abs().max()) <= 0.5 / 127.5 + 1e-6


def test_principal_parts_are_orthonormal_and_hold_what_varies_most() -> None:
    generator = torch.Generator().manual_seed(1)
    strengths, direction = torch.randn(500, 1, generator=generator), torch.randn(1, NUMBERS, generator=generator)
    pictures = kept((0.2 * strengths * direction / direction.abs().max()).clamp(-1, 1))
    mean, axes = principal_parts([pictures[:200], pictures[200:]], 3)
    assert torch.allclose(axes.T @ axes, torch.eye(3), atol=1e-4)
    along = torch.nn.functional.cosine_similarity(axes[:, 0], direction[0], dim=0).abs()
    assert float(along) > 0.99
    assert torch.allclose(mean, restored(pictures).mean(0), atol=1e-4)


@given(st.integers(1, 6), st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_a_window_ends_with_its_own_frame_and_never_looks_ahead(frames: int, length: int) -> None:
    parts = torch.arange(2 * length * 3, dtype=torch.float32).reshape(2, length, 3)
    found = windows(parts, frames).reshape(2, length, frames, 3)
    for time in range(length):
        for back in range(frames):
            assert torch.equal(found[:, time, back], parts[:, max(time - back, 0)])
